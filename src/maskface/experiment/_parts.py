"""What was read of pictures so far, on disk."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.experiment._harvest import ABOUT, UNANSWERED, digest
from maskface.schema import Table
from maskface.table_files import table_writer
from maskface.tables import TRIALS

_TOGETHER: Final = 16
"""Parts that are parsed at once: pandas takes about as long for many rows as for the first."""


class Part:
    """A `Harvest` on disk.

    Parameters
    ----------
    path
        The file.
    data
        Its bytes.

    Attributes
    ----------
    run_id
        The run that it belongs to.
    image_ids
        The pictures that it is about.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            about = json.loads(archive.read(ABOUT))
        self.run_id: str = about["run_id"]
        self.image_ids: list[str] = about["images"]
        self._features: list[str] = about["features"]

    def table(self, table: Table, name: str = "") -> pd.DataFrame:
        """Read the rows of a table."""
        data = self.lines(name or table.name)
        return table.parse(io.BytesIO(data)) if data else table.frame([])

    def lines(self, name: str) -> bytes:
        """Read a table as the CSV that it is stored as; empty if it has no rows."""
        with zipfile.ZipFile(self._path) as archive:
            member = f"{name}.csv"
            return archive.read(member) if member in archive.namelist() else b""

    def measured(self, name: str) -> tuple[pd.DataFrame, NDArray[np.float32]]:
        """Read the rows of a measurement and the vectors (n, D) of those with status ok."""
        rows = self.table(TRIALS, UNANSWERED)
        rows = rows[rows["classifier"] == name].reset_index(drop=True)
        if name not in self._features:
            return rows, np.empty((0, 0), np.float32)
        with zipfile.ZipFile(self._path) as archive:
            member = archive.read(f"features-{self._features.index(name)}.npy")
        vectors: NDArray[np.float32] = np.load(io.BytesIO(member), allow_pickle=False)
        return rows, vectors


class Parts:
    """All sound parts of a run; memory grows with the names of its pictures alone.

    Parameters
    ----------
    folder
        Where they are. A damaged part, or part of another run, is left out.
    run_id
        Which run.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._parts: list[Part] = []
        self._home: dict[str, int] = {}
        self._overlapping = False
        for path in sorted(folder.glob("part-*.zip")):
            data = path.read_bytes()
            # The pictures of a damaged part are read again.
            part = _opened(path, data) if path.stem.endswith(digest(data)) else None
            if part is not None and part.run_id == run_id:
                for image_id in part.image_ids:
                    self._overlapping |= image_id in self._home
                    self._home.setdefault(image_id, len(self._parts))
                self._parts.append(part)

    @property
    def image_ids(self) -> list[str]:
        """Pictures that need not be read again, sorted."""
        return sorted(self._home)

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their rows of a table."""
        by_part = groupby(self.image_ids, self._home.__getitem__)
        groups = ((number, list(images)) for number, images in by_part)
        # Where two parts have rows of one picture, it must be known whose rows they are.
        size = 1 if self._overlapping else _TOGETHER
        while some := list(islice(groups, size)):
            images = [image_id for _, group in some for image_id in group]
            frame = self._parsed(sorted({number for number, _ in some}), table)
            yield images, frame[frame["image_id"].isin(images)]

    def _parsed(self, numbers: Sequence[int], table: Table) -> pd.DataFrame:
        """Rows of some parts, below each other."""
        found = [data for n in numbers if (data := self._parts[n].lines(table.name))]
        if not found:
            return table.frame([])
        headless = (data.partition(b"\n")[2] for data in found[1:])
        return table.parse(io.BytesIO(b"".join([found[0], *headless])))

    def measured(self, name: str) -> tuple[pd.DataFrame, NDArray[np.float32]]:
        """Rows of a measurement, sorted by picture and condition, and the vectors of those ok."""
        rows, vectors = [], []
        for number, part in enumerate(self._parts):
            found, matrix = part.measured(name)
            ok = (found["status"] == "ok").to_numpy()
            own = (found["image_id"].map(self._home) == number).to_numpy()
            rows.append(found[own])
            vectors.append(matrix[own[ok]])
        together = joined(rows, TRIALS.frame([]))
        filled = [matrix for matrix in vectors if matrix.size]
        stacked = np.concatenate(filled) if filled else np.empty((0, 0), np.float32)
        order = together.sort_values(["image_id", "condition"], kind="stable").index.to_numpy()
        place = (together["status"] == "ok").cumsum().to_numpy() - 1
        ok = (together["status"] == "ok").to_numpy()
        return together.loc[order].reset_index(drop=True), stacked[place[order][ok[order]]]


def _opened(path: Path, data: bytes) -> Part | None:
    """Open a part; None if it is none, although its name fits its bytes."""
    try:
        return Part(path, data)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError):
        return None


def joined(frames: Iterable[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Put frames below each other; pandas warns of empty ones, so these are left out."""
    return pd.concat([frame for frame in frames if len(frame)] or [empty], ignore_index=True)


def merge(parts: Parts, table: Table, path: Path, further: pd.DataFrame) -> dict[str, Any]:
    """Write a table from parts and from further rows, some pictures at a time.

    Returns
    -------
    dict
        ``sha256`` of the bytes and the number of ``rows``.
    """
    places = further.groupby("image_id").indices
    record: dict[str, Any] = {}
    with table_writer(table, path, record) as target:
        for images, frame in parts.frames(table):
            added = [further.iloc[places[image_id]] for image_id in images if image_id in places]
            target.add(joined([frame, *added], frame))
    return record
