"""Composite faces, plain and masked: by hand, and on readers whose behaviour is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test

from maskface.analyses import CONCEALED, concealed_table, concealed_text
from maskface.analyses.common import SINGLE
from maskface.analyses.composites import Counts
from maskface.errors import MaskfaceError
from maskface.plots import plot_concealed
from maskface.tables import ATTRIBUTES, TRIALS
from tests.unit.test_stats import trial

FACES = (
    ("whole", "sadness", "sadness"),
    ("whole", "happiness", "happiness"),
    ("composite", "sadness", "happiness"),
    ("misaligned", "sadness", "happiness"),
    ("composite", "happiness", "sadness"),
)
Reader = Callable[[str, str, bool, float], str]
"""Answers to upper and lower emotion, masked or not, by luck in 0 to 1."""


def made(
    reader: Reader, *, people: int = 12, pairs: int = 2, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials and attributes of a composite set."""
    rng = np.random.default_rng(seed)
    trials, said = [], []
    for person in range(people):
        for pair in range(pairs):
            name = f"{person:03d}-{pair}"
            for kind, upper, lower in FACES:
                image = f"{kind}_{upper}_{lower}/{name}.png"
                for condition in ("none", "surgical"):
                    answer = reader(upper, lower, condition != "none", rng.random())
                    trials.append(trial(image, condition, upper, answer, f"P{person}"))
                for what, value in (
                    ("kind", kind), ("upper", upper), ("lower", lower), ("pair", name),
                ):  # fmt: skip
                    said.append(
                        {
                            "run_id": "r", "dataset": "d", "image_id": image, "attribute": what,
                            "value": value, "source": "index",
                        }
                    )  # fmt: skip
    return TRIALS.frame(trials), ATTRIBUTES.frame(said)


def fooled_by_the_mouth(upper: str, lower: str, masked: bool, luck: float) -> str:
    seen = upper if masked else lower
    return seen if luck < 0.8 else "neutral"


def calls_masked_faces_sad(upper: str, lower: str, masked: bool, luck: float) -> str:
    return "sadness" if masked and luck < 0.8 else lower


def cell(table: pd.DataFrame, kind: str, upper: str, answer: str, quantity: str) -> Any:
    keys = {"kind": kind, "upper": upper, "answer": answer, "quantity": quantity}
    chosen = table[(table[list(keys)] == pd.Series(keys)).all(axis=1)]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.slow
def test_shares_and_differences_by_hand() -> None:
    trials, attributes = made(fooled_by_the_mouth)
    table = concealed_table(trials, attributes, n_resamples=50)
    assert list(table.columns) == CONCEALED.header
    folder = trials["image_id"].str.partition("/")[0]
    for kind, upper, lower in FACES:
        own = trials[folder == f"{kind}_{upper}_{lower}"]
        for answer in ("happiness", "sadness", "neutral"):
            hit = (own["predicted"] == answer).groupby(own["condition"]).mean()
            for quantity, value in (
                ("plain", hit["none"]),
                ("masked", hit["surgical"]),
                ("change", hit["surgical"] - hit["none"]),
            ):
                found = cell(table, kind, upper, answer, quantity)
                assert found["value"] == pytest.approx(value, abs=1e-6)
                assert (found["lower"], found["n"], found["n_clusters"]) == (lower, 24, 12)
    masked = {
        key: cell(table, *key, "sadness", "masked")["value"]
        for key in (("composite", "sadness"), ("whole", "sadness"), ("whole", "happiness"))
    }
    for half, whole in (("upper", "sadness"), ("lower", "happiness")):
        found = cell(table, "composite", "sadness", "sadness", f"masked against {half}")
        assert found["value"] == pytest.approx(
            masked["composite", "sadness"] - masked["whole", whole], abs=1e-6
        )


@pytest.mark.slow
def test_a_mask_that_reveals_is_told_from_a_readiness_to_say_sad() -> None:
    revealing, biased = (
        concealed_table(*made(reader, people=20), n_resamples=300)
        for reader in (fooled_by_the_mouth, calls_masked_faces_sad)
    )
    for table in (revealing, biased):
        assert cell(table, "composite", "sadness", "sadness", "change")["ci_low"] > 0.5
    against = "masked against lower"
    assert cell(revealing, "composite", "sadness", "sadness", against)["ci_low"] > 0.5
    assert cell(revealing, "composite", "sadness", "sadness", against)["p_adjusted"] < 0.001
    ready = cell(biased, "composite", "sadness", "sadness", against)
    assert ready["ci_low"] < 0 < ready["ci_high"]
    assert ready["p_value"] > 0.05


def test_p_values_agree_with_scipy() -> None:
    def reader(upper: str, lower: str, masked: bool, luck: float) -> str:
        return "sadness" if luck < (0.6 if masked else 0.35) else lower

    trials, attributes = made(reader, people=10, pairs=3, seed=4)
    table = concealed_table(trials, attributes, n_resamples=20)
    own = trials[trials["image_id"].str.startswith("composite_sadness")]
    shares = own.assign(hit=(own["predicted"] == "sadness").astype(float)).pivot_table(
        "hit", "subject_id", "condition"
    )
    change = (shares["surgical"] - shares["none"]).to_numpy(float)
    exact = permutation_test(
        (change,), np.mean, permutation_type="samples", n_resamples=2000
    ).pvalue
    found = cell(table, "composite", "sadness", "sadness", "change")["p_value"]
    assert 0.01 < exact < 0.9
    assert found == pytest.approx(exact, abs=0.02)


def test_only_pairs_that_are_answered_whole_count() -> None:
    trials, attributes = made(fooled_by_the_mouth, people=4, pairs=2)
    lost = trials["image_id"] == "misaligned_sadness_happiness/001-1.png"
    trials.loc[lost & (trials["condition"] == "surgical"), ["status", "predicted"]] = ["error", ""]
    table = concealed_table(trials, attributes, n_resamples=20)
    assert set(table["n"]) == {7}
    assert set(table["n_clusters"]) == {4}


def test_whole_faces_are_compared_with_nothing_but_themselves() -> None:
    table = concealed_table(*made(fooled_by_the_mouth, people=3), n_resamples=20)
    assert set(table[table["kind"] == "whole"]["quantity"]) == {"plain", "masked", "change"}
    shares = table["quantity"].isin(["plain", "masked"])
    assert table.loc[shares, "p_value"].isna().all()
    assert table.loc[~shares, "p_adjusted"].notna().all()
    assert (table.loc[~shares, "p_adjusted"] >= table.loc[~shares, "p_value"]).all()


def test_says_what_is_missing() -> None:
    trials, attributes = made(fooled_by_the_mouth, people=2)
    with pytest.raises(MaskfaceError, match="do not say upper"):
        concealed_table(trials, attributes[attributes["attribute"] != "upper"])
    with pytest.raises(MaskfaceError, match="do not say kind, upper, lower, pair"):
        concealed_table(trials, ATTRIBUTES.frame([]))
    with pytest.raises(MaskfaceError, match="do not hold 'ffp2'"):
        concealed_table(trials, attributes, mask="ffp2")
    trials.loc[trials["condition"] == "none", ["status", "predicted"]] = ["no_face", ""]
    with pytest.raises(MaskfaceError, match="No pair of photographs"):
        concealed_table(trials, attributes)


def test_the_words_say_the_numbers() -> None:
    table = concealed_table(*made(fooled_by_the_mouth), n_resamples=50)
    line, last = concealed_text(table, "sadness", "happiness").splitlines()
    assert last == SINGLE
    change = cell(table, "composite", "sadness", "sadness", "change")["value"]
    masked = cell(table, "composite", "sadness", "sadness", "masked")["value"]
    against = cell(table, "composite", "sadness", "sadness", "masked against lower")["value"]
    assert f"{100 * masked:.1f} % masked ({100 * change:+.1f} points" in line
    assert f"{100 * against:+.1f} points" in line
    assert line.endswith("from the whole happiness face")


def test_the_figure_shows_the_table() -> None:
    table = concealed_table(*made(fooled_by_the_mouth), n_resamples=50)
    ax = plot_concealed(table)
    rows = [text.get_text() for text in ax.get_yticklabels()]
    assert rows[:2] == ["whole happiness\nplain", "whole happiness\nmasked"]
    assert rows[-1] == "sadness over happiness, misaligned\nmasked"
    drawn = next(line for line in ax.lines if line.get_label() == "sadness")
    values = dict(zip(rows, np.asarray(drawn.get_xdata(), float), strict=True))
    for quantity in ("plain", "masked"):
        wanted = cell(table, "composite", "sadness", "sadness", quantity)["value"]
        assert values[f"sadness over happiness\n{quantity}"] == pytest.approx(100 * wanted)


def test_one_picture_more_of_a_kind_adds_an_answer_plain_or_masked() -> None:
    counts = Counts((("whole", "anger", "anger"), ("whole", "fear", "fear")), np.ones((1, 4, 3)))
    rows = counts.pictures.reshape(-1, 4, 3)
    assert len(rows) == 2 * 2 * 2  # faces, answers, plain or masked
    assert rows[0].tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert rows[-1].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 1]]
