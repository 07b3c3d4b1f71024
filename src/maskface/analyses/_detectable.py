"""What difference between two groups would have been found."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import chi2
from scipy.stats import t as student

from maskface.arrays import Floats

_LEAST_DF: Final = 2.0
_N_SPREADS: Final = 4000
_FAR: Final = 10
"""Differences of so many times the limit are found for certain."""


def linearised(shown: Floats, lost: Floats) -> Floats:
    """What each unit adds to the loss of a group, around the group's loss.

    Parameters
    ----------
    shown, lost
        (C, m): pictures, and right answers plain minus masked.

    Returns
    -------
    NDArray
        (C, m) that sum to 0. Their squares estimate the variance of the ratio of two sums
        (Cochran 1977, Sampling Techniques, section 6.4).
    """
    n = shown.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # not shown: NaN
        return np.asarray((lost - lost.sum(axis=0) / n * shown) / n)


def detectable(se: float, df: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """Smallest true difference that a two-sided t test finds with some power.

    Parameters
    ----------
    se, df
        Standard error of the difference and its degrees of freedom.
    power, level
        Of the test.

    Returns
    -------
    float
        Where the noncentral t distribution, as an average over what the standard error may be
        taken for, has that power; the difference that was found does not enter. NaN where nothing
        varies between units or df is below 2: then the set does not tell.
    """
    if not (se > 0 and df >= _LEAST_DF):
        return float("nan")
    limit = student.ppf((1 + level) / 2, df)
    shares = (np.arange(_N_SPREADS) + 0.5) / _N_SPREADS
    spreads = np.sqrt(chi2.ppf(shares, df) / df)  # of the estimated by the true standard error

    def lacking(moved: float) -> float:
        found = ndtr(moved - limit * spreads) + ndtr(-moved - limit * spreads)
        return float(found.mean() - power)

    return float(se * brentq(lacking, 0, _FAR * limit))


def standard_errors(shown: Floats, lost: Floats, *, nested: bool) -> tuple[Floats, Floats]:
    """Standard errors (m,) of differences of losses and their degrees of freedom.

    Parameters
    ----------
    shown, lost
        (C, 2, m), pictures, and right answers plain minus masked, in two groups.
    nested
        Whether each unit is in one group: two samples, Welch's degrees of freedom (1947,
        doi:10.1093/biomet/34.1-2.28); otherwise differences of units.
    """
    parts = np.stack([linearised(shown[:, g], lost[:, g]) for g in (0, 1)], axis=1)
    there = shown > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        if not nested:
            c = there.any(axis=1).sum(axis=0)
            squares = ((parts[:, 0] - parts[:, 1]) ** 2).sum(axis=0)
            return np.sqrt(squares * c / (c - 1)), (c - 1).astype(float)
        c = there.sum(axis=0)
        variance = (parts**2).sum(axis=0) * c / (c - 1)
        df = variance.sum(axis=0) ** 2 / (variance**2 / (c - 1)).sum(axis=0)
    return np.sqrt(variance.sum(axis=0)), df
