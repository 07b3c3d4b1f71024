"""Tables written piece by piece as CSV or Parquet, and hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.files import written_atomically
from maskface.run_options import OPTIONS
from maskface.schema import ROWS_AT_ONCE, Table


class Sink(Protocol):
    """Writer of rows in one format."""

    def write(self, frame: pd.DataFrame) -> None:
        """Write rows."""

    def close(self) -> None:
        """Write the end of the file."""


class Hashed:
    """Stream that hashes the bytes written to it."""

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
        """Return the number of bytes written."""
        return self._place

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def hexdigest(self) -> str:
        """Return the SHA-256 of the bytes, 64 hexadecimal digits."""
        return self._hash.hexdigest()


class CsvSink:
    """Writer of CSV."""

    def __init__(self, table: Table, stream: Hashed) -> None:
        self._table, self._stream = table, stream
        stream.write(table.to_bytes(table.frame([])))

    def write(self, frame: pd.DataFrame) -> None:
        """Write rows."""
        self._stream.write(self._table.to_bytes(frame, header=False))

    def close(self) -> None:
        """Do nothing: CSV has no end."""


class ParquetSink:
    """Writer of Parquet, one row group for each call."""

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
"""Writers by the suffix of the file."""


def pyarrow_or_refuse() -> tuple[Any, Any]:
    """Import pyarrow and its writer; raise `MaskfaceError` if it is not installed."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise MaskfaceError(
            'Parquet needs pyarrow. Type: pip install "maskface[parquet]", or use --format csv.'
        ) from error
    return pa, ParquetWriter


FORMATS: Final = OPTIONS["format"].choices


class TableWriter:
    """Writer of `rows` rows so far, which come in the order of the table's key."""

    def __init__(self, table: Table, sink: Sink) -> None:
        self.rows = 0
        self._table = table
        self._sink = sink
        self._waiting: list[pd.DataFrame] = []
        self._last: tuple[Any, ...] | None = None

    def add(self, frame: pd.DataFrame) -> None:
        """Add rows in any order; all of them come after those added before.

        Raises MaskfaceError if a value is out of range or two rows have one key, and ValueError if
        a row comes before one that was added earlier.
        """
        if frame.empty:
            return
        rows = self._table.tidy(frame)
        self._check_order(rows)
        self.rows += len(rows)
        self._waiting.append(rows)
        # Where groups of rows end does not depend on how rows were added.
        while (n_waiting := sum(map(len, self._waiting))) >= ROWS_AT_ONCE:
            self._write(ROWS_AT_ONCE, n_waiting)

    def finish(self) -> None:
        """Write the remaining rows."""
        if self._waiting:
            n_waiting = sum(map(len, self._waiting))
            self._write(n_waiting, n_waiting)

    def _check_order(self, rows: pd.DataFrame) -> None:
        first, last = (tuple(rows[list(self._table.key)].iloc[i]) for i in (0, -1))
        if self._last is not None and first <= self._last:
            raise ValueError(f"Expected rows after {self._last}, but they begin with {first}.")
        self._last = last

    def _write(self, n: int, n_waiting: int) -> None:
        """Write the first n of the waiting rows."""
        *before, last = self._waiting
        cut = len(last) - (n_waiting - n)
        rest = last.iloc[cut:]
        # A short rest does not keep the whole alive; a long one is not copied again and again.
        self._waiting = [rest.copy() if len(rest) < ROWS_AT_ONCE else rest] if len(rest) else []
        frame = pd.concat([*before, last.iloc[:cut]], ignore_index=True)
        del before, last
        self._sink.write(self._table.check(frame))


@contextmanager
def table_writer(table: Table, path: Path, record: dict[str, Any]) -> Iterator[TableWriter]:
    """Write a table whole or not at all, in the format of the path's suffix.

    At the end of the block, `record` gets ``sha256`` of the bytes and the number of ``rows``.
    Raises MaskfaceError if pyarrow is needed and not installed, and OSError if the file cannot be
    written; an older one is not changed.
    """
    with written_atomically(path, durable=True) as stream:
        hashed = Hashed(stream)
        with closing(SINKS[path.suffix.removeprefix(".")](table, hashed)) as sink:
            writer = TableWriter(table, sink)
            yield writer
            writer.finish()
        record |= {"sha256": hashed.hexdigest(), "rows": writer.rows}


def find_table(folder: Path, table: Table) -> Path:
    """Return the path of a table in a folder: Parquet if it exists, else CSV."""
    parquet = folder / f"{table.name}.parquet"
    return parquet if parquet.is_file() else folder / f"{table.name}.csv"


def check_format(name: str) -> None:
    """Raise if a format is not known, or its package is not installed.

    Raises MaskfaceError in either case.
    """
    if name not in FORMATS:
        raise MaskfaceError(f"format must be one of {', '.join(FORMATS)}, got {name!r}.")
    if name == "parquet":
        pyarrow_or_refuse()


__all__ = ["FORMATS", "ROWS_AT_ONCE", "TableWriter", "check_format", "find_table", "table_writer"]
