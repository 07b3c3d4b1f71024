"""Two by two conditions: by hand, against scipy, and on simulations whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm, permutation_test
from statsmodels.stats.multitest import multipletests

from maskface.analyses import FACTORIAL, Cells, crossed, factorial_table, factorial_text
from maskface.analyses.common import SINGLE
from maskface.analyses.factorial import EFFECTS
from maskface.errors import MaskfaceError
from maskface.plots import plot_factorial, plot_factorial_effects
from maskface.stats import swap_test
from maskface.tables import TRIALS
from tests.unit.test_stats import trial

CELLS = Cells("none", "tears", "surgical", "tears+surgical")
Rates = Mapping[str, tuple[float, float]]
"""By condition: probability of the answer sadness to sad faces and to neutral ones."""


def simulated(rates: Rates, *, people: int = 24, each: int = 10, seed: int = 0) -> pd.DataFrame:
    """Answers of a reader that calls faces sad with known probabilities; pictures are fixed."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for i in range(each):
            for label, place in (("sadness", 0), ("neutral", 1)):
                luck = rng.random()
                for condition in CELLS:
                    sad = luck < rates[condition][place]
                    answer = "sadness" if sad else "neutral"
                    image = f"{label}-{person}-{i}"
                    rows.append(trial(image, condition, label, answer, f"P{person:02d}"))
    return TRIALS.frame(rows)


def cell(table: pd.DataFrame, measure: str, label: str, quantity: str) -> Any:
    keys = {"measure": measure, "label": label, "quantity": quantity}
    chosen = table[(table[list(keys)] == pd.Series(keys)).all(axis=1)]
    assert len(chosen) == 1
    return chosen.iloc[0]


ANY = {
    "none": (0.6, 0.1),
    "tears": (0.7, 0.3),
    "surgical": (0.3, 0.2),
    "tears+surgical": (0.6, 0.3),
}


def by_hand(trials: pd.DataFrame, condition: str, sad: bool) -> tuple[int, int]:
    chosen = trials[trials["condition"] == condition]
    chosen = chosen[(chosen["label"] == "sadness") == sad]
    return int((chosen["predicted"] == "sadness").sum()), len(chosen)


@pytest.mark.slow
def test_cells_and_effects_by_hand() -> None:
    trials = simulated(ANY)
    table = factorial_table(trials, [CELLS], n_resamples=50)
    assert list(table.columns) == FACTORIAL.header
    share, dprime = {}, {}
    for name, condition in zip(("neither", "first", "second", "both"), CELLS, strict=True):
        hits, n = by_hand(trials, condition, sad=True)
        alarms, m = by_hand(trials, condition, sad=False)
        share[name] = hits / n
        dprime[name] = norm.ppf((hits + 0.5) / (n + 1)) - norm.ppf((alarms + 0.5) / (m + 1))
        assert cell(table, "share", "sadness", name)["value"] == pytest.approx(hits / n, abs=1e-6)
        assert cell(table, "share", "others", name)["value"] == pytest.approx(alarms / m, abs=1e-6)
        found = cell(table, "dprime", "sadness", name)
        assert found["value"] == pytest.approx(dprime[name], abs=1e-6)
        assert (found["n"], found["n_clusters"]) == (n + m, 24)
    for measure, own in (("share", share), ("dprime", dprime)):
        under = own["both"] - own["second"]
        alone = own["first"] - own["neither"]
        wanted = {
            "first alone": alone,
            "first given second": under,
            "second alone": own["second"] - own["neither"],
            "interaction": under - alone,
        }
        for quantity, value in wanted.items():
            assert cell(table, measure, "sadness", quantity)["value"] == pytest.approx(
                value, abs=2e-6
            )


def test_probabilities_are_averaged() -> None:
    trials = simulated(ANY, people=3, each=2)
    trials["p_sadness"] = np.linspace(0, 1, len(trials))
    table = factorial_table(trials, [CELLS], n_resamples=20)
    means = trials.groupby(["condition", "label"])["p_sadness"].mean()
    for name, condition in zip(("neither", "first", "second", "both"), CELLS, strict=True):
        assert cell(table, "probability", "sadness", name)["value"] == pytest.approx(
            means[condition, "sadness"], abs=1e-5
        )
        assert cell(table, "probability", "neutral", name)["value"] == pytest.approx(
            means[condition, "neutral"], abs=1e-5
        )


def test_p_values_agree_with_scipy() -> None:
    trials = simulated(ANY, people=10, each=6, seed=3)
    table = factorial_table(trials, [CELLS], n_resamples=20)
    sad = trials[trials["label"] == "sadness"].assign(hit=lambda t: t["predicted"] == "sadness")
    own = sad.groupby(["subject_id", "condition"])["hit"].mean().reset_index()
    own = own.pivot_table("hit", "subject_id", "condition")
    effects = {
        "first alone": own["tears"] - own["none"],
        "first given second": own["tears+surgical"] - own["surgical"],
        "second alone": own["surgical"] - own["none"],
    }
    effects["interaction"] = effects["first given second"] - effects["first alone"]
    for quantity, values in effects.items():
        exact = permutation_test(
            (values.to_numpy(float),), np.mean, permutation_type="samples", n_resamples=2000
        )
        found = cell(table, "share", "sadness", quantity)["p_value"]
        assert found == pytest.approx(exact.pvalue, abs=0.02), quantity


def test_a_shift_of_the_answer_is_not_taken_for_recognition() -> None:
    # The criterion moves, sensitivity stays at 1.
    def rates(criterion: float) -> tuple[float, float]:
        return norm.cdf(0.5 - criterion), norm.cdf(-0.5 - criterion)

    shift = {
        "none": rates(0),
        "tears": rates(-0.6),
        "surgical": rates(0),
        "tears+surgical": rates(-0.6),
    }
    table = factorial_table(simulated(shift, each=40), [CELLS], n_resamples=300)
    for effect in ("first alone", "first given second"):
        assert cell(table, "share", "sadness", effect)["p_value"] < 0.001
        assert cell(table, "share", "others", effect)["p_value"] < 0.001
        assert cell(table, "criterion", "sadness", effect)["ci_high"] < 0
        told = cell(table, "dprime", "sadness", effect)
        assert abs(told["value"]) < 0.15
        assert told["ci_low"] < 0 < told["ci_high"]
        assert told["p_value"] > 0.05


def test_what_rescues_recognition_raises_dprime_under_the_mask_alone() -> None:
    rescue = {
        "none": (0.8, 0.1),
        "tears": (0.8, 0.1),
        "surgical": (0.3, 0.1),
        "tears+surgical": (0.7, 0.1),
    }
    table = factorial_table(simulated(rescue, each=20), [CELLS], n_resamples=300)
    assert cell(table, "dprime", "sadness", "first alone")["value"] == 0
    assert cell(table, "dprime", "sadness", "first alone")["p_value"] == 1
    for effect in ("first given second", "interaction"):
        found = cell(table, "dprime", "sadness", effect)
        assert found["ci_low"] > 0
        assert found["p_adjusted"] < 0.01
    assert cell(table, "share", "others", "interaction")["value"] == 0


def test_under_no_effect_p_values_are_uniform() -> None:
    rng = np.random.default_rng(0)
    p = []
    for seed in range(200):
        values = rng.normal(size=(16, 2)).round(3)  # more than can all be tried
        found = swap_test(
            values, values[:, ::-1], lambda sums: sums[:, :1] - sums[:, 1:], seed=seed, n_draws=499
        )
        assert (found.n_tried, found.exact) == (499, False)
        p.append(float(found.p_value[0]))
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.1
    assert 0.4 < np.mean(p) < 0.6


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(0, 99))
def test_exchanging_agrees_with_all_ways(units: int, seed: int) -> None:
    totals = np.random.default_rng(seed).integers(0, 5, (units, 2)).astype(float)

    def difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return sums[:, :1] - sums[:, 1:]

    found = swap_test(totals, totals[:, ::-1], difference, seed=seed)
    gap = totals[:, 0] - totals[:, 1]
    signs = 1 - 2 * ((np.arange(2**units)[:, None] >> np.arange(units)) & 1)
    exact = np.mean(np.abs(signs @ gap) >= abs(gap.sum()) - 1e-9)
    assert found.exact
    assert found.p_value[0] == pytest.approx(exact)


def test_what_is_not_defined_has_no_p_value() -> None:
    def nothing(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full((len(sums), 1), np.nan)

    found = swap_test(np.ones((3, 2)), np.ones((3, 2)), nothing, seed=0)
    assert np.isnan(found.p_value).all()


def test_tests_of_faces_that_show_the_answer_are_a_family_of_their_own() -> None:
    table = factorial_table(simulated(ANY, people=8), [CELLS], n_resamples=20)
    tested = table[table["p_value"].notna()]
    assert set(tested["quantity"]) == set(EFFECTS)
    for (_, own), family in tested.groupby(["measure", tested["label"] == "sadness"]):
        assert len(family) == (4 if own else 8)  # neutral and others
        wanted = multipletests(family["p_value"], method="holm")[1]
        np.testing.assert_allclose(family["p_adjusted"], wanted, atol=1e-9)


def test_pictures_without_all_four_answers_are_left_out() -> None:
    trials = simulated(ANY, people=4, each=2)
    lost = (trials["image_id"] == "sadness-0-0") & (trials["condition"] == "surgical")
    trials.loc[lost, ["status", "predicted"]] = ["no_face", ""]
    table = factorial_table(trials, [CELLS], n_resamples=20)
    assert cell(table, "share", "sadness", "neither")["n"] == 7
    assert cell(table, "share", "others", "neither")["n"] == 8


def test_the_words_say_the_numbers() -> None:
    table = factorial_table(
        simulated(ANY, people=6), [crossed("tears", "surgical")], n_resamples=50
    )
    line, last = factorial_text(table).splitlines()
    assert last == SINGLE
    share = cell(table, "share", "sadness", "both")["value"]
    assert f"to {100 * share:.1f} % of sadness faces" in line
    assert f"d' {cell(table, 'dprime', 'sadness', 'first given second')['value']:+.2f} [" in line
    assert line.startswith("c, tears: 'sadness' ")


def test_sets_without_the_emotion_still_count_false_alarms() -> None:
    trials = simulated(ANY, people=6)
    table = factorial_table(trials[trials["label"] == "neutral"], [CELLS], n_resamples=50)
    assert set(table["label"]) == {"neutral", "others"}
    assert set(table["measure"]) == {"share", "probability"}
    assert "other faces" in factorial_text(table)


def test_asks_for_conditions_that_are_there() -> None:
    trials = simulated(ANY, people=2)
    with pytest.raises(MaskfaceError, match="do not hold 'ffp2'"):
        factorial_table(trials, [crossed("tears", "ffp2")])
    with pytest.raises(MaskfaceError, match="no answer 'grief'"):
        factorial_table(trials, [CELLS], "grief")


def test_the_figures_show_the_table() -> None:
    table = factorial_table(simulated(ANY, people=6), [CELLS], n_resamples=50)
    ax = plot_factorial(table, "tears")
    lines = {line.get_label(): np.asarray(line.get_ydata(), float) for line in ax.lines}
    for label, of in (("sadness", "sadness"), ("others", "other")):
        for name, quantities in (("without", ("neither", "second")), ("with", ("first", "both"))):
            wanted = [100 * cell(table, "share", label, q)["value"] for q in quantities]
            np.testing.assert_allclose(lines[f"{of} faces, {name} tears"], wanted)
    effects = plot_factorial_effects(table)
    assert [t.get_text() for t in effects.get_yticklabels()] == ["tears", "tears\nunder surgical"]
    drawn = next(line for line in effects.lines if line.get_label() == "c")
    np.testing.assert_allclose(
        np.asarray(drawn.get_xdata(), float),
        [
            cell(table, "dprime", "sadness", effect)["value"]
            for effect in ("first alone", "first given second")
        ],
    )


def test_what_never_varies_has_an_interval_from_single_pictures() -> None:
    # 4 sad faces are always called sad, 4 neutral ones never: one more sad face that is called
    # sad under one condition only moves its share, or an effect, by 1 / 5.
    table = factorial_table(
        simulated(dict.fromkeys(CELLS, (1.0, 0.0)), people=4, each=1), [CELLS], n_resamples=20
    )
    half = norm.ppf(0.975) * np.sqrt(2) / 5
    for quantity, low in (("interaction", -half), ("first alone", -half), ("both", 1 - half)):
        found = cell(table, "share", "sadness", quantity)
        assert found["ci_low"] == pytest.approx(low, abs=1e-6)
        assert found["ci_high"] == pytest.approx(min(found["value"] + half, 1), abs=1e-6)
