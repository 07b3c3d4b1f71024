"""Tables on disk: written piece by piece, as CSV or Parquet."""

from maskface.schema import ROWS_AT_ONCE
from maskface.table_files._writer import (
    FORMATS,
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
