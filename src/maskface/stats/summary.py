"""From trials to the summary table: measures plain and occluded, losses, intervals and tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats, Row
from maskface.errors import MaskfaceError
from maskface.stats.aggregate import N_EMOTIONS, N_SUMS, Comparison, compare_sides, shown
from maskface.stats.intervals import (
    DEFAULT,
    LEVEL,
    N_RESAMPLES,
    Interval,
    Resampled,
    Statistic,
    bootstrap,
    interval,
    interval_name,
    least_error,
)
from maskface.stats.metrics import METRICS, Metric, evaluate, places
from maskface.stats.randomization import N_DRAWS, permute
from maskface.stats.scope import generalises_to
from maskface.stats.tests import holm_within, mcnemar_of_counts, wilson_interval
from maskface.stats.trial_source import FrameSource, Head, TrialSource
from maskface.tables import PLAIN, SUMMARY
from maskface.types import EMOTIONS

_PLAIN: Final = slice(0, N_SUMS)
_OCCLUDED: Final = slice(N_SUMS, 2 * N_SUMS)


def both_and_loss(metrics: Sequence[Metric], totals: Floats) -> Floats:
    """Compute measures plain, occluded, and their difference: (B, 2 N_SUMS) to (B, 3 m)."""
    plain, occluded = (evaluate(metrics, totals[:, part]) for part in (_PLAIN, _OCCLUDED))
    return np.hstack([plain, occluded, plain - occluded])


def of_clusters(metrics: Sequence[Metric], totals: Floats) -> Floats:
    """Compute each cluster's own measures and losses: (C, 2 N_SUMS) to (C, 3 m).

    d' and criterion, which depend on the number of trials, are those of as many trials of each
    emotion plain as occluded: of the side with more, the mean over all ways to choose so many.
    Otherwise 24 trials plain and 6 masked would lose d' without any loss of sensitivity.
    """
    sides = [totals[:, part] for part in (_PLAIN, _OCCLUDED)]
    fewest = np.minimum(*map(shown, sides))
    plain, occluded = (evaluate(metrics, side, fewest) for side in sides)
    return np.hstack([plain, occluded, plain - occluded])


def cluster_values(
    comparison: Comparison, metric: Metric, label: str = "all"
) -> tuple[Floats, Floats]:
    """Compute each cluster's own measure, plain and occluded.

    Parameters
    ----------
    comparison
        From `compare`; of two crossed kinds, clusters are the first.
    metric, label
        What to measure.

    Returns
    -------
    plain, occluded
        (C,) each, of the clusters that define both.
    """
    column = metric.labels.index(label)
    plain, occluded, loss = np.split(of_clusters([metric], comparison.by_first().flat), 3, axis=1)
    defined = ~np.isnan(loss[:, column])
    return plain[defined, column], occluded[defined, column]


def dz_of_clusters(comparison: Comparison, metrics: Sequence[Metric]) -> Floats:
    """Compute dz over clusters, (m,); NaN if clusters do not differ or are pictures."""
    dz = np.full(len(places(metrics)), np.nan)
    if comparison.by[0] == "image_id":
        return dz
    losses = np.split(of_clusters(metrics, comparison.by_first().flat), 3, axis=1)[2]
    for i, column in enumerate(losses.T):
        own = column[~np.isnan(column)]
        # Rounding makes equal losses differ in the last digits.
        if len(own) > 1 and own.std(ddof=1) > 1e-12:
            dz[i] = own.mean() / own.std(ddof=1)
    return dz


Average = Literal["pooled", "clusters"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimate of one measure of one comparison.

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
        Name of the kind of interval; empty if there is none.
    n_clusters
        Independent units behind it: of pooled answers those that showed the emotion, of
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
        get the ``t`` interval, cut at 0. Limits of shares are cut at 0 and 1.
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
        else _units_with(comparison, np.split(totals, 4, axis=1)[3] > 0)
    )
    least = least_error(
        comparison.flat.sum(axis=0), comparison.changed_pictures(), partial(both_and_loss, metrics)
    )
    drawn = bootstrap(
        totals,
        statistic,
        seed=seed,
        levels=comparison.levels,
        n_clusters=np.tile(standing_on, 3),
        least=least,
        n_resamples=n_resamples,
    )
    return _collect(comparison, metrics, drawn, kind, level)


def _undefined(metric: Metric, label: str) -> Estimate:
    nan = float("nan")
    return Estimate(metric.name, label, nan, nan, nan, nan, nan, nan, nan, "", 0, nan)


def _average(
    comparison: Comparison, metrics: Sequence[Metric], average: Average
) -> tuple[Floats, Statistic]:
    """Return totals and the statistic of their sums: plain, occluded, and the difference."""
    if average == "pooled":
        return comparison.flat, lambda totals: both_and_loss(metrics, totals)
    own = of_clusters(metrics, comparison.flat)
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
    present = _units_with(comparison, shown(comparison.totals).sum(axis=1) > 0)
    columns = [
        present if metric.scope == "emotion" else np.full(len(metric.labels), comparison.n_clusters)
        for metric in metrics
    ]
    return np.concatenate(columns).astype(np.int64)


def _units_with(comparison: Comparison, there: NDArray[np.bool_]) -> NDArray[np.int64]:
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
    folded: Interval = "t" if any(metric.folded for metric in metrics) else kind
    limits = {k: _limits(drawn, k, level) for k in {kind, folded}}
    dz = dz_of_clusters(comparison, metrics)
    found = []
    for i, (metric, label) in enumerate(places(metrics)):
        used: Interval = "t" if metric.folded else kind
        n_clusters = int(drawn.n_clusters[i])
        value_low, value_high, low, high = limits[used][:, i].tolist()
        if metric.share:
            value_low, value_high = max(value_low, 0.0), min(value_high, 1.0)
            low, high = max(low, -1.0), min(high, 1.0)
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
            interval=interval_name(n_clusters, used),
            n_clusters=n_clusters,
            dz=float(dz[i]),
        )
        found.append(one)
    return tuple(found)


def _limits(drawn: Resampled, kind: Interval, level: float) -> Floats:
    """Compute the limits of value and loss, (4, m)."""
    low, high = (np.split(limit, 3) for limit in interval(drawn, kind, level=level))
    return np.stack([low[1], high[1], low[2], high[2]])


def loss_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Pick the rows that answer the question: accuracy lost, overall and by emotion.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.

    Returns
    -------
    pandas.DataFrame
        One row per classifier, condition and emotion (``all`` first), with the columns
        classifier, condition, emotion, n, clean, occluded, loss, ci_low, ci_high, p_adjusted.
    """
    chosen = summary[
        summary["metric"].isin(["accuracy", "recall"]) & (summary["condition"] != PLAIN)
    ]
    order = {name: i for i, name in enumerate(("all", *EMOTIONS))}
    chosen = chosen.assign(order=chosen["label"].map(order))
    chosen = chosen.sort_values(["classifier", "condition", "order"])
    names = {"label": "emotion", "baseline": "clean", "value": "occluded"}
    columns = ["classifier", "condition", "emotion", "n", "clean", "occluded", "loss"]
    return chosen.rename(columns=names)[[*columns, "ci_low", "ci_high", "p_adjusted"]].reset_index(
        drop=True
    )


UNITS: Final = {"subject_id": "subject", "image_id": "image", "observer_id": "observer"}
"""Columns that may name the units of a summary, and what `clustered_by` calls them."""
_HITS: Final = ("accuracy", "recall")
"""Measures that are a share of pictures: McNemar's test and Wilson's interval hold for them."""
_SWAPS_PER_TEST: Final = 200
"""Random swaps for each test of the largest family: Holm's least p is then about 1/200."""


@dataclass(frozen=True, slots=True)
class _Plan:
    metrics: Sequence[Metric]
    by: tuple[str, ...]
    paired: bool
    seed: int
    n_resamples: int
    n_permutations: int


def summarize(
    trials: pd.DataFrame | TrialSource,
    *,
    by: str | Sequence[str] | None = None,
    paired: bool = True,
    metrics: Sequence[Metric] = METRICS,
    seed: int = 0,
    n_resamples: int = N_RESAMPLES,
) -> pd.DataFrame:
    """Measure answers under each condition, and what is lost against the plain face.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`; with ``observer_id`` if that is in `by`. Trials
        that need not be in memory are given by `maskface.stats.trial_source`.
    by
        What the independent units are: ``subject_id``, ``image_id``, ``observer_id``, or two of
        them that are crossed. Subjects if None, or pictures where one lacks a subject id.
    paired
        True if the same pictures were answered under both conditions; see `compare`.
    metrics
        Which measures; add your own as a `Metric`.
    seed
        Seed of the bootstrap and of the permutations.
    n_resamples
        Resamples of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.SUMMARY`: for each data set, classifier and condition
        all `METRICS` and counts of answers. Losses are over pictures that have an answer both
        plain and under the condition. docs/statistics.md describes intervals, tests and effect
        sizes.

    Raises
    ------
    MaskfaceError
        If no picture has an answer under ``none``, or `by` names something else.
    """
    source = FrameSource(trials) if isinstance(trials, pd.DataFrame) else trials
    heads = source.heads()
    if not any((source.rows(head, PLAIN)["status"] == "ok").any() for head in heads):
        raise MaskfaceError(
            "No picture has an answer without an occluder, so there is nothing to compare with. "
            "Read the column `message` of the trials to see why."
        )
    family = sum(len(source.conditions(head)) for head in heads) * N_EMOTIONS
    n_permutations = max(N_DRAWS, _SWAPS_PER_TEST * family)
    rows: list[Row] = []
    for head in heads:
        units = _units(source, head, by)
        plan = _Plan(metrics, units, paired, seed, n_resamples, n_permutations)
        plain = source.rows(head, PLAIN)
        for condition in source.conditions(head):
            part = plain if condition == PLAIN else source.rows(head, condition)
            said = head._asdict() | {"condition": condition}
            rows += [said | row for row in _condition_rows(plain, part, condition, plan)]
    return SUMMARY.check(_with_holm(SUMMARY.frame(rows)))


def _units(source: TrialSource, head: Head, by: str | Sequence[str] | None) -> tuple[str, ...]:
    if by is None:
        return ("subject_id",) if source.named(head) else ("image_id",)
    units = (by,) if isinstance(by, str) else tuple(by)
    unknown = [name for name in units if name not in UNITS]
    if unknown:
        raise MaskfaceError(
            f"A summary cannot be clustered by {', '.join(unknown)}. Choose from "
            f"{', '.join(UNITS)}, or use compare and estimate, which take any column."
        )
    if {"subject_id", "image_id"} <= set(units):
        raise MaskfaceError(
            "Pictures are not crossed with subjects, as each picture shows one subject. Use "
            "by='subject_id', or cross either with observer_id."
        )
    return units


def _condition_rows(
    plain: pd.DataFrame, part: pd.DataFrame, condition: str, plan: _Plan
) -> list[Row]:
    comparison = compare_sides(plain, part, condition, by=plan.by, paired=plan.paired)
    planned = part["label"].value_counts()
    counts = comparison.counts()
    shown = {e: int(counts[1][i].sum()) for i, e in enumerate(EMOTIONS) if planned.get(e, 0)}
    rows = [*_measure_rows(comparison, shown, plan), *_answer_rows(comparison, shown)]
    if condition != PLAIN:
        _add_tests(rows, comparison, plan)
    for row in rows:
        of_label = row["label"] in shown and row["metric"] != "answer_share"
        row["n"] = shown[row["label"]] if of_label else sum(shown.values())
        expected = planned[row["label"]] if of_label else planned.sum()
        row["n_missing"] = int(expected) - row["n"]
        units = [UNITS[name] for name in plan.by]
        row["clustered_by"] = " x ".join(units)
        row["generalises_to"] = generalises_to(units, condition)
    return rows


def _measure_rows(comparison: Comparison, shown: dict[str, int], plan: _Plan) -> Iterator[Row]:
    found = estimate(comparison, plan.metrics, seed=plan.seed, n_resamples=plan.n_resamples)
    for (metric, label), one in zip(places(plan.metrics), found, strict=True):
        if metric.graded and np.isnan(one.value) and np.isnan(one.baseline):
            continue
        if metric.scope == "emotion" and label not in shown:
            continue
        yield _measure_row(one, comparison, shown)


def _measure_row(one: Estimate, comparison: Comparison, shown: dict[str, int]) -> Row:
    row: Row = {
        "metric": one.metric, "label": one.label, "n_clusters": one.n_clusters,
        "value": one.value, "value_ci_low": one.value_low, "value_ci_high": one.value_high,
        "value_interval": one.interval,
    }  # fmt: skip
    if comparison.condition != PLAIN:
        row |= {"baseline": one.baseline, "loss": one.loss, "dz": one.dz}
        row |= {"ci_low": one.low, "ci_high": one.high, "interval": one.interval}
    if comparison.by == ("image_id",) and one.metric in _HITS:
        n = sum(shown.values()) if one.label == "all" else shown[one.label]
        low, high = wilson_interval(np.array(one.value * n if n else 0), np.array(n))
        row |= {"value_ci_low": float(low), "value_ci_high": float(high)}
        row["value_interval"] = "Wilson"
    for limit, name in (("ci_low", "interval"), ("value_ci_low", "value_interval")):
        if np.isnan(row.get(limit, np.nan)):
            row[name] = ""
    return row


def _answer_rows(comparison: Comparison, shown: dict[str, int]) -> list[Row]:
    plain, occluded = comparison.counts()
    return [
        {
            "metric": f"answered_{EMOTIONS[answer]}",
            "label": label,
            "n_clusters": comparison.n_clusters,
            "baseline": float(plain[EMOTIONS.index(label), answer]),
            "value": float(occluded[EMOTIONS.index(label), answer]),
        }
        for label in shown
        for answer in range(N_EMOTIONS)
    ]


def _add_tests(rows: list[Row], comparison: Comparison, plan: _Plan) -> None:
    of_pictures = comparison.by[0] == "image_id"
    p_values = {} if of_pictures else _permuted(comparison, plan)
    for row in rows:
        if row["metric"] in _HITS:
            _add_mcnemar(row, comparison, test=of_pictures)
        row.update(p_values.get((row["metric"], row["label"]), {}))


def _permuted(comparison: Comparison, plan: _Plan) -> dict[tuple[str, str], Row]:
    """Return p values and the name of their test, by metric and label."""
    graded = _has_probabilities(comparison)
    tested = [m for m in plan.metrics if m.tested and (graded or not m.graded)]
    if not tested:
        return {}
    found = permute(comparison, tested, seed=plan.seed, n_permutations=plan.n_permutations)
    return {
        (metric.name, label): {"p_value": p, "test": found.test}
        for (metric, label), p in zip(places(tested), found.p_value.tolist(), strict=True)
        if not np.isnan(p)
    }


def _has_probabilities(comparison: Comparison) -> bool:
    graded = [metric for metric in METRICS if metric.graded][:1]
    return not np.isnan(evaluate(graded, comparison.totals.sum(axis=0))).any()


def _add_mcnemar(row: Row, comparison: Comparison, *, test: bool) -> None:
    of = [i for i, emotion in enumerate(EMOTIONS) if row["label"] in ("all", emotion)]
    n = int(comparison.counts()[0][of].sum())
    if comparison.changed is None or n == 0:
        return
    lost, gained = comparison.changed[of].sum(axis=0)
    found = mcnemar_of_counts(int(lost), int(gained), n)
    row |= {"odds_ratio": found.odds_ratio, "cohens_g": found.cohens_g}
    if test:
        row |= {"p_value": found.p_value, "test": "exact McNemar"}


def _with_holm(summary: pd.DataFrame) -> pd.DataFrame:
    """Correct within each measure; a measure over all emotions is another family."""
    overall = (summary["label"] == "all").rename("overall")
    return SUMMARY.tidy(holm_within(summary, ["metric", overall]))
