"""From trials to the summary table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from maskface.arrays import Row
from maskface.errors import MaskfaceError
from maskface.stats._bootstrap import N_RESAMPLES
from maskface.stats._comparison import Comparison, compare_sides
from maskface.stats._estimate import Estimate, estimate
from maskface.stats._mcnemar import mcnemar_of_counts
from maskface.stats._metrics import METRICS, evaluate, places
from maskface.stats._permutation import MOST_EXACT, N_PERMUTATIONS, permutation_p
from maskface.stats._shares import holm, wilson_interval
from maskface.stats._source import FrameSource, Head, TrialSource
from maskface.stats._totals import N_EMOTIONS
from maskface.tables import PLAIN, SUMMARY
from maskface.types import EMOTIONS

UNITS: Final = {"subject_id": "subject", "image_id": "image", "observer_id": "observer"}
"""Columns that may name the units of a summary, and what `clustered_by` calls them."""
_HITS: Final = ("accuracy", "recall")
"""Measures that are a share of pictures: McNemar's test and Wilson's interval hold for them."""
_TESTED: Final = tuple(metric for metric in METRICS if metric.tested)
_SWAPS_PER_TEST: Final = 200
"""Random swaps for each test of the largest family: Holm's least p is then about 1/200."""


@dataclass(frozen=True, slots=True)
class _Plan:
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
        Whether the same pictures were answered under both conditions; see `compare`.
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
    n_permutations = max(N_PERMUTATIONS, _SWAPS_PER_TEST * family)
    rows: list[Row] = []
    for head in heads:
        plan = _Plan(_units(source, head, by), paired, seed, n_resamples, n_permutations)
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
        row["clustered_by"] = " x ".join(UNITS[name] for name in plan.by)
    return rows


def _measure_rows(comparison: Comparison, shown: dict[str, int], plan: _Plan) -> Iterator[Row]:
    found = estimate(comparison, seed=plan.seed, n_resamples=plan.n_resamples)
    for (metric, label), one in zip(places(METRICS), found, strict=True):
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
    p_values = {} if comparison.by[0] == "image_id" else _permuted(comparison, plan)
    several = len(comparison.by_first().totals)
    name = "exact cluster permutation" if 2**several <= MOST_EXACT else "cluster permutation"
    for row in rows:
        if row["metric"] in _HITS:
            _add_mcnemar(row, comparison, test=not p_values)
        p = p_values.get((row["metric"], row["label"]), np.nan)
        if not np.isnan(p):
            row |= {"p_value": p, "test": name}


def _permuted(comparison: Comparison, plan: _Plan) -> dict[tuple[str, str], float]:
    tested = [m for m in _TESTED if not m.graded or _has_probabilities(comparison)]
    p, _ = permutation_p(comparison, tested, seed=plan.seed, n_permutations=plan.n_permutations)
    keys = [(metric.name, label) for metric, label in places(tested)]
    return dict(zip(keys, p.tolist(), strict=True))


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
    for _, family in summary[summary["p_value"].notna()].groupby(["metric", overall]):
        summary.loc[family.index, "p_adjusted"] = holm(family["p_value"].to_numpy(float))
    return SUMMARY.tidy(summary)
