"""Numbers that may be more than memory holds: matrices on disk, read some rows at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

_BLOCK: Final = 2**22
"""Numbers that are read at once, about: 32 MB of float64."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in a file of nothing but its numbers, row by row.

    It is not mapped into memory: on a full disk, a mapped file ends the process.

    Attributes
    ----------
    path
        The file.
    width
        Numbers in a row.
    kind
        What they are stored as.
    """

    path: Path
    width: int
    kind: Literal["float32", "float64"]

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Read the rows in some places (n,), ascending: (n, width)."""
        found = np.empty((len(places), self.width))
        if not found.size:
            return found
        step = max(_BLOCK // self.width, 1)
        with self.path.open("rb") as stream:
            for start in range(int(places[0]), int(places[-1]) + 1, step):
                low, high = np.searchsorted(places, (start, start + step))
                if low < high:
                    stream.seek(start * self._row_bytes)
                    block = np.fromfile(stream, self.kind, step * self.width)
                    found[low:high] = block.reshape(-1, self.width)[places[low:high] - start]
        return found

    def put(self, places: NDArray[np.int64], rows: NDArray[Any]) -> None:
        """Write rows (n, width) to some places (n,), ascending."""
        if not rows.size:
            return
        bounds = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
        with self.path.open("r+b" if self.path.exists() else "wb") as stream:
            for run in np.split(np.arange(len(places)), bounds[1:]):
                stream.seek(int(places[run[0]]) * self._row_bytes)
                stream.write(rows[run].astype(self.kind).tobytes())

    @property
    def _row_bytes(self) -> int:
        return self.width * np.dtype(self.kind).itemsize


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Have an empty folder as long as the block lasts; what a killed process left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
