"""Statistics against hand-worked numbers, scipy and statsmodels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps

from maskface.errors import MaskfaceError
from maskface.stats import Metric, compare, estimate, get_metrics, loss_table, summarize
from maskface.tables import SUMMARY, TRIALS
from maskface.types import EMOTIONS


def trial(
    image: str, condition: str, label: str, predicted: str, subject: str = "", **more: Any
) -> dict[str, Any]:
    status = more.pop("status", "ok" if predicted else "no_face")
    return {
        "run_id": "r", "dataset": "d", "image_id": image, "subject_id": subject, "label": label,
        "condition": condition, "occluder": condition, "params": "{}", "classifier": "c",
        "predicted": predicted, "correct": int(label == predicted) if predicted else None,
        "status": status, "message": "", "seed": 0, **more,
    }  # fmt: skip


def pairs(rows: list[tuple[str, str, str]], subjects: list[str] | None = None) -> pd.DataFrame:
    """Make trials from (label, plain answer, masked answer)."""
    names = subjects or [""] * len(rows)
    return TRIALS.frame(
        [
            trial(f"i{i:04}", condition, label, answer, subject)
            for i, ((label, plain, masked), subject) in enumerate(zip(rows, names, strict=True))
            for condition, answer in (("none", plain), ("surgical", masked))
        ]
    )


def pick(
    summary: pd.DataFrame, metric: str, label: str = "all", condition: str = "surgical"
) -> Any:
    rows = summary[
        (summary["metric"] == metric)
        & (summary["label"] == label)
        & (summary["condition"] == condition)
    ]
    assert len(rows) == 1
    return rows.iloc[0]


HAND = [
    # label, plain, masked
    ("anger", "anger", "anger"),
    ("anger", "anger", "anger"),
    ("anger", "disgust", "anger"),
    ("disgust", "disgust", "anger"),
    ("disgust", "disgust", "anger"),
    ("disgust", "disgust", "disgust"),
    ("disgust", "anger", "neutral"),
    ("sadness", "sadness", "neutral"),
]


def test_hand_worked_example() -> None:
    summary = summarize(pairs(HAND), n_resamples=200)
    accuracy = pick(summary, "accuracy")
    # plain right: 2 + 3 + 1 = 6 of 8; masked right: 3 + 1 + 0 = 4 of 8
    assert (accuracy["baseline"], accuracy["value"], accuracy["loss"]) == (0.75, 0.5, 0.25)
    assert accuracy["n"] == 8
    # recalls plain 2/3, 3/4, 1; masked 1, 1/4, 0
    balanced = pick(summary, "balanced_accuracy")
    assert balanced["baseline"] == pytest.approx((2 / 3 + 3 / 4 + 1) / 3, abs=1e-6)
    assert balanced["value"] == pytest.approx((1 + 1 / 4 + 0) / 3, abs=1e-6)
    assert pick(summary, "recall", "anger")["loss"] == pytest.approx(-1 / 3, abs=1e-6)
    assert pick(summary, "recall", "disgust")["loss"] == 0.5
    # McNemar: right -> wrong 3 times (2 disgust, 1 sadness), wrong -> right once (anger)
    assert accuracy["p_value"] == pytest.approx(2 * sps.binom.cdf(1, 4, 0.5))
    # disgust: right -> wrong twice, never back: p = 2 * .25 = .5
    assert pick(summary, "recall", "disgust")["p_value"] == pytest.approx(0.5)
    # Holm over the three recall tests: p = 1 (anger), .5 (disgust), 1 (sadness)
    assert pick(summary, "recall", "disgust")["p_adjusted"] == 1
    assert pick(summary, "answered_anger", "disgust")["baseline"] == 1
    assert pick(summary, "answered_anger", "disgust")["value"] == 2
    assert pick(summary, "answered_neutral", "sadness")["value"] == 1
    recalls = summary[summary["metric"] == "recall"]
    assert set(recalls["label"]) == {"anger", "disgust", "sadness"}


def test_plain_faces_have_no_loss_and_no_test() -> None:
    row = pick(summarize(pairs(HAND), n_resamples=100), "accuracy", condition="none")
    assert row["value"] == 0.75
    assert pd.isna([row["loss"], row["ci_low"], row["p_value"], row["baseline"]]).all()
    assert row["value_ci_low"] < 0.75 < row["value_ci_high"]


def test_only_pictures_answered_under_both_are_compared() -> None:
    trials = pairs([*HAND, ("fear", "fear", ""), ("fear", "", "fear")])
    summary = summarize(trials, n_resamples=50)
    accuracy = pick(summary, "accuracy")
    assert (accuracy["n"], accuracy["n_missing"]) == (8, 2)
    assert accuracy["loss"] == 0.25
    fear = pick(summary, "recall", "fear")
    assert (fear["n"], fear["n_missing"]) == (0, 2)
    assert pd.isna(fear["value"])
    assert pd.isna(fear["p_value"])


def test_holm_against_the_definition() -> None:
    # disgust 10 of 10 lost, sadness 5 of 5 lost, anger unchanged
    rows = [("disgust", "disgust", "anger")] * 10 + [("sadness", "sadness", "neutral")] * 5
    summary = summarize(pairs([*rows, ("anger", "anger", "anger")]), n_resamples=50)
    p = {e: pick(summary, "recall", e) for e in ("disgust", "sadness", "anger")}
    assert p["disgust"]["p_value"] == pytest.approx(2 * 0.5**10)
    assert p["disgust"]["p_adjusted"] == pytest.approx(3 * 2 * 0.5**10)
    assert p["sadness"]["p_adjusted"] == pytest.approx(2 * 2 * 0.5**5)
    assert p["anger"]["p_adjusted"] == 1


def test_no_answer_at_all_is_refused() -> None:
    with pytest.raises(MaskfaceError, match="nothing to compare with"):
        summarize(pairs([("fear", "", "fear")]))


def test_clusters_are_subjects_only_if_all_are_known() -> None:
    subjects = ["A", "A", "B", "B", "C", "C", "D", "D"]
    known = pick(summarize(pairs(HAND, subjects), n_resamples=50), "accuracy")
    assert (known["clustered_by"], known["n_clusters"]) == ("subject", 4)
    partly = pick(summarize(pairs(HAND, [*subjects[:-1], ""]), n_resamples=50), "accuracy")
    assert (partly["clustered_by"], partly["n_clusters"]) == ("image", 8)


def test_people_are_tested_by_permutation_and_pictures_by_mcnemar() -> None:
    subjects = list("AABBCCDD")
    row = pick(summarize(pairs(HAND, subjects), n_resamples=50), "accuracy")
    # Losses by person: A 0, B 1 - 1 = 0, C 1, D 1 of 2: |sum| is as large in 2 of 4 signs.
    assert (row["test"], row["p_value"]) == ("exact cluster permutation", 0.5)
    assert row["interval"] == row["value_interval"] == "t on bootstrap SE"
    # right -> wrong 3, wrong -> right 1
    assert (row["odds_ratio"], row["cohens_g"]) == (pytest.approx(1 / 3, abs=1e-6), 0.25)
    assert row["dz"] == pytest.approx(np.mean([0, 0, 0.5, 0.5]) / np.std([0, 0, 0.5, 0.5], ddof=1))
    alone = pick(summarize(pairs(HAND), n_resamples=50), "accuracy")
    assert alone["test"] == "exact McNemar"
    assert alone["value_interval"] == "Wilson"
    assert pd.isna(alone["dz"])
    # Wilson by hand: p = .5, n = 8
    half = 1.959964 * np.sqrt(0.25 / 8 + 1.959964**2 / (4 * 64)) / (1 + 1.959964**2 / 8)
    assert alone["value_ci_high"] == pytest.approx(0.5 + half, abs=1e-5)


def test_every_metric_has_its_rows() -> None:
    trials = pairs(HAND, list("AABBCCDD"))
    summary = summarize(trials, n_resamples=50)
    assert set(summary["metric"]) == {
        "accuracy", "balanced_accuracy", "macro_f1", "kappa", "recall", "precision", "hu",
        "hu_chance", "dprime", "criterion", "answer_share",
        *(f"answered_{emotion}" for emotion in EMOTIONS),
    }  # fmt: skip
    shares = summary[(summary["metric"] == "answer_share") & (summary["condition"] == "surgical")]
    assert set(shares["label"]) == set(EMOTIONS)
    assert shares["value"].sum() == pytest.approx(1)
    for i, emotion in enumerate(EMOTIONS):  # with probabilities, these are measured too
        trials[f"p_{emotion}"] = 0.4 if i == 0 else 0.1
    graded = summarize(trials, n_resamples=50)
    assert {"log_loss", "brier", "ece", "p_true"} <= set(graded["metric"])
    assert pick(graded, "p_true")["value"] == pytest.approx((3 * 0.4 + 5 * 0.1) / 8)
    assert pick(graded, "ece")["interval"] in ("", "t on bootstrap SE")


def test_answers_of_observers_are_paired_by_observer() -> None:
    rng = np.random.default_rng(1)
    rows = [
        trial(f"o{observer}{condition}{i}", condition, "fear", "fear" if hit else "anger")
        for observer in range(6)
        for condition, chance in (("none", 0.9), ("surgical", 0.5))
        for i, hit in enumerate(rng.random(10) < chance)
    ]
    trials = TRIALS.frame(rows)
    trials["observer_id"] = trials["image_id"].str[:2]
    summary = summarize(trials, by="observer_id", paired=False, n_resamples=100)
    row = pick(summary, "accuracy")
    assert (row["clustered_by"], row["n_clusters"], row["n"]) == ("observer", 6, 60)
    assert row["test"] == "exact cluster permutation"
    assert pd.isna(row["odds_ratio"])  # no pairs of pictures
    with pytest.raises(MaskfaceError, match="cannot be clustered by coverage"):
        summarize(trials, by="coverage")


def test_one_subject_has_no_interval() -> None:
    row = pick(summarize(pairs(HAND, ["A"] * 8), n_resamples=50), "accuracy")
    assert row["loss"] == 0.25
    assert pd.isna(row["ci_low"])


@pytest.mark.slow
def test_interval_agrees_with_scipy_where_pictures_are_independent() -> None:
    rng = np.random.default_rng(4)
    plain = rng.random(300) < 0.8
    masked = rng.random(300) < 0.55
    rows = [
        ("fear", "fear" if p else "anger", "fear" if m else "anger")
        for p, m in zip(plain, masked, strict=True)
    ]
    row = pick(summarize(pairs(rows), n_resamples=20_000), "accuracy")
    theirs = sps.bootstrap(
        (plain.astype(float) - masked,), np.mean, n_resamples=20_000, method="percentile", rng=rng
    ).confidence_interval
    assert row["ci_low"] == pytest.approx(theirs.low, abs=0.006)
    assert row["ci_high"] == pytest.approx(theirs.high, abs=0.006)


def test_clustering_widens_the_interval_when_subjects_differ() -> None:
    rows, subjects = [], []
    for subject in range(10):  # half of the people lose everything, half nothing
        rows += [("fear", "fear", "fear" if subject % 2 else "anger")] * 20
        subjects += [f"S{subject}"] * 20
    trials = pairs(rows, subjects)
    width = {}
    for by in ("subject_id", "image_id"):
        found = compare(trials, "surgical", by=by)
        (accuracy,) = estimate(found, get_metrics("accuracy"), kind="percentile")
        width[by] = accuracy.high - accuracy.low
    # standard errors sqrt(.25/10) and sqrt(.25/200)
    assert width["subject_id"] / width["image_id"] == pytest.approx(np.sqrt(20), rel=0.15)


answers = st.sampled_from(EMOTIONS)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(answers, answers, answers), min_size=1, max_size=30))
def test_summary_invariants(rows: list[tuple[str, str, str]]) -> None:
    summary = summarize(pairs(rows), n_resamples=100)
    counts = summary[summary["metric"].str.startswith("answered_")]
    per_label = counts[counts["condition"] == "surgical"].groupby("label")
    np.testing.assert_array_equal(per_label["value"].sum(), per_label["n"].first())
    measured = summary[summary["loss"].notna()]
    hu = measured[measured["metric"] == "hu"].set_index(["condition", "label"])["value"]
    hits = measured[measured["metric"] == "recall"].set_index(["condition", "label"])["value"]
    assert (hu <= hits + 1e-9).all()
    np.testing.assert_allclose(
        measured["loss"], measured["baseline"] - measured["value"], atol=2e-6
    )
    with_interval = measured[measured["ci_low"].notna()]
    assert (with_interval["ci_low"] <= with_interval["ci_high"]).all()
    assert (summary["p_adjusted"].dropna() >= summary["p_value"].dropna() - 1e-12).all()


def test_summary_does_not_depend_on_the_order_of_trials(tmp_path: Path) -> None:
    trials = pairs(HAND, ["A", "A", "B", "B", "C", "C", "D", "D"])
    shuffled = trials.sample(frac=1, random_state=3)
    first = SUMMARY.write(summarize(trials), tmp_path / "a.csv")
    assert SUMMARY.write(summarize(shuffled), tmp_path / "b.csv") == first


def test_loss_table_puts_all_first() -> None:
    table = loss_table(summarize(pairs(HAND), n_resamples=50))
    assert list(table["emotion"]) == ["all", "anger", "disgust", "sadness"]
    assert list(table["n"]) == [8, 3, 4, 1]


def test_a_measure_of_your_own_is_one_value() -> None:
    """A summary, its intervals and its tests follow from one `Metric`."""
    mine = Metric(
        "gap",
        "all",
        lambda sums: sums.hits[:, 0] - sums.hits[:, 1],
        "a difference",
        "",
        tested=True,
    )
    people = [f"S{i % 6}" for i in range(12)]
    shown = ["anger", "disgust"] * 6
    answers = [(e, e, "fear" if i in (0, 2, 4, 6) else e) for i, e in enumerate(shown)]
    table = summarize(pairs(answers, people), metrics=[mine], n_resamples=200)
    row = table[(table["metric"] == "gap") & (table["condition"] == "surgical")].iloc[0]
    # Plain 6 right of each; masked 2 of anger: S0 loses two, S2 and S4 one each.
    assert (row["baseline"], row["value"], row["loss"]) == (0, -4, 4)
    # Of the 8 ways to swap these three, 2 have them all on one side.
    assert (row["n"], row["test"], row["p_value"]) == (12, "exact cluster permutation", 0.25)
    assert row["ci_low"] < 4 < row["ci_high"]
