"""What reading pictures gives, until it is on disk."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.experiment._lines import csv_bytes
from maskface.experiment._pictures import PICTURES
from maskface.schema import Table
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS

ABOUT: Final = "part.json"
UNANSWERED: Final = "unanswered"
LAYOUT: Final = 2
"""To be raised when what a part holds changes; older parts then count as missing."""


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
    pictures
        What files the pictures are; see `maskface.experiment._pictures.PICTURES`.
    image_ids
        The pictures that all of this is about; nothing of them is missing.
    """

    trials: list[Row] = field(default_factory=list)
    unanswered: list[Row] = field(default_factory=list)
    features: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    attributes: list[Row] = field(default_factory=list)
    detections: list[Row] = field(default_factory=list)
    pictures: list[Row] = field(default_factory=list)
    image_ids: list[str] = field(default_factory=list)

    def add(self, other: Harvest) -> None:
        """Take over the rows of further pictures."""
        self.trials.extend(other.trials)
        self.unanswered.extend(other.unanswered)
        self.attributes.extend(other.attributes)
        self.detections.extend(other.detections)
        self.pictures.extend(other.pictures)
        self.image_ids.extend(other.image_ids)
        for name, vectors in other.features.items():
            self.features.setdefault(name, []).extend(vectors)

    def tables(self) -> tuple[tuple[Table, list[Row]], ...]:
        """The tables that rows belong to, but for the `unanswered` ones."""
        return (
            (TRIALS, self.trials), (ATTRIBUTES, self.attributes), (DETECTIONS, self.detections),
            (PICTURES, self.pictures),
        )  # fmt: skip

    def to_bytes(self, run_id: str) -> bytes:
        """Set as the bytes of an archive without compression."""
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
                # Not sorted by key: each row belongs to the vector in the same place.
                unsorted = csv_bytes(TRIALS, self.unanswered, ordered=False)
                archive.writestr(f"{UNANSWERED}.csv", unsorted)
            for number, vectors in enumerate(features.values()):
                with archive.open(f"features-{number}.npy", "w") as member:
                    np.save(member, np.stack(vectors), allow_pickle=False)
        return target.getvalue()


def digest(data: bytes) -> str:
    """Say what bytes a part must have; in its name, it shows damage before anything is parsed."""
    return hashlib.sha256(data).hexdigest()[:16]
