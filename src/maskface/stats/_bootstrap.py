"""Bootstrap of statistics of sums over clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.stats._resample import resample

N_RESAMPLES: Final = 5000
Statistic = Callable[[Floats], Floats]
"""Maps totals (B, k) to statistics (B, m); NaN where a statistic is not defined."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A statistic, and what resampling says about it.

    Attributes
    ----------
    point
        (m,) the statistic of all clusters.
    values
        (B, m) the statistic of each resample.
    n_clusters
        (m,) clusters that the statistic stands on.
    influence
        Computes (J, m): how much each cluster moves the statistic (jackknife).
    """

    point: Floats
    values: Floats
    n_clusters: NDArray[np.int64]
    influence: Callable[[], Floats]


def bootstrap(
    totals: Floats,
    statistic: Statistic,
    *,
    seed: int,
    levels: NDArray[np.int64] | None = None,
    n_clusters: NDArray[np.int64] | None = None,
    n_resamples: int = N_RESAMPLES,
) -> Resampled:
    """Resample clusters and compute a statistic of their sums.

    Parameters
    ----------
    totals
        (C, k): what each of C clusters adds to k sums.
    statistic
        Function of the k sums, vectorised over resamples.
    seed
        Seed of the resampling.
    levels
        (C, F) level of each row in F = 1 or 2 crossed kinds of clusters; each row is a cluster
        if None. See `maskface.stats.resample`.
    n_clusters
        (m,) clusters that each statistic stands on, where that is not all of them.
    n_resamples
        Number of resamples, 1 or more.

    Returns
    -------
    Resampled
        What `interval` needs.
    """
    levels = np.arange(len(totals))[:, None] if levels is None else levels
    point = statistic(totals.sum(axis=0, keepdims=True))[0]
    drawn = resample(totals, levels, seed=seed, n=n_resamples)
    values = np.concatenate([statistic(part) for part in drawn])
    if n_clusters is None:
        n_clusters = np.full(len(point), levels.max(axis=0).min() + 1)
    return Resampled(point, values, n_clusters, lambda: _influence(totals, levels, statistic))


def _influence(totals: Floats, levels: NDArray[np.int64], statistic: Statistic) -> Floats:
    """Mean of the leave-one-out statistics minus each, by kind of cluster; 0 where undefined."""
    parts = []
    for level in levels.T:
        sums = np.zeros((int(level.max()) + 1, totals.shape[1]))
        np.add.at(sums, level, totals)
        without = statistic(totals.sum(axis=0) - sums)
        defined = ~np.isnan(without)
        filled = np.where(defined, without, 0)
        mean = filled.sum(axis=0) / np.maximum(defined.sum(axis=0), 1)
        parts.append(np.where(defined, mean - without, 0))
    return np.concatenate(parts)
