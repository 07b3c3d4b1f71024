"""Right answers of every independent unit under several conditions, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.occluders import get_occluder, occluder_name
from maskface.types import EMOTIONS

LABELS: Final = ("all", *EMOTIONS)
"""What every number is computed for, in this order."""
_NAMES: Final = {"subject_id": "subject", "image_id": "image"}


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Right answers of C units under K conditions, over the pictures answered under all of them.

    Attributes
    ----------
    conditions
        The K conditions.
    totals
        (C, 7 (K + 1)): pictures of each emotion, then the right answers under each condition.
    coverage
        (K,) mean hidden fraction of the face oval.
    n
        (8,) pictures over all and of each emotion.
    n_clusters
        (8,) units that showed any, and each, emotion.
    clustered_by
        ``subject``, or ``image`` where a picture does not say who is shown.
    """

    conditions: tuple[str, ...]
    totals: Floats
    coverage: Floats
    n: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    clustered_by: str

    def standing(self, i: int) -> dict[str, Any]:
        """Cells that say what the number for label `i` stands on."""
        return {
            "label": LABELS[i],
            "n": int(self.n[i]),
            "n_clusters": int(self.n_clusters[i]),
            "clustered_by": self.clustered_by,
        }

    @property
    def labels(self) -> list[int]:
        """Numbers of the labels that were shown."""
        return [int(i) for i in np.flatnonzero(self.n)]


def groups(trials: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Split trials by run, data set and classifier; give the cells that name each part."""
    heads = ["run_id", "dataset", "classifier"]
    for names, part in trials.groupby(heads, sort=True):
        yield dict(zip(heads, map(str, names), strict=True)), part


def unit_column(trials: pd.DataFrame) -> str:
    """Column that names the independent units: subjects, or pictures where one names none."""
    return "subject_id" if (trials["subject_id"] != "").all() else "image_id"


def unit_name(column: str) -> str:
    """What `clustered_by` calls the units of a column."""
    return _NAMES[column]


def find_condition(trials: pd.DataFrame, name: str) -> str:
    """Find the condition of an occluder, which may have been written in another way.

    Raises
    ------
    MaskfaceError
        If the trials do not hold it.
    """
    there = sorted(map(str, trials["condition"].unique()))
    if name in there:
        return name
    canonical = occluder_name(get_occluder(name))
    if canonical not in there:
        raise MaskfaceError(f"The trials do not hold {canonical!r}, only {', '.join(there)}.")
    return canonical


def count_hits(trials: pd.DataFrame, conditions: Sequence[str]) -> Hits:
    """Sum right answers by unit, over the pictures answered under all conditions.

    Parameters
    ----------
    trials
        Of one data set and classifier, in the schema of `maskface.tables.TRIALS`.
    conditions
        Which conditions, in any order, as in `find_condition`.

    Raises
    ------
    MaskfaceError
        If the trials lack one, or no picture has an answer under all of them.
    """
    conditions = [find_condition(trials, name) for name in conditions]
    by = unit_column(trials)
    answered = trials[(trials["status"] == "ok") & trials["condition"].isin(conditions)]
    names = list(dict.fromkeys(["image_id", by, "label"]))
    right = answered.pivot_table("correct", names, "condition")
    right = right.reindex(columns=list(conditions)).dropna()
    if right.empty:
        raise MaskfaceError(
            f"No picture has an answer under all of {', '.join(conditions)}. Read the column "
            "`message` of trials.csv to see why."
        )
    shows = (right.index.get_level_values("label").to_numpy()[:, None] == EMOTIONS).astype(float)
    hits = right.to_numpy(np.float64)[:, :, None] * shows[:, None, :]
    unit = pd.factorize(right.index.get_level_values(by), sort=True)[0]
    totals = np.zeros((int(unit.max()) + 1, len(EMOTIONS) * (len(conditions) + 1)))
    np.add.at(totals, unit, np.hstack([shows, hits.reshape(len(hits), -1)]))
    shown = totals[:, : len(EMOTIONS)]
    n = np.concatenate([[shown.sum()], shown.sum(axis=0)]).astype(np.int64)
    n_clusters = np.concatenate([[len(shown)], (shown > 0).sum(axis=0)]).astype(np.int64)
    coverage = answered.groupby("condition")["coverage"].mean().reindex(list(conditions))
    return Hits(
        tuple(conditions), totals, coverage.to_numpy(np.float64), n, n_clusters, unit_name(by)
    )


def accuracies(totals: Floats) -> Floats:
    """Shares of right answers: totals (B, 7 (K + 1)) as in `Hits` to (B, K, 8).

    The last axis is all emotions, then each; NaN for one that was not shown.
    """
    blocks = totals.reshape(len(totals), -1, len(EMOTIONS))
    shown, hits = blocks[:, :1], blocks[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0: not shown, NaN
        overall = hits.sum(axis=2, keepdims=True) / shown.sum(axis=2, keepdims=True)
        return np.concatenate([overall, hits / shown], axis=2)
