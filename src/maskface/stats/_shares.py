"""Wilson's interval of a share, and Holm's correction of several p values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from maskface.arrays import Floats


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


def wilson_interval(hits: Floats, n: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Confidence limits of a share of independent trials (Wilson 1927, doi:10.2307/2276774).

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
    hits, n = np.broadcast_arrays(np.asarray(hits, float), np.asarray(n, float))
    low, high = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    some = n > 0
    if some.any():
        found = proportion_confint(hits[some], n[some], alpha=1 - level, method="wilson")
        low[some], high[some] = found
    return low, high
