"""Published losses of people and their intervals, against other implementations and raw trials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import norm
from statsmodels.stats.proportion import confint_proportions_2indep

from maskface.findings import CLAIMS, humans_of, load_findings, published_losses
from maskface.findings.claims import widest_interval
from maskface.humans import read_study, summarize_humans
from tests.conftest import PHOTOGRAPHS

WILLIAMS = Path(__file__).parents[2] / "docs" / "maps" / "williams2023.toml"
STUDY = "Williams 2023, study 1"
TOLD = ["study", "emotion"]


def test_losses_are_plain_minus_masked_or_as_told() -> None:
    table = published_losses()
    assert not table.duplicated(TOLD).any()
    losses = table.set_index(TOLD)["loss"]
    assert losses["Rinck 2022", "all"] == pytest.approx(0.88 - 0.68)
    assert losses["Williams 2023, study 2", "disgust"] == pytest.approx(0.7967 - 0.5082)
    # mean of the observers' own losses, of those 226 who were asked plain and covered
    assert losses[STUDY, "disgust"] == pytest.approx(0.2226)
    assert losses["Shehu 2022", "all"] == pytest.approx(0.2529)
    # one figure alone, other measures and vague reductions are no losses
    studies = set(losses.index.get_level_values("study"))
    assert not studies & {"McCrackin 2022", "Proverbio & Cerri 2022", "Ruba & Pollak 2020"}
    assert not any(study.startswith(("Gori", "Henke")) for study in studies)


def test_every_loss_has_an_interval_that_holds_it_or_a_reason() -> None:
    table = published_losses()
    held = table[table["interval"] != ""]
    assert (held["ci_low"] < held["loss"]).all()
    assert (held["loss"] < held["ci_high"]).all()
    assert (held["no_interval"] == "").all()
    others = table[table["interval"] == ""]
    assert others[["ci_low", "ci_high"]].isna().all(axis=None)
    assert dict(zip(others["study"], others["no_interval"], strict=True)) == {
        "Hysenaj 2024": "not known whether the same observers saw both",
        "Rinck 2022": "number of observers not given",
        "Shehu 2022": "share of right answers under the mask not given",
    }


def test_without_number_or_design_there_is_no_interval() -> None:
    table = load_findings()
    table = table[table["study"] == "Verroca 2022, full expressions"]
    reasons = []
    for changed in (
        table.assign(design=""),
        table.assign(n=pd.array([pd.NA] * len(table), "Int64")),
    ):
        found = published_losses(changed)
        assert found[["ci_low", "ci_high"]].isna().all(axis=None)
        reasons += list(found["no_interval"].unique())
    assert reasons == [
        "not known whether the same observers saw both", "number of observers not given",
    ]  # fmt: skip


def test_the_example_of_newcombe() -> None:
    # Table II, 56/70 and 48/80, method 10; n differs, so Wilson's limits are those of each share
    low, high = confint_proportions_2indep(56, 70, 48, 80, method="newcomb")
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    # the same n on both sides: Wilson's limits of 8/10 and 4/10 are .4902, .9433 and .1682, .6873
    ours = widest_interval(np.array(0.8), np.array(0.4), np.array(10.0))
    by_hand = 0.4 - np.hypot(0.8 - 0.4902, 0.6873 - 0.4), 0.4 + np.hypot(0.9433 - 0.8, 0.4 - 0.1682)
    assert tuple(map(float, ours)) == pytest.approx(by_hand, abs=2e-4)


@given(st.integers(1, 400), st.data())
def test_limits_are_those_of_statsmodels(n: int, data: st.DataObject) -> None:
    plain, masked = (data.draw(st.integers(0, n)) for _ in range(2))
    ours = widest_interval(np.array(plain / n), np.array(masked / n), np.array(float(n)))
    theirs = confint_proportions_2indep(plain, n, masked, n, method="newcomb")
    assert tuple(map(float, ours)) == pytest.approx(theirs, abs=1e-9)


_SHARES = arrays(np.float64, 60, elements=st.floats(0, 1))


@given(_SHARES, _SHARES)
def test_it_is_no_narrower_than_that_of_observers_whose_shares_go_together(
    plain: NDArray[np.float64], masked: NDArray[np.float64]
) -> None:
    plain, masked = np.sort(plain), np.sort(masked)
    n = len(plain)
    means = np.array(plain.mean()), np.array(masked.mean())
    low, high = widest_interval(*means, np.array(float(n)))
    z = norm.ppf(0.975)
    own = 2 * z * np.std(plain - masked) / np.sqrt(n)
    # Wilson's limits of a share of .5 are nearer than those of Wald by this factor.
    assert high - low >= own / (1 + z**2 / n) - 1e-9


def test_it_holds_the_intervals_that_are_known() -> None:
    told = published_losses()
    told = told[told["interval"] == "bootstrap over observers"]
    assert len(told) == 8
    table = load_findings().set_index([*TOLD, "condition", "measure"])["value"]
    for row in told.to_dict("records"):
        plain, masked = (
            np.array(table[row["study"], row["emotion"], name, "hit_rate"])
            for name in ("none", "mask")
        )
        low, high = widest_interval(plain, masked, np.array(float(row["n"])))
        assert low < row["ci_low"] < row["ci_high"] < high


@pytest.mark.slow
@pytest.mark.data
def test_the_raw_trials_give_the_same_losses_and_intervals() -> None:
    trials = PHOTOGRAPHS / "human" / "williams2023_study1_trials.csv.gz"
    if not trials.is_file():
        pytest.skip("the trials of Williams 2023 are not on this machine (set MASKFACE_TEST_DATA)")
    responses = read_study([trials], WILLIAMS).responses
    summary = summarize_humans(responses[responses["condition"] != "upper"])
    rows = summary[summary["condition"] == "lower"]
    rows = rows[rows["metric"].isin(["hit_rate", "recall"])].set_index("label")
    told = published_losses()
    told = told[told["study"] == STUDY]
    assert set(told["emotion"]) == set(rows.index)
    for row in told.to_dict("records"):
        found = rows.loc[str(row["emotion"])]
        assert found["loss"] == pytest.approx(row["loss"], abs=1e-4)
        assert found["n_clusters"] == row["n"]
        limits = found["ci_low"], found["ci_high"]
        assert limits == pytest.approx((row["ci_low"], row["ci_high"]), abs=0.004)


def test_people_are_told_with_their_intervals() -> None:
    lines = humans_of(CLAIMS[0])
    where = "computed from the authors' public raw trials"
    sure, bound = "95 % interval [+9.8, +13.8]", "95 % interval within [+9.4, +23.8]"
    assert f"loss +11.7 points, {sure} ({STUDY}, {where})" in lines
    assert f"loss +16.7 points, {bound} (Williams 2023, study 2, {where})" in lines
    assert "loss +20.0 points (Rinck 2022, abstract)" in lines
