"""Right and wrong answers to the same pictures: exact McNemar test and its effect sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

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
    """Exact McNemar test from the numbers of changed pairs.

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
    """Exact McNemar test of right answers (n,) to the same pictures, plain and occluded."""
    if plain.shape != occluded.shape:
        raise MaskfaceError(
            f"The two sets of answers must be as long, but had {len(plain)} and {len(occluded)}."
        )
    lost, gained = int((plain & ~occluded).sum()), int((~plain & occluded).sum())
    return mcnemar_of_counts(lost, gained, len(plain), level=level)
