"""The split of a loss against hand-worked numbers, scikit-learn and simulated readers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from sklearn.metrics import accuracy_score, cohen_kappa_score

from maskface.analyses import TRANSFER, trained_family, transfer_table, transfer_text
from maskface.analyses.transfer import answer_totals, chances
from maskface.errors import MaskfaceError
from maskface.stats.intervals import ratio_limits
from maskface.tables import TRIALS
from maskface.types import EMOTIONS
from tests.unit.test_analyses import WRONG, row
from tests.unit.test_stats import trial

FAMILY = {"clean": "hog", "masked": "hog:train=masked", "both": "hog:train=both"}
Right = dict[tuple[str, str], tuple[str, ...]]
# Right answers of three people to two happy faces and a fearful one: (train, test).
RIGHT: Right = {
    ("clean", "plain"): ("111", "111", "110"),
    ("clean", "masked"): ("000", "100", "010"),
    ("masked", "plain"): ("100", "110", "010"),
    ("masked", "masked"): ("110", "101", "110"),
    ("both", "plain"): ("111", "111", "100"),
    ("both", "masked"): ("110", "101", "111"),
}


def answers(right: Right = RIGHT, family: dict[str, str] = FAMILY) -> pd.DataFrame:
    rows = []
    for (train, test), people in right.items():
        for person, marks in enumerate(people):
            for i, mark in enumerate(marks):
                label = "happiness" if i < 2 else "fear"
                cells = {"classifier": family[train], "coverage": 0.5}
                said = label if mark == "1" else WRONG[label]
                shown = "none" if test == "plain" else "surgical"
                rows.append(trial(f"{person}{i}", shown, label, said, f"S{person}", **cells))
    return TRIALS.frame(rows)


def number(table: pd.DataFrame, measure: str, label: str = "all", **cells: str) -> Any:
    return row(table, label, measure=measure, **cells)


def test_the_hand_worked_split() -> None:
    table = transfer_table(answers(), {"hog": FAMILY}, n_resamples=300)
    assert TRANSFER.check(table) is not None
    # Right of nine: 8 plain, 2 masked; fitted to masked 6 masked; after both 7 of each.
    cell = number(table, "accuracy", train="masked", test="masked")
    assert cell["value"] == pytest.approx(6 / 9, abs=1e-6)
    assert (cell["classifier"], cell["condition"]) == ("hog:train=masked", "surgical")
    expected = {"loss": 6, "information": 2, "shift": 4, "restored": 5, "price": 1}
    for measure, ninths in expected.items():
        found = number(table, measure)
        assert found["value"] == pytest.approx(ninths / 9, abs=1e-6)
        assert found["ci_low"] <= found["value"] <= found["ci_high"]
        assert (found["n"], found["n_clusters"], found["clustered_by"]) == (9, 3, "subject")
        assert found["classifier"] == ""
    # Fear: 2 of 3 plain, 0 masked, 1 fitted to masked.
    assert number(table, "information", "fear")["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert number(table, "shift", "fear")["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert (table["n_missing"] == 0).all()


def test_both_and_control_may_be_left_out() -> None:
    pair = {name: FAMILY[name] for name in ("clean", "masked")}
    table = transfer_table(answers(), {"hog": pair}, n_resamples=50)
    assert set(table["measure"]) == {"accuracy", "loss", "information", "shift", "shift_share"}
    assert "fitted to both" not in transfer_text(table)


def test_only_pictures_answered_in_all_cells_count() -> None:
    trials = answers()
    lost = (trials["image_id"] == "00") & (trials["classifier"] == "hog:train=both")
    trials.loc[lost & (trials["condition"] == "surgical"), ["status", "predicted"]] = "no_face", ""
    table = transfer_table(trials, {"hog": FAMILY}, n_resamples=50)
    assert (table["n_missing"] == 1).all()
    assert number(table, "accuracy", train="clean", test="plain")["value"] == pytest.approx(
        7 / 8, abs=1e-6
    )
    assert "1 pictures are left out" in transfer_text(table)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(MaskfaceError, match=r"do not hold the classifiers mlp, only hog, hog:tr"):
        transfer_table(answers(), {"mlp": {"clean": "mlp", "masked": "hog"}})
    with pytest.raises(MaskfaceError, match=r"conditions \(none\)"):
        transfer_table(answers({("clean", "plain"): ("1",)}), {"hog": FAMILY})


def test_the_share_is_empty_without_a_clear_loss() -> None:
    right = RIGHT | {("clean", "masked"): ("110", "111", "111")}
    table = transfer_table(answers(right), {"hog": FAMILY}, n_resamples=200)
    share = number(table, "shift_share")
    assert np.isnan(share["value"])
    assert share["interval"] == ""
    assert "share of it is not defined" in transfer_text(table)


def draws(rng: np.random.Generator, top: float, bottom: float) -> np.ndarray:
    noise = rng.multivariate_normal([0, 0], [[0.02, 0.012], [0.012, 0.03]], 4000)
    return np.asarray(noise + np.array([top, bottom]))[:, :, None]


@given(st.floats(-0.5, 1.5), st.integers(5, 60))
@settings(max_examples=25, deadline=None)
def test_fieller_holds_the_ratios_that_are_not_rejected(share: float, n: int) -> None:
    values = draws(np.random.default_rng(0), share * 0.9, 0.9)
    points = values.mean(axis=0)
    ratio, low, high = ratio_limits(points, values, np.array([n]))
    assert low[0] <= ratio[0] <= high[0]
    assert ratio[0] == pytest.approx(points[0, 0] / points[1, 0])
    for end in (low[0], high[0]):
        spread = (values[:, 0, 0] - end * values[:, 1, 0]).std() * np.sqrt(n / (n - 1))
        found = abs(points[0, 0] - end * points[1, 0]) / spread
        assert found == pytest.approx(student.ppf(0.975, n - 1))


def test_fieller_needs_a_denominator_above_0() -> None:
    for bottom, n in ((0.1, 30), (-2.0, 30), (2.0, 1)):
        values = draws(np.random.default_rng(1), 0.5, bottom)
        assert np.isnan(ratio_limits(values.mean(axis=0), values, np.array([n]))).all()


def test_chance_is_that_of_cohens_kappa() -> None:
    rng = np.random.default_rng(3)
    labels = rng.choice(EMOTIONS, 200, p=[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    said = rng.choice(EMOTIONS, 200, p=[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4])
    frame = pd.DataFrame({"label": labels, "predicted": said, "image_id": np.arange(200)})
    frame["subject_id"] = "one"
    found = chances(answer_totals(frame))[0]
    right, kappa = accuracy_score(labels, said), cohen_kappa_score(labels, said)
    assert (right - found[0]) / (1 - found[0]) == pytest.approx(kappa)
    assert found[1] == pytest.approx((said == "anger").mean())


def shown_to(readers: dict[tuple[str, str], float], seed: int, people: int = 20) -> pd.DataFrame:
    """Answers of readers that are right with some probability, which varies between people."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.08, people)
    labels = np.tile(np.repeat(EMOTIONS, 2), people)
    frames = []
    for (train, test), p in readers.items():
        chance = np.clip(p + np.repeat(own, 14), 0, 1)
        right = rng.random(len(labels)) < chance
        wrong = np.roll(EMOTIONS, 1)[[EMOTIONS.index(label) for label in labels]]
        frames.append(
            pd.DataFrame(
                {
                    "run_id": "r",
                    "dataset": "d",
                    "image_id": [f"{i:04}" for i in range(len(labels))],
                    "subject_id": np.repeat([f"{i:03}" for i in range(people)], 14),
                    "label": labels,
                    "condition": "none" if test == "plain" else "surgical",
                    "classifier": train,
                    "predicted": np.where(right, labels, wrong),
                    "correct": right.astype(int),
                    "coverage": 0.5,
                    "status": "ok",
                }
            )
        )
    return pd.concat(frames)


TRUE = {
    ("clean", "plain"): 0.8,
    ("clean", "masked"): 0.3,
    ("masked", "plain"): 0.5,
    ("masked", "masked"): 0.6,
}
READERS = {"f": {"clean": "clean", "masked": "masked"}}


@pytest.mark.slow
def test_simulated_readers_are_recovered_and_covered() -> None:
    expected = {"loss": 0.5, "information": 0.2, "shift": 0.3, "shift_share": 0.6}
    held: dict[str, list[bool]] = {measure: [] for measure in expected}
    values: dict[str, list[float]] = {measure: [] for measure in expected}
    for seed in range(60):
        table = transfer_table(shown_to(TRUE, seed), READERS, seed=seed, n_resamples=250)
        for measure, true in expected.items():
            found = number(table, measure)
            held[measure].append(found["ci_low"] <= true <= found["ci_high"])
            values[measure].append(found["value"])
    for measure, true in expected.items():
        assert np.mean(values[measure]) == pytest.approx(true, abs=0.02)
        # 95 % of 60 is 57; 51 or fewer have a probability below .5 %.
        assert sum(held[measure]) >= 52


def test_parts_sum_to_the_loss() -> None:
    table = transfer_table(shown_to(TRUE, 1), READERS, n_resamples=50)
    wide = table.pivot_table("value", "label", "measure")
    np.testing.assert_allclose(wide["information"] + wide["shift"], wide["loss"], atol=3e-6)


@pytest.mark.parametrize(("right", "leaks"), [(1 / 7, False), (0.35, True)])
def test_a_control_shows_whether_people_leak(right: float, *, leaks: bool) -> None:
    cells = TRUE | {("permuted", "plain"): right, ("permuted", "masked"): right}
    readers = {"f": READERS["f"] | {"permuted": "permuted"}}
    table = transfer_table(shown_to(cells, 5, people=40), readers, n_resamples=300)
    above = number(table, "above_chance", test="plain")
    chance = number(table, "accuracy", train="permuted", test="plain")["chance"]
    assert chance == pytest.approx(1 / 7, abs=1e-6)  # all emotions are shown equally often
    assert above["value"] == pytest.approx(right - 1 / 7, abs=0.06)
    assert (above["ci_low"] > 0) == leaks
    assert "control with shuffled labels, plain faces" in transfer_text(table)


def test_the_answer_in_words() -> None:
    text = transfer_text(transfer_table(shown_to(TRUE, 2), READERS, n_resamples=100))
    assert text.startswith("f: right plain ")
    assert "= lost information +" in text
    assert "of the loss" in text


def test_families_are_named_as_in_the_results() -> None:
    assert trained_family("hog", control_folds=7) == FAMILY | {
        "permuted": "hog:folds=7,permuted=true"
    }
    again = trained_family("blendshapes:points=redetected")
    assert again["both"] == "blendshapes:points=redetected,train=both"
    assert "permuted" not in again
    assert trained_family("hog", control_folds=10)["permuted"] == "hog:permuted=true"
