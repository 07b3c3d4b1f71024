"""Scores, exclusions and summaries of human observers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, permutation_test

from maskface.errors import MaskfaceError
from maskface.findings import compare_run, human_answers
from maskface.humans import (
    Study,
    check_study,
    human_guards,
    odds_ratios,
    of_question,
    read_study,
    study_text,
    summarize_humans,
    write_study,
)
from maskface.stats import flip_test
from maskface.tables import GUARDS, RESPONSES, SUMMARY
from maskface.types import EMOTIONS

COLUMNS = (
    "[columns]\nobserver='o'\nidentity='i'\nemotion='e'\ncondition='c'\nresponse='r'\nrt='t'\n"
)
YES_NO = 'design = "yes_no"\n' + COLUMNS + "question='q'\n"


def study_of(folder: Path, rows: Sequence[tuple[object, ...]], own: str) -> Study:
    names = ["o", "i", "e", "c", "r", "t", "q"][: len(rows[0])]
    pd.DataFrame(rows, columns=names).to_csv(folder / "t.csv", index=False)
    (folder / "map.toml").write_text(own, encoding="utf-8")
    return read_study([folder / "t.csv"], folder / "map.toml")


def asked(
    observer: str, condition: str, hits: tuple[int, int], alarms: tuple[int, int]
) -> list[tuple[object, ...]]:
    """Yes/no trials of "is this person angry?": (yes, trials) to angry and to happy faces."""
    rows: list[tuple[object, ...]] = []
    for shown, (yes, n) in (("angry", hits), ("happy", alarms)):
        rows += [(observer, "m", shown, condition, int(i < yes), 500, "angry") for i in range(n)]
    return rows


def one(summary: pd.DataFrame, condition: str, metric: str, label: str) -> pd.Series:
    chosen = (summary["condition"] == condition) & (summary["metric"] == metric)
    found = summary[chosen & (summary["label"] == label)]
    assert len(found) == 1
    return found.iloc[0]


def test_yes_no_by_hand(tmp_path: Path) -> None:
    rows = [
        *asked("a", "none", (3, 4), (1, 10)),
        *asked("a", "mask", (3, 4), (5, 10)),
        *asked("b", "none", (4, 4), (0, 10)),
        *asked("b", "mask", (2, 4), (2, 10)),
        *asked("c", "none", (4, 4), (0, 10)),  # never saw a mask: is not compared
    ]
    summary = summarize_humans(study_of(tmp_path, rows, YES_NO).responses)
    hits = one(summary, "mask", "recall", "anger")
    assert (hits["baseline"], hits["value"]) == pytest.approx(((0.75 + 1) / 2, (0.75 + 0.5) / 2))
    assert hits["n_clusters"] == 2
    alarms = one(summary, "mask", "false_alarm_rate", "anger")
    assert (alarms["baseline"], alarms["value"]) == pytest.approx((0.05, 0.35))
    assert alarms["loss"] == pytest.approx(-0.3)
    # (hits + 1/2) / (n + 1) against (false alarms + 1/2) / (n + 1), as in Hautus 1995.
    by_hand = [
        norm.ppf((h + 0.5) / 5) - norm.ppf((f + 0.5) / 11)
        for h, f in ((3, 1), (4, 0), (3, 5), (2, 2))
    ]
    dprime = one(summary, "mask", "dprime", "anger")
    assert dprime["baseline"] == pytest.approx(np.mean(by_hand[:2]), abs=1e-6)
    assert dprime["value"] == pytest.approx(np.mean(by_hand[2:]), abs=1e-6)
    right = one(summary, "mask", "accuracy", "all")
    assert right["baseline"] == pytest.approx((12 / 14 + 1) / 2, abs=1e-6)
    assert right["value"] == pytest.approx((8 / 14 + 10 / 14) / 2, abs=1e-6)
    overall = one(summary, "mask", "hit_rate", "all")
    assert overall["loss"] == pytest.approx(hits["loss"])
    assert set(summary["clustered_by"]) == {"observer"}
    plain = one(summary, "none", "recall", "anger")
    assert (plain["n_clusters"], plain["value"]) == (3, pytest.approx((0.75 + 1 + 1) / 3, abs=1e-6))


def choices(observers: int, images: int, seed: int) -> list[tuple[object, ...]]:
    rng = np.random.default_rng(seed)
    shown = ("anger", "happiness", "disgust")
    rows: list[tuple[object, ...]] = []
    for o, i, e, c in product(range(observers), range(images), shown, ("none", "mask")):
        right = rng.random() < (0.9 if c == "none" else 0.5)
        wrong = "anger" if e == "disgust" else str(rng.choice(shown))
        rows.append((f"o{o}", f"i{i}", e, c, e if right else wrong, 400 + i))
    return rows


def test_choices_are_means_over_observers(tmp_path: Path) -> None:
    rows = choices(12, 4, seed=1)
    study = study_of(tmp_path, rows[:-3], COLUMNS)  # one observer has fewer trials
    summary = SUMMARY.check(summarize_humans(study.responses))
    means = study.responses.astype({"correct": float}).pivot_table(
        index="observer_id", columns="condition", values="correct"
    )
    found = one(summary, "mask", "accuracy", "all")
    assert found["baseline"] == pytest.approx(means["none"].mean(), abs=1e-6)
    assert found["value"] == pytest.approx(means["mask"].mean(), abs=1e-6)
    losses = means["none"] - means["mask"]
    assert found["dz"] == pytest.approx(losses.mean() / losses.std(), abs=1e-6)
    assert found["ci_low"] < found["loss"] < found["ci_high"]
    taken = one(summary, "mask", "answered_anger", "disgust")
    masked = study.responses[study.responses["condition"] == "mask"]
    as_anger = (masked["label"] == "disgust") & (masked["predicted"] == "anger")
    assert taken["value"] == as_anger.sum()
    assert not set(summary["metric"]) & {"log_loss", "brier", "ece", "p_true"}


def test_crossed_intervals_need_the_people_shown(tmp_path: Path) -> None:
    study = study_of(tmp_path, choices(8, 6, seed=2), COLUMNS)
    crossed = summarize_humans(study.responses, crossed=True)
    assert set(crossed["clustered_by"]) == {"observer x subject"}
    wide, narrow = (
        one(s, "mask", "accuracy", "all") for s in (crossed, summarize_humans(study.responses))
    )
    assert wide["loss"] == pytest.approx(narrow["loss"], abs=1e-6)  # a balanced design
    assert wide["ci_high"] - wide["ci_low"] > narrow["ci_high"] - narrow["ci_low"]
    nobody = study.responses.assign(subject_id="")
    with pytest.raises(MaskfaceError, match="name the column of the identity"):
        summarize_humans(nobody, crossed=True)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.sampled_from(EMOTIONS), st.booleans())))
@settings(deadline=None)
def test_recoding_keeps_yes_and_no_apart(trials: list[tuple[str, str, bool]]) -> None:
    frame = pd.DataFrame(trials, columns=["label", "question", "answer_yes"])
    frame["answer_yes"] = frame["answer_yes"].astype(float)
    for emotion in EMOTIONS:
        found = of_question(frame, emotion)
        assert len(found) == sum(q == emotion for _, q, _ in trials)
        assert ((found["predicted"] == emotion) == (found["answer_yes"] == 1)).all()
        assert set(found["predicted"]) <= set(EMOTIONS)


@pytest.mark.parametrize("n", [3, 8, 13])
def test_sign_flips_are_those_of_scipy(n: int) -> None:
    x = np.random.default_rng(n).normal(0.4, 1, n)
    truth = permutation_test(
        [x], np.mean, permutation_type="samples", n_resamples=2**n, vectorized=False
    )
    found = flip_test(x[:, None], seed=0)
    assert (found.exact, found.n_tried) == (True, 2**n)
    assert found.p_value[0] == pytest.approx(truth.pvalue)


def test_random_sign_flips_are_near_the_t_test() -> None:
    x = np.random.default_rng(5).normal(0.2, 1, 200)
    found = flip_test(x[:, None], seed=0)
    z = x.mean() / (x.std(ddof=1) / np.sqrt(len(x)))
    assert (found.exact, found.n_tried) == (False, 20_000)
    assert found.p_value[0] == pytest.approx(2 * norm.sf(abs(z)), abs=0.01)
    assert flip_test(x[:, None], seed=0).p_value[0] == found.p_value[0]


def test_exclusions_are_applied_in_order_and_counted(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = []
    for name, right, rt in (("a", 4, 500), ("slow", 4, 9000), ("guess", 0, 500), ("out", 4, 500)):
        for c, k in product(("none", "mask"), range(4)):
            rows.append((name, "m", "anger", c, "anger" if k < right else "fear", rt))
    rows.append(("a", "m", "anger", "mask", "", 500))
    rows.append(("a", "m", "anger", "mask", "anger", 50))
    rows.append(("few", "m", "anger", "none", "anger", 500))
    rules = (
        "[exclude]\nobservers=['out']\nrt_ms_below=100\nrt_ms_above=5000\nmin_trials=2\n"
        "plain_accuracy_below=0.2\n"
    )
    study = study_of(tmp_path, rows, COLUMNS + rules)
    table = study.exclusions.set_index("rule")
    assert table["n_trials"].to_dict() == {
        "row that is no trial": 0,
        "value that the map skips": 0,
        "no answer": 1,
        "observer left out by name": 8,
        "answered in less than 100 ms": 1,
        "answered after more than 5000 ms": 8,
        "observer with fewer than 2 answered trials": 1,
        "observer with a share of right answers to plain faces below 0.2": 8,
    }
    assert list(table["n_observers_left"])[-1] == 1
    assert list(study.exclusions["n_trials_left"])[-1] == len(study.counted) == 8
    assert len(study.responses) == len(rows)
    summary = summarize_humans(study.responses)
    assert one(summary, "mask", "accuracy", "all")["n"] == 4
    assert one(summary, "mask", "accuracy", "all")["n_missing"] == 14


def test_values_may_be_skipped_or_count_as_no_answer(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [
        ("a", "m", "contempt", "none", "anger", 1), ("a", "m", "anger", "none", "other", 1),
        ("a", "m", "anger", "practice", "anger", 1), ("a", "m", "anger", "none", "anger", 1),
        ("a", "m", "anger", "mask", "pause", 1),
    ]  # fmt: skip
    values = (
        '[values.emotion]\ncontempt="skip"\n[values.condition]\npractice="skip"\n'
        '[values.response]\nother="no_answer"\npause="skip"\n'
    )
    study = study_of(tmp_path, rows, COLUMNS + values)
    assert list(study.responses["status"]) == ["no_answer", "ok"]
    assert list(study.exclusions["n_trials"]) == [0, 3, 1]


@pytest.mark.slow
def test_folder_of_a_study(tmp_path: Path) -> None:
    study = study_of(tmp_path, choices(6, 3, seed=3), COLUMNS)
    summary = summarize_humans(study.responses)
    paths = write_study(study, summary, tmp_path / "out", seed=0)
    assert [path.name for path in paths] == [
        "responses.csv", "summary.csv", "exclusions.csv", "guards.csv", "study.json",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(RESPONSES.read(paths[0]), study.responses)
    pd.testing.assert_frame_equal(SUMMARY.read(paths[1]), summary)
    manifest = json.loads(paths[-1].read_text(encoding="utf-8"))
    assert manifest["observers"] == {"in_files": 6, "counted": 6}
    assert manifest["files"]["responses.csv"]["rows"] == len(study.responses)
    assert manifest["sources"][0]["name"] == "t.csv"
    with pytest.raises(MaskfaceError, match="new or empty folder"):
        write_study(study, summary, tmp_path / "out", seed=0)
    text = study_text(study, summary)
    assert "6 observers count" in text
    assert "Only 6 observers" in text
    assert "condition  emotion    observers" in text
    crossed = study_text(study, summarize_humans(study.responses, crossed=True))
    assert "condition  emotion    clusters" in crossed
    assert "people shown (clusters: whichever are fewer)" in crossed


def test_condition_that_shows_other_people_is_guarded(tmp_path: Path) -> None:
    rows = [(o, "woman" if c == "none" else "man", e, c, r, t) for o, _, e, c, r, t in choices(
        9, 4, seed=4)]  # fmt: skip
    study = study_of(tmp_path, rows, COLUMNS)
    guards = GUARDS.check(human_guards(study))
    assert "confounded" in set(guards["guard"])
    assert not {"no_subjects"} & set(guards["guard"])


def test_faces_without_names_are_guarded(tmp_path: Path) -> None:
    def guards(image: Callable[[str, str], str], identity: str = "") -> dict[str, str]:
        rows = [(o, identity, e, c, r, t, image(str(i), str(c)))
                for o, i, e, c, r, t in choices(9, 4, 4)]  # fmt: skip
        named = COLUMNS + "image='q'\n"
        found = GUARDS.check(human_guards(study_of(tmp_path, rows, named)))
        return dict(zip(found["guard"], found["detail"], strict=True))

    other = guards(lambda image, condition: f"{image}_{condition}.jpg")
    assert other["unidentified"].startswith(
        "Condition and pictures are confounded: none of the 4 pictures under mask is among the 4 "
        "under none, and 216 of 216 trials do not name"
    )
    one_shared = guards(lambda image, condition: image if image == "i0" else image + condition)
    assert "confounding cannot be excluded" in one_shared["unidentified"]
    assert "confounding cannot be excluded" in guards(lambda *_: "")["unidentified"]
    assert not {"unidentified", "confounded"} & set(guards(lambda *_: "", identity="m"))
    assert "confounded" not in other


def by_hand() -> list[tuple[object, ...]]:
    """Four observers with unequal trials: three plain and masked, and one who saw masks alone."""
    rows: list[tuple[object, ...]] = []
    for observer, c, right, n in (
        ("a", "none", 9, 10), ("a", "mask", 1, 5), ("b", "none", 4, 8), ("b", "mask", 3, 4),
        ("c", "none", 5, 5), ("c", "mask", 4, 10), ("d", "mask", 6, 6),
    ):  # fmt: skip
        rows += [(observer, "m", "anger", c, "anger" if k < right else "fear", 500 + k)
                 for k in range(n)]  # fmt: skip
    return rows


def test_unequal_and_unpaired_observers_by_hand(tmp_path: Path) -> None:
    summary = summarize_humans(study_of(tmp_path, by_hand(), COLUMNS).responses)
    row = one(summary, "mask", "accuracy", "all")
    losses = np.array([0.9 - 0.2, 0.5 - 0.75, 1.0 - 0.4])
    assert row["baseline"] == pytest.approx((0.9 + 0.5 + 1.0) / 3, abs=1e-6)
    assert row["value"] == pytest.approx((0.2 + 0.75 + 0.4) / 3, abs=1e-6)
    assert row["loss"] == pytest.approx(losses.mean(), abs=1e-6)
    assert row["dz"] == pytest.approx(losses.mean() / losses.std(ddof=1), abs=1e-6)
    assert row["n_clusters"] == 3
    # Of the 8 ways to flip signs, those whose mean is as far from 0.
    means = [abs(np.dot(signs, losses)) for signs in product((1, -1), repeat=3)]
    assert row["p_value"] == pytest.approx(np.mean([m >= losses.sum() - 1e-9 for m in means]))
    assert row["test"] == "exact cluster permutation"


def test_false_alarms_keep_signs_and_limits_in_order(tmp_path: Path) -> None:
    rates = [(1, 10, 5, 10), (0, 8, 3, 12), (2, 9, 5, 9), (0, 5, 4, 8), (3, 10, 6, 9)]
    rows = [
        row
        for k, (plain, n_plain, masked, n_masked) in enumerate(rates)
        for row in (*asked(f"o{k}", "none", (3, 4), (plain, n_plain)),
                    *asked(f"o{k}", "mask", (2, 5), (masked, n_masked)))
    ]  # fmt: skip
    summary = summarize_humans(study_of(tmp_path, rows, YES_NO).responses)
    row = one(summary, "mask", "false_alarm_rate", "anger")
    before, after = (np.array([r[i] / r[i + 1] for r in rates]) for i in (0, 2))
    assert row["baseline"] == pytest.approx(before.mean(), abs=1e-6)
    assert row["value"] == pytest.approx(after.mean(), abs=1e-6)
    rise = after - before
    assert row["loss"] == pytest.approx(-rise.mean(), abs=1e-6)
    assert row["dz"] == pytest.approx(-rise.mean() / rise.std(ddof=1), abs=1e-6)
    assert row["ci_low"] < row["loss"] < row["ci_high"] < 0
    assert row["value_ci_low"] < row["value"] < row["value_ci_high"]
    assert row["value_ci_low"] > row["baseline"]  # limits of the masked rate, not of the plain one


def test_holm_is_over_the_tests_of_one_measure(tmp_path: Path) -> None:
    rows = [
        (f"o{o}", "m", e, c, e if (o * 7 + k * 3) % 10 < right else "fear", 500)
        for o in range(9)
        for c, right in (("none", 9), ("mask", 4), ("veil", 8))
        for e in ("anger", "disgust")
        for k in range(4)
    ]
    summary = summarize_humans(study_of(tmp_path, rows, COLUMNS).responses)
    tested = summary[summary["p_value"].notna()]
    assert len(tested[tested["metric"] == "recall"]) == 4
    for _, family in tested.groupby(["metric", tested["label"] == "all"]):
        ordered = family.sort_values("p_value")
        raised = ordered["p_value"] * np.arange(len(family), 0, -1)
        np.testing.assert_allclose(ordered["p_adjusted"], raised.cummax().clip(upper=1))


def test_excluded_trials_are_in_no_odds_ratio_and_no_plain_accuracy(tmp_path: Path) -> None:
    slow: list[tuple[object, ...]] = [
        ("slow", "m", "anger", c, "fear", 9000) for c in ("none", "mask") for _ in range(20)
    ]
    kept = study_of(tmp_path, by_hand(), COLUMNS)
    rule = COLUMNS + "[exclude]\nrt_ms_above = 5000\n"
    study = study_of(tmp_path, [*by_hand(), *slow], rule)
    fits = [odds_ratios(one.responses) for one in (kept, study)]
    assert fits[0].n == fits[1].n == 48
    assert fits[0].odds_ratios == fits[1].odds_ratios
    # b is right in 4 of 8 plain trials, and in 7 of all 12: plain faces alone are judged.
    rule = COLUMNS + "[exclude]\nplain_accuracy_below = 0.55\n"
    strict = study_of(tmp_path, by_hand(), rule)
    assert set(strict.counted["observer_id"]) == {"a", "c", "d"}


def test_seeds_decide_intervals_and_flips(tmp_path: Path) -> None:
    study = study_of(tmp_path, choices(16, 3, seed=5), COLUMNS)
    first, again, other = (summarize_humans(study.responses, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    for column in ("ci_low", "value_ci_high", "p_value"):
        assert not first[column].equals(other[column])


def test_damaged_folders_of_studies_are_refused(tmp_path: Path) -> None:
    study = study_of(tmp_path, choices(6, 3, seed=3), COLUMNS)
    out = tmp_path / "out"
    paths = write_study(study, summarize_humans(study.responses), out, seed=0)
    check_study(out)
    assert human_answers(out).observers == 6
    for path in paths:
        kept = path.read_bytes()
        for damage in (kept[: len(kept) // 2], b"\0" * len(kept), b""):
            path.write_bytes(damage)
            with pytest.raises(MaskfaceError, match=rf"{path.name} (is damaged|has changed)"):
                check_study(out)
        path.unlink()
        if path.suffix == ".csv":
            with pytest.raises(MaskfaceError, match=rf"{path.name} is missing"):
                check_study(out)
        path.write_bytes(kept)
    lines = paths[0].read_text(encoding="utf-8").splitlines(keepends=True)
    paths[0].write_text("".join(lines[:-5]), encoding="utf-8")
    for use in (human_answers, compare_run):
        with pytest.raises(MaskfaceError, match=r"responses\.csv has changed"):
            use(out)


def test_odds_ratio_of_a_table_by_hand(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = []
    for observer in range(60):  # each 9 of 10 plain and 6 of 10 covered: no cluster differs
        for c, right in (("none", 9), ("mask", 6)):
            rows += [
                (observer, "m", "anger", c, "anger" if k < right else "fear", 1) for k in range(10)
            ]
    fit = odds_ratios(study_of(tmp_path, rows, COLUMNS).responses)
    assert fit.odds_ratios[0].odds_ratio == pytest.approx((6 / 4) / (9 / 1))
