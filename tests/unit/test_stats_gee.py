"""Logistic regression with clustered answers, and published human data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats as sps
from statsmodels.genmod.cov_struct import Exchangeable
from statsmodels.genmod.families import Binomial

from maskface.errors import MaskfaceError
from maskface.stats import compare, estimate, gee_logistic, get_metrics
from maskface.stats.gee import _joint
from tests.conftest import PHOTOGRAPHS

WILLIAMS = PHOTOGRAPHS / "human" / "williams2023_study1_trials.csv.gz"
SPELLING = {
    "angry": "anger", "disgusted": "disgust", "fearful": "fear", "happy": "happiness",
    "sad": "sadness", "surprised": "surprise",
}  # fmt: skip


def made(n_clusters: int = 60, each: int = 6, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for cluster in range(n_clusters):
        liking = rng.normal(0, 0.8)
        for condition, effect in (("none", 0.0), ("mask", -1.0)):
            for label in ("fear", "anger"):
                logit = 0.7 + liking + effect * (1.5 if label == "fear" else 0.5)
                hits = rng.random(each) < 1 / (1 + np.exp(-logit))
                rows += [(f"c{cluster:02}", condition, label, int(hit)) for hit in hits]
    return pd.DataFrame(rows, columns=["who", "condition", "label", "correct"])


def test_agrees_with_the_formula_interface_of_statsmodels() -> None:
    data = made()
    theirs = smf.gee(
        "correct ~ C(condition, Treatment('none'))", "who", data,
        family=Binomial(), cov_struct=Exchangeable(),
    ).fit()  # fmt: skip
    found = gee_logistic(data, cluster="who")
    (ratio,) = found.odds_ratios
    assert ratio.odds_ratio == pytest.approx(np.exp(theirs.params.iloc[1]), rel=1e-6)
    effect, se = theirs.params.iloc[1], theirs.bse.iloc[1]
    half = sps.t.ppf(0.975, 59) * se  # of 60 clusters
    np.testing.assert_allclose(
        [ratio.low, ratio.high], np.exp([effect - half, effect + half]), rtol=1e-6
    )
    assert ratio.t == pytest.approx(theirs.tvalues.iloc[1], rel=1e-6)
    assert ratio.p_value == pytest.approx(2 * sps.t.sf(abs(effect / se), 59), rel=1e-6)
    # One coefficient: F is t squared.
    assert found.condition.f == pytest.approx(ratio.t**2)
    assert found.condition.p_value == pytest.approx(ratio.p_value)
    assert (found.n, found.n_clusters, found.interaction) == (1440, 60, None)


def test_odds_ratios_by_emotion_are_those_of_the_model_with_interactions() -> None:
    data = made()
    theirs = smf.gee(
        "correct ~ C(condition, Treatment('none')) * C(label)", "who", data,
        family=Binomial(), cov_struct=Exchangeable(),
    ).fit()  # fmt: skip
    found = gee_logistic(data, cluster="who", emotion="label")
    ratios = {one.emotion: one.odds_ratio for one in found.odds_ratios}
    assert ratios["anger"] == pytest.approx(np.exp(theirs.params.iloc[1]), rel=1e-6)
    assert ratios["fear"] == pytest.approx(np.exp(theirs.params.iloc[[1, 3]].sum()), rel=1e-6)
    assert found.interaction is not None
    t = theirs.tvalues.iloc[3]
    assert found.interaction.p_value == pytest.approx(2 * sps.t.sf(abs(t), 59), rel=1e-6)
    assert (found.interaction.df, found.interaction.df_error) == (1, 59)
    # Both odds ratios at once: Wald's chi-square with 2 degrees of freedom, scaled.
    contrast = np.array([[0, 1, 0, 0], [0, 1, 0, 1]])
    wald = theirs.wald_test(contrast, scalar=True).statistic
    assert found.condition.f == pytest.approx(wald * 58 / (2 * 59), rel=1e-6)
    assert found.condition.p_value == pytest.approx(sps.f.sf(wald * 58 / 118, 2, 58), rel=1e-6)


def test_joint_tests_are_those_of_hotelling() -> None:
    # W = 12 of q = 3 coefficients on C = 10 clusters: F = 12 x 7 / (3 x 9) on 3 and 7.
    found = _joint(np.array([2.0, 2.0, 2.0]), np.eye(3), 10)
    assert (found.df, found.df_error) == (3, 7)
    assert found.f == pytest.approx(84 / 27)
    assert found.p_value == pytest.approx(sps.f.sf(84 / 27, 3, 7))
    # T squared of vectors, with the covariance of their mean, is the same number.
    x = np.random.default_rng(0).normal(0.5, 1, (10, 3))
    mean, cov = x.mean(axis=0), np.cov(x.T) / 10
    t_squared = mean @ np.linalg.inv(cov) @ mean
    assert _joint(mean, cov, 10).f == pytest.approx(t_squared * (10 - 3) / (3 * (10 - 1)))


@pytest.mark.slow
def test_true_hypotheses_are_rejected_as_often_as_they_should_be() -> None:
    p = []
    for seed in range(150):
        rng = np.random.default_rng([1, seed])
        data = made(n_clusters=12, seed=seed)
        liking = data["who"].map(dict(zip(data["who"].unique(), rng.normal(0, 1, 12), strict=True)))
        data["correct"] = (rng.random(len(data)) < 1 / (1 + np.exp(-liking))).astype(int)
        data["label"] = np.resize(["fear", "anger", "sadness"], len(data))
        p.append(gee_logistic(data, cluster="who", emotion="label").condition.p_value)
    # Chi-square rejects about a fifth.
    assert 0.005 <= np.mean(np.array(p) < 0.05) <= 0.1


def test_few_clusters_get_wider_limits() -> None:
    data = made(n_clusters=12)
    corrected, plain = (
        gee_logistic(data, cluster="who"),
        gee_logistic(data, cluster="who", covariance="robust"),
    )
    assert (corrected.covariance, plain.covariance) == ("bias_reduced", "robust")
    assert corrected.odds_ratios[0].high > plain.odds_ratios[0].high


def test_what_cannot_be_fitted_is_refused() -> None:
    data = made()
    with pytest.raises(MaskfaceError, match="lack the columns person"):
        gee_logistic(data, cluster="person")
    with pytest.raises(MaskfaceError, match="needs the condition 'clean'"):
        gee_logistic(data, cluster="who", reference="clean")
    for n, emotion, least in ((3, None, 4), (4, "label", 5)):
        few = data[data["who"] < f"c{n:02}"]
        with pytest.raises(MaskfaceError, match=f"needs {least} clusters or more, got {n}"):
            gee_logistic(few, cluster="who", emotion=emotion)
    data.loc[data["condition"] == "mask", "correct"] = 0
    with pytest.raises(MaskfaceError, match="0 of 720 answers are right for condition 'mask'"):
        gee_logistic(data, cluster="who")


@pytest.fixture(scope="module")
def williams() -> pd.DataFrame:
    """Answers to the question whether a face shows the emotion that it was posed for."""
    if not WILLIAMS.exists():
        pytest.skip("the trials of Williams et al. 2023 are not on this machine")
    trials = pd.read_csv(WILLIAMS)
    congruent = trials[trials["emotionRating"] == trials["expr"]].reset_index(drop=True)
    return congruent.rename(columns={"subject": "observer_id", "rateEmotion": "correct"})


def test_odds_ratios_of_williams_2023(williams: pd.DataFrame) -> None:
    found = gee_logistic(williams, cluster="observer_id", condition="cond")
    assert (found.n, found.n_clusters) == (23_555, 228)
    numbers = {
        one.condition: [round(x, 3) for x in (one.odds_ratio, one.low, one.high)]
        for one in found.odds_ratios
    }
    assert numbers == {"lower_mask": [0.532, 0.485, 0.585], "upper_mask": [0.533, 0.486, 0.585]}


@pytest.mark.slow
def test_emotions_of_williams_2023_are_hidden_unequally(williams: pd.DataFrame) -> None:
    found = gee_logistic(williams, cluster="observer_id", condition="cond", emotion="expr")
    lower = {one.emotion: one for one in found.odds_ratios if one.condition == "lower_mask"}
    assert lower["disgusted"].high < 0.5 < lower["angry"].low
    assert found.interaction is not None
    assert found.interaction.df == 10
    assert found.interaction.p_value < 1e-10


def test_hit_rates_of_williams_2023_averaged_over_observers(williams: pd.DataFrame) -> None:
    """Reference computed independently: williams2023_study1_reference.csv."""
    label = williams["expr"].map(SPELLING)
    trials = pd.DataFrame({
        "image_id": williams["face"],
        "observer_id": williams["observer_id"],
        "label": label,
        "predicted": label.where(williams["correct"] == 1, "neutral"),
        "condition": williams["cond"],
        "status": "ok",
    })  # fmt: skip
    comparison = compare(trials, "lower_mask", by="observer_id", paired=False)
    metrics = (*get_metrics("accuracy"), *get_metrics("recall"))
    found = {one.label: one for one in estimate(comparison, metrics, average="clusters", seed=1)}
    overall, disgust = found["all"], found["disgust"]
    assert overall.baseline == pytest.approx(0.79953, abs=1e-5)
    assert overall.value == pytest.approx(0.68239, abs=1e-5)
    assert (-overall.high, -overall.low) == pytest.approx((-0.13771, -0.0977), abs=0.002)
    assert overall.dz == pytest.approx(0.77735, abs=1e-4)
    assert disgust.loss == pytest.approx(0.22264, abs=1e-4)
    assert disgust.dz == pytest.approx(0.65276, abs=1e-4)
