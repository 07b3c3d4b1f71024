"""Tables on disk: written piece by piece, as CSV or Parquet."""

from maskface.table_files._writer import (
    FORMATS,
    ROWS_AT_ONCE,
    TableWriter,
    check_format,
    find_table,
    table_writer,
)

__all__ = [
    "FORMATS",
    "ROWS_AT_ONCE",
    "TableWriter",
    "check_format",
    "find_table",
    "table_writer",
]
