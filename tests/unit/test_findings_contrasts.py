"""Answers counted by unit, and contrasts drawn together, against the measures of the summary."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.findings.answers import observer_answers, picture_answers
from maskface.findings.rules import Contrast, Drawn, loss, loss_beyond
from maskface.humans import of_question
from maskface.stats import compare, estimate, get_metrics, least_error, summarize
from maskface.stats.summary import both_and_loss
from maskface.tables import RESPONSES, TRIALS
from maskface.types import EMOTIONS

Counts = dict[tuple[str, str, str], tuple[int, int]]
CONDITIONS = ("none", "surgical", "cloth")


def trials_of(seed: int, *, people: int = 9, failing: float = 0.1) -> pd.DataFrame:
    """Pictures of some people, answered at random, some not at all."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for k in range(6):
            label = EMOTIONS[rng.integers(4)]
            for condition in CONDITIONS:
                ok = rng.random() >= failing
                answer = label if rng.random() < 0.6 else EMOTIONS[rng.integers(7)]
                rows.append(
                    {"run_id": "r", "dataset": "d", "image_id": f"{person}-{k}",
                     "subject_id": f"s{person}", "label": label, "condition": condition,
                     "classifier": "c", "predicted": answer if ok else "", "seed": 0,
                     "status": "ok" if ok else "no_face",
                     "correct": int(answer == label) if ok else None}
                )  # fmt: skip
    return TRIALS.frame(rows)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_losses_are_those_of_compare_and_estimate(seed: int) -> None:
    # With few people a recall takes few values, and ends of intervals jump from one to the next.
    trials = trials_of(seed, people=30)
    answers = picture_answers([trials])["c"]
    renamed = trials.replace({"condition": {"none": "x", "cloth": "none"}})
    for rows, pair in ((trials, ("none", "surgical")), (renamed, ("cloth", "surgical"))):
        comparison = compare(rows, "surgical")
        for metric, emotion in (("accuracy", None), ("recall", "disgust")):
            found = {e.label: e for e in estimate(comparison, get_metrics(metric), seed=3)}
            expected = found[emotion or "all"]
            contrast = loss(answers.right(*pair), emotion)
            (one,) = Drawn([contrast], 3).intervals(0.95)
            if np.isnan(expected.low):
                assert one is None
                continue
            assert one is not None
            assert one[0] == pytest.approx(expected.loss)
            # The draws may be others: the same units in other columns.
            assert one[1] == pytest.approx(expected.low, abs=0.06)
            assert one[2] == pytest.approx(expected.high, abs=0.06)
            assert contrast.n_units == expected.n_clusters


def test_the_same_draws_serve_all_contrasts_over_the_same_units() -> None:
    answers = picture_answers([trials_of(1, failing=0.0)])["c"]
    pairs = list(combinations(CONDITIONS, 2))
    each = [Drawn([loss(answers.right(*pair))], 5).intervals(0.95)[0] for pair in pairs]
    together = Drawn([loss(answers.right(*pair)) for pair in pairs], 5).intervals(0.95)
    for one, other in zip(each, together, strict=True):
        assert one == pytest.approx(other, abs=0.02)
    # a - b and b - c add up to a - c: in the same draws, exactly
    first, whole, second = (c for c in (loss(answers.right(*pair)) for pair in pairs))
    signs = np.concatenate([first.signs, second.signs, -whole.signs])
    shares = np.concatenate([first.shares, second.shares, whole.shares], axis=1)
    nothing = Contrast(shares, signs, first.there, first.n_units, least=1e-8)
    assert Drawn([first, nothing], 5).intervals(0.95)[1] == pytest.approx((0, 0, 0), abs=1e-7)


def test_a_higher_level_is_wider_and_from_the_same_draws() -> None:
    answers = picture_answers([trials_of(2)])["c"]
    counts = answers.right("none", "surgical")
    drawn = Drawn([loss_beyond(counts, "disgust", other) for other in ("anger", "fear")], 0)
    for usual, strict in zip(drawn.intervals(0.95), drawn.intervals(0.99), strict=True):
        assert usual is not None
        assert strict is not None
        assert strict[0] == usual[0]
        assert strict[1] <= usual[1] <= usual[2] <= strict[2]


def test_loss_beyond_by_hand() -> None:
    # Three people with two faces of each emotion: anger is lost in 1 of 6, disgust in 4 of 6.
    rows = []
    for person, lost in (
        ("s0", {"anger": 1, "disgust": 2}),
        ("s1", {"anger": 0, "disgust": 1}),
        ("s2", {"anger": 0, "disgust": 1}),
    ):
        for label, n in lost.items():
            for k in range(2):
                for condition in ("none", "surgical"):
                    right = condition == "none" or k >= n
                    rows.append(
                        {"run_id": "r", "dataset": "d", "image_id": f"{person}{label}{k}",
                         "subject_id": person, "label": label, "condition": condition,
                         "classifier": "c", "predicted": label if right else "neutral",
                         "status": "ok", "correct": int(right), "seed": 0}
                    )  # fmt: skip
    answers = picture_answers([TRIALS.frame(rows)])["c"]
    counts = answers.right("none", "surgical")
    (found, missing) = Drawn(
        [loss_beyond(counts, "disgust", "anger"), loss_beyond(counts, "disgust", "fear")], 0
    ).intervals(0.95)
    assert found is not None
    assert found[0] == pytest.approx(4 / 6 - 1 / 6)
    assert missing is None  # no fear was shown
    taken = answers.taken_for("none", "surgical", "disgust", "neutral")
    assert taken.totals[:, 1, 0, 0].tolist() == [2, 1, 1]
    assert taken.totals[:, 0, 1, 0].tolist() == [2, 2, 2]


def test_pieces_give_what_the_whole_gives() -> None:
    trials = trials_of(4)
    whole = picture_answers([trials])["c"]
    shuffled = trials.sample(frac=1, random_state=0)
    pieces = picture_answers([shuffled.iloc[at : at + 17] for at in range(0, len(trials), 17)])
    for pair in combinations(CONDITIONS, 2):
        one, other = whole.right(*pair), pieces["c"].right(*pair)
        np.testing.assert_array_equal(one.totals, other.totals)
        np.testing.assert_array_equal(one.there, other.there)


def test_two_answers_to_one_picture_and_unknown_words_are_refused() -> None:
    trials = trials_of(0, failing=0.0)
    with pytest.raises(
        MaskfaceError, match=r"two answers of c to the picture 0-0 under cloth\. Delete"
    ):
        picture_answers([trials, trials.iloc[:1]])
    with pytest.raises(MaskfaceError, match="'joy', which is none of"):
        picture_answers([trials.replace({"label": {trials["label"].iloc[0]: "joy"}})])
    with pytest.raises(MaskfaceError, match="maskface summarize"):
        picture_answers([trials])["c"].right("none", "ffp2")


def test_observers_count_as_much_as_each_other_whatever_they_answered() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for observer in range(7):
        for number in range(20 + 5 * observer):
            label, question = (
                ("anger", "disgust")[rng.integers(2)],
                ("anger", "disgust")[rng.integers(2)],
            )
            yes = int(rng.random() < 0.6)
            rows.append(
                {"run_id": "r", "dataset": "d", "observer_id": f"o{observer}", "trial": number,
                 "classifier": f"human:o{observer}", "image_id": f"{label}{number}",
                 "label": label, "condition": ("none", "cover")[rng.integers(2)], "status": "ok",
                 "question": question, "answer_yes": yes,
                 "correct": int(yes == (question == label))}
            )  # fmt: skip
    responses = RESPONSES.frame(rows)
    answers = observer_answers(responses)
    asked = of_question(responses, "anger")
    asked = asked[asked["label"] == "disgust"]
    comparison = compare(asked, "cover", by="observer_id", paired=False)
    expected = next(
        e
        for e in estimate(
            comparison,
            get_metrics("answer_share"), average="clusters", seed=1,
        )
        if e.label == "anger"
    )  # fmt: skip
    # The share of an answer moves less by one trial than the answer itself.
    share = partial(both_and_loss, get_metrics("answer_share"))
    least = least_error(comparison.flat.sum(axis=0), comparison.changed_pictures(), share)
    contrast = loss(answers.taken_for("none", "cover", "disgust", "anger"))
    n = comparison.counts()[0].sum(), comparison.counts()[1].sum()
    assert contrast.least == pytest.approx(np.sqrt(2) / (min(n) + 1))
    contrast = replace(contrast, least=least[2 * len(EMOTIONS)])
    (one,) = Drawn([contrast], 1).intervals(0.95)
    assert one == pytest.approx((expected.loss, expected.low, expected.high))
    assert contrast.n_units == expected.n_clusters


def test_units_are_those_of_the_summary() -> None:
    # A trial without an answer does not say who is shown, and makes pictures the units of its
    # classifier alone.
    trials = pd.concat([trials_of(3), trials_of(3).assign(classifier="d")], ignore_index=True)
    failed = trials.index[(trials["classifier"] == "d") & (trials["status"] != "ok")][0]
    trials.loc[failed, "subject_id"] = ""
    summary = summarize(trials, n_resamples=20).groupby("classifier")["clustered_by"].first()
    assert summary.to_dict() == {"c": "subject", "d": "image"}
    found = picture_answers([trials.iloc[:100], trials.iloc[100:]])
    assert len(set(found["c"].unit)) == 9
    assert len(set(found["d"].unit)) == len(found["d"].unit) > 9


def test_missing_names_are_refused() -> None:
    trials = trials_of(0)
    trials.loc[2, "condition"] = None
    with pytest.raises(MaskfaceError, match="A row of the table has no condition"):
        picture_answers([trials])


def responses_of(counts: Counts) -> pd.DataFrame:
    """Choices of observers: trials and right ones by observer, condition and shown emotion."""
    rows = [
        {"run_id": "r", "dataset": "d", "observer_id": observer, "classifier": f"human:{observer}",
         "image_id": f"{label}{k}", "label": label, "condition": condition, "status": "ok",
         "predicted": label if k < right else "neutral", "correct": int(k < right)}
        for (observer, condition, label), (n, right) in counts.items() for k in range(n)
    ]  # fmt: skip
    return RESPONSES.frame([row | {"trial": at} for at, row in enumerate(rows)])


def test_an_observer_without_an_emotion_on_one_side_has_no_loss_of_it() -> None:
    counts: Counts = {(f"o{k}", c, "fear"): (4, 3) for k in range(6) for c in ("none", "m")}
    counts |= {(f"o{k}", "none", "anger"): (4, 3) for k in range(6)} | {
        ("o0", "m", "anger"): (4, 1)
    }
    answers = observer_answers(responses_of(counts))
    contrast = loss(answers.right("none", "m"), "anger")
    assert contrast.n_units == 1
    assert loss(answers.right("none", "m"), "fear").n_units == 6
    beyond = loss_beyond(answers.right("none", "m"), "anger", "fear")
    assert beyond.n_units == 1
    assert Drawn([contrast, beyond], 0).intervals(0.95) == [None, None]


def test_one_observer_with_many_trials_counts_as_one() -> None:
    counts: Counts = {}
    for observer, n in (("a", 40), ("b", 4), ("c", 4)):
        for label in ("disgust", "fear"):
            kept = observer == "a" or label == "fear"
            counts[observer, "none", label] = (n, n)
            counts[observer, "m", label] = (n, n if kept else 0)
    right = observer_answers(responses_of(counts)).right("none", "m")
    contrast = loss_beyond(right, "disgust", "fear")
    assert contrast.n_units == 3
    (found,) = Drawn([contrast], 0).intervals(0.95)
    assert found is not None
    assert found[0] == pytest.approx(2 / 3)
