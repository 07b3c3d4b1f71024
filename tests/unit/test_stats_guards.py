"""What a reader must be warned of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from maskface.stats import find_guards, summarize
from maskface.stats.guards import chi_square
from maskface.tables import GUARDS, TRIALS
from maskface.text import guard_sentences, guards_text, loss_text
from maskface.types import EMOTIONS
from tests.unit.test_stats import pairs, trial

Answers = list[tuple[str, str, str]]
OTHER = dict(zip(EMOTIONS, (*EMOTIONS[1:], EMOTIONS[0]), strict=True))
GOOD: Answers = [
    # Of each emotion ten pictures: eight right when plain, six when masked.
    (e, e if i < 8 else OTHER[e], e if 2 <= i < 8 else OTHER[e])
    for e in EMOTIONS
    for i in range(10)
]
PEOPLE = [f"S{i % 10}" for i in range(70)]


def found(trials: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    guards = find_guards(trials)
    return {(row["guard"], row["condition"]): row for _, row in guards.iterrows()}


def test_a_sound_run_has_none() -> None:
    guards = find_guards(pairs(GOOD, PEOPLE))
    assert guards.empty
    assert list(guards) == GUARDS.header
    assert guards_text(guards) == ""


def test_a_condition_without_answers_shows_no_other_people() -> None:
    trials = pairs(GOOD, PEOPLE)
    lost = trials["condition"] == "surgical"
    trials.loc[lost, ["status", "predicted", "correct"]] = ["no_face", "", None]
    assert ("many_failures", "surgical") in found(trials)
    assert ("confounded", "surgical") not in found(trials)


def test_controls_are_meant_to_be_at_chance() -> None:
    wrong: Answers = [(e, OTHER[e], OTHER[e]) for e, _, _ in GOOD]
    trials = pairs(wrong, PEOPLE)
    assert ("chance", "none") in found(trials)
    assert find_guards(trials.assign(classifier="hog:permuted=true")).empty


def test_two_people_instead_of_two_conditions() -> None:
    """All masked pictures show one man, all plain ones one woman, and masked looks better."""
    rows = [
        trial(f"{who}{i}", condition, emotion, emotion if i < right else OTHER[emotion], who)
        for condition, who, right in (("none", "woman", 5), ("surgical", "man", 9))
        for emotion in EMOTIONS
        for i in range(10)
    ]
    trials = TRIALS.frame([row | {"image_id": f"{row['label']}{row['image_id']}"} for row in rows])
    guard = found(trials)["confounded", "surgical"]
    assert guard["classifier"] == "c"
    for words in (
        "different people: 1 under surgical, 1 under none, 0 under both",
        "50 % of the answers are right under none and 90 % under surgical",
    ):
        assert words in guard["detail"]
    assert ("few_subjects", "all") in found(trials)
    nameless = found(trials.assign(subject_id=""))
    assert "different pictures" in nameless["confounded", "surgical"]["detail"]
    assert ("no_subjects", "all") in nameless
    summary = summarize(trials, n_resamples=20)
    assert summary[summary["condition"] == "surgical"]["loss"].isna().all()


def test_an_emotion_that_a_condition_lacks() -> None:
    trials = pairs(GOOD, PEOPLE)
    lacking = trials[(trials["condition"] == "none") | (trials["label"] != "fear")]
    assert (
        "No picture of fear has an answer under surgical"
        in (found(lacking)["missing_emotion", "surgical"]["detail"])
    )
    two = pairs([row for row in GOOD if row[0] in ("happiness", "neutral")], PEOPLE[:20])
    guards = found(two)
    assert (
        "No picture of anger, disgust, fear, sadness or surprise has an answer without a cover"
        in guards["missing_emotion", "none"]["detail"]
    )
    assert ("missing_emotion", "surgical") not in guards  # said once


def test_failures_that_depend_on_the_emotion() -> None:
    rows = [
        (label, "" if label == "fear" and i % 10 < 8 else plain, masked)
        for i, (label, plain, masked) in enumerate(GOOD)
    ]
    trials = pairs(rows, PEOPLE)
    trials = trials.assign(status=trials["status"].where(trials["predicted"] != "", "no_face"))
    guards = found(trials)
    detail = guards["failures_by_emotion", "none"]["detail"]
    assert "fear 8 of 10" in detail
    assert "anger 0 of 10" in detail
    assert "8 of 70 pictures (11 %)" in guards["many_failures", "none"]["detail"]
    even = [(a, "" if i % 10 == 0 else b, c) for i, (a, b, c) in enumerate(GOOD)]
    assert not any(guard == "failures_by_emotion" for guard, _ in found(pairs(even, PEOPLE)))


def test_monte_carlo_p_is_near_fishers() -> None:
    table = pd.DataFrame([[8, 2], [3, 9]]).to_numpy()
    assert chi_square(table)[1] == pytest.approx(fisher_exact(table).pvalue, abs=0.01)


def test_few_and_unknown_subjects() -> None:
    assert (
        "Only 3 subjects are shown"
        in (found(pairs(GOOD, [f"S{i % 3}" for i in range(70)]))["few_subjects", "all"]["detail"])
    )
    nameless = found(pairs(GOOD))["no_subjects", "all"]["detail"]
    assert "70 of 70 pictures have no subject id" in nameless
    assert nameless.endswith("in the column subject of an index.csv.")
    partly = found(pairs(GOOD, ["", *PEOPLE[1:]]))
    assert "1 of 70 pictures" in partly["no_subjects", "all"]["detail"]


def test_ceiling() -> None:
    rows = [(label, label, masked) for label, _, masked in GOOD]
    assert "100 % of the plain faces" in found(pairs(rows, PEOPLE))["ceiling", "none"]["detail"]


def test_chance_and_floor() -> None:
    guessed = [(label, EMOTIONS[i % 7], masked) for i, (label, _, masked) in enumerate(GOOD)]
    guards = found(pairs(guessed, PEOPLE))
    assert "14 % of always answering the commonest" in guards["chance", "none"]["detail"]
    lost = [(label, plain, EMOTIONS[i % 7]) for i, (label, plain, _) in enumerate(GOOD)]
    guards = found(pairs(lost, PEOPLE))
    assert ("chance", "none") not in guards
    assert "hides more could not show" in guards["floor", "surgical"]["detail"]
    blind = [(a, "anger" if a == "fear" else b, c) for a, b, c in GOOD]
    floor = found(pairs(blind, PEOPLE))["floor", "none"]
    assert floor["label"] == "fear"
    assert "in 0 of 10 pictures" in floor["detail"]


def test_one_answer_to_everything() -> None:
    rows = [
        (label, plain, "neutral" if i % 10 < 7 else masked)
        for i, (label, plain, masked) in enumerate(GOOD)
    ]
    guard = found(pairs(rows, PEOPLE))["dominant_answer", "surgical"]
    assert guard["label"] == "neutral"
    assert "are neutral, but only 14 % of the pictures" in guard["detail"]


def test_an_occluder_that_brings_out_one_answer_is_named() -> None:
    def rows(n: int) -> Answers:
        """Plain, 2 of 60 unhappy faces are called happy; masked, n of them."""
        unhappy = [i for i, (label, *_) in enumerate(GOOD) if label != "happiness"]
        happy = set(sorted(unhappy, key=lambda i: i % 10)[:n])
        return [
            (label, plain, "happiness" if i in happy else label)
            for i, (label, plain, _) in enumerate(GOOD)
        ]

    guards = found(pairs(rows(11), PEOPLE))  # by 9 of 60: 15 points
    guard = guards["false_alarms", "surgical"]
    assert guard["label"] == "happiness"
    assert guard["detail"].startswith(
        "Under surgical, 18 % of the faces of other emotions are called happiness, 3 % plain: "
    )
    assert not any(name == "dominant_answer" for name, _ in guards)
    assert ("false_alarms", "surgical") not in found(pairs(rows(10), PEOPLE))
    # As many on plain faces: the occluder does not bring them out.
    alike = [(label, masked, masked) for label, _, masked in rows(11)]
    assert ("false_alarms", "surgical") not in found(pairs(alike, PEOPLE))
    # One of six pictures is too few to tell.
    few = [("fear", "fear", "fear")] * 5 + [("fear", "fear", "happiness")]
    assert ("false_alarms", "surgical") not in found(pairs(few, PEOPLE[:6]))


def test_an_emotion_that_few_of_many_people_show() -> None:
    people = [
        f"S{i % 10}" if label != "fear" else f"S{i % 4}" for i, (label, *_) in enumerate(GOOD)
    ]
    guard = found(pairs(GOOD, people))["few_subjects", "none"]
    assert "Of 10 subjects few show some emotions (fear 4)" in guard["detail"]


def test_guards_are_said_after_the_losses() -> None:
    trials = pairs(GOOD)
    text = loss_text(summarize(trials, n_resamples=20), find_guards(trials))
    assert text.splitlines()[-1].startswith("Caution: 70 of 70 pictures have no subject id")
    plain = trials[trials["condition"] == "none"]
    assert "Caution" in loss_text(summarize(plain, n_resamples=20), find_guards(plain))


def test_alike_guards_are_said_once_and_only_the_first() -> None:
    rows = [
        {"run_id": "r", "dataset": "d", "condition": f"m{i}", "label": "all", "guard": "floor",
         "classifier": name, "detail": f"Too dark {i}."}
        for name in ("a", "b") for i in range(7)
    ]  # fmt: skip
    guards = GUARDS.frame(rows)
    assert guard_sentences(guards)[0] == "a, b: Too dark 0."
    lines = guards_text(guards).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "Caution: 2 more in guards.csv."


def test_one_file_under_several_names() -> None:
    """Three names of one file with two labels and one subject, two of another with one of both."""
    trials = pairs(GOOD, PEOPLE)
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    files = pd.DataFrame(
        {
            "run_id": "r", "dataset": "set", "image_id": names, "sha256": [*"xyxyx"],
            "label": ["anger", "fear", "anger", "fear", "fear"], "subject_id": "S1",
        }
    )  # fmt: skip
    (row,) = find_guards(trials, files).to_dict("records")
    assert (row["guard"], row["dataset"]) == ("same_picture", "set")
    assert {row[of] for of in ("classifier", "condition", "label")} == {"all"}
    assert row["detail"].startswith(
        "5 pictures are the same file as another (3 of them with another label, 0 with another "
        "subject), such as a.jpg and c.jpg: "
    )
    assert find_guards(trials, files.iloc[:0]).empty


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([40.0] * 297 + [25.0, 13.0, 13.0], ""),  # two of 300 are too few
        ([40.0] * 297 + [23.0, 13.0, 13.0], "3 of 300 faces have less than 24 px"),
        ([210.0] * 98 + [69.0, 71.0], "1 of 100 faces have less than 70 px (half of all 210 px"),
        ([210.0] * 98 + [71.0, 71.0], ""),
        # Scenes with faces of all sizes: only those without landmarks are too small.
        ([30.0 + 4 * i for i in range(100)], ""),
        ([20.0 + 4 * i for i in range(100)], "1 of 100 faces have less than 24 px"),
        ([], ""),
    ],
)
def test_faces_that_may_be_no_faces(sizes: list[float], words: str) -> None:
    guards = find_guards(pairs(GOOD, PEOPLE), face_sizes=np.array(sizes))
    assert [*guards["guard"]] == (["tiny_face"] if words else [])
    assert all(words in detail for detail in guards["detail"])


@pytest.mark.parametrize(("rolls", "n"), [([61, -179.5, 90, -61], 4), ([59, -59, 30, -30], 0)])
def test_heads_that_lie_on_their_side_or_upside_down(rolls: list[float], n: int) -> None:
    """4 of 70 heads; their size under an occluder, and the heads without one, do not count."""
    trials = pairs(GOOD, PEOPLE)
    plain = trials.index[trials["condition"] == "none"]
    trials["roll_deg"] = 80.0
    trials.loc[plain, "roll_deg"] = 2.0
    trials.loc[plain[-1], "roll_deg"] = float("nan")
    trials.loc[plain[: len(rolls)], "roll_deg"] = rolls
    found_rows = found(trials)
    assert [guard for guard, _ in found_rows] == (["large_roll"] if n else [])
    if n:
        row = found_rows["large_roll", "all"]
        assert "4 of 69 heads are turned by more than 60 degrees" in row["detail"]
        trials.loc[plain[0], "roll_deg"] = 2.0  # 3 of 69 are less than 5 %
        assert not found(trials)
