"""Intervals of ratios."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from maskface.arrays import Floats


def ratio_limits(
    points: Floats, values: Floats, n_clusters: NDArray[np.int64], *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Ratios and their limits where the denominator is clearly above 0.

    Parameters
    ----------
    points
        (2, m) numerators and denominators.
    values
        (B, 2, m) the same in each resample.
    n_clusters
        (m,) independent units that each stands on.
    level
        Confidence level.

    Returns
    -------
    ratio, low, high
        (m,) each, by Fieller's theorem (1954, doi:10.1111/j.2517-6161.1954.tb00159.x) with the
        resamples' covariances times C / (C - 1) and Student's t of C - 1. NaN where the interval
        of the denominator reaches 0: then every ratio fits the data, and none is given.
    """
    enough = n_clusters >= 2
    c = np.where(enough, n_clusters, 2)
    off = values - values.mean(axis=0)
    v_top, v_bottom = (off**2).mean(axis=0) * c / (c - 1)
    shared = off.prod(axis=1).mean(axis=0) * c / (c - 1)
    t2 = student.ppf((1 + level) / 2, c - 1) ** 2
    top, bottom = points
    # All r with (top - r bottom)^2 <= t^2 var(top - r bottom): between the roots of a parabola.
    square, middle = bottom**2 - t2 * v_bottom, top * bottom - t2 * shared
    defined = enough & (bottom > 0) & (square > 0)
    square = np.where(defined, square, np.nan)
    root = np.sqrt(np.maximum(middle**2 - square * (top**2 - t2 * v_top), 0))
    ratio = np.where(defined, top / np.where(defined, bottom, 1), np.nan)
    return ratio, (middle - root) / square, (middle + root) / square
