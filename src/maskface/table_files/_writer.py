"""Tables that are written piece by piece, so that memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.files import written_atomically
from maskface.schema import ROWS_AT_ONCE, Table
from maskface.table_files._sinks import SINKS, Hashed, Sink, pyarrow_or_refuse

Format: TypeAlias = Literal["csv", "parquet"]
FORMATS: Final = get_args(Format)


class TableWriter:
    """Writes rows that come in the order of the table's key.

    Attributes
    ----------
    rows
        How many were added.
    """

    def __init__(self, table: Table, sink: Sink) -> None:
        self.rows = 0
        self._table = table
        self._sink = sink
        self._waiting: list[pd.DataFrame] = []
        self._last: tuple[Any, ...] | None = None

    def add(self, frame: pd.DataFrame) -> None:
        """Add rows, sorted within `frame` or not; all of them come after those added before.

        Raises
        ------
        MaskfaceError
            If a value is out of range or two rows have one key.
        ValueError
            If they do not come after the rows added before.
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
        """Write what is left."""
        if self._waiting:
            n_waiting = sum(map(len, self._waiting))
            self._write(n_waiting, n_waiting)

    def _check_order(self, rows: pd.DataFrame) -> None:
        first, last = (tuple(rows[list(self._table.key)].iloc[i]) for i in (0, -1))
        if self._last is not None and first <= self._last:
            raise ValueError(f"Expected rows after {self._last}, but they begin with {first}.")
        self._last = last

    def _write(self, n: int, n_waiting: int) -> None:
        """Write the first n rows that wait."""
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
    """Write a table, whole or not at all, as CSV or, if the path ends so, as Parquet.

    Parameters
    ----------
    table
        Its schema.
    path
        The file.
    record
        Takes ``sha256`` of the bytes and the number of ``rows`` when the block has ended.

    Raises
    ------
    MaskfaceError
        If Parquet is asked for and pyarrow is not installed.
    OSError
        If the file cannot be written; an older one is left as it was.
    """
    with written_atomically(path, durable=True) as stream:
        hashed = Hashed(stream)
        with closing(SINKS[path.suffix.removeprefix(".")](table, hashed)) as sink:
            writer = TableWriter(table, sink)
            yield writer
            writer.finish()
        record |= {"sha256": hashed.hexdigest(), "rows": writer.rows}


def find_table(folder: Path, table: Table) -> Path:
    """Path of a table in a folder: as Parquet where there is one, else as CSV, there or not."""
    parquet = folder / f"{table.name}.parquet"
    return parquet if parquet.is_file() else folder / f"{table.name}.csv"


def check_format(name: str) -> None:
    """Refuse a format that there is not, or whose package is not installed.

    Raises
    ------
    MaskfaceError
        In either case.
    """
    if name not in FORMATS:
        raise MaskfaceError(f"format must be one of {', '.join(FORMATS)}, but it was {name!r}.")
    if name == "parquet":
        pyarrow_or_refuse()
