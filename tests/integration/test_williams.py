"""Williams et al. 2023, study 1: figures that were computed from the trials by other code."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from maskface.humans import Study, odds_ratios, read_study, summarize_humans, write_study
from maskface.power import human_variances, pilot_variances
from tests.conftest import PHOTOGRAPHS

MAP = Path(__file__).parents[2] / "docs" / "maps" / "williams2023.toml"
EMOTION_OF = {
    "angry": "anger", "disgusted": "disgust", "fearful": "fear", "happy": "happiness",
    "sad": "sadness", "surprised": "surprise", "ALL": "all",
}  # fmt: skip
METRIC_OF = {
    "williams2023_study1_hits": "recall",
    "williams2023_study1_dprime(loglinear)": "dprime",
}


@pytest.fixture(scope="module")
def human() -> Path:
    folder = PHOTOGRAPHS / "human"
    if not (folder / "williams2023_study1_trials.csv.gz").is_file():
        pytest.skip("the trials of Williams 2023 are not on this machine (set MASKFACE_TEST_DATA)")
    return folder


@pytest.fixture(scope="module")
def study(human: Path) -> Study:
    return read_study([human / "williams2023_study1_trials.csv.gz"], MAP)


@pytest.fixture(scope="module")
def summary(study: Study) -> pd.DataFrame:
    return summarize_humans(study.responses)


@pytest.mark.data
def test_hits_and_sensitivity_are_those_of_the_reference(
    human: Path, summary: pd.DataFrame
) -> None:
    reference = pd.read_csv(human / "williams2023_study1_reference.csv")
    lower = summary[summary["condition"] == "lower"]
    by_key = dict(
        zip(
            zip(lower["metric"], lower["label"], strict=True), lower.to_dict("records"), strict=True
        )
    )
    assert len(reference) == 13
    for truth in reference.to_dict("records"):
        label, metric = EMOTION_OF[truth["emotion"]], METRIC_OF[truth["dataset"]]
        found = by_key["hit_rate" if label == "all" else metric, label]
        half = (truth["ci_hi"] - truth["ci_lo"]) / 2
        assert found["n_clusters"] == truth["n_obs"]
        # The reference takes each observer's d' from all trials; here, from as many plain as
        # covered ones, which moves the mean by some thousandths.
        near = 0.01 if found["metric"] == "dprime" else 5e-5
        assert -found["loss"] == pytest.approx(truth["diff"], abs=near)
        assert -found["dz"] == pytest.approx(truth["dz"], abs=near)
        # A limit of 5000 resamples has a standard error of .02 half widths, and so has the truth.
        assert -found["ci_high"] == pytest.approx(truth["ci_lo"], abs=0.1 * half)
        assert -found["ci_low"] == pytest.approx(truth["ci_hi"], abs=0.1 * half)


@pytest.mark.data
def test_anger_keeps_its_hits_and_loses_sensitivity(summary: pd.DataFrame) -> None:
    lower = summary[(summary["condition"] == "lower") & (summary["label"] == "anger")]
    by_metric = lower.set_index("metric")
    hits, dprime, alarms = (by_metric.loc[m] for m in ("recall", "dprime", "false_alarm_rate"))
    assert hits["ci_low"] < 0 < hits["ci_high"]
    assert hits["p_value"] > 0.2
    assert dprime["ci_low"] > 0.05
    assert dprime["p_adjusted"] < 0.01
    assert alarms["ci_high"] < -0.02


@pytest.mark.data
def test_odds_ratio_is_that_of_the_reference(study: Study) -> None:
    fit = odds_ratios(study.responses)
    lower, upper = fit.odds_ratios
    assert (fit.n, fit.n_clusters) == (23_555, 228)
    # Limits by Student's t with 227 degrees of freedom; normal ones end at .584.
    assert [round(x, 3) for x in (lower.odds_ratio, lower.low, lower.high)] == [0.532, 0.485, 0.585]
    assert [round(x, 3) for x in (upper.odds_ratio, upper.low, upper.high)] == [0.533, 0.486, 0.585]


@pytest.mark.data
def test_shipped_variances_are_those_of_the_trials(
    study: Study, summary: pd.DataFrame, tmp_path: Path
) -> None:
    write_study(study, summary, tmp_path / "out", seed=0)
    for emotion in ("all", "disgust"):
        shipped = human_variances(emotion)
        found = pilot_variances(tmp_path / "out", condition="lower", emotion=emotion)
        assert shipped.between_sd == pytest.approx(found.between_sd, abs=5e-4)
        assert shipped.within_sd == pytest.approx(found.within_sd, abs=5e-4)
