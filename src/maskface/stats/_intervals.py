"""Confidence intervals from resamples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import t as student

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.stats._bootstrap import N_RESAMPLES, Resampled, Statistic, bootstrap

LEVEL: Final = 0.95
Interval = Literal["expanded", "percentile", "bca", "t"]
DEFAULT: Final[Interval] = "expanded"


def interval(
    resampled: Resampled, kind: Interval = DEFAULT, *, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Confidence limits from resamples.

    Parameters
    ----------
    resampled
        From `bootstrap`.
    kind
        ``percentile``: quantiles of the resamples; too narrow with few clusters, like a normal
        interval with the uncorrected standard deviation. ``expanded``: quantiles further out, by
        as much as Student's t and the factor sqrt(C / (C - 1)) widen a normal interval
        (Hesterberg 2015, doi:10.1080/00031305.2015.1089789). ``bca``: quantiles corrected for
        bias and skewness (Efron 1987, doi:10.1080/01621459.1987.10478410), the acceleration from
        leaving out one cluster at a time. ``t``: the estimate plus and minus Student's t times
        the standard deviation of the resamples times sqrt(C / (C - 1)).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high
        (m,) each. NaN where the statistic stands on fewer than two clusters, or no resample
        defines it.
    """
    if kind not in get_args(Interval):
        raise MaskfaceError(f"interval must be one of {get_args(Interval)}, but it was {kind!r}.")
    tail = (1 - level) / 2
    enough = resampled.n_clusters >= 2  # one cluster says nothing about how clusters differ
    if not enough.any():
        return np.full(enough.shape, np.nan), np.full(enough.shape, np.nan)
    low, high = _LIMITS[kind](resampled, tail)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def cluster_bootstrap(
    totals: Floats,
    statistic: Statistic,
    *,
    seed: int,
    levels: NDArray[np.int64] | None = None,
    n_resamples: int = N_RESAMPLES,
    level: float = LEVEL,
    kind: Interval = DEFAULT,
) -> tuple[Floats, Floats]:
    """Confidence limits of a statistic of sums: `bootstrap` and `interval` in one call.

    Returns
    -------
    low, high
        (m,) each.
    """
    drawn = bootstrap(totals, statistic, seed=seed, levels=levels, n_resamples=n_resamples)
    return interval(drawn, kind, level=level)


def _widening(n_clusters: NDArray[np.int64]) -> Floats:
    """Make up for the divisor C in place of C - 1 of the resamples' variance."""
    n = np.maximum(n_clusters, 2)
    return np.asarray(np.sqrt(n / (n - 1)))


def _student(n_clusters: NDArray[np.int64], tail: float) -> Floats:
    return np.asarray(student.ppf(1 - tail, np.maximum(n_clusters - 1, 1)))


def _percentile(resampled: Resampled, tail: float) -> tuple[Floats, Floats]:
    return _between(resampled.values, np.full(len(resampled.point), tail))


def _expanded(resampled: Resampled, tail: float) -> tuple[Floats, Floats]:
    n = resampled.n_clusters
    return _between(resampled.values, ndtr(-_widening(n) * _student(n, tail)))


def _between(values: Floats, tails: Floats) -> tuple[Floats, Floats]:
    low, high = quantiles(values, np.stack([tails, 1 - tails]))
    return low, high


def _t(resampled: Resampled, tail: float) -> tuple[Floats, Floats]:
    values, n = resampled.values, resampled.n_clusters
    defined = ~np.isnan(values)
    count = np.maximum(defined.sum(axis=0), 1)
    mean = np.where(defined, values, 0).sum(axis=0) / count
    spread = np.sqrt(np.where(defined, (values - mean) ** 2, 0).sum(axis=0) / count)
    half = _student(n, tail) * _widening(n) * spread
    half = np.where(defined.any(axis=0), half, np.nan)
    return resampled.point - half, resampled.point + half


def _bca(resampled: Resampled, tail: float) -> tuple[Floats, Floats]:
    values, point = resampled.values, resampled.point
    defined = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    # Half of the ties: many statistics take few values.
    below = (values < point).sum(axis=0) + (values == point).sum(axis=0) / 2
    bias = ndtri(below / defined)
    bias[np.isinf(bias)] = np.nan  # all resamples on one side: not defined
    pull = resampled.influence()
    spread = (pull**2).sum(axis=0) ** 1.5
    accel = np.divide(
        (pull**3).sum(axis=0), 6 * spread, out=np.zeros_like(spread), where=spread > 0
    )
    moved = [bias + z for z in (ndtri(tail), -ndtri(tail))]
    low, high = quantiles(values, np.stack([ndtr(bias + m / (1 - accel * m)) for m in moved]))
    return low, high


_LIMITS: Final[dict[str, Callable[[Resampled, float], tuple[Floats, Floats]]]] = {
    "percentile": _percentile,
    "expanded": _expanded,
    "bca": _bca,
    "t": _t,
}


def quantiles(values: Floats, share: Floats) -> Floats:
    """Quantiles of each column of what is not NaN: (B, m) and shares (q, m) to (q, m).

    Each column has shares of its own. Linear between order statistics, as the default of NumPy.
    """
    ordered = np.sort(values.T, axis=1)  # NaN last
    last = (~np.isnan(ordered)).sum(axis=1) - 1
    place = np.clip(np.nan_to_num(share), 0, 1) * np.maximum(last, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(last, 0))
    rows = np.arange(len(ordered))
    low, high = ordered[rows, below], ordered[rows, above]
    found = low + (place - below) * (high - low)
    return np.where(np.isnan(share) | (last < 0), np.nan, found)
