"""What was read of pictures so far, on disk."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.experiment._harvest import ABOUT, UNANSWERED, digest
from maskface.schema import Table
from maskface.table_files import table_writer
from maskface.tables import TRIALS

_OPEN_AT_ONCE: Final = 4
"""Parts kept in memory: those that the pictures in a row come from."""


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
        with zipfile.ZipFile(self._path) as archive:
            member = f"{name or table.name}.csv"
            if member not in archive.namelist():
                return table.frame([])
            return table.parse(io.BytesIO(archive.read(member)))

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
        for path in sorted(folder.glob("part-*.zip")):
            data = path.read_bytes()
            # The pictures of a damaged part are read again.
            if path.stem.endswith(digest(data)) and (part := Part(path, data)).run_id == run_id:
                for image_id in part.image_ids:
                    self._home.setdefault(image_id, len(self._parts))
                self._parts.append(part)

    @property
    def image_ids(self) -> list[str]:
        """Pictures that need not be read again, sorted."""
        return sorted(self._home)

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their rows of a table."""
        read = lru_cache(_OPEN_AT_ONCE)(lambda number: self._parts[number].table(table))
        for number, group in groupby(self.image_ids, self._home.__getitem__):
            images, frame = list(group), read(number)
            yield images, frame[frame["image_id"].isin(images)]

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
