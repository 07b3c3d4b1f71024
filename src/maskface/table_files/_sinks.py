"""What a table is written to: CSV or Parquet, hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final, Protocol

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.schema import Table


class Sink(Protocol):
    """Takes rows of a table."""

    def write(self, frame: pd.DataFrame) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write what the format wants at the end."""


class Hashed:
    """A stream that hashes what passes through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._place = 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Write bytes."""
        self._hash.update(data)
        self._place += len(data)
        return self._stream.write(data)

    def tell(self) -> int:
        """How many bytes were written."""
        return self._place

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._stream.flush()

    def hexdigest(self) -> str:
        """SHA-256 of what was written, 64 hexadecimal digits."""
        return self._hash.hexdigest()


class CsvSink:
    """Writes CSV."""

    def __init__(self, table: Table, stream: Hashed) -> None:
        self._table, self._stream = table, stream
        stream.write(table.to_bytes(table.frame([])))

    def write(self, frame: pd.DataFrame) -> None:
        """Write rows."""
        self._stream.write(self._table.to_bytes(frame, header=False))

    def close(self) -> None:
        """Nothing is left to write."""


class ParquetSink:
    """Writes Parquet, a row group for each call."""

    def __init__(self, table: Table, stream: Hashed) -> None:
        self._arrow, writer = pyarrow_or_refuse()
        kinds = {
            "text": self._arrow.string(),
            "whole": self._arrow.int64(),
            "real": self._arrow.float64(),
        }
        self._schema = self._arrow.schema([(c.name, kinds[c.kind]) for c in table.columns])
        self._writer = writer(stream, self._schema, compression="zstd")

    def write(self, frame: pd.DataFrame) -> None:
        """Write rows."""
        self._writer.write_table(
            self._arrow.Table.from_pandas(frame, self._schema, preserve_index=False)
        )

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


SINKS: Final[dict[str, Callable[[Table, Hashed], Sink]]] = {"csv": CsvSink, "parquet": ParquetSink}
"""By the suffix of the file."""


def pyarrow_or_refuse() -> tuple[Any, Any]:
    """Import pyarrow and its writer; `MaskfaceError` with what to type if it is not there."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise MaskfaceError(
            'Parquet needs pyarrow. Type: pip install "maskface[parquet]", or use --format csv.'
        ) from error
    return pa, ParquetWriter
