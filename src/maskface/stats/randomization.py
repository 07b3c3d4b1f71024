"""Randomization tests: one engine that tries the ways in which data could have been dealt.

A test names its *ways* (`swaps`, `splits` or `orders`) and a statistic; `randomize` computes the
statistic for every way, or for seeded draws of them where there are too many, and counts how many
reach what was observed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from math import comb
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from maskface.arrays import Bools, Floats, Integers
from maskface.stats.aggregate import Comparison
from maskface.stats.metrics import Metric, evaluate

N_DRAWS: Final = 20_000
"""Ways that are drawn where not all are tried: the Monte Carlo standard error of a p value of .05
is then sqrt(.05 x .95 / 20,000) = .0015, so that a second seed does not move it across a decision
that is worth making."""
MOST_EXACT: Final = 2**14
"""All ways are tried if there are not more than this."""
_DRAWN_AT_ONCE: Final = 4_000_000
_CELLS_AT_ONCE: Final = 500_000
"""Numbers in memory at a time, of draws (a byte each) and of ways (eight bytes each)."""
_ROUNDING: Final = 1e-10
"""Statistics that differ by less are the same number, summed in another order."""


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Ways to deal the data.

    Attributes
    ----------
    blocks
        Arrays with one way in each row.
    exact
        Whether these are all the ways there are; the observed one is then among them.
    """

    blocks: Iterator[NDArray[Any]]
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class Randomized:
    """Result of `randomize`."""

    observed: Floats  # (m,) the statistics of the data
    p_value: Floats  # (m,); NaN where `observed` is
    mean: Floats  # mean of the statistics over the ways
    n_tried: int  # number of ways that were tried
    exact: bool  # whether these are all there are

    @property
    def test(self) -> str:
        """Name of a test whose units are clusters, as in the column ``test`` of a summary."""
        return f"{'exact ' if self.exact else ''}cluster permutation"


def randomize(observed: Floats, ways: Ways, statistic: Callable[[Any], Floats]) -> Randomized:
    """Compare observed statistics with those of other ways to deal the data.

    Parameters
    ----------
    observed
        (m,) statistics, the larger the further from the null.
    ways
        From `swaps`, `splits` or `orders`.
    statistic
        Maps a block of b ways to (b, m), or to (b, 1) for the largest of a family.

    Returns
    -------
    Randomized
        Of all ways, p is the share that reaches the observed statistic; with B draws it is
        (b + 1) / (B + 1) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). Ways that leave the
        statistic undefined count as extreme.
    """
    reached, total, tried = np.zeros(observed.shape), np.zeros(1), 0
    for block in ways.blocks:
        found = statistic(block)
        reached += (~(found < observed - _ROUNDING)).sum(axis=0)
        total = total + found.sum(axis=0)
        tried += len(found)
    more = 0 if ways.exact else 1  # the data as they are, unless tried already
    p = np.where(np.isnan(observed), np.nan, (reached + more) / (tried + more))
    return Randomized(observed, p, total / tried, tried, ways.exact)


def swaps(n: int, *, seed: int, n_draws: int = N_DRAWS) -> Ways:
    """Choose which of n units are swapped, each with probability 1/2: rows (n,) of 0 and 1."""
    exact = n <= MOST_EXACT.bit_length() - 1
    total = 2**n if exact else n_draws

    def blocks() -> Iterator[Floats]:
        rng = np.random.default_rng(seed)
        # In fours, as bytes are drawn, so that how many are drawn at once changes nothing.
        for start, size in _pieces(total, max(4, _DRAWN_AT_ONCE // max(n, 200) // 4 * 4)):
            if exact:
                drawn = (np.arange(start, start + size)[:, None] >> np.arange(n)) & 1
            else:
                drawn = rng.integers(0, 2, (size, n), dtype=np.int8)
            for first, step in _pieces(size, _CELLS_AT_ONCE // max(n, 100)):
                yield drawn[first : first + step].astype(np.float64)

    return Ways(blocks(), exact)


def splits(first: Bools, *, seed: int, n_draws: int = N_DRAWS) -> Ways:
    """Exchange the units of two groups, whose sizes stay: rows (n,) of 1 for the first group."""
    n, k = len(first), int(first.sum())
    exact = comb(n, k) <= MOST_EXACT

    def blocks() -> Iterator[Floats]:
        if exact:
            members = np.array(list(combinations(range(n), k)), np.int64)
            chosen = np.zeros((len(members), n))
            np.put_along_axis(chosen, members, 1.0, axis=1)
            yield chosen
            return
        rng = np.random.default_rng(seed)
        for _, size in _pieces(n_draws, _CELLS_AT_ONCE // n):
            yield first[rng.random((size, n)).argsort(axis=1)].astype(np.float64)

    return Ways(blocks(), exact)


def orders(within: Integers, *, seed: int, n_draws: int = N_DRAWS) -> Ways:
    """Shuffle rows within groups of rows: rows (n,) of indices.

    Parameters
    ----------
    within
        (n,) number of each row's group, rising from 0.
    seed, n_draws
        Of the draws.
    """
    n, sizes = len(within), np.bincount(within)
    exact = bool(gammaln(sizes + 1).sum() <= np.log(MOST_EXACT) + 1e-9)

    def blocks() -> Iterator[Integers]:
        if exact:
            starts = np.cumsum(sizes) - sizes
            groups = [
                [start + np.array(order, np.int64) for order in permutations(range(size))]
                for start, size in zip(starts, sizes, strict=True)
            ]
            yield np.array([np.concatenate(way) for way in product(*groups)])
            return
        rng = np.random.default_rng(seed)
        for _, size in _pieces(n_draws, _CELLS_AT_ONCE // n):
            yield (rng.random((size, n)) + within).argsort(axis=1)

    return Ways(blocks(), exact)


def _pieces(total: int, at_once: int) -> Iterator[tuple[int, int]]:
    """Start and size of each piece."""
    step = max(1, at_once)
    for start in range(0, total, step):
        yield start, min(step, total - start)


def swap_test(
    totals: Floats,
    exchanged: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    seed: int,
    n_draws: int = N_DRAWS,
) -> Randomized:
    """Test differences by exchanging two conditions within whole units.

    Parameters
    ----------
    totals
        (C, k): what each of C units adds to k sums.
    exchanged
        (C, k): the same with two conditions (or two pairs of them) exchanged.
    statistic
        Maps sums (B, k) to (B, m) differences, which are 0 if what is exchanged makes no
        difference and change their sign when all are exchanged.
    seed, n_draws
        Of the draws.

    Returns
    -------
    Randomized
        Two-sided; `observed` is absolute.
    """
    whole, change = totals.sum(axis=0, keepdims=True), exchanged - totals
    active = change.any(axis=0)  # the others need no product

    def moved(swap: Floats) -> Floats:
        sums = np.repeat(whole, len(swap), axis=0)
        sums[:, active] += swap @ change[:, active]
        return np.abs(statistic(sums))

    observed = np.abs(statistic(whole)[0])
    return randomize(observed, swaps(len(totals), seed=seed, n_draws=n_draws), moved)


def flip_test(
    values: Floats, *, seed: int, n_draws: int = N_DRAWS, family: bool = False
) -> Randomized:
    """Test sums by flipping the signs of what units add (Fisher 1935, The Design of Experiments).

    Parameters
    ----------
    values
        (C, m): what each of C units adds to m sums that are 0 by the null.
    seed, n_draws
        Of the draws.
    family
        Whether each sum is compared with the largest of all m, so that one family in twenty has a
        p value below .05 by chance (Nichols & Holmes 2002, doi:10.1002/hbm.1058).

    Returns
    -------
    Randomized
        Two-sided; `observed` is absolute.
    """
    total = values.sum(axis=0)

    def flipped(swap: Floats) -> Floats:
        found = np.abs(total - 2 * (swap @ values))
        return np.asarray(found.max(axis=1, keepdims=True) if family else found)

    ways = swaps(len(values), seed=seed, n_draws=n_draws)
    return randomize(np.abs(total), ways, flipped)


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """Test that the two conditions are exchangeable within clusters.

    Attributes
    ----------
    statistic
        The loss that was tested, baseline - value.
    p_value
        Two-sided.
    n_clusters
        Clusters that were swapped.
    n_permutations
        Ways to swap that were tried.
    exact
        Whether these are all there are.
    """

    statistic: float
    p_value: float
    n_clusters: int
    n_permutations: int
    exact: bool


def permutation_test(
    comparison: Comparison,
    metric: Metric,
    label: str = "all",
    *,
    seed: int = 0,
    n_permutations: int = N_DRAWS,
) -> PermutationTest:
    """Test a loss by swapping plain and occluded for whole clusters.

    Parameters
    ----------
    comparison
        From `compare`; of two crossed kinds of units, the first is swapped.
    metric, label
        What to test.
    seed
        Seed of the random swaps.
    n_permutations
        Random swaps, if not all can be tried.

    Returns
    -------
    PermutationTest
        If an occluder changed nothing, each cluster's plain and occluded answers could as well
        have been the other way round. See `randomize` for the p value; ways that leave the measure
        undefined count as extreme.
    """
    column = metric.labels.index(label)
    found = permute(comparison, [metric], seed=seed, n_permutations=n_permutations)
    plain, occluded = comparison.totals.sum(axis=0)
    loss = float((evaluate([metric], plain[None]) - evaluate([metric], occluded[None]))[0, column])
    p, n = float(found.p_value[column]), len(comparison.by_first().totals)
    return PermutationTest(loss, p, n, found.n_tried, found.exact)


def permute(
    comparison: Comparison, metrics: Sequence[Metric], *, seed: int, n_permutations: int
) -> Randomized:
    """Test the losses of all numbers of some measures, (m,), as `permutation_test` does one."""
    plain, occluded = np.moveaxis(comparison.by_first().totals, 1, 0)
    both = (plain + occluded).sum(axis=0)

    def loss(sums: Floats) -> Floats:
        return evaluate(metrics, sums) - evaluate(metrics, both - sums)

    return swap_test(plain, occluded, loss, seed=seed, n_draws=n_permutations)
