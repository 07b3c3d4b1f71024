"""Checkpoints: the results of some pictures, saved while a run is under way.

A worker collects a `ChunkResult` and saves it as an archive. `Checkpoints` reads the archives of a
run back, some pictures at a time, and `merge` writes them as a table.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.cells import safe_cell
from maskface.errors import ImageError
from maskface.files import is_regular_file
from maskface.images import LIMITS, Limits, read_bytes
from maskface.schema import Column, Table
from maskface.table_files import table_writer
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS


def csv_bytes(table: Table, rows: Sequence[Mapping[str, Any]], *, ordered: bool = True) -> bytes:
    """Return rows as CSV with a header, as `table.to_bytes(table.frame(rows))` does.

    Without a data frame, which takes milliseconds to build however few its rows are: 0.1 ms for
    each picture of a chunk of 16, instead of 0.7 ms. There must be a row, and all cells of the key;
    other missing cells are empty. Rows are sorted by the key, or keep their order.
    """
    lines = sorted(rows, key=itemgetter(*table.key)) if ordered else rows
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.header)
    columns = ([row.get(column.name) for row in lines] for column in table.columns)
    cells = map(_cells, table.columns, columns)
    writer.writerows(zip(*cells, strict=True))
    return text.getvalue().encode()


def _cells(column: Column, values: list[Any]) -> Iterable[Any]:
    if column.kind == "text":
        return ("" if _missing(value) else safe_cell(str(value)) for value in values)
    if column.kind == "whole":
        return ("" if _missing(value) else int(value) for value in values)
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    # Rounded as pandas does; Python rounds some halves differently.
    rounded = np.round(numbers, column.decimals).tolist()
    return ("" if value != value else value for value in rounded)  # noqa: PLR0124 (NaN)


def _missing(value: object) -> bool:
    return value is None or value != value  # noqa: PLR0124 (NaN)


PICTURES: Final = Table(
    "pictures",
    (
        Column("run_id", "text", "Hash of everything that decides the results of the run"),
        Column("dataset", "text", "Name of the face set"),
        Column("image_id", "text", "The picture's path below the set's folder"),
        Column("sha256", "text", "Hash of the file's bytes; empty if it could not be read"),
        Column("message", "text", "Why it could not be read"),
        Column(
            "state", "text",
            "Size of the file in bytes, its mtime and its ctime (ns since 1970): while these are "
            "the same, its bytes are taken to be",
        ),
    ),
    ("dataset", "image_id"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileFingerprint:
    """State of a picture's file when it was read."""

    # See `PICTURES`.
    sha256: str
    message: str
    state: str

    def cells(self) -> dict[str, Any]:
        """Return the attributes as cells of a row."""
        return {"sha256": self.sha256, "message": self.message, "state": self.state}

    def matches(self, path: Path, limits: Limits) -> bool:
        """Return whether a file is unchanged; it is read only if its state has changed.

        Raises ImageError if it could be read then but cannot be read now.
        """
        # A file that could not be read is tried again: its state stays when a disk recovers.
        if self.sha256 and self.state and self.state == file_state(path):
            return True
        now = read_fingerprinted(path, limits)[0]
        if self.sha256 and now.message:
            raise ImageError(now.message)
        return (self.sha256, self.message) == (now.sha256, now.message)


def read_fingerprinted(path: Path, limits: Limits = LIMITS) -> tuple[FileFingerprint, bytes]:
    """Read a picture's file with its fingerprint; no bytes if it cannot be read."""
    # First, so that a file that is replaced meanwhile is not taken for the one that was read.
    state = file_state(path)
    try:
        data = read_bytes(path, limits)
    except ImageError as error:
        return FileFingerprint("", str(error), state), b""
    return FileFingerprint(hashlib.sha256(data).hexdigest(), "", state), data


def file_state(path: Path) -> str:
    """Return size, mtime and ctime of a file, without reading it; empty if there is none.

    The ctime cannot be set (except on Windows, where it is the time of creation), so a replacement
    with the same size and mtime is noticed too.
    """
    try:
        about = path.stat()
    except (OSError, ValueError):  # ValueError: names that no file can have
        return ""
    return f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"


ABOUT: Final = "part.json"
UNANSWERED: Final = "unanswered"
LAYOUT: Final = 2
"""Version of the content of checkpoints; those of other versions count as missing."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """Rows of one or more pictures."""

    # Predictions of classifiers that need no training; see `maskface.tables.TRIALS`.
    trials: list[Row] = field(default_factory=list)
    # The same rows, still without predictions, for the features of trainable classifiers; the
    # column classifier holds the name of the features.
    unanswered: list[Row] = field(default_factory=list)
    # Vectors by name of the features: one for each of the `unanswered` rows with status ok, in
    # their order.
    features: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    # See `maskface.tables`.
    attributes: list[Row] = field(default_factory=list)
    detections: list[Row] = field(default_factory=list)
    pictures: list[Row] = field(default_factory=list)  # fingerprints of the files; see `PICTURES`
    # Ids of the pictures; their rows are complete.
    image_ids: list[str] = field(default_factory=list)

    def add(self, other: ChunkResult) -> None:
        """Add the rows of further pictures."""
        self.trials.extend(other.trials)
        self.unanswered.extend(other.unanswered)
        self.attributes.extend(other.attributes)
        self.detections.extend(other.detections)
        self.pictures.extend(other.pictures)
        self.image_ids.extend(other.image_ids)
        for name, vectors in other.features.items():
            self.features.setdefault(name, []).extend(vectors)

    def tables(self) -> tuple[tuple[Table, list[Row]], ...]:
        """Return the rows with their tables, except the `unanswered` ones."""
        return (
            (TRIALS, self.trials), (ATTRIBUTES, self.attributes), (DETECTIONS, self.detections),
            (PICTURES, self.pictures),
        )  # fmt: skip

    def to_bytes(self, run_id: str) -> bytes:
        """Return the bytes of an uncompressed archive."""
        features = {name: vectors for name, vectors in self.features.items() if vectors}
        about = {
            "layout": LAYOUT, "run_id": run_id, "images": self.image_ids,
            "features": list(features),
        }  # fmt: skip
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(ABOUT, json.dumps(about))
            for table, rows in self.tables():
                if rows:
                    archive.writestr(f"{table.name}.csv", csv_bytes(table, rows))
            if self.unanswered:
                # Not sorted by key: each row belongs to the vector at the same position.
                unsorted = csv_bytes(TRIALS, self.unanswered, ordered=False)
                archive.writestr(f"{UNANSWERED}.csv", unsorted)
            for number, vectors in enumerate(features.values()):
                with archive.open(f"features-{number}.npy", "w") as member:
                    np.save(member, np.stack(vectors), allow_pickle=False)
        return target.getvalue()


def digest(data: bytes) -> str:
    """Return a short hash of a checkpoint's bytes; its file name shows damage before parsing."""
    return hashlib.sha256(data).hexdigest()[:16]


_BATCH: Final = 256
"""Approximate number of pictures whose rows are parsed at once: pandas takes about as long for many
rows as for one, but they have to fit into memory."""
_FIT_COLUMNS: Final = ("image_id", "subject_id", "label", "condition", "classifier", "status")
"""Columns that cross-fitting needs."""


class Checkpoint:
    """A `ChunkResult` on disk: ids of its run and its pictures, and names of its features."""

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
        """Read the rows of a table, or those stored under `name` in its schema."""
        data = self.lines(name or table.name)
        return table.parse(io.BytesIO(data)) if data else table.frame([])

    def lines(self, name: str) -> bytes:
        """Read a table as CSV bytes; empty if it has no rows."""
        with zipfile.ZipFile(self.path) as archive:
            member = f"{name}.csv"
            return archive.read(member) if member in archive.namelist() else b""

    def vectors(self, name: str) -> NDArray[np.float32]:
        """Read the feature vectors (n, D) of a name in `features`."""
        if name not in self.features:
            return np.empty((0, 0), np.float32)
        with zipfile.ZipFile(self.path) as archive:
            member = archive.read(f"features-{self.features.index(name)}.npy")
        vectors: NDArray[np.float32] = np.load(io.BytesIO(member), allow_pickle=False)
        return vectors


class Checkpoints:
    """All undamaged checkpoints of a run; only the ids of its pictures are held in memory.

    Those in the folder that are damaged, or belong to another run or layout, are left out.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._parts: list[Checkpoint] = []
        self._home: dict[str, int] = {}
        self._overlapping = False
        for path in filter(is_regular_file, sorted(folder.glob("part-*.zip"))):
            data = path.read_bytes()
            # The pictures of a damaged checkpoint are read again.
            part = _open(path, data) if path.stem.endswith(digest(data)) else None
            if part is not None and part.run_id == run_id:
                for image_id in part.image_ids:
                    self._overlapping |= image_id in self._home
                    self._home.setdefault(image_id, len(self._parts))
                self._parts.append(part)

    @property
    def image_ids(self) -> list[str]:
        """Ids of the pictures that need not be read again, sorted."""
        return sorted(self._home)

    def holding(self, images: Set[str]) -> list[Checkpoint]:
        """Return the checkpoints that hold any of these pictures."""
        return [part for part in self._parts if not images.isdisjoint(part.image_ids)]

    def frames(self, table: Table, name: str = "") -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Yield ids of some pictures at a time, in order, and their rows of a table.

        `name` is what the rows are stored under, if not the name of the table.
        """
        # If two checkpoints hold one picture, only rows of the first may be used.
        least = 1 if self._overlapping else _BATCH
        for numbers, images in _batches(self._groups(), least):
            frame = self._parse(numbers, table, name or table.name)
            yield images, frame[frame["image_id"].isin(images)]

    def measured(self, name: str) -> Iterator[tuple[pd.DataFrame, NDArray[np.float32]]]:
        """Yield rows of some pictures at a time, in order, and the feature vectors of those ok.

        Rows have the columns `_FIT_COLUMNS`, sorted by picture and condition.
        """
        for number, images in self._groups():
            rows = self._parse({number}, TRIALS, UNANSWERED, _FIT_COLUMNS)
            rows = rows[rows["classifier"] == name].reset_index(drop=True)
            own = rows[rows["image_id"].isin(images)]
            order = own.sort_values(["image_id", "condition"], kind="stable").index
            ok = (rows["status"] == "ok").to_numpy(bool)
            place = (ok.cumsum() - 1)[order[ok[order]]]
            yield rows.loc[order], self._parts[number].vectors(name)[place]

    def _groups(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of a checkpoint and consecutive pictures that it holds."""
        by_part = groupby(self.image_ids, self._home.__getitem__)
        return ((number, list(images)) for number, images in by_part)

    def _parse(
        self, numbers: set[int], table: Table, name: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Parse the rows of some checkpoints as one frame."""
        found = [data for n in sorted(numbers) if (data := self._parts[n].lines(name))]
        if not found:
            return table.frame([])
        headless = (data.partition(b"\n")[2] for data in found[1:])
        return table.parse(io.BytesIO(b"".join([found[0], *headless])), columns)


def _batches(
    groups: Iterable[tuple[int, list[str]]], least: int
) -> Iterator[tuple[set[int], list[str]]]:
    """Join groups to batches of `least` pictures or more, with the numbers of checkpoints."""
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


def _open(path: Path, data: bytes) -> Checkpoint | None:
    """Open a checkpoint; None if it is not one, although its name fits its bytes."""
    try:
        return Checkpoint(path, data)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError):
        return None


def joined(frames: Iterable[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Join frames without the empty ones, of which pandas warns."""
    return pd.concat([frame for frame in frames if len(frame)] or [empty], ignore_index=True)


class HasFrames(Protocol):
    """A source of rows by picture."""

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Yield ids of some pictures at a time, in order, and their rows of a table."""


def merge(parts: HasFrames, table: Table, path: Path) -> dict[str, Any]:
    """Write a table from checkpoints, some pictures at a time; return ``sha256`` and ``rows``."""
    record: dict[str, Any] = {}
    with table_writer(table, path, record) as target:
        for _, frame in parts.frames(table):
            target.add(frame)
    return record
