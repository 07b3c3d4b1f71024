"""What was measured of faces, gathered for those who learn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Integers
from maskface.errors import MaskfaceError
from maskface.experiment._parts import Parts
from maskface.experiment._spilled import Matrix
from maskface.schema import numbered
from maskface.types import EMOTIONS


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """n faces, by picture and condition; with the lessons of all folds up to about 150 bytes each.

    Attributes
    ----------
    person, picture
        (n,) whose face it is and where: numbers in the order of the names.
    label, condition
        (n,) number of the shown emotion in `EMOTIONS`, and of the condition in the run's.
    ok
        (n,) bool, whether it could be measured.
    features
        What was measured of those, in their order, on disk.
    """

    person: Integers
    picture: Integers
    label: NDArray[np.int8]
    condition: NDArray[np.int16]
    ok: NDArray[np.bool_]
    features: Matrix


def gather_faces(parts: Parts, measures: str, conditions: Sequence[str], path: Path) -> Faces:
    """Put what was measured into one file.

    Parameters
    ----------
    parts
        What was read of the pictures.
    measures
        Name of the measurement.
    conditions
        Of the run.
    path
        The file.

    Raises
    ------
    MaskfaceError
        If pictures have different numbers of features, or a label or condition is unknown.
    """
    people: dict[str, int] = {}
    columns: list[tuple[NDArray[Any], ...]] = []
    widths: set[int] = set()
    n_pictures = 0
    with path.open("wb") as stream:
        for rows, vectors in parts.measured(measures):
            stream.write(vectors.tobytes())
            widths |= {vectors.shape[1]} if len(vectors) else set()
            here, names = pd.factorize(rows["image_id"])
            columns.append(
                (
                    np.fromiter(
                        (people.setdefault(s, len(people)) for s in rows["subject_id"]), np.int64
                    ),
                    here + n_pictures,
                    numbered(rows["label"], EMOTIONS).astype(np.int8),
                    numbered(rows["condition"], conditions).astype(np.int16),
                    (rows["status"] == "ok").to_numpy(bool),
                )
            )
            n_pictures += len(names)
    if len(widths) > 1:
        raise MaskfaceError(
            f"Classifier {measures!r} measured {' or '.join(map(str, sorted(widths)))} numbers "
            "of a face, but it must be as many for every face. Mend its method `features`."
        )
    person, picture, label, condition, ok = map(np.concatenate, zip(*columns, strict=True))
    rank = np.empty(len(people), np.int64)
    rank[[people[name] for name in sorted(people)]] = np.arange(len(people))
    features = Matrix(path, max(widths, default=0), "float32")
    return Faces(rank[person], picture, label, condition, ok, features)
