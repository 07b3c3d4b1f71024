"""Measures against numbers worked by hand, loops over trials, scipy and statsmodels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.inter_rater import cohens_kappa

from maskface.errors import MaskfaceError
from maskface.stats import METRICS, compare, evaluate, get_metrics
from maskface.stats.aggregate import N_SUMS, Answers, Sums, add_by_cell
from maskface.tables import GUARD_NAMES
from maskface.types import EMOTIONS
from tests.unit.test_stats import pairs

ANGER, DISGUST, NEUTRAL = 0, 1, 6


def totals(rows: list[tuple[int, int]], p: np.ndarray | None = None) -> np.ndarray:
    """Sum answers given as (label, answer)."""
    label, answer = np.array(rows, dtype=np.int64).T
    p = np.full((len(rows), 7), np.nan) if p is None else p
    sums = np.zeros((1, N_SUMS))
    add_by_cell(Answers(label, answer, p), np.zeros(len(rows), np.int64), sums)
    return sums


def measure(name: str, sums: np.ndarray, scope: str | None = None) -> Any:
    metrics = [m for m in get_metrics(name) if scope in (None, m.scope)]
    found = metrics[0].function(Sums(sums))[0]
    return found if np.ndim(found) else float(found)


# anger: 6 shown, 5 hits, 1 taken for disgust; disgust: 4 shown, 1 hit, 3 taken for anger
BIASED = totals(
    [(ANGER, ANGER)] * 5 + [(ANGER, DISGUST)] + [(DISGUST, DISGUST)] + [(DISGUST, ANGER)] * 3
)


def test_hand_worked_confusions() -> None:
    assert measure("accuracy", BIASED) == 0.6
    assert measure("recall", BIASED)[ANGER] == pytest.approx(5 / 6)
    assert measure("precision", BIASED)[ANGER] == 5 / 8
    assert measure("balanced_accuracy", BIASED) == pytest.approx((5 / 6 + 1 / 4) / 2)
    # F1 = 2 hits / (shown + answered)
    assert measure("macro_f1", BIASED) == pytest.approx((10 / 14 + 2 / 6) / 2)
    # Wagner: hits^2 / (shown x answered), by chance shown x answered / n^2
    assert measure("hu", BIASED)[ANGER] == pytest.approx(25 / 48)
    assert measure("hu_chance", BIASED)[ANGER] == pytest.approx(48 / 100)
    assert measure("answer_share", BIASED)[ANGER] == 0.8
    # kappa: (.6 - (6 x 8 + 4 x 2) / 100) / (1 - .56)
    assert measure("kappa", BIASED) == pytest.approx(0.04 / 0.44)
    # Hautus: (5 + .5) / (6 + 1) hits, (3 + .5) / (4 + 1) false alarms
    hit, alarm = norm.ppf(5.5 / 7), norm.ppf(3.5 / 5)
    assert measure("dprime", BIASED)[ANGER] == pytest.approx(hit - alarm)
    assert measure("criterion", BIASED)[ANGER] == pytest.approx(-(hit + alarm) / 2)
    assert measure("criterion", BIASED)[ANGER] < 0 < measure("criterion", BIASED)[DISGUST]


def test_what_was_never_shown_or_answered() -> None:
    sums = totals([(ANGER, ANGER), (ANGER, NEUTRAL), (DISGUST, NEUTRAL)])
    assert np.isnan(measure("recall", sums)[NEUTRAL])
    assert np.isnan(measure("precision", sums)[DISGUST])
    assert np.isnan(measure("dprime", sums)[NEUTRAL])
    assert measure("hu", sums)[DISGUST] == 0
    # neutral was answered but not shown: it does not enter the means
    assert measure("macro_f1", sums) == pytest.approx((2 / 3 + 0) / 2)
    assert measure("balanced_accuracy", sums) == pytest.approx((1 / 2 + 0) / 2)


def test_nothing_is_measured_without_pictures() -> None:
    assert np.isnan(evaluate(METRICS, np.zeros((1, N_SUMS)))).all()


def test_human_answers_have_no_probabilities() -> None:
    for name in ("log_loss", "brier", "ece"):
        assert np.isnan(measure(name, BIASED))
    assert np.isnan(measure("p_true", BIASED, "emotion")).all()


def test_hand_worked_probabilities() -> None:
    p = np.zeros((2, 7))
    p[0, :2] = 0.9, 0.1  # anger, right
    p[1, :2] = 0.7, 0.3  # disgust, taken for anger
    sums = totals([(ANGER, ANGER), (DISGUST, ANGER)], p)
    assert measure("log_loss", sums) == pytest.approx(-(np.log(0.9) + np.log(0.3)) / 2)
    assert measure("brier", sums) == pytest.approx((0.1**2 + 0.1**2 + 0.7**2 + 0.7**2) / 2)
    assert measure("p_true", sums, "all") == pytest.approx(0.6)
    assert measure("p_true", sums, "emotion")[DISGUST] == pytest.approx(0.3)
    # two bins with one picture each: |1 - .9| / 2 + |0 - .7| / 2
    assert measure("ece", sums) == pytest.approx(0.4)


def test_impossible_truth_is_floored() -> None:
    p = np.eye(7)[[ANGER]]
    assert measure("log_loss", totals([(DISGUST, ANGER)], p)) == pytest.approx(-np.log(1e-6))


def test_calibration_bins_pool_what_is_in_them() -> None:
    p = np.tile([0.5, 0.5, 0, 0, 0, 0, 0], (2, 1))  # one bin: half right at confidence .5
    assert measure("ece", totals([(ANGER, ANGER), (DISGUST, ANGER)], p)) == pytest.approx(0)


number = st.integers(0, 6)
tables = st.lists(st.tuples(number, number), min_size=1, max_size=60)


@settings(deadline=None)
@given(tables)
def test_kappa_agrees_with_statsmodels(rows: list[tuple[int, int]]) -> None:
    table = np.zeros((7, 7))
    np.add.at(table, tuple(np.array(rows).T), 1)
    ours = measure("kappa", totals(rows))
    if table.sum(axis=1).max() == len(rows) == table.sum(axis=0)[table.sum(axis=1).argmax()]:
        assert np.isnan(ours)  # one emotion shown and answered: 0 / 0
    else:
        theirs = cohens_kappa(table, return_results=False)
        assert ours == pytest.approx(theirs, abs=1e-12)


@settings(deadline=None)
@given(tables)
def test_relations_between_measures(rows: list[tuple[int, int]]) -> None:
    sums = totals(rows)
    recall, precision, hu = (measure(name, sums) for name in ("recall", "precision", "hu"))
    both = ~np.isnan(recall) & ~np.isnan(precision)
    np.testing.assert_allclose(hu[both], (recall * precision)[both])
    assert (hu[~np.isnan(hu)] <= recall[~np.isnan(hu)] + 1e-12).all()
    weights = np.bincount([label for label, _ in rows], minlength=7) / len(rows)
    assert measure("accuracy", sums) == pytest.approx(np.nansum(recall * weights))
    assert measure("answer_share", sums).sum() == pytest.approx(1)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_probability_measures_equal_loops_over_trials(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, label = rng.dirichlet(np.ones(7), 40), rng.integers(0, 7, 40)
    answer = p.argmax(axis=1)
    sums = totals(list(zip(label.tolist(), answer.tolist(), strict=True)), p)
    assert measure("log_loss", sums) == pytest.approx(
        np.mean([-np.log(max(row[true], 1e-6)) for row, true in zip(p, label, strict=True)])
    )
    assert measure("brier", sums) == pytest.approx(
        np.mean([((row - np.eye(7)[true]) ** 2).sum() for row, true in zip(p, label, strict=True)])
    )
    confidence, right = p.max(axis=1), answer == label
    gaps = [
        abs(right[inside].mean() - confidence[inside].mean()) * inside.sum() / 40
        for low in np.arange(15) / 15
        if (inside := (confidence > low) & (confidence <= low + 1 / 15)).any()
    ]
    assert measure("ece", sums) == pytest.approx(sum(gaps), abs=1e-9)


def test_totals_do_not_depend_on_the_order_of_trials() -> None:
    rows = [(EMOTIONS[i % 7], EMOTIONS[i % 3], EMOTIONS[i % 2]) for i in range(30)]
    trials = pairs(rows, [f"S{i % 4}" for i in range(30)])
    first = compare(trials, "surgical")
    again = compare(trials.sample(frac=1, random_state=1), "surgical")
    np.testing.assert_array_equal(first.totals, again.totals)
    assert first.totals.shape == (4, 2, N_SUMS)


def test_documentation_names_every_measure_and_guard() -> None:
    text = Path(__file__).parents[2].joinpath("docs/statistics.md").read_text(encoding="utf-8")
    for name in (*(metric.name for metric in METRICS), *GUARD_NAMES):
        assert f"\n| {name} | " in text
    for metric in METRICS:
        assert metric.source.split(", ")[0] in text


def test_unknown_metric_is_named() -> None:
    with pytest.raises(MaskfaceError, match="no metric 'f1'"):
        get_metrics("f1")


def test_pictures_answered_twice_are_refused() -> None:
    trials = pairs([("fear", "fear", "anger")])
    with pytest.raises(MaskfaceError, match="answered more than once"):
        compare(trials.loc[[0, 0, 1]], "surgical", by="image_id")
    with pytest.raises(MaskfaceError, match="lack the columns observer_id"):
        compare(trials, "surgical", by="observer_id")
