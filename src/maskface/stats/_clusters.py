"""What each cluster's own answers amount to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from maskface.arrays import Floats
from maskface.stats._comparison import Comparison
from maskface.stats._metrics import Metric, evaluate, places
from maskface.stats._totals import N_SUMS

_PLAIN: Final = slice(0, N_SUMS)
_OCCLUDED: Final = slice(N_SUMS, 2 * N_SUMS)


def both_and_loss(metrics: Sequence[Metric], totals: Floats) -> Floats:
    """Measures plain, occluded, and the difference: totals (B, 2 N_SUMS) to (B, 3 m)."""
    plain, occluded = (evaluate(metrics, totals[:, part]) for part in (_PLAIN, _OCCLUDED))
    return np.hstack([plain, occluded, plain - occluded])


def cluster_values(
    comparison: Comparison, metric: Metric, label: str = "all"
) -> tuple[Floats, Floats]:
    """Each cluster's own measure, plain and occluded.

    Parameters
    ----------
    comparison
        From `compare`; of two crossed kinds, clusters are the first.
    metric, label
        What to measure.

    Returns
    -------
    plain, occluded
        (C,) each, of the clusters that define both.
    """
    column = metric.labels.index(label)
    plain, occluded, loss = np.split(both_and_loss([metric], comparison.by_first().flat), 3, axis=1)
    defined = ~np.isnan(loss[:, column])
    return plain[defined, column], occluded[defined, column]


def dz_of_clusters(comparison: Comparison, metrics: Sequence[Metric]) -> Floats:
    """Standardised mean loss over clusters, (m,); NaN if clusters do not differ or are pictures."""
    dz = np.full(len(places(metrics)), np.nan)
    if comparison.by[0] == "image_id":
        return dz
    losses = np.split(both_and_loss(metrics, comparison.by_first().flat), 3, axis=1)[2]
    for i, column in enumerate(losses.T):
        own = column[~np.isnan(column)]
        # Rounding makes equal losses differ in the last digits.
        if len(own) > 1 and own.std(ddof=1) > 1e-12:
            dz[i] = own.mean() / own.std(ddof=1)
    return dz
