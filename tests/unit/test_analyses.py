"""Analyses against hand-worked tables, scipy and what is known by construction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import isotonic_regression
from scipy.stats import norm, ttest_1samp
from scipy.stats import t as student

from maskface.analyses import (
    APPEARANCE,
    CONTRASTS,
    DOSE,
    HALF_POINTS,
    STYLES,
    Answer,
    accuracies,
    appearance_table,
    appearance_text,
    compare_conditions,
    contrast_table,
    contrast_text,
    count_hits,
    dose_table,
    find_condition,
    half_point_table,
    half_point_text,
    style_table,
    style_text,
)
from maskface.errors import MaskfaceError
from maskface.stats import compare, half_reached, monotone
from maskface.tables import TRIALS
from tests.unit.test_joined_stats import all_resamples
from tests.unit.test_stats import trial

COVERAGE = {"none": 0.0, "a": 0.2, "b": 0.4, "c": 0.6}
WRONG = {"happiness": "neutral", "fear": "surprise"}
# Right answers of four people, H to each of two happy faces and F to a fearful one, by condition.
RIGHT = {
    "none": {"P": "111", "Q": "111", "R": "111", "S": "110"},
    "a": {"P": "111", "Q": "101", "R": "110", "S": "110"},
    "b": {"P": "011", "Q": "000", "R": "100", "S": "110"},
    "c": {"P": "000", "Q": "000", "R": "000", "S": "000"},
}


def answers(right: dict[str, dict[str, str]] = RIGHT, **more: Any) -> pd.DataFrame:
    rows = []
    for condition, people in right.items():
        for person, marks in people.items():
            for i, mark in enumerate(marks):
                label = "happiness" if i < 2 else "fear"
                answer = label if mark == "1" else WRONG[label]
                cells = {"coverage": COVERAGE.get(condition, 0.5)} | more
                subject = cells.pop("subject", person)
                rows.append(trial(f"{person}{i}", condition, label, answer, subject, **cells))
    return TRIALS.frame(rows)


def row(table: pd.DataFrame, label: str = "all", **cells: str) -> Any:
    chosen = table[table["label"] == label]
    for name, value in cells.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


curves = hnp.arrays(np.float64, st.integers(1, 9), elements=st.floats(-1, 1, width=16))


@given(curves)
@settings(max_examples=60, deadline=None)
def test_monotone_is_isotonic_regression(values: np.ndarray) -> None:
    twice = np.stack([values, -values], axis=1)[None]
    expected = [isotonic_regression(v).x for v in (values, -values)]
    np.testing.assert_allclose(monotone(twice)[0].T, expected, atol=1e-9)


def test_half_of_the_end_is_read_between_points() -> None:
    places = np.array([0.0, 0.2, 0.6, 1.0])
    losses = np.array([[0, 0.1, 0.3, 0.4], [0, 0, 0, 0.4], [0, 0.4, 0.4, 0.4], [0, 0, 0, 0]]).T
    found = half_reached(places, losses[None])[0]
    # Half of .4 is .2: halfway from .1 to .3; from 0 to .4; at once; never.
    np.testing.assert_allclose(found[:3], [0.4, 0.8, 0.1])
    assert np.isnan(found[3])


def test_hits_are_those_of_the_table() -> None:
    hits = count_hits(answers(), ["none", "b"])
    assert hits.n.tolist() == [12, 0, 0, 4, 8, 0, 0, 0]
    assert hits.n_clusters.tolist() == [4, 0, 0, 4, 4, 0, 0, 0]
    right = accuracies(hits.totals.sum(axis=0, keepdims=True))[0]
    np.testing.assert_allclose(right[:, [0, 3, 4]], [[11 / 12, 3 / 4, 1], [5 / 12, 1 / 4, 1 / 2]])
    assert np.isnan(right[:, 1]).all()
    np.testing.assert_allclose(hits.coverage, [0, 0.4])


def test_pictures_without_an_answer_under_one_condition_count_under_none() -> None:
    trials = answers()
    lost = (trials["image_id"] == "P0") & (trials["condition"] == "b")
    trials["status"] = trials["status"].mask(lost, "no_face")
    assert count_hits(trials, ["none", "a", "b"]).n[0] == 11
    with pytest.raises(MaskfaceError, match="No picture has an answer"):
        count_hits(trials.assign(status="no_face"), ["none", "a"])


def test_a_condition_may_be_written_in_another_way() -> None:
    trials = TRIALS.frame([trial("i", "sweep:share=1.0", "fear", "fear")])
    assert find_condition(trials, "sweep:share=1") == "sweep:share=1.0"
    with pytest.raises(MaskfaceError, match=r"do not hold 'surgical', only sweep:share=1\.0"):
        find_condition(trials, "surgical")


def test_comparing_with_the_plain_face_is_what_stats_does() -> None:
    trials = answers()
    ours, theirs = compare_conditions(trials, "b", "none"), compare(trials, "b")
    np.testing.assert_array_equal(ours.totals, theirs.totals)
    turned = compare_conditions(trials, "none", "b")
    np.testing.assert_array_equal(turned.totals, theirs.totals[:, ::-1])
    with pytest.raises(MaskfaceError, match="with itself"):
        compare_conditions(trials, "b", "b")


def test_contrast_of_the_hand_worked_table() -> None:
    table = contrast_table(answers(), [("b", "a"), ("a", "b")], n_resamples=300)
    assert CONTRASTS.check(table) is not None
    found = row(table, condition="b", reference="a")
    # a: 3 + 2 + 2 + 2 = 9 right of 12, b: 2 + 0 + 1 + 2 = 5.
    assert (found["value"], found["reference_value"]) == pytest.approx((5 / 12, 9 / 12), abs=1e-6)
    assert found["difference"] == pytest.approx(-4 / 12, abs=1e-6)
    assert found["interval"] == "t on bootstrap SE"  # four people
    losses = all_resamples(np.array([(3, -1), (3, -2), (3, -1), (3, 0)]))
    half = student.ppf(0.975, 3) * np.sqrt(4 / 3) * losses.std()
    least = norm.ppf(0.975) * np.sqrt(2) * (4 / 12 - 3 / 13)
    assert found["ci_high"] - found["difference"] == pytest.approx(np.hypot(half, least), rel=0.1)
    assert found["difference"] - found["ci_low"] == pytest.approx(
        found["ci_high"] - found["difference"], abs=1e-6
    )
    assert (found["n"], found["n_clusters"], found["clustered_by"]) == (12, 4, "subject")
    assert (found["coverage"], found["reference_coverage"]) == (0.4, 0.2)
    # People lose 1, 2, 1, 0 hits: of 16 ways to swap, those where 1, 2, 1 fall on one side are 4.
    assert found["p_value"] == pytest.approx(4 / 16)
    turned = row(table, condition="a", reference="b")
    assert turned["difference"] == -found["difference"]
    assert (turned["ci_low"], turned["ci_high"]) == pytest.approx(
        (-found["ci_high"], -found["ci_low"])
    )
    happy = row(table, "happiness", condition="b", reference="a")
    assert happy["difference"] == pytest.approx((4 - 7) / 8)
    assert "b minus a: -33.3 points" in contrast_text(table)


def test_pictures_are_units_where_nobody_is_named() -> None:
    table = contrast_table(answers(subject=""), [("b", "a")], n_resamples=100)
    assert row(table)["clustered_by"] == "image"
    assert row(table)["n_clusters"] == 12


def test_equivalence_is_two_t_tests() -> None:
    table = style_table(answers(), ["a", "b"], bound=0.9, n_resamples=100)
    assert STYLES.check(table) is not None
    found = row(table, condition="b", reference="a")
    own = np.array([-1, -2, -1, 0]) / 3
    p = max(
        ttest_1samp(own, -0.9, alternative="greater").pvalue,
        ttest_1samp(own, 0.9, alternative="less").pvalue,
    )
    assert found["equivalence_p"] == pytest.approx(p)
    assert found["equivalence_p_adjusted"] == pytest.approx(p)
    assert found["equivalent"] == 1
    limits = ttest_1samp(own, 0).confidence_interval(0.9)
    assert (found["equivalence_low"], found["equivalence_high"]) == pytest.approx(
        (limits.low, limits.high), abs=1e-6
    )
    text = style_text(table, ["a", "b"], ("b", "a"))
    assert "of 1 pairs of a, b, 1 are equivalent within 90 points" in text
    assert "happiness: -37.5 points" in text


def test_styles_that_never_differ_have_no_test() -> None:
    table = style_table(
        answers({"a": RIGHT["a"], "b": RIGHT["a"]}), ["a", "b"], bound=0.05, n_resamples=50
    )
    found = row(table, condition="b")
    # Nobody differs, but one of 13 pictures might.
    least = norm.ppf(0.975) * np.sqrt(2) / 13
    assert found["difference"] == 0
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((-least, least), abs=1e-6)
    assert np.isnan(found["equivalence_p"])
    assert found["equivalent"] is pd.NA
    assert "0 are equivalent" in style_text(table, ["a", "b"], ("b", "a"))


def test_dose_follows_the_table() -> None:
    table = dose_table(answers(), {"up": ["c", "a", "b"]}, n_resamples=200)
    assert DOSE.check(table) is not None
    overall = table[table["label"] == "all"]
    assert overall["condition"].tolist() == ["none", "a", "b", "c"]
    np.testing.assert_allclose(overall["value"], np.array([11, 9, 5, 0]) / 12, atol=1e-6)
    np.testing.assert_allclose(overall["loss"], np.array([0, 2, 6, 11]) / 12, atol=1e-6)
    assert (overall["ci_low"] <= overall["loss"]).all()
    assert (overall["loss"] <= overall["ci_high"]).all()
    assert overall["ci_low"].iloc[0] == overall["ci_high"].iloc[0] == 0


def test_half_points_of_the_hand_worked_table() -> None:
    table = half_point_table(answers(), {"up": ["a", "b", "c"]}, n_resamples=300)
    assert HALF_POINTS.check(table) is not None
    # Losses 0, 2, 6, 11 of 12 at 0, .2, .4, .6: 5.5 is 3.5 / 4 of the way from .2 to .4.
    found = row(table)
    assert found["half_point"] == pytest.approx(0.2 + 0.2 * 3.5 / 4)
    assert (found["end_coverage"], found["defined"]) == (0.6, 1)
    assert found["end_loss"] == pytest.approx(11 / 12, abs=1e-6)
    assert 0 < found["ci_low"] <= found["half_point"] <= found["ci_high"] <= 0.6
    assert "half of it by 37.5 % [" in half_point_text(table)


def test_without_a_loss_there_is_no_half_point() -> None:
    gained = {"none": {"P": "000", "Q": "110"}, "a": {"P": "110", "Q": "110"}}
    table = half_point_table(answers(gained), {"up": ["a"]}, n_resamples=100)
    assert table[["half_point", "ci_low"]].isna().all(axis=None)
    assert (table["defined"] == 0).all()
    assert (table["interval"] == "").all()
    assert "no half-point" in half_point_text(table)


def test_appearance_of_the_hand_worked_table() -> None:
    groups = {"two": ["a", "b"], "three": ["a", "b", "c"]}
    table = appearance_table(answers(), groups, n_resamples=200)
    assert APPEARANCE.check(table) is not None
    assert row(table, measure="loss", group="two", condition="b")["value"] == 0.5
    wide = row(table, measure="range", group="three")
    assert wide["value"] == pytest.approx(9 / 12)
    assert 0 <= wide["ci_low"] < 9 / 12 < wide["ci_high"]
    narrow = row(table, measure="range", group="two")
    assert narrow["value"] == pytest.approx(4 / 12, abs=1e-6)
    # Differences of 1, 2, 1, 0 hits with random signs: |sum| is 4, 2, 2, 0 as often: mean 2.
    assert narrow["by_chance"] == pytest.approx(2 / 12, abs=0.01)
    assert narrow["p_value"] == pytest.approx(4 / 16, abs=0.03)
    assert "c, two: from +16.7 points lost (a) to +50.0 (b); range 33.3 [" in appearance_text(table)


def test_appearances_that_are_read_alike_have_no_range() -> None:
    alike = {"none": RIGHT["none"], "a": RIGHT["a"], "b": RIGHT["a"]}
    found = row(
        appearance_table(answers(alike), {"g": ["a", "b"]}, n_resamples=50), measure="range"
    )
    assert found["value"] == 0
    assert np.isnan([found["ci_low"], found["ci_high"]]).all()  # no width
    assert (found["by_chance"], found["p_value"]) == (0, 1)


def test_answers_are_written(tmp_path: Path) -> None:
    table = dose_table(answers(), {"up": ["a"]}, n_resamples=20)
    (path,) = Answer("text", [(DOSE, table)]).write(tmp_path)
    assert path == tmp_path / "dose.csv"
    pd.testing.assert_frame_equal(DOSE.read(path), table)
