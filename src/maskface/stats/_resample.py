"""Bootstrap resamples of totals: of clusters, and of two crossed kinds of clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats, Integers

_CELLS_AT_ONCE: Final = 500_000
"""Numbers held in memory at a time (4 MB), of each kind."""
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
    """Some columns, some rows at a time: a copy of all takes as much memory again."""
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
    totals: Floats,
    columns: Integers,
    kinds: _Kinds,
    rng: np.random.Generator,
    n: int,
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
    """How often each cluster is in each resample, (n, n_clusters)."""
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
