"""Permutation test that swaps the two conditions for whole clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from maskface.arrays import Floats
from maskface.stats.aggregate import N_SUMS, Comparison
from maskface.stats.metrics import Metric, evaluate

N_PERMUTATIONS: Final = 20_000
MOST_EXACT: Final = 2**14
"""All ways to swap are tried if there are not more than this."""
_DRAWN_AT_ONCE: Final = 4_000_000
_CELLS_AT_ONCE: Final = 500_000
"""Numbers held in memory at a time (4 MB), of each kind."""
_ROUNDING: Final = 1e-10
"""Losses that differ by less are the same number, summed in another order."""


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
    n_permutations: int = N_PERMUTATIONS,
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
        have been the other way round. With all 2^C ways the p value is the share of them whose
        loss is at least as far from 0; with B random ones it is (b + 1) / (B + 1) (Phipson &
        Smyth 2010, doi:10.2202/1544-6115.1585). Ways that leave the measure undefined count as
        extreme.
    """
    column = metric.labels.index(label)
    p, loss = permutation_p(comparison, [metric], seed=seed, n_permutations=n_permutations)
    n = len(comparison.by_first().totals)
    exact = _all_can_be_tried(n)
    tried = 2**n if exact else n_permutations
    return PermutationTest(float(loss[column]), float(p[column]), n, tried, exact)


def _all_can_be_tried(n_clusters: int) -> bool:
    return bool(2**n_clusters <= MOST_EXACT)


def permutation_p(
    comparison: Comparison, metrics: Sequence[Metric], *, seed: int, n_permutations: int
) -> tuple[Floats, Floats]:
    """P values and losses of all numbers of some measures, (m,) each; NaN if not defined."""
    plain, occluded = np.moveaxis(comparison.by_first().totals, 1, 0)
    sums = plain.sum(axis=0, keepdims=True), occluded.sum(axis=0, keepdims=True)
    change = occluded - plain
    observed = _loss(metrics, *sums)[0]
    extreme, tried = np.zeros(len(observed)), 0
    for swap in _swaps(len(change), seed, n_permutations):
        moved = _times(swap, change)
        loss = _loss(metrics, sums[0] + moved, sums[1] - moved)
        extreme += (~(np.abs(loss) < np.abs(observed) - _ROUNDING)).sum(axis=0)
        tried += len(swap)
    one_more = 0 if _all_can_be_tried(len(change)) else 1  # the way it was, unless tried already
    p = (extreme + one_more) / (tried + one_more)
    return np.where(np.isnan(observed), np.nan, p), observed


def _loss(metrics: Sequence[Metric], plain: Floats, occluded: Floats) -> Floats:
    return evaluate(metrics, plain) - evaluate(metrics, occluded)


def _times(swap: Floats, change: Floats) -> Floats:
    """Matrix product that leaves out the columns in which nothing changes."""
    active = change.any(axis=0)
    moved = np.zeros((len(swap), change.shape[1]))
    moved[:, active] = swap @ change[:, active]
    return moved


def _swaps(n_clusters: int, seed: int, n_permutations: int) -> Iterator[Floats]:
    """Rows of 0 and 1: whose conditions are swapped."""
    rng = np.random.default_rng(seed)
    exact = _all_can_be_tried(n_clusters)
    total = 2**n_clusters if exact else n_permutations
    # How many are drawn at once decides what is drawn; they take a byte each, as floats eight.
    at_once = max(1, _DRAWN_AT_ONCE // max(n_clusters, 200))
    for start in range(0, total, at_once):
        size = min(at_once, total - start)
        if exact:
            number = np.arange(start, start + size)[:, None]
            drawn = (number >> np.arange(n_clusters)) & 1
        else:
            drawn = rng.integers(0, 2, (size, n_clusters), dtype=np.int8)
        step = max(1, _CELLS_AT_ONCE // max(n_clusters, N_SUMS))
        yield from (drawn[i : i + step].astype(np.float64) for i in range(0, size, step))
