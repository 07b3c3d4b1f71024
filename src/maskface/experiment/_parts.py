"""What was read of pictures so far, on disk."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.experiment._harvest import ABOUT, LAYOUT, UNANSWERED, digest
from maskface.schema import Table
from maskface.table_files import table_writer
from maskface.tables import TRIALS

_TOGETHER: Final = 256
"""Pictures whose rows are parsed at once, about: pandas takes about as long for many rows as for
the first, but they have to fit into memory."""
_KNOWN: Final = ("image_id", "subject_id", "label", "condition", "classifier", "status")
"""What those who learn have to know of a face."""


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
    features
        Names of the measurements that it has vectors of.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            about = json.loads(archive.read(ABOUT))
        if about["layout"] != LAYOUT:
            raise ValueError(about["layout"])
        self.run_id: str = about["run_id"]
        self.image_ids: list[str] = about["images"]
        self.features: list[str] = about["features"]

    def rows(self, table: Table, name: str = "") -> pd.DataFrame:
        """Read the rows of a table, or those that are stored as `name` in its schema."""
        data = self.lines(name or table.name)
        return table.parse(io.BytesIO(data)) if data else table.frame([])

    def lines(self, name: str) -> bytes:
        """Read a table as the CSV that it is stored as; empty if it has no rows."""
        with zipfile.ZipFile(self.path) as archive:
            member = f"{name}.csv"
            return archive.read(member) if member in archive.namelist() else b""

    def vectors(self, name: str) -> NDArray[np.float32]:
        """Read the vectors (n, D) of a measurement."""
        if name not in self.features:
            return np.empty((0, 0), np.float32)
        with zipfile.ZipFile(self.path) as archive:
            member = archive.read(f"features-{self.features.index(name)}.npy")
        vectors: NDArray[np.float32] = np.load(io.BytesIO(member), allow_pickle=False)
        return vectors


class Parts:
    """All sound parts of a run; memory grows with the names of its pictures alone.

    Parameters
    ----------
    folder
        Where they are. A damaged part, or part of another run or layout, is left out.
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

    def about_any(self, images: Set[str]) -> list[Part]:
        """The parts that have some of these pictures."""
        return [part for part in self._parts if not images.isdisjoint(part.image_ids)]

    def frames(self, table: Table, name: str = "") -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their rows of a table.

        Parameters
        ----------
        table
            The schema.
        name
            What the rows are stored as, if not as the table is called.
        """
        # Where two parts have rows of one picture, it must be known whose rows they are.
        least = 1 if self._overlapping else _TOGETHER
        for numbers, images in _together(self._groups(), least):
            frame = self._parsed(numbers, table, name or table.name)
            yield images, frame[frame["image_id"].isin(images)]

    def measured(self, name: str) -> Iterator[tuple[pd.DataFrame, NDArray[np.float32]]]:
        """Some pictures at a time, in order: rows of a measurement and the vectors of those ok.

        Rows are sorted by picture and condition, and have what `_KNOWN` names.
        """
        for number, images in self._groups():
            rows = self._parsed({number}, TRIALS, UNANSWERED, _KNOWN)
            rows = rows[rows["classifier"] == name].reset_index(drop=True)
            own = rows[rows["image_id"].isin(images)]
            order = own.sort_values(["image_id", "condition"], kind="stable").index
            ok = (rows["status"] == "ok").to_numpy(bool)
            place = (ok.cumsum() - 1)[order[ok[order]]]
            yield rows.loc[order], self._parts[number].vectors(name)[place]

    def _groups(self) -> Iterator[tuple[int, list[str]]]:
        """Numbers of parts, and pictures that follow one another and are in that part."""
        by_part = groupby(self.image_ids, self._home.__getitem__)
        return ((number, list(images)) for number, images in by_part)

    def _parsed(
        self, numbers: set[int], table: Table, name: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Rows of some parts, below each other."""
        found = [data for n in sorted(numbers) if (data := self._parts[n].lines(name))]
        if not found:
            return table.frame([])
        headless = (data.partition(b"\n")[2] for data in found[1:])
        return table.parse(io.BytesIO(b"".join([found[0], *headless])), columns)


def _together(
    groups: Iterable[tuple[int, list[str]]], least: int
) -> Iterator[tuple[set[int], list[str]]]:
    """Put groups of pictures together until there are enough; with the numbers of their parts."""
    numbers: set[int] = set()
    images: list[str] = []
    for number, group in groups:
        numbers.add(number)
        images += group
        if len(images) >= least:
            yield numbers, images
            numbers, images = set(), []
    if images:
        yield numbers, images


def _opened(path: Path, data: bytes) -> Part | None:
    """Open a part; None if it is none, although its name fits its bytes."""
    try:
        return Part(path, data)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError):
        return None


def joined(frames: Iterable[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Put frames below each other; pandas warns of empty ones, so these are left out."""
    return pd.concat([frame for frame in frames if len(frame)] or [empty], ignore_index=True)


class Framed(Protocol):
    """What has rows of pictures."""

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their rows of a table."""


def merge(parts: Framed, table: Table, path: Path) -> dict[str, Any]:
    """Write a table from parts, some pictures at a time.

    Returns
    -------
    dict
        ``sha256`` of the bytes and the number of ``rows``.
    """
    record: dict[str, Any] = {}
    with table_writer(table, path, record) as target:
        for _, frame in parts.frames(table):
            target.add(frame)
    return record
