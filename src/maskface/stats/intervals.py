"""Confidence intervals from bootstrap resamples of clusters, and of two crossed kinds of clusters.

Also what is read off resamples: quantiles, ratios with Fieller's limits, monotone curves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from maskface.arrays import Floats, Integers
from maskface.errors import MaskfaceError

_CELLS_AT_ONCE: Final = 500_000  # numbers held in memory at a time (4 MB), of each kind
_IN_TURN: Final = 4_000_000
"""The same where draws of two kinds take turns: there it decides what is drawn."""
_ROWS_AT_ONCE: Final = 2**10
MANY_KINDS: Final = 20_000
"""More different clusters than this are not drawn one by one; see `resample`."""


def resample(totals: Floats, levels: NDArray[np.int64], *, seed: int, n: int) -> Iterator[Floats]:
    """Draw clusters with replacement and sum what they add.

    Parameters
    ----------
    totals
        (C, k): what each of C clusters, or cells of two crossed kinds of clusters, adds.
    levels
        (C, F) integers: which cluster of each of F kinds a row belongs to, F = 1 or 2. With one
        kind, each row is a cluster of its own.
    seed
        Seed of the draws.
    n
        Number of resamples.

    Yields
    ------
    NDArray
        (b, k) totals of some resamples; n in all.

    Notes
    -----
    One kind: whole clusters, as many as there are (Davison & Hinkley 1997, Bootstrap Methods and
    their Application, section 3.8, strategy 1). Clusters that add the same amounts are
    interchangeable, so where there are many, how often each kind is drawn is multinomial. Where
    more than `MANY_KINDS` clusters differ in real-valued sums (pictures with probabilities, each
    its own cluster), that is done with their counts alone, which leaves the counts' distribution
    exact; what the real-valued sums add to their mean given the counts is drawn from its limiting
    normal distribution, with the covariance of the clusters within kinds.

    Two kinds: each is drawn on its own and a cell counts as often as the product of the two
    (pigeonhole bootstrap, Owen 2007, doi:10.1214/07-AOAS122).
    """
    rng = np.random.default_rng(seed)
    active = np.asarray(totals.any(axis=0))
    draws = _crossed if levels.shape[1] == 2 else _one_way
    for drawn in draws(totals, np.flatnonzero(active), levels, rng, n):
        full = np.zeros((len(drawn), len(active)))
        full[:, active] = drawn
        yield full


def _sizes(n: int, width: int, cells: int) -> Iterator[int]:
    at_once = max(1, cells // max(width, 1))
    for start in range(0, n, at_once):
        yield min(at_once, n - start)


def _one_way(
    totals: Floats, columns: Integers, levels: NDArray[np.int64], rng: np.random.Generator, n: int
) -> Iterator[Floats]:
    del levels  # each row is a cluster
    whole = columns[_are_whole(totals, columns)]
    kinds = _kinds(totals, whole)
    if len(kinds.size) * 2 <= len(totals) and len(whole) == len(columns):
        return _by_kind(_kind_means(totals, columns, kinds), kinds.size, rng, n)
    if len(totals) > MANY_KINDS >= len(kinds.size):
        return _by_kind_and_normal(totals, columns, kinds, rng, n)
    return _by_cluster(np.ascontiguousarray(totals[:, columns]), rng, n)


def _blocks(totals: Floats, columns: Integers) -> Iterator[Floats]:
    """Yield some columns, some rows at a time, to save memory."""
    for start in range(0, len(totals), _ROWS_AT_ONCE):
        yield np.ascontiguousarray(totals[start : start + _ROWS_AT_ONCE, columns])


def _are_whole(totals: Floats, columns: Integers) -> NDArray[np.bool_]:
    found = np.ones(len(columns), bool)
    for block in _blocks(totals, columns):
        found &= (block == np.round(block)).all(axis=0)
    return found


class _Kinds(NamedTuple):
    """The kind of each row, and how many rows each kind has."""

    of: NDArray[np.int64]
    size: NDArray[np.int64]


def _kinds(totals: Floats, columns: Integers) -> _Kinds:
    """Number the different rows of counts."""
    weights = np.random.default_rng(0).integers(1, 2**62, len(columns))
    # A 64-bit hash: quicker to sort than rows.
    keys = [block.astype(np.int64) @ weights for block in _blocks(totals, columns)]
    _, kind, size = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    return _Kinds(kind.astype(np.int64), size)


def _kind_means(totals: Floats, columns: Integers, kinds: _Kinds) -> Floats:
    sums = np.zeros((len(kinds.size), len(columns)))
    for place, column in enumerate(columns):
        sums[:, place] = np.bincount(kinds.of, totals[:, column], len(kinds.size))
    return sums / kinds.size[:, None]


def _by_kind(
    means: Floats, size: NDArray[np.int64], rng: np.random.Generator, n: int
) -> Iterator[Floats]:
    share = size / size.sum()
    for b in _sizes(n, max(means.shape), _IN_TURN):
        yield rng.multinomial(size.sum(), share, size=b).astype(float) @ means


def _by_kind_and_normal(
    totals: Floats, columns: Integers, kinds: _Kinds, rng: np.random.Generator, n: int
) -> Iterator[Floats]:
    means = _kind_means(totals, columns, kinds)
    within, start = np.zeros((len(columns), len(columns))), 0
    for block in _blocks(totals, columns):
        rest = block - means[kinds.of[start : start + len(block)]]
        within += rest.T @ rest
        start += len(block)
    variance, axes = np.linalg.eigh(within)
    root = axes * np.sqrt(np.clip(variance, 0, None))
    for drawn in _by_kind(means, kinds.size, rng, n):
        yield drawn + rng.standard_normal(drawn.shape) @ root.T


def _by_cluster(totals: Floats, rng: np.random.Generator, n: int) -> Iterator[Floats]:
    for b in _sizes(n, max(totals.shape), _CELLS_AT_ONCE):
        yield _times_drawn(len(totals), b, rng) @ totals


def _times_drawn(n_clusters: int, n: int, rng: np.random.Generator) -> Floats:
    """Draw how often each cluster is in each resample, (n, n_clusters)."""
    drawn = rng.integers(0, n_clusters, (n, n_clusters))
    drawn += np.arange(n)[:, None] * n_clusters
    times = np.bincount(drawn.ravel(), minlength=n * n_clusters)
    return times.reshape(n, n_clusters).astype(np.float64)


def _crossed(
    totals: Floats, columns: Integers, levels: NDArray[np.int64], rng: np.random.Generator, n: int
) -> Iterator[Floats]:
    rows, others = (levels.max(axis=0) + 1).tolist()
    grid = np.zeros((rows, others, len(columns)))
    grid[levels[:, 0], levels[:, 1]] = totals[:, columns]
    for b in _sizes(n, max(rows, others * len(columns)), _IN_TURN):
        first, second = (_times_drawn(size, b, rng) for size in (rows, others))
        by_column = (first @ grid.reshape(rows, -1)).reshape(b, others, -1)
        yield np.einsum("bc,bck->bk", second, by_column)


N_RESAMPLES: Final = 5000
Statistic = Callable[[Floats], Floats]
"""Maps totals (B, k) to statistics (B, m); NaN where a statistic is not defined."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A statistic and its bootstrap resamples."""

    point: Floats  # (m,) the statistic of all clusters
    values: Floats  # (B, m) the statistic of each resample
    n_clusters: NDArray[np.int64]  # (m,) clusters that the statistic stands on
    # Computes (J, m): how much each cluster moves the statistic (jackknife).
    influence: Callable[[], Floats]
    least: Floats | float = 0.0  # (m,) standard error from single pictures; see `least_error`


def bootstrap(
    totals: Floats,
    statistic: Statistic,
    *,
    seed: int,
    levels: NDArray[np.int64] | None = None,
    n_clusters: NDArray[np.int64] | None = None,
    least: Floats | float = 0.0,
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
    least
        (m,) standard errors from `least_error`, which widen the intervals.
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
    influence = partial(_influence, totals, levels, statistic)
    return Resampled(point, values, n_clusters, influence, least)


def least_error(total: Floats, pictures: Floats, statistic: Statistic) -> Floats:
    """Compute the standard error that a statistic has even if clusters do not differ.

    Parameters
    ----------
    total
        (k,) sums over all clusters.
    pictures
        (J, k): what single pictures of each kind, such as one that an occluder makes wrong, would
        add.
    statistic
        Function of the k sums.

    Returns
    -------
    NDArray
        (m,) the largest change by one picture, times the square root of 2: as if one more picture
        had been lost and one gained. Near ceiling and floor clusters often agree, and resamples
        with them. Adding pictures that were not seen is how Agresti & Coull (1998,
        doi:10.1080/00031305.1998.10480550) and Agresti & Min (2005, doi:10.1002/sim.1781) keep
        intervals of shares and of paired differences from becoming too narrow there.
    """
    moved = np.abs(statistic(total + pictures) - statistic(total[None]))
    return np.asarray(np.sqrt(2) * np.nan_to_num(moved).max(axis=0, initial=0))


def _influence(totals: Floats, levels: NDArray[np.int64], statistic: Statistic) -> Floats:
    """Return the mean of the leave-one-out statistics minus each; 0 where undefined."""
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


LEVEL: Final = 0.95
FEWEST: Final = 3
"""Least number of clusters that an interval is computed from."""
FEW: Final = 10
"""With fewer clusters, the default interval is the ``t`` interval."""
Interval = Literal["auto", "expanded", "percentile", "bca", "t"]
DEFAULT: Final[Interval] = "auto"
_NO_WIDTH: Final = 1e-9
_NAMES: Final[dict[Interval, str]] = {
    "expanded": "expanded percentile bootstrap",
    "percentile": "percentile bootstrap",
    "bca": "BCa bootstrap",
    "t": "t on bootstrap SE",
}


def interval_name(n_clusters: int, kind: Interval = DEFAULT) -> str:
    """Return the name that tables have for a kind of interval; empty if there is none.

    Examples
    --------
    >>> interval_name(20), interval_name(5), interval_name(2)
    ('expanded percentile bootstrap', 't on bootstrap SE', '')
    """
    if n_clusters < FEWEST:
        return ""
    return _NAMES[("t" if n_clusters < FEW else "expanded") if kind == "auto" else kind]


def interval(
    resampled: Resampled, kind: Interval = DEFAULT, *, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Compute confidence limits from resamples.

    Parameters
    ----------
    resampled
        From `bootstrap`.
    kind
        ``auto``: ``t`` with fewer than `FEW` clusters, otherwise ``expanded``. ``percentile``:
        quantiles of the resamples; too narrow with few clusters, like a normal
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
        (m,) each. The distances from the estimate are those of the kind and the normal interval
        of `Resampled.least`, added in squares. NaN where the statistic stands on fewer than
        `FEWEST` clusters, no resample defines it, or the interval would have no width.
    """
    if kind not in get_args(Interval):
        raise MaskfaceError(f"kind must be one of {', '.join(get_args(Interval))}, got {kind!r}.")
    tail = (1 - level) / 2
    enough = resampled.n_clusters >= FEWEST
    if not enough.any():
        return np.full(enough.shape, np.nan), np.full(enough.shape, np.nan)
    if kind == "auto":
        few = resampled.n_clusters < FEW
        low, high = np.where(few, _t(resampled, tail), _expanded(resampled, tail))
    else:
        low, high = _LIMITS[kind](resampled, tail)
    point, half = resampled.point, -ndtri(tail) * resampled.least
    low = np.where(half > 0, point - np.hypot(np.maximum(point - low, 0), half), low)
    high = np.where(half > 0, point + np.hypot(np.maximum(high - point, 0), half), high)
    enough &= high - low > _NO_WIDTH
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
    """Compute confidence limits of a statistic of sums: `bootstrap` and `interval` in one call.

    Returns
    -------
    low, high
        (m,) each.
    """
    drawn = bootstrap(totals, statistic, seed=seed, levels=levels, n_resamples=n_resamples)
    return interval(drawn, kind, level=level)


def _widening(n_clusters: NDArray[np.int64]) -> Floats:
    """Return the factor sqrt(C / (C - 1)) for the resamples' standard deviation."""
    n = np.maximum(n_clusters, 2)
    return np.asarray(np.sqrt(n / (n - 1)))


def _student(n_clusters: NDArray[np.int64], tail: float) -> Floats:
    return np.asarray(stdtrit(np.maximum(n_clusters - 1, 1), 1 - tail))


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
    """Compute quantiles of each column without NaN: (B, m) and shares (q, m) to (q, m).

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


def ratio_limits(
    points: Floats, values: Floats, n_clusters: NDArray[np.int64], *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Compute ratios (m,) and their limits where the denominator is clearly above 0.

    `points` (2, m) are numerators and denominators, and `values` (B, 2, m) the same in each
    resample, on `n_clusters` (m,) independent units. Fieller's theorem (1954,
    doi:10.1111/j.2517-6161.1954.tb00159.x) with the resamples' covariances times C / (C - 1) and
    Student's t of C - 1. NaN where the interval of the denominator reaches 0: then every ratio fits
    the data, and none is given.
    """
    enough = n_clusters >= FEWEST
    c = np.where(enough, n_clusters, 2)
    off = values - values.mean(axis=0)
    v_top, v_bottom = (off**2).mean(axis=0) * c / (c - 1)
    shared = off.prod(axis=1).mean(axis=0) * c / (c - 1)
    t2 = stdtrit(c - 1, (1 + level) / 2) ** 2
    top, bottom = points
    # All r with (top - r bottom)^2 <= t^2 var(top - r bottom): between the roots of a parabola.
    square, middle = bottom**2 - t2 * v_bottom, top * bottom - t2 * shared
    defined = enough & (bottom > 0) & (square > 0)
    square = np.where(defined, square, np.nan)
    root = np.sqrt(np.maximum(middle**2 - square * (top**2 - t2 * v_top), 0))
    ratio = np.where(defined, top / np.where(defined, bottom, 1), np.nan)
    return ratio, (middle - root) / square, (middle + root) / square


def monotone(values: Floats) -> Floats:
    """Fit the nearest monotone curves, which never fall, along axis 1 of (B, K, m).

    Least squares with equal weights, by the min-max formula (Robertson, Wright & Dykstra 1988,
    Order Restricted Statistical Inference, section 1.4): a point is the largest, over where a
    block begins, of the smallest, over where it ends, of the block's means. It is written out
    rather than pooled step by step because there are thousands of curves and few points.
    """
    k = values.shape[1]
    sums = np.cumsum(values, axis=1)
    before = sums - values
    fitted = np.full_like(values, -np.inf)
    for begin in range(k):
        size = np.arange(1, k - begin + 1)[:, None]
        means = (sums[:, begin:] - before[:, [begin]]) / size
        # The smallest mean of the blocks that end here or later.
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fitted[:, begin:] = np.maximum(fitted[:, begin:], least)
    return fitted


def half_reached(places: Floats, losses: Floats) -> Floats:
    """Find where monotone curves first reach half of their last value, linear between points.

    Parameters
    ----------
    places
        (K,) increasing.
    losses
        (B, K, m), never falling along axis 1 and not above 0 at the first place.

    Returns
    -------
    NDArray
        (B, m); NaN for a curve whose last value is not above 0.
    """
    target = losses[:, -1:] / 2
    above = np.argmax(losses >= target, axis=1)
    above = np.maximum(above, 1)[:, None]
    low = np.take_along_axis(losses, above - 1, axis=1)
    high = np.take_along_axis(losses, above, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # flat curves, which have no half
        part = (target - low) / (high - low)
    start, end = places[above - 1], places[above]
    return np.asarray(np.where(target > 0, start + part * (end - start), np.nan)[:, 0])
