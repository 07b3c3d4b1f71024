"""What reading pictures gives, and its form on disk."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.schema import Table
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS

Row = dict[str, Any]
_FEATURES: Final = "features.json"


@dataclass(frozen=True, slots=True)
class Harvest:
    """Rows of one or more pictures.

    Attributes
    ----------
    trials
        Answers of classifiers that need no training; see `maskface.tables.TRIALS`.
    unanswered
        The same rows for what is measured for those that do, named after the measurement.
    features
        What was measured, one vector for each of the `unanswered` with status ok, in their order;
        by name of the measurement.
    attributes, detections
        See `maskface.tables`.
    """

    trials: list[Row] = field(default_factory=list)
    unanswered: list[Row] = field(default_factory=list)
    features: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    attributes: list[Row] = field(default_factory=list)
    detections: list[Row] = field(default_factory=list)

    def add(self, other: Harvest) -> None:
        """Take over the rows of further pictures."""
        self.trials.extend(other.trials)
        self.unanswered.extend(other.unanswered)
        self.attributes.extend(other.attributes)
        self.detections.extend(other.detections)
        for name, vectors in other.features.items():
            self.features.setdefault(name, []).extend(vectors)

    def to_bytes(self) -> bytes:
        """Set as the bytes of an archive without compression."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("trials.csv", TRIALS.to_bytes(TRIALS.frame(self.trials)))
            archive.writestr("unanswered.csv", self._unanswered_bytes())
            for table, rows in ((ATTRIBUTES, self.attributes), (DETECTIONS, self.detections)):
                archive.writestr(f"{table.name}.csv", table.to_bytes(table.frame(rows)))
            archive.writestr(_FEATURES, json.dumps(list(self.features)))
            for number, vectors in enumerate(self.features.values()):
                with archive.open(f"features-{number}.npy", "w") as member:
                    np.save(member, np.stack(vectors), allow_pickle=False)
        return target.getvalue()

    def _unanswered_bytes(self) -> bytes:
        # Not sorted by key: each row belongs to the vector in the same place.
        return TRIALS.to_bytes(pd.DataFrame(self.unanswered, columns=TRIALS.header))


@dataclass(frozen=True)
class Part:
    """A `Harvest`, read again."""

    data: bytes

    @property
    def digest(self) -> str:
        """Hash of the bytes, 16 hexadecimal digits."""
        return digest(self.data)

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.data))

    def table(self, table: Table, name: str = "") -> pd.DataFrame:
        """Rows of a table."""
        return table.parse(io.BytesIO(self._archive.read(f"{name or table.name}.csv")))

    def features(self, name: str) -> NDArray[np.float32]:
        """Vectors (n, D) of a measurement; (0, 0) if there are none."""
        names = json.loads(self._archive.read(_FEATURES))
        if name not in names:
            return np.empty((0, 0), np.float32)
        with self._archive.open(f"features-{names.index(name)}.npy") as member:
            stored: NDArray[np.float32] = np.load(io.BytesIO(member.read()), allow_pickle=False)
        return stored


def digest(data: bytes) -> str:
    """Say what bytes a part must have; in its name, it shows damage before anything is parsed."""
    return hashlib.sha256(data).hexdigest()[:16]


@dataclass(frozen=True)
class Parts:
    """All readable parts of a run; pictures that lack any row are left out whole.

    Attributes
    ----------
    run_id
        Which run; rows of others are left out.
    rows_per_image
        Rows in `trials` and `unanswered` of one picture.
    parts
        In any order.
    """

    run_id: str
    rows_per_image: int
    parts: Sequence[Part]

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """Trials and unanswered rows, with the part and the place of each."""
        frames = [
            part.table(TRIALS, name).assign(part=number, waiting=name == "unanswered")
            for number, part in enumerate(self.parts)
            for name in ("trials", "unanswered")
        ]
        for frame in frames:
            frame["place"] = (frame["status"] == "ok").groupby(frame["classifier"]).cumsum() - 1
        empty = TRIALS.frame([]).assign(part=0, waiting=False, place=0)
        rows = joined(frames, empty)
        rows = rows[rows["run_id"] == self.run_id].drop_duplicates([*TRIALS.key, "waiting"])
        whole = rows.groupby("image_id")["image_id"].transform("size") == self.rows_per_image
        return rows[whole]

    @property
    def image_ids(self) -> set[str]:
        """Pictures that need not be read again."""
        return set(self._rows["image_id"])

    @property
    def trials(self) -> pd.DataFrame:
        """Answers so far."""
        return self._rows.loc[~self._rows["waiting"], TRIALS.header]

    def unanswered(self, name: str) -> tuple[pd.DataFrame, NDArray[np.float32]]:
        """Rows of a measurement, sorted by picture and condition, and the vectors of those ok."""
        rows = self._rows[self._rows["waiting"] & (self._rows["classifier"] == name)]
        rows = rows.sort_values(["image_id", "condition"], ignore_index=True)
        stored = [part.features(name) for part in self.parts]
        ok = rows[rows["status"] == "ok"]
        vectors = [stored[part][place] for part, place in zip(ok["part"], ok["place"], strict=True)]
        width = max((matrix.shape[1] for matrix in stored), default=0)
        return rows[TRIALS.header], np.array(vectors, np.float32).reshape(len(ok), width)

    def table(self, table: Table) -> pd.DataFrame:
        """Rows of attributes or detections."""
        rows = joined([part.table(table) for part in self.parts], table.frame([]))
        mine = (rows["run_id"] == self.run_id) & rows["image_id"].isin(self.image_ids)
        return rows[mine].drop_duplicates(list(table.key))


def joined(frames: Iterable[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Put frames below each other; pandas warns of empty ones, so these are left out."""
    return pd.concat([frame for frame in frames if len(frame)] or [empty], ignore_index=True)
