"""Bootstrap over clusters, in one matrix product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

N_RESAMPLES: Final = 5000
LEVEL: Final = 0.95
_CELLS_AT_ONCE: Final = 4_000_000
"""Resampling weights held in memory at a time (32 MB)."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps totals (B, k) to statistics (B, m); NaN where a statistic is not defined."""


def cluster_bootstrap(
    totals: NDArray[np.float64],
    statistic: Statistic,
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    level: float = LEVEL,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval of a statistic of sums, resampling whole clusters.

    Parameters
    ----------
    totals
        (C, k): what each of C clusters adds to k sums.
    statistic
        Function of the k sums, vectorised over resamples.
    seed
        Seed of the resampling.
    n_resamples
        Number of resamples, 1 or more.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high
        (m,) each; NaN where no resample defines the statistic.

    Notes
    -----
    Clusters are drawn with replacement, as many as there are (Davison & Hinkley 1997, Bootstrap
    Methods and their Application, section 3.8, strategy 1). Clusters that add the same amounts
    are interchangeable, so how often each *kind* is drawn is multinomial with the kinds'
    frequencies: the same distribution, and cheap even where every picture is its own cluster.
    """
    kinds, counts = np.unique(totals, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    share = counts / counts.sum()
    at_once = max(1, _CELLS_AT_ONCE // len(kinds))
    values = []
    for start in range(0, n_resamples, at_once):
        size = min(at_once, n_resamples - start)
        drawn = rng.multinomial(int(counts.sum()), share, size=size)
        values.append(statistic(drawn @ kinds))
    return _percentiles(np.concatenate(values), level)


def _percentiles(
    values: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tail = (1 - level) / 2
    bounds = np.full((2, values.shape[1]), np.nan)
    defined = ~np.isnan(values).all(axis=0)
    if defined.any():
        bounds[:, defined] = np.nanquantile(values[:, defined], [tail, 1 - tail], axis=0)
    return bounds[0], bounds[1]
