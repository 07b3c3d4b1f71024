"""Variance components of people and masks, and the curve of all masks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.stats import t as student
from statsmodels.stats.anova import anova_lm

from maskface.analyses import (
    COMPONENTS,
    DECISION,
    Components,
    appearance_table,
    components_table,
    components_text,
    curve_tables,
    curve_text,
    exemplar_sets,
)
from maskface.analyses.curve import choices
from maskface.errors import MaskfaceError
from maskface.plots import plot_curve
from maskface.tables import TRIALS
from maskface.types import EMOTIONS


def _trials(right: np.ndarray, conditions: list[str], *, label: str = "anger") -> pd.DataFrame:
    """Trials of (people, pictures, conditions) right answers; others are answered neutral."""
    rows = [
        {
            "run_id": "r", "dataset": "d", "image_id": f"{p:03}-{i:03}", "subject_id": f"s{p:03}",
            "label": label, "condition": condition, "occluder": condition.partition(":")[0],
            "params": "{}", "coverage": 0.5, "classifier": "c",
            "predicted": label if right[p, i, k] else "neutral", "correct": int(right[p, i, k]),
            **{f"p_{emotion}": 1 / 7 for emotion in EMOTIONS},
            "status": "ok", "message": "", "seed": 0,
        }
        for p, i, k in np.ndindex(*right.shape)
        for condition in [conditions[k]]
    ]  # fmt: skip
    return TRIALS.frame(rows)


EXEMPLARS = ["none", *(f"masks:exemplar={n}" for n in range(1, 5))]


@pytest.fixture(scope="module")
def crossed() -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(2)
    p = np.clip(0.5 + rng.normal(0, 0.2, (12, 1, 1)) + rng.normal(0, 0.15, (1, 1, 5)), 0.02, 0.98)
    right = rng.random((12, 6, 5)) < p
    right[:, :, 0] = rng.random((12, 6)) < 0.9
    return right, _trials(right, EXEMPLARS)


def test_components_are_those_of_the_analysis_of_variance(
    crossed: tuple[np.ndarray, pd.DataFrame],
) -> None:
    right, trials = crossed
    found, decision = components_table(trials)
    row = found[(found["metric"] == "accuracy") & (found["label"] == "all")].iloc[0]
    share = right.mean(axis=1)
    loss = share[:, :1] - share[:, 1:]
    cells = pd.DataFrame(
        [{"p": f"p{p}", "m": f"m{m}", "loss": loss[p, m]} for p, m in np.ndindex(*loss.shape)]
    )
    squares = anova_lm(smf.ols("loss ~ C(p) + C(m)", cells).fit())["mean_sq"]
    people, masks, both = squares["C(p)"], squares["C(m)"], squares["Residual"]
    n, k = loss.shape
    assert row["value"] == pytest.approx(loss.mean())
    assert row["sd_people"] ** 2 == pytest.approx((people - both) / k, abs=1e-6)
    assert row["sd_masks"] ** 2 == pytest.approx((masks - both) / n, abs=1e-6)
    assert row["sd_people_masks"] ** 2 == pytest.approx(both, abs=1e-6)
    # Satterthwaite, by hand.
    variance = (people + masks - both) / (n * k)
    df = (people + masks - both) ** 2 / (
        people**2 / (n - 1) + masks**2 / (k - 1) + both**2 / ((n - 1) * (k - 1))
    )
    assert row["df"] == pytest.approx(df, rel=1e-4)
    half = student.ppf(0.975, df) * np.sqrt(variance)
    assert row["ci_high"] - row["value"] == pytest.approx(half, abs=1e-6)
    reach = student.ppf(0.975, k - 1) * np.sqrt(variance + (masks - both) / n)
    assert row["new_mask_high"] - row["value"] == pytest.approx(reach, abs=1e-6)
    # A study like this one is as exact as this one.
    same = decision[(decision["metric"] == "accuracy") & (decision["n_people"] == n)]
    assert same.set_index("n_masks")["half_width"][4] == pytest.approx(half, abs=1e-6)
    assert (same.sort_values("n_masks")["half_width"].diff().dropna() < 0).all()


def test_the_residual_is_that_of_pictures_and_masks(
    crossed: tuple[np.ndarray, pd.DataFrame],
) -> None:
    right, trials = crossed
    found, _ = components_table(trials)
    masked = right[:, :, 1:].astype(float)
    total = 0.0
    for own in masked:
        total += sum(
            (own[i, m] - own[i].mean() - own[:, m].mean() + own.mean()) ** 2
            for i, m in np.ndindex(*own.shape)
        )
    expected = np.sqrt(total / (12 * 5 * 3))
    row = found[(found["metric"] == "recall") & (found["label"] == "anger")].iloc[0]
    assert row["sd_residual"] == pytest.approx(expected, abs=1e-6)


def test_dprime_has_components(crossed: tuple[np.ndarray, pd.DataFrame]) -> None:
    right, _ = crossed
    other = np.random.default_rng(7).random(right.shape) < 0.5
    neutral = _trials(~right, EXEMPLARS, label="neutral")
    neutral["predicted"] = np.where(other.ravel(), "anger", "neutral")
    neutral["image_id"] = "n" + neutral["image_id"]
    both = pd.concat([_trials(right, EXEMPLARS), neutral], ignore_index=True)
    found, _ = components_table(both)
    row = found[(found["metric"] == "dprime") & (found["label"] == "anger")].iloc[0]
    # The jackknife's mean is near the d' of all answers together.
    summed = right.reshape(-1, 5).mean(axis=0)
    assert row["value"] > 0
    assert row["sd_masks"] > 0
    assert np.isnan(row["sd_residual"])
    assert summed[0] > summed[1:].mean()
    assert COMPONENTS.check(found) is not None


def test_equal_masks_have_no_component() -> None:
    rng = np.random.default_rng(0)
    own = rng.random((8, 5, 1)) < 0.6
    right = np.concatenate([np.ones((8, 5, 1), bool), *[own] * 3], axis=2)
    found, decision = components_table(_trials(right, EXEMPLARS[:4]))
    row = found[found["metric"] == "accuracy"].iloc[0]
    assert row["sd_masks"] == 0
    assert row["sd_people_masks"] == pytest.approx(0, abs=1e-9)
    own_only = student.ppf(0.975, 7) * (1 - own.mean(axis=1)).std(ddof=1) / np.sqrt(8)
    assert row["ci_high"] - row["value"] == pytest.approx(own_only, rel=1e-5)
    assert "3 masks" in components_text(found, decision)


def test_sets_of_exemplars_are_told_apart() -> None:
    names = [f"masks:exemplar={n},population=uniform" for n in (1, 2, 3)]
    found = exemplar_sets(["none", *EXEMPLARS[1:], *names, "tears+masks:exemplar=1", "surgical"])
    assert found == {"masks": tuple(EXEMPLARS[1:]), "masks:population=uniform": tuple(names)}
    assert exemplar_sets(EXEMPLARS[:3]) == {}


def test_too_few_are_refused_in_words() -> None:
    right = np.ones((2, 3, 4), bool)
    with pytest.raises(MaskfaceError, match="need 3 people or more"):
        components_table(_trials(right, EXEMPLARS[:4]))
    with pytest.raises(MaskfaceError, match="masks:exemplars=12"):
        components_table(_trials(right, ["none", "surgical", "cloth", "ffp2"]))


@pytest.mark.slow
@pytest.mark.parametrize(("people", "masks"), [(29, 12), (12, 6), (40, 4)])
def test_intervals_hold_for_new_people_and_masks(people: int, masks: int) -> None:
    # Components as measured on photographs, in points: people 15, masks 4, people x masks 13.
    rng = np.random.default_rng(people)
    held, new, tries = 0, 0, 2000
    for _ in range(tries):
        values = (
            30
            + rng.normal(0, 15, (people, 1))
            + rng.normal(0, 4, (1, masks))
            + rng.normal(0, 13, (people, masks))
        )
        found = Components.of(values)
        held += abs(found.mean - 30) <= found.half_width(people, masks)
        new += abs(found.mean - 30 - rng.normal(0, 4)) <= found.new_mask
    assert 0.93 <= held / tries <= 0.97
    assert new / tries >= 0.93


MASKS = ["none", *(f"{k}:colour={c}" for k in ("cloth", "ffp2") for c in ("black", "red", "pink"))]


def test_the_curve_sorts_all_masks_and_finds_what_differs() -> None:
    rng = np.random.default_rng(1)
    chance = np.array([0.9, 0.2, 0.2, 0.2, 0.7, 0.7, 0.7])
    trials = _trials(rng.random((15, 4, 7)) < chance, MASKS)
    curve, tests = curve_tables(trials, n_resamples=200)
    overall = curve[curve["label"] == "all"].sort_values("rank")
    assert overall["value"].is_monotonic_increasing
    assert list(overall["kind"]) == ["ffp2"] * 3 + ["cloth"] * 3
    found = tests.set_index("measure")
    assert found["value"]["median"] == pytest.approx(overall["value"].median())
    assert found["p_value"]["median"] < 0.002
    assert found["p_value"]["spread"] < 0.002
    assert found["value"]["spread"] > 3 * found["by_chance"]["spread"]
    assert found["value"]["reversed"] == 0
    assert "6 specifications" in curve_text(curve, tests)
    assert plot_curve(curve, ("kind", "colour", "classifier")) is not None


def test_the_curve_of_nothing_is_no_discovery() -> None:
    p_values = []
    for seed in range(20):
        right = np.random.default_rng(seed).random((10, 3, 7)) < 0.5
        _, tests = curve_tables(_trials(right, MASKS), seed=seed, n_resamples=50)
        p_values.append(tests.set_index("measure")["p_value"][["median", "spread"]].to_numpy())
    # 5 of 20 below .05 happen in 3 of 1,000 such tests.
    assert (np.array(p_values, float) < 0.05).sum(axis=0).max() <= 4


def test_choices_of_exemplars_are_those_of_their_mask() -> None:
    assert choices("tears+surgical:top=85,colour=red") == {
        "kind": "surgical", "colour": "red", "height": "85", "fit": "correct"
    }  # fmt: skip
    assert choices("masks")["kind"] == "masks"
    assert choices("masks:exemplar=3")["kind"] != "masks"
    with pytest.raises(MaskfaceError, match="two masks or more"):
        curve_tables(_trials(np.ones((3, 2, 2), bool), ["none", "surgical"]))


def test_appearances_have_a_component_beyond_chance() -> None:
    rng = np.random.default_rng(3)
    groups = {"same": MASKS[1:4], "all": MASKS[1:]}
    chance = np.array([0.9, 0.2, 0.2, 0.2, 0.7, 0.7, 0.7])
    table = appearance_table(
        _trials(rng.random((30, 5, 7)) < chance, MASKS), groups, n_resamples=99
    )
    found = table[(table["measure"] == "sd") & (table["label"] == "all")].set_index("group")
    expected = np.std([0.2] * 3 + [0.7] * 3, ddof=1)
    assert found["value"]["all"] == pytest.approx(expected, abs=0.06)
    assert found["value"]["same"] < 0.05


def test_tables_keep_their_schemas(crossed: tuple[np.ndarray, pd.DataFrame]) -> None:
    found, decision = components_table(crossed[1])
    assert set(DECISION.check(decision)["n_people"]) == {12, 24, 48}
    assert (COMPONENTS.check(found)["n_masks"] == 4).all()
