"""Monotone curves, many at a time."""

from __future__ import annotations

import numpy as np

from maskface.arrays import Floats


def monotone(values: Floats) -> Floats:
    """Fit the nearest curves that never fall, along axis 1 of (B, K, m).

    Least squares with equal weights, by the min-max formula (Robertson, Wright & Dykstra 1988,
    Order Restricted Statistical Inference, section 1.4): a point is the largest, over where a
    block begins, of the smallest, over where it ends, of the block's means. It is written out
    rather than pooled step by step because there are thousands of curves and few points.
    """
    k = values.shape[1]
    sums = np.cumsum(values, axis=1)
    before = sums - values
    fitted = np.full_like(values, -np.inf)
    for begin in range(k):
        size = np.arange(1, k - begin + 1)[:, None]
        means = (sums[:, begin:] - before[:, [begin]]) / size
        # The smallest mean of the blocks that end here or later.
        least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fitted[:, begin:] = np.maximum(fitted[:, begin:], least)
    return fitted


def half_reached(places: Floats, losses: Floats) -> Floats:
    """Where monotone curves first reach half of their last value, linear between points.

    Parameters
    ----------
    places
        (K,) increasing.
    losses
        (B, K, m), never falling along axis 1 and not above 0 at the first place.

    Returns
    -------
    NDArray
        (B, m); NaN for a curve whose last value is not above 0.
    """
    target = losses[:, -1:] / 2
    above = np.argmax(losses >= target, axis=1)
    above = np.maximum(above, 1)[:, None]
    low = np.take_along_axis(losses, above - 1, axis=1)
    high = np.take_along_axis(losses, above, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # flat curves, which have no half
        part = (target - low) / (high - low)
    start, end = places[above - 1], places[above]
    return np.asarray(np.where(target > 0, start + part * (end - start), np.nan)[:, 0])
