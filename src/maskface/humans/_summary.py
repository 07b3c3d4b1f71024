"""What the answers of human observers amount to: observers are the independent units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from maskface.arrays import Row
from maskface.errors import MaskfaceError
from maskface.humans._flip import sign_flip_test
from maskface.humans._recode import congruent, is_yes_no, of_question, of_right
from maskface.humans._study import HUMAN
from maskface.stats import (
    METRICS,
    Comparison,
    Estimate,
    Metric,
    cluster_values,
    compare,
    estimate,
    get_metrics,
    holm,
)
from maskface.tables import PLAIN, SUMMARY
from maskface.types import EMOTIONS

HIT_RATE: Final = "hit_rate"
FALSE_ALARMS: Final = "false_alarm_rate"
_OF_QUESTION: Final = ("recall", "dprime", "criterion")
_TESTED: Final = ("accuracy", "recall", "hu", "dprime")
_ALL: Final = "all"
_HEADS: Final = ("run_id", "dataset", "condition")
_NEEDED: Final = (
    OBSERVER, "subject_id", "image_id", "label", "predicted", "correct", "question", "answer_yes",
    "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to estimate: units and seed."""

    by: tuple[str, ...]
    seed: int

    def compare(self, trials: pd.DataFrame, condition: str) -> Comparison:
        return compare(trials, condition, by=self.by, paired=False)

    def estimate(self, comparison: Comparison, metrics: Sequence[Metric]) -> tuple[Estimate, ...]:
        if len(self.by) == 1:
            return estimate(comparison, metrics, average="clusters", seed=self.seed)
        return estimate(comparison, metrics, average="pooled", seed=self.seed)


def summarize_humans(
    responses: pd.DataFrame, *, crossed: bool = False, seed: int = 0
) -> pd.DataFrame:
    """Measure what observers answered under each condition, and what is lost.

    Parameters
    ----------
    responses
        In the schema of `maskface.tables.RESPONSES`.
    crossed
        Resample observers and the people shown, so that intervals hold for other observers and
        other faces. Measures are then of all answers together; otherwise they are the mean over
        observers of each one's own.
    seed
        Of bootstrap and permutations.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.SUMMARY`, classifier ``human``. Choices: as for
        classifiers. Yes/no: ``recall`` (hit rate), ``false_alarm_rate``, ``dprime`` (log-linear
        correction) and ``criterion`` of each question; over all emotions, ``hit_rate`` and
        ``accuracy``, the share of right answers, yes or no. An observer counts for a measure that
        is defined both plain and covered. P values flip the signs of observers' differences; there
        are none where people are resampled, too.

    Raises
    ------
    MaskfaceError
        If `crossed` and the responses do not say who is shown.
    """
    if crossed and (responses["subject_id"] == "").any():
        raise MaskfaceError(
            "Crossed intervals need to know who is shown: name the column of the identity in the "
            '[columns] of the map (identity = "..."), or leave out --crossed.'
        )
    plan = _Plan((OBSERVER, "subject_id") if crossed else (OBSERVER,), seed)
    measure = _yes_no if is_yes_no(responses) else _choices
    slim = responses[[*_HEADS, *_NEEDED]]  # rows are picked many times
    rows: list[Row] = []
    for condition in sorted(slim.loc[slim["status"] == "ok", "condition"].unique()):
        both = slim[slim["condition"].isin([PLAIN, condition])]
        found = list(measure(both[both["status"] == "ok"], str(condition), plan))
        planned = both[both["condition"] == condition]
        rows += [_completed(row, planned, plan) for row in found]
    return SUMMARY.check(_with_holm(SUMMARY.frame(rows)))


def _choices(trials: pd.DataFrame, condition: str, plan: _Plan) -> Iterator[Row]:
    comparison = plan.compare(trials, condition)
    metrics = [metric for metric in METRICS if not metric.graded]
    there = {e for e, n in zip(EMOTIONS, comparison.counts()[1].sum(axis=1), strict=True) if n}
    for one, metric in _estimates(comparison, metrics, plan):
        if one.label == _ALL or one.label in there or metric.scope == "answer":
            yield _row(one, comparison, metric, plan)
    plain, covered = comparison.counts()
    for label in sorted(there):
        i = EMOTIONS.index(label)
        for j, answer in enumerate(EMOTIONS):
            counts = {"baseline": float(plain[i, j]), "value": float(covered[i, j])}
            n = comparison.n_clusters
            yield {"metric": f"answered_{answer}", "label": label, "n_clusters": n} | counts


def _yes_no(trials: pd.DataFrame, condition: str, plan: _Plan) -> Iterator[Row]:
    accuracy = get_metrics("accuracy")[0]
    right = plan.compare(of_right(trials), condition)
    yield from (_row(one, right, accuracy, plan) for one, _ in _estimates(right, [accuracy], plan))
    hits = plan.compare(congruent(trials), condition)
    for one, _ in _estimates(hits, [accuracy], plan):
        yield _row(one, hits, accuracy, plan) | {"metric": HIT_RATE}
    for emotion in EMOTIONS:
        if (trials["question"] == emotion).any():
            yield from _of_question(trials, emotion, condition, plan)


def _of_question(trials: pd.DataFrame, emotion: str, condition: str, plan: _Plan) -> Iterator[Row]:
    asked = of_question(trials, emotion)
    comparison = plan.compare(asked, condition)
    metrics = [get_metrics(name)[0] for name in _OF_QUESTION]
    for one, metric in _estimates(comparison, metrics, plan):
        if one.label == emotion:
            yield _row(one, comparison, metric, plan)
    others = plan.compare(asked[asked["label"] != emotion], condition)
    accuracy = get_metrics("accuracy")[0]
    for one, _ in _estimates(others, [accuracy], plan):
        flipped = _flipped(_row(one, others, accuracy, plan))
        yield flipped | {"metric": FALSE_ALARMS, "label": emotion}


def _estimates(
    comparison: Comparison, metrics: Sequence[Metric], plan: _Plan
) -> Iterator[tuple[Estimate, Metric]]:
    places = [metric for metric in metrics for _ in metric.labels]
    yield from zip(plan.estimate(comparison, metrics), places, strict=True)


def _row(one: Estimate, comparison: Comparison, metric: Metric, plan: _Plan) -> Row:
    row: Row = {
        "metric": one.metric, "label": one.label, "n": _n(comparison, one.label, metric),
        "n_clusters": _n_clusters(comparison, metric, one.label),
        "value": one.value, "value_ci_low": one.value_low, "value_ci_high": one.value_high,
        "value_interval": _named(one.interval, one.value_low),
    }  # fmt: skip
    if comparison.condition == PLAIN:
        return row
    row |= {"baseline": one.baseline, "loss": one.loss, "dz": one.dz}
    row |= {"ci_low": one.low, "ci_high": one.high, "interval": _named(one.interval, one.low)}
    if one.metric in _TESTED and len(comparison.by) == 1 and not np.isnan(one.loss):
        plain, covered = cluster_values(comparison, metric, one.label)
        p, exact = sign_flip_test(plain - covered, seed=plan.seed)
        row |= {"p_value": p, "test": f"{'exact ' if exact else ''}cluster permutation"}
    return row


def _named(interval: str, limit: float) -> str:
    return "" if np.isnan(limit) else interval


def _n(comparison: Comparison, label: str, metric: Metric) -> int:
    counts = comparison.counts()[1].sum(axis=1)
    of_emotion = label != _ALL and metric.scope == "emotion"
    return int(counts[EMOTIONS.index(label)] if of_emotion else counts.sum())


def _n_clusters(comparison: Comparison, metric: Metric, label: str) -> int:
    if len(comparison.by) > 1:
        return comparison.n_clusters
    return len(cluster_values(comparison, metric, label)[0])


def _flipped(row: Row) -> Row:
    """From the share of right noes to the share of wrong yeses."""
    out = row | {k: 1 - row[k] for k in ("value", "baseline") if k in row}
    out |= {"value_ci_low": 1 - row["value_ci_high"], "value_ci_high": 1 - row["value_ci_low"]}
    if "loss" in row:
        out |= {"loss": -row["loss"], "dz": -row["dz"]}
        out |= {"ci_low": -row["ci_high"], "ci_high": -row["ci_low"]}
    return out


def _completed(row: Row, planned: pd.DataFrame, plan: _Plan) -> Row:
    if row["metric"].startswith("answered_"):
        row["n"] = int((planned[planned["status"] == "ok"]["label"] == row["label"]).sum())
    head = {name: planned[name].iloc[0] for name in _HEADS}
    units = ("observer", "subject")[: len(plan.by)]
    head |= {"classifier": HUMAN, "clustered_by": " x ".join(units)}
    return head | row | {"n_missing": max(_planned(row, planned) - row["n"], 0)}


def _planned(row: Row, planned: pd.DataFrame) -> int:
    """Trials that the measure would stand on if all had been answered and none excluded."""
    if is_yes_no(planned):
        if row["metric"] == FALSE_ALARMS:
            planned = planned[planned["question"] == row["label"]]
            return int((planned["label"] != row["label"]).sum())
        if row["metric"] != "accuracy":
            planned = planned[planned["question"] == planned["label"]]
    if row["label"] == _ALL or row["metric"] == "answer_share":
        return len(planned)
    return int((planned["label"] == row["label"]).sum())


def _with_holm(summary: pd.DataFrame) -> pd.DataFrame:
    overall = (summary["label"] == _ALL).rename("overall")
    for _, family in summary[summary["p_value"].notna()].groupby(["metric", overall]):
        summary.loc[family.index, "p_adjusted"] = holm(family["p_value"].to_numpy(float))
    return SUMMARY.tidy(summary)
