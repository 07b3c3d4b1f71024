"""Tests of paired answers and their effect sizes, and corrections of several p values.

Exact McNemar, Cochran's Q, equivalence (TOST), Wilson's interval and Holm's correction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from maskface.arrays import Floats
from maskface.errors import MaskfaceError


@dataclass(frozen=True, slots=True)
class McNemar:
    """Exact test that as many pictures went from right to wrong as from wrong to right.

    Attributes
    ----------
    n
        Pairs.
    lost, gained
        Pairs that went from right to wrong, and from wrong to right.
    p_value
        Two-sided, exact binomial; 1 if nothing changed.
    odds_ratio, low, high
        Odds of being right under the condition by those without it: gained / lost, with exact
        limits. Below 1: a loss. NaN if nothing changed, infinite if nothing was lost.
    cohens_g
        lost / (lost + gained) - 1/2, from -.5 to .5; above 0: a loss.
    level
        Confidence level of the limits.
    """

    n: int
    lost: int
    gained: int
    p_value: float
    odds_ratio: float
    low: float
    high: float
    cohens_g: float
    level: float


def mcnemar_of_counts(lost: int, gained: int, n: int, *, level: float = 0.95) -> McNemar:
    """Compute the exact McNemar test from the numbers of changed pairs.

    Parameters
    ----------
    lost, gained
        Pairs that went from right to wrong, and from wrong to right.
    n
        All pairs.
    level
        Confidence level of the odds ratio's limits, between 0 and 1.

    Returns
    -------
    McNemar
        McNemar 1947, doi:10.1007/BF02295996; the odds ratio's limits are those of the binomial
        share gained / (lost + gained) by Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404;
        g by Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, chapter 5.

    Notes
    -----
    Pairs are the units: the test does not know that pictures of one person are alike.
    """
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.proportion import proportion_confint

    changed = lost + gained
    if changed == 0:
        return McNemar(n, 0, 0, 1.0, np.nan, np.nan, np.nan, np.nan, level)
    p = float(mcnemar([[0, lost], [gained, 0]], exact=True).pvalue)
    limits = proportion_confint(gained, changed, alpha=1 - level, method="beta")
    low, high = (_odds(float(limit)) for limit in limits)
    return McNemar(
        n, lost, gained, p, _odds(gained / changed), low, high, lost / changed - 0.5, level
    )


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")


def mcnemar_exact(
    plain: NDArray[np.bool_], occluded: NDArray[np.bool_], *, level: float = 0.95
) -> McNemar:
    """Compute the exact McNemar test of right answers (n,) to the same pictures."""
    if plain.shape != occluded.shape:
        raise MaskfaceError(
            "The two sets of answers must have the same length, "
            f"got {len(plain)} and {len(occluded)}."
        )
    lost, gained = int((plain & ~occluded).sum()), int((~plain & occluded).sum())
    return mcnemar_of_counts(lost, gained, len(plain), level=level)


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Adjust the p values of one family of tests (Holm 1979, https://www.jstor.org/stable/4615733).

    Parameters
    ----------
    p_values
        (m,) in 0 to 1; NaN for tests that could not be made, which are not in the family.

    Returns
    -------
    NDArray
        (m,) adjusted, at most 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    made = ~np.isnan(p)
    order = np.argsort(p[made], kind="stable")
    # Not by statsmodels, whose function collects all garbage of the process each time: half a
    # second for a family of any size, and a run has about twenty.
    stepped = p[made][order] * np.arange(len(order), 0, -1)
    raised = np.empty(len(order))
    raised[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    adjusted[made] = raised
    return adjusted


def holm_within(
    table: pd.DataFrame, families: list[Any], source: str = "p_value", target: str = "p_adjusted"
) -> pd.DataFrame:
    """Return a table with p values of `source` adjusted by Holm within each family, in `target`.

    `families` are columns, or series of the same index, that tell the families apart; p values are
    NaN where there was no test.
    """
    adjusted = table.groupby(families, dropna=False)[source].transform(
        lambda p: holm(p.to_numpy(np.float64))
    )
    return table.assign(**{target: adjusted})


def wilson_interval(hits: Floats, n: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Compute confidence limits of a share (Wilson 1927, doi:10.2307/2276774).

    Parameters
    ----------
    hits, n
        Successes and trials, any shape.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high
        NaN where `n` is 0.
    """
    from statsmodels.stats.proportion import proportion_confint

    hits, n = np.broadcast_arrays(np.asarray(hits, float), np.asarray(n, float))
    low, high = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    some = n > 0
    if some.any():
        found = proportion_confint(hits[some], n[some], alpha=1 - level, method="wilson")
        low[some], high[some] = found
    return low, high


@dataclass(frozen=True, slots=True)
class Pairwise:
    """Post-hoc comparison of two conditions after Cochran's Q."""

    first: str
    second: str
    test: McNemar
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class CochransQ:
    """Test that pictures are as often right under all conditions.

    Attributes
    ----------
    statistic, p_value, df, n
        Q, its p value (chi-square), degrees of freedom and pictures.
    pairs
        Exact McNemar tests of all pairs, with Holm's correction over them.
    """

    statistic: float
    p_value: float
    df: int
    n: int
    pairs: tuple[Pairwise, ...]


def cochrans_q(right: Mapping[str, NDArray[np.bool_]]) -> CochransQ:
    """Compute Cochran's Q over three or more conditions, and test all pairs of them.

    Parameters
    ----------
    right
        For each condition (n,) booleans: right answers to the same n pictures.

    Returns
    -------
    CochransQ
        Cochran 1950, doi:10.1093/biomet/37.3-4.256. Q is 0 where no picture differs between
        conditions.

    Raises
    ------
    MaskfaceError
        If there are fewer than three conditions.

    Notes
    -----
    Pictures are the units, as in `mcnemar_exact`.
    """
    if len(right) < 3:
        raise MaskfaceError(
            f"Cochran's Q needs three conditions or more, got {len(right)}. For two, use "
            "mcnemar_exact."
        )
    table = np.column_stack([np.asarray(column, dtype=np.int64) for column in right.values()])
    statistic, p = 0.0, 1.0
    if (table.min(axis=1) != table.max(axis=1)).any():  # otherwise Q is 0 / 0
        from statsmodels.stats.contingency_tables import cochrans_q as statsmodels_q

        found = statsmodels_q(table)
        statistic, p = float(found.statistic), float(found.pvalue)
    return CochransQ(statistic, p, table.shape[1] - 1, len(table), _all_pairs(right))


def _all_pairs(right: Mapping[str, NDArray[np.bool_]]) -> tuple[Pairwise, ...]:
    names = list(combinations(right, 2))
    tests = [mcnemar_exact(right[first], right[second]) for first, second in names]
    adjusted = holm([test.p_value for test in tests])
    return tuple(
        Pairwise(first, second, test, float(p))
        for (first, second), test, p in zip(names, tests, adjusted, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Test that a mean paired loss lies within a bound on either side of 0.

    Attributes
    ----------
    bound
        The bound, in the units of the measure.
    loss, low, high
        Mean of the clusters' losses, with the confidence limits (level 1 - 2 alpha) that lie
        within the bound just if the test rejects at alpha.
    t_lower, t_upper
        t of the tests that the loss is above -bound, and below bound.
    df, n
        Degrees of freedom and clusters.
    p_value
        The larger of the two tests' p values: small if the loss is shown to be within the bound.
    dz
        Mean of the losses by their standard deviation.
    alpha
        Level that `low` and `high` belong to.
    """

    bound: float
    loss: float
    low: float
    high: float
    t_lower: float
    t_upper: float
    df: int
    n: int
    p_value: float
    dz: float
    alpha: float


def equivalence_test(
    baseline: NDArray[np.float64], value: NDArray[np.float64], *, bound: float, alpha: float = 0.05
) -> Equivalence:
    """Test that the mean paired loss over clusters is within a bound (Schuirmann 1987).

    Parameters
    ----------
    baseline, value
        (C,) each cluster's measure plain and occluded; `cluster_values` gives both.
    bound
        The smallest loss that would matter, above 0, in units of the measure. It has to be
        justified before the data are seen, so there is no default.
    alpha
        Level of the test, between 0 and .5.

    Returns
    -------
    Equivalence
        Two one-sided paired t tests (Schuirmann 1987, doi:10.1007/BF01068419; Lakens 2017,
        doi:10.1177/1948550617697177).

    Raises
    ------
    MaskfaceError
        If the bound is not above 0, there are fewer than two clusters, or all lose the same.
    """
    from statsmodels.stats.weightstats import ttost_paired

    losses = np.asarray(baseline, float) - np.asarray(value, float)
    n = len(losses)
    if not bound > 0:
        raise MaskfaceError(f"bound must be above 0, got {bound}.")
    if n < 2:
        raise MaskfaceError(f"An equivalence test needs two clusters or more, got {n}.")
    spread = float(losses.std(ddof=1))
    if spread == 0:
        raise MaskfaceError("All clusters lose the same, so there is nothing to test.")
    p, lower, upper = ttost_paired(
        np.asarray(baseline, float), np.asarray(value, float), -bound, bound
    )
    mean = float(losses.mean())
    half = float(stdtrit(n - 1, 1 - alpha)) * spread / n**0.5
    return Equivalence(
        bound, mean, mean - half, mean + half, float(lower[0]), float(upper[0]),
        n - 1, n, float(p), mean / spread, alpha,
    )  # fmt: skip
