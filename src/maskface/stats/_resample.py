"""Bootstrap resamples of totals: of clusters, and of two crossed kinds of clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_CELLS_AT_ONCE: Final = 4_000_000
"""Numbers held in memory at a time (32 MB)."""
MANY_KINDS: Final = 20_000
"""More different clusters than this are not drawn one by one; see `resample`."""


def resample(totals: Array, levels: NDArray[np.int64], *, seed: int, n: int) -> Iterator[Array]:
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
    small = np.ascontiguousarray(totals[:, active])
    draws = _crossed if levels.shape[1] == 2 else _one_way
    for drawn in draws(small, levels, rng, n):
        full = np.zeros((len(drawn), len(active)))
        full[:, active] = drawn
        yield full


def _sizes(n: int, width: int) -> Iterator[int]:
    at_once = max(1, _CELLS_AT_ONCE // max(width, 1))
    for start in range(0, n, at_once):
        yield min(at_once, n - start)


def _one_way(
    totals: Array, levels: NDArray[np.int64], rng: np.random.Generator, n: int
) -> Iterator[Array]:
    del levels  # each row is a cluster
    whole = np.asarray((totals == np.round(totals)).all(axis=0))
    kind, size = _kinds(totals[:, whole])
    if len(size) * 2 <= len(totals) and whole.all():
        return _by_kind(totals, kind, size, rng, n)
    if len(totals) > MANY_KINDS >= len(size):
        return _by_kind_and_normal(totals, kind, size, rng, n)
    return _by_cluster(totals, rng, n)


def _kinds(counts: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the different rows: the kind of each row, and how many rows each kind has."""
    weights = np.random.default_rng(0).integers(1, 2**62, counts.shape[1])
    key = counts.astype(np.int64) @ weights  # a 64-bit hash: quicker to sort than rows
    _, kind, size = np.unique(key, return_inverse=True, return_counts=True)
    return kind.astype(np.int64), size


def _kind_means(totals: Array, kind: NDArray[np.int64], size: NDArray[np.int64]) -> Array:
    means = np.column_stack([np.bincount(kind, column, len(size)) for column in totals.T])
    return np.asarray(means.reshape(len(size), totals.shape[1]) / size[:, None])


def _by_kind(
    totals: Array,
    kind: NDArray[np.int64],
    size: NDArray[np.int64],
    rng: np.random.Generator,
    n: int,
) -> Iterator[Array]:
    means, share = _kind_means(totals, kind, size), size / size.sum()
    for b in _sizes(n, max(len(size), totals.shape[1])):
        yield rng.multinomial(len(totals), share, size=b).astype(float) @ means


def _by_kind_and_normal(
    totals: Array,
    kind: NDArray[np.int64],
    size: NDArray[np.int64],
    rng: np.random.Generator,
    n: int,
) -> Iterator[Array]:
    rest = totals - _kind_means(totals, kind, size)[kind]
    variance, axes = np.linalg.eigh(rest.T @ rest)
    root = axes * np.sqrt(np.clip(variance, 0, None))
    for drawn in _by_kind(totals, kind, size, rng, n):
        yield drawn + rng.standard_normal(drawn.shape) @ root.T


def _by_cluster(totals: Array, rng: np.random.Generator, n: int) -> Iterator[Array]:
    for b in _sizes(n, max(totals.shape)):
        yield _times_drawn(len(totals), b, rng) @ totals


def _times_drawn(n_clusters: int, n: int, rng: np.random.Generator) -> Array:
    """How often each cluster is in each resample, (n, n_clusters)."""
    drawn = rng.integers(0, n_clusters, (n, n_clusters))
    drawn += np.arange(n)[:, None] * n_clusters
    times = np.bincount(drawn.ravel(), minlength=n * n_clusters)
    return times.reshape(n, n_clusters).astype(np.float64)


def _crossed(
    totals: Array, levels: NDArray[np.int64], rng: np.random.Generator, n: int
) -> Iterator[Array]:
    rows, columns = (levels.max(axis=0) + 1).tolist()
    grid = np.zeros((rows, columns, totals.shape[1]))
    grid[levels[:, 0], levels[:, 1]] = totals
    for b in _sizes(n, max(rows, columns * totals.shape[1])):
        first, second = (_times_drawn(size, b, rng) for size in (rows, columns))
        by_column = (first @ grid.reshape(rows, -1)).reshape(b, columns, -1)
        yield np.einsum("bc,bck->bk", second, by_column)
