"""Numbers that claims are about, with their bootstrap intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskface.findings._claims import LEVEL
from maskface.findings._run import Interval
from maskface.stats import (
    Comparison,
    Metric,
    bootstrap,
    estimate,
    evaluate,
    get_metrics,
    interval,
)
from maskface.types import EMOTIONS

Array = NDArray[np.float64]


def loss_of(
    comparison: Comparison, metric: str, label: str = "all", *, seed: int, level: float = LEVEL
) -> Interval | None:
    """Loss of a measure with its interval; None if it is not defined.

    Parameters
    ----------
    comparison
        From `compare`. Over observers the measure is the mean of each one's own; over subjects or
        pictures, that of all answers together.
    metric, label
        What to measure.
    seed
        Of the bootstrap.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    estimate, low, high
        Reference minus condition.
    """
    chosen: list[Metric] = [m for m in get_metrics(metric) if label in m.labels][:1]
    if comparison.by == ("observer_id",):
        found = estimate(comparison, chosen, average="clusters", seed=seed, level=level)
    else:
        found = estimate(comparison, chosen, seed=seed, level=level)
    one = next(each for each in found if each.label == label)
    return None if np.isnan(one.low) else (one.loss, one.low, one.high)


def loss_over_others(
    comparison: Comparison, emotion: str, *, seed: int, level: float
) -> dict[str, Interval]:
    """How much more one emotion loses than each other emotion.

    Parameters
    ----------
    comparison
        From `compare`, all emotions.
    emotion
        The one.
    seed
        Of the bootstrap: the losses of a resample belong together.
    level
        Confidence level of each interval.

    Returns
    -------
    dict
        Other emotion -> its difference of losses of recall. Emotions that were not shown, or
        whose interval is not defined, are left out.
    """
    recall = get_metrics("recall")[0]
    i = EMOTIONS.index(emotion)

    def statistic(totals: Array) -> Array:
        plain, covered = np.split(totals, 2, axis=1)
        losses = evaluate([recall], plain) - evaluate([recall], covered)
        return losses[:, [i]] - losses

    if not len(comparison.totals):
        return {}
    drawn = bootstrap(comparison.flat, statistic, seed=seed, levels=comparison.levels)
    low, high = interval(drawn, level=level)
    return {
        other: (float(drawn.point[j]), float(low[j]), float(high[j]))
        for j, other in enumerate(EMOTIONS)
        if other != emotion and not np.isnan(low[j])
    }
