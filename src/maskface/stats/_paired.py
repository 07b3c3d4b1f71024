"""Hits of the same pictures with and without an occluder, and what follows from them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import mcnemar

from maskface.types import EMOTIONS

N_EMOTIONS = len(EMOTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class PairedTrials:
    """Answers of one classifier to the same pictures, plain and under one condition.

    Attributes
    ----------
    label
        (n,) index into `EMOTIONS` of the true emotion.
    plain, occluded
        (n,) index into `EMOTIONS` of the answers.
    cluster
        (n,) number of the independent unit that the picture belongs to, 0 to `n_clusters` - 1.
    """

    label: NDArray[np.int64]
    plain: NDArray[np.int64]
    occluded: NDArray[np.int64]
    cluster: NDArray[np.int64]

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return int(self.cluster.max()) + 1 if len(self.cluster) else 0

    def cluster_totals(self) -> NDArray[np.float64]:
        """Return (C, 3 x 7) sums by cluster: pictures, plain hits, occluded hits per emotion."""
        cells = self.cluster * N_EMOTIONS + self.label
        n_cells = self.n_clusters * N_EMOTIONS
        hits = (np.ones_like(self.label), self.plain == self.label, self.occluded == self.label)
        sums = [np.bincount(cells, hit, n_cells).reshape(-1, N_EMOTIONS) for hit in hits]
        return np.hstack(sums)

    def mcnemar_p(self, emotion: int | None = None) -> float:
        """Two-sided exact McNemar p value (McNemar 1947, doi:10.1007/BF02295996).

        Parameters
        ----------
        emotion
            Only pictures of this emotion; all pictures if None.

        Returns
        -------
        float
            1 if no picture changed between right and wrong.
        """
        chosen = slice(None) if emotion is None else self.label == emotion
        plain = (self.plain == self.label)[chosen]
        occluded = (self.occluded == self.label)[chosen]
        table = [
            [int((plain & occluded).sum()), int((plain & ~occluded).sum())],
            [int((~plain & occluded).sum()), int((~plain & ~occluded).sum())],
        ]
        if table[0][1] + table[1][0] == 0:
            return 1.0
        return float(mcnemar(table, exact=True).pvalue)

    def confusion(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (7, 7) counts of label (rows) by answer (columns): plain, occluded."""
        tables = np.zeros((2, N_EMOTIONS, N_EMOTIONS), np.int64)
        np.add.at(tables[0], (self.label, self.plain), 1)
        np.add.at(tables[1], (self.label, self.occluded), 1)
        return tables[0], tables[1]


def scores(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Accuracy, balanced accuracy and recalls, plain and occluded, and their losses.

    Parameters
    ----------
    totals
        (B, 3 x 7): pictures, plain hits and occluded hits per emotion.

    Returns
    -------
    NDArray
        (B, 3 x 9). Three blocks (plain, occluded, plain - occluded) of: accuracy, balanced
        accuracy (the mean recall of the emotions present), and the seven recalls. NaN where
        there is no picture.
    """
    pictures, *hits = np.moveaxis(totals.reshape(-1, 3, N_EMOTIONS), 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # mean of no emotion: NaN is meant
        blocks = []
        for hit in hits:
            recall = hit / pictures
            accuracy = hit.sum(1) / pictures.sum(1)
            blocks.append(np.column_stack([accuracy, np.nanmean(recall, axis=1), recall]))
    plain, occluded = blocks
    return np.hstack([plain, occluded, plain - occluded])


def pair_trials(trials: pd.DataFrame, condition: str, *, by_subject: bool) -> PairedTrials:
    """Join the answers under a condition to those under ``none``, picture by picture.

    Parameters
    ----------
    trials
        Rows of one data set and one classifier, in the trials schema.
    condition
        The condition to compare with ``none``.
    by_subject
        Whether clusters are subjects; otherwise each picture is one.

    Returns
    -------
    PairedTrials
        Only pictures that have an answer under both.
    """
    answered = trials[trials["status"] == "ok"].set_index("image_id")
    plain = answered.loc[answered["condition"] == "none", ["label", "subject_id", "predicted"]]
    other = answered.loc[answered["condition"] == condition, "predicted"].rename("occluded")
    pairs = plain.join(other, how="inner")
    unit = pairs["subject_id"] if by_subject else pairs.index.to_series()
    number = {emotion: i for i, emotion in enumerate(EMOTIONS)}
    label, answer, occluded = (
        np.asarray(pairs[name].map(number), dtype=np.int64)
        for name in ("label", "predicted", "occluded")
    )
    return PairedTrials(label, answer, occluded, pd.factorize(unit)[0].astype(np.int64))
