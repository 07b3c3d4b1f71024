"""Measures plain and occluded, what is lost, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.stats._bootstrap import N_RESAMPLES, Resampled, Statistic, bootstrap
from maskface.stats._clusters import both_and_loss, dz_of_clusters
from maskface.stats._comparison import Comparison
from maskface.stats._intervals import DEFAULT, LEVEL, Interval, interval
from maskface.stats._metrics import METRICS, Metric, places
from maskface.stats._totals import shown

Average = Literal["pooled", "clusters"]
INTERVAL_NAMES: Final[dict[Interval, str]] = {
    "expanded": "expanded percentile bootstrap",
    "percentile": "percentile bootstrap",
    "bca": "BCa bootstrap",
    "t": "t on bootstrap SE",
}
"""What the kinds of intervals are called in tables."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One measure of one comparison.

    Attributes
    ----------
    metric, label
        Name of the measure, and the emotion or ``all``.
    baseline, value, loss
        The measure plain, occluded, and plain minus occluded.
    value_low, value_high
        Confidence limits of `value`.
    low, high
        Confidence limits of `loss`.
    interval
        Name of the kind of interval.
    n_clusters
        Independent units that it stands on: of pooled answers those that showed the emotion, of
        a mean over clusters those whose own loss is defined.
    dz
        Mean over clusters of their own losses by the standard deviation (Lakens 2013,
        doi:10.3389/fpsyg.2013.00863); NaN where fewer than two have one.
    """

    metric: str
    label: str
    baseline: float
    value: float
    loss: float
    value_low: float
    value_high: float
    low: float
    high: float
    interval: str
    n_clusters: int
    dz: float


def estimate(
    comparison: Comparison,
    metrics: Sequence[Metric] = METRICS,
    *,
    average: Average = "pooled",
    kind: Interval = DEFAULT,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
    level: float = LEVEL,
) -> tuple[Estimate, ...]:
    """Estimate measures and losses with bootstrap intervals over the comparison's units.

    Parameters
    ----------
    comparison
        From `compare`. Where it has two crossed kinds of units, both are resampled.
    metrics
        Which measures.
    average
        ``pooled``: the measure of all answers together. ``clusters``: the mean over clusters of
        each cluster's own measure, as observers are averaged in psychology, over the clusters
        that define it both plain and occluded. With two kinds of units these are cells.
    kind
        Of interval; see `interval`. Measures that are sums of absolute values (`Metric.folded`)
        get the ``t`` interval, cut at 0.
    seed, n_resamples
        Of the bootstrap.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    tuple of Estimate
        One for each metric and label, in order.
    """
    if not len(comparison.totals):
        return tuple(_undefined(metric, label) for metric, label in places(metrics))
    totals, statistic = _average(comparison, metrics, average)
    standing_on = (
        _standing_on(comparison, metrics)
        if average == "pooled"
        else _units(comparison, np.split(totals, 4, axis=1)[3] > 0)
    )
    drawn = bootstrap(
        totals,
        statistic,
        seed=seed,
        levels=comparison.levels,
        n_clusters=np.tile(standing_on, 3),
        n_resamples=n_resamples,
    )
    return _collect(comparison, metrics, drawn, kind, level)


def _undefined(metric: Metric, label: str) -> Estimate:
    nan = float("nan")
    return Estimate(metric.name, label, nan, nan, nan, nan, nan, nan, nan, "", 0, nan)


def _average(
    comparison: Comparison, metrics: Sequence[Metric], average: Average
) -> tuple[Floats, Statistic]:
    """Totals and the statistic of their sums: measures plain, occluded, and the difference."""
    if average == "pooled":
        return comparison.flat, lambda totals: both_and_loss(metrics, totals)
    own = both_and_loss(metrics, comparison.flat)
    m = own.shape[1] // 3
    defined = ~np.isnan(own[:, 2 * m :])
    summands = [np.where(defined, part, 0) for part in np.split(own, 3, axis=1)]
    return np.hstack([*summands, defined.astype(float)]), _mean_of_clusters


def _mean_of_clusters(totals: Floats) -> Floats:
    *sums, count = np.split(totals, 4, axis=1)
    out = [np.divide(s, count, out=np.full_like(s, np.nan), where=count > 0) for s in sums]
    return np.hstack(out)


def _standing_on(comparison: Comparison, metrics: Sequence[Metric]) -> NDArray[np.int64]:
    """Count, for each measure and label, the units that showed that emotion."""
    present = _units(comparison, shown(comparison.totals).sum(axis=1) > 0)
    columns = [
        present if metric.scope == "emotion" else np.full(len(metric.labels), comparison.n_clusters)
        for metric in metrics
    ]
    return np.concatenate(columns).astype(np.int64)


def _units(comparison: Comparison, there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the units in each of k sets of cells, (C, k) to (k,); of the rarer kind if crossed."""
    counts = [
        min(len(np.unique(level[chosen])) for level in comparison.levels.T) for chosen in there.T
    ]
    return np.array(counts, np.int64)


def _collect(
    comparison: Comparison,
    metrics: Sequence[Metric],
    drawn: Resampled,
    kind: Interval,
    level: float,
) -> tuple[Estimate, ...]:
    baseline, value, loss = np.split(drawn.point, 3)
    limits = {k: _limits(drawn, k, level) for k in {kind, _kind_of(metrics, kind)}}
    dz = dz_of_clusters(comparison, metrics)
    found = []
    for i, (metric, label) in enumerate(places(metrics)):
        used: Interval = "t" if metric.folded else kind
        value_low, value_high, low, high = limits[used][:, i].tolist()
        one = Estimate(
            metric=metric.name,
            label=label,
            baseline=float(baseline[i]),
            value=float(value[i]),
            loss=float(loss[i]),
            value_low=max(value_low, 0.0) if metric.folded else value_low,
            value_high=value_high,
            low=low,
            high=high,
            interval=INTERVAL_NAMES[used],
            n_clusters=int(drawn.n_clusters[i]),
            dz=float(dz[i]),
        )
        found.append(one)
    return tuple(found)


def _kind_of(metrics: Sequence[Metric], kind: Interval) -> Interval:
    return "t" if any(metric.folded for metric in metrics) else kind


def _limits(drawn: Resampled, kind: Interval, level: float) -> Floats:
    """Limits of value and loss, (4, m)."""
    low, high = (np.split(limit, 3) for limit in interval(drawn, kind, level=level))
    return np.stack([low[1], high[1], low[2], high[2]])
