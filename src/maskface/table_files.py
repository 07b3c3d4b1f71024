"""Tables that are written piece by piece, so that memory does not grow with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import pandas as pd

from maskface.files import written_atomically
from maskface.schema import Table

ROWS_AT_ONCE: Final = 20_000
"""Rows that are collected before they are checked and written."""


class TableWriter:
    """Writes rows that come in the order of the table's key.

    Attributes
    ----------
    rows
        How many were added.

    Parameters
    ----------
    table
        Their schema.
    stream
        Where they go.
    """

    def __init__(self, table: Table, stream: BinaryIO) -> None:
        self.rows = 0
        self._table = table
        self._stream = stream
        self._hash = hashlib.sha256()
        self._waiting: list[pd.DataFrame] = []
        self._last: tuple[Any, ...] | None = None
        self._write(table.to_bytes(table.frame([])))

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
        self.rows += len(frame)
        self._waiting.append(frame)
        if sum(map(len, self._waiting)) >= ROWS_AT_ONCE:
            self._flush()

    def finish(self) -> dict[str, Any]:
        """Write what is left; return ``sha256`` of the bytes and the number of ``rows``."""
        self._flush()
        return {"sha256": self._hash.hexdigest(), "rows": self.rows}

    def _flush(self) -> None:
        if not self._waiting:
            return
        frame = self._table.check(self._table.tidy(pd.concat(self._waiting, ignore_index=True)))
        self._waiting = []
        first, last = (tuple(frame[list(self._table.key)].iloc[i]) for i in (0, -1))
        if self._last is not None and first <= self._last:
            raise ValueError(f"Expected rows after {self._last}, but they begin with {first}.")
        self._last = last
        self._write(self._table.to_bytes(frame, header=False))

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._stream.write(data)


@contextmanager
def table_writer(table: Table, path: Path) -> Iterator[TableWriter]:
    """Write a table, whole or not at all; call `TableWriter.finish` at the end of the block.

    Raises
    ------
    OSError
        If the file cannot be written; an older one is left as it was.
    """
    with written_atomically(path, durable=True) as stream:
        yield TableWriter(table, stream)
