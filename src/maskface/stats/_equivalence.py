"""Is a loss small enough not to matter? Two one-sided t tests over clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from statsmodels.stats.weightstats import ttost_paired

from maskface.errors import MaskfaceError


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether a mean paired loss lies within a bound on either side of 0.

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
    baseline: NDArray[np.float64],
    value: NDArray[np.float64],
    *,
    bound: float,
    alpha: float = 0.05,
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
    losses = np.asarray(baseline, float) - np.asarray(value, float)
    n = len(losses)
    if not bound > 0:
        raise MaskfaceError(f"bound must be above 0, but it was {bound}.")
    if n < 2:
        raise MaskfaceError(f"An equivalence test needs two clusters or more, but there are {n}.")
    spread = float(losses.std(ddof=1))
    if spread == 0:
        raise MaskfaceError("All clusters lose the same, so there is nothing to test.")
    p, lower, upper = ttost_paired(
        np.asarray(baseline, float), np.asarray(value, float), -bound, bound
    )
    mean = float(losses.mean())
    half = float(student.ppf(1 - alpha, n - 1)) * spread / n**0.5
    return Equivalence(
        bound, mean, mean - half, mean + half, float(lower[0]), float(upper[0]),
        n - 1, n, float(p), mean / spread, alpha,
    )  # fmt: skip
