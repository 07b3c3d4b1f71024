"""Resampling and intervals against explicit resampling, textbook formulas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as sps

from maskface.errors import MaskfaceError
from maskface.stats import (
    Comparison,
    Metric,
    Sums,
    bootstrap,
    cluster_bootstrap,
    cluster_values,
    compare,
    estimate,
    evaluate,
    get_metrics,
    interval,
    resample,
)
from maskface.stats import intervals as resampling
from maskface.stats.aggregate import N_SUMS
from maskface.stats.intervals import quantiles
from maskface.stats.summary import both_and_loss
from maskface.types import EMOTIONS
from tests.unit.test_stats import HAND, pairs


def ratio(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[:, 1:] / sums[:, :1])


def alone(n: int) -> np.ndarray:
    return np.arange(n)[:, None]


def draws(totals: np.ndarray, n: int, levels: np.ndarray | None = None) -> np.ndarray:
    levels = alone(len(totals)) if levels is None else levels
    return np.concatenate(list(resample(totals, levels, seed=3, n=n)))


def test_percentiles_equal_resampling_cluster_by_cluster() -> None:
    rng = np.random.default_rng(0)
    totals = np.column_stack([rng.integers(1, 5, 12), rng.integers(0, 3, 12)]).astype(float)
    low, high = cluster_bootstrap(totals, ratio, seed=1, n_resamples=20_000, kind="percentile")
    drawn = totals[rng.integers(0, 12, (20_000, 12))].sum(axis=1)
    expected = np.quantile(ratio(drawn)[:, 0], [0.025, 0.975])
    np.testing.assert_allclose([low[0], high[0]], expected, atol=0.02)


def test_every_way_to_draw_has_the_moments_of_the_bootstrap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    kinds = rng.integers(0, 3, (400, 2)).astype(float)  # compress: at most 9 kinds
    mixed = np.column_stack([kinds, rng.gamma(2, 1, 400), kinds[:, 0] * rng.random(400)])
    for name, totals, most in (
        ("by kind", kinds, 20_000),
        ("by cluster", mixed, 20_000),
        ("by kind and normal", mixed, 50),
    ):
        monkeypatch.setattr(resampling, "MANY_KINDS", most)
        found = draws(totals, 20_000)
        np.testing.assert_allclose(found.mean(axis=0), totals.sum(axis=0), rtol=0.01, err_msg=name)
        expected = len(totals) * np.cov(totals.T, ddof=0)
        spread = np.sqrt(np.diag(expected))
        np.testing.assert_allclose(
            np.cov(found.T) / np.outer(spread, spread),
            expected / np.outer(spread, spread),
            atol=0.04,
            err_msg=name,
        )
        np.testing.assert_array_equal(found[:, :2], np.round(found[:, :2]))


def test_crossed_draws_equal_an_explicit_double_draw() -> None:
    rng = np.random.default_rng(2)
    observers, faces = (axis.ravel() for axis in np.indices((8, 5)))
    totals = rng.integers(0, 10, (40, 2)) + rng.integers(0, 10, (8, 1))[observers]
    found = draws(totals.astype(float), 10_000, np.column_stack([observers, faces]))
    grid = totals.reshape(8, 5, 2)
    expected = np.array([
        grid[rng.integers(0, 8, 8)][:, rng.integers(0, 5, 5)].sum(axis=(0, 1))
        for _ in range(10_000)
    ])  # fmt: skip
    np.testing.assert_allclose(found.mean(axis=0), expected.mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(found.std(axis=0), expected.std(axis=0), rtol=0.04)


def test_crossed_with_one_level_is_one_way() -> None:
    totals = np.random.default_rng(1).random((9, 3))
    crossed = np.column_stack([np.arange(9), np.zeros(9, np.int64)])
    np.testing.assert_allclose(draws(totals, 50), draws(totals, 50, crossed))


def test_crossing_widens_the_interval_when_faces_differ() -> None:
    # Every observer reads the first half of the faces right and the others wrong.
    observers, faces = (axis.ravel() for axis in np.indices((20, 6)))
    hits = (faces < 3).astype(float)
    totals = np.column_stack([np.ones(120), hits])
    levels = np.column_stack([observers, faces])
    by_observer = np.column_stack([np.full(20, 6.0), np.full(20, 3.0)])
    low, high = cluster_bootstrap(by_observer, ratio, seed=0)
    assert np.isnan([low, high]).all()  # all observers agree: an interval without width
    low, high = cluster_bootstrap(totals, ratio, seed=0, levels=levels)
    assert high - low > 0.5


def mean(sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[:, :1] / sums[:, 1:])


def skewed(n: int) -> np.ndarray:
    return np.random.default_rng(7).exponential(1, n)


def test_bca_agrees_with_scipy() -> None:
    sample = skewed(25)
    totals = np.column_stack([sample, np.ones(25)])
    low, high = cluster_bootstrap(totals, mean, seed=1, n_resamples=40_000, kind="bca")
    theirs = sps.bootstrap(
        (sample,), np.mean, n_resamples=40_000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    np.testing.assert_allclose([low[0], high[0]], theirs, rtol=0.02)


def test_t_interval_of_a_mean_is_students() -> None:
    sample = skewed(15)
    totals = np.column_stack([sample, np.ones(15)])
    low, high = cluster_bootstrap(totals, mean, seed=1, n_resamples=40_000, kind="t")
    theirs = sps.t.interval(0.95, 14, sample.mean(), sps.sem(sample))
    np.testing.assert_allclose([low[0], high[0]], theirs, rtol=0.02)


def test_expanded_interval_of_normal_data_is_students() -> None:
    sample = sps.norm.ppf((np.arange(20) + 0.5) / 20)
    totals = np.column_stack([sample, np.ones(20)])
    low, high = cluster_bootstrap(totals, mean, seed=1, n_resamples=40_000)
    theirs = sps.t.interval(0.95, 19, sample.mean(), sps.sem(sample))
    np.testing.assert_allclose([low[0], high[0]], theirs, rtol=0.04)
    narrow = cluster_bootstrap(totals, mean, seed=1, n_resamples=40_000, kind="percentile")
    assert low[0] < narrow[0][0] < narrow[1][0] < high[0]


def test_one_cluster_has_no_interval() -> None:
    drawn = bootstrap(np.array([[1.0, 2.0]]), ratio, seed=0, n_resamples=10)
    for kind in ("percentile", "expanded", "bca", "t"):
        assert np.isnan(interval(drawn, kind)).all()
    with pytest.raises(MaskfaceError, match="must be one of"):
        interval(drawn, "wald")  # type: ignore[arg-type]


def test_undefined_statistics_have_no_interval() -> None:
    totals = np.column_stack([np.zeros(6), np.ones(6)])

    def undefined(sums: np.ndarray) -> np.ndarray:
        return np.where(sums[:, :1] > 0, 1.0, np.nan)

    for kind in ("percentile", "expanded", "bca", "t"):
        limits = cluster_bootstrap(totals, undefined, seed=0, kind=kind, n_resamples=20)
        assert np.isnan(limits).all()


@settings(deadline=None)
@given(
    arrays(float, (9, 2), elements=st.one_of(st.floats(-5, 5), st.just(float("nan")))),
    st.floats(0, 1),
)
def test_quantiles_are_those_of_numpy(values: np.ndarray, share: float) -> None:
    (found,) = quantiles(values, np.full((1, 2), share))
    for column, ours in zip(values.T, found, strict=True):
        known = column[~np.isnan(column)]
        assert (
            np.isnan(ours) if not len(known) else ours == pytest.approx(np.quantile(known, share))
        )


def test_average_of_clusters_is_the_mean_of_their_own_measures() -> None:
    # A: 1 of 1 right, then 0; B: 1 of 3 right, then 1 of 3
    rows = (
        [("fear", "fear", "anger")] + [("fear", "fear", "fear")] + [("fear", "anger", "anger")] * 2
    )
    comparison = compare(pairs(rows, list("ABBB")), "surgical")
    (pooled,) = estimate(comparison, get_metrics("accuracy"), n_resamples=50)
    assert (pooled.baseline, pooled.value) == (0.5, 0.25)
    (mean_,) = estimate(comparison, get_metrics("accuracy"), average="clusters", n_resamples=50)
    assert mean_.baseline == pytest.approx((1 + 1 / 3) / 2)
    assert mean_.value == pytest.approx((0 + 1 / 3) / 2)
    assert mean_.loss == pytest.approx(0.5)
    assert mean_.dz == pytest.approx(0.5 / np.std([1, 0], ddof=1))


def test_unequal_numbers_of_trials_fake_no_loss_of_sensitivity() -> None:
    # 500 observers of d' 2.5: 24 signals and 48 others plain, 6 and 12 masked.
    rng = np.random.default_rng(3)
    totals = np.zeros((500, 2, N_SUMS))
    for side, (signals, others) in enumerate(((24, 48), (6, 12))):
        hits = rng.binomial(signals, sps.norm.cdf(1.25), 500)
        alarms = rng.binomial(others, sps.norm.cdf(-1.25), 500)
        totals[:, side, 0], totals[:, side, 1] = hits, signals - hits
        totals[:, side, 7], totals[:, side, 8] = alarms, others - alarms
    comparison = Comparison("m", ("who",), totals, np.arange(500)[:, None], None)
    dprime = get_metrics("dprime")
    plain, masked = cluster_values(comparison, dprime[0], "anger")
    error = np.std(plain - masked, ddof=1) / np.sqrt(500)
    assert abs((plain - masked).mean()) < 3 * error < 0.1
    uncorrected = both_and_loss(dprime, comparison.flat)[:, 2 * len(EMOTIONS)].mean()
    assert uncorrected > 0.17


def test_d_prime_of_fewer_trials_is_the_mean_over_all_choices() -> None:
    # 3 hits in 4 signals and 1 alarm in 2; two signals, one noise trial: of 6 pairs of signals 3
    # hold both hits, 3 one; of 2 noise trials one is an alarm.
    totals = np.zeros((1, N_SUMS))
    totals[0, [0, 1, 7, 8]] = 3, 1, 1, 1
    most = np.zeros((1, 7))
    most[0, :2] = 2, 1
    z = sps.norm.ppf
    hit = (z(2.5 / 3) + z(1.5 / 3)) / 2
    alarm = (z(0.5 / 2) + z(1.5 / 2)) / 2
    assert evaluate(get_metrics("dprime"), totals, most)[0, 0] == pytest.approx(hit - alarm)


@pytest.mark.parametrize(("n", "name"), [(2, ""), (3, "t on"), (9, "t on"), (10, "expanded")])
def test_few_units_get_t_and_fewer_than_three_nothing(n: int, name: str) -> None:
    comparison = compare(
        pairs([("fear", "fear", "fear" if i % 2 else "anger") for i in range(n)],
              [f"S{i}" for i in range(n)]), "surgical",
    )  # fmt: skip
    (one,) = estimate(comparison, get_metrics("accuracy"), n_resamples=400)
    assert one.interval.startswith(name)
    assert (one.interval == "") == (name == "") == np.isnan(one.low)


def test_near_the_ceiling_no_interval_is_without_width() -> None:
    # All of 20 pictures of 10 people are right, plain and masked.
    comparison = compare(
        pairs([("fear", "fear", "fear")] * 20, [f"S{i // 2}" for i in range(20)]), "surgical"
    )
    (one,) = estimate(comparison, get_metrics("accuracy"), n_resamples=100)
    half = sps.norm.ppf(0.975) * np.sqrt(2) / 21  # one of 21 pictures lost, and one gained
    assert (one.low, one.loss, one.high) == pytest.approx((-half, 0, half))
    assert (one.value_low, one.value, one.value_high) == pytest.approx((1 - half, 1, 1))


def test_a_measure_that_clusters_lack_stands_on_the_others() -> None:
    fear, anger = ("fear", "fear", "anger"), ("anger", "anger", "anger")
    rows = [fear, anger, ("fear", "fear", "fear"), anger, fear]
    comparison = compare(pairs(rows, list("ABCDE")), "surgical")
    found = {one.label: one for one in estimate(comparison, get_metrics("recall"), n_resamples=99)}
    assert (found["fear"].n_clusters, found["anger"].n_clusters) == (3, 2)
    assert np.isnan(found["anger"].low)
    assert found["anger"].interval == ""
    assert not np.isnan(found["fear"].low)
    assert found["fear"].interval == "t on bootstrap SE"


def test_a_mean_of_own_losses_stands_on_the_observers_who_have_one() -> None:
    # Six observers saw anger plain, one of them masked too; all saw fear under both.
    rows = [
        {"observer": f"o{n}", "image_id": f"{label}{n}", "condition": condition, "label": label,
         "predicted": "fear" if n % 2 else label, "status": "ok"}
        for n in range(6)
        for label in ("anger", "fear")
        for condition in ("none", "surgical")
        if label == "fear" or condition == "none" or n == 0
    ]  # fmt: skip
    trials = pd.DataFrame(rows)
    comparison = compare(trials, "surgical", by="observer", paired=False)
    metrics = get_metrics("recall")
    found = {
        one.label: one for one in estimate(comparison, metrics, average="clusters", n_resamples=99)
    }
    assert (found["fear"].n_clusters, found["anger"].n_clusters) == (6, 1)
    assert np.isnan(found["anger"].low)
    assert np.isnan(found["anger"].high)
    pooled = {one.label: one for one in estimate(comparison, metrics, n_resamples=99)}
    assert pooled["anger"].n_clusters == 6


@pytest.mark.parametrize(("column", "word"), [("label", "contempt"), ("predicted", "contempt")])
def test_unknown_emotions_are_named(column: str, word: str) -> None:
    trials = pairs([("fear", "fear", "anger")]).assign(**{column: word})
    with pytest.raises(
        MaskfaceError, match=f"Column {column} holds '{word}', which is none of anger, disgust"
    ):
        compare(trials, "surgical", by="image_id")


def test_a_measure_of_ones_own() -> None:
    def as_anger(sums: Sums) -> np.ndarray:
        disgust = sums.confusion[:, 1]
        return np.asarray(disgust[:, 0] / disgust.sum(axis=1))

    mine = Metric("disgust_as_anger", "all", as_anger, "Disgust taken for anger", "here")
    comparison = compare(pairs(HAND), "surgical", by="image_id")
    (found,) = estimate(comparison, [mine], n_resamples=200)
    assert (found.baseline, found.value, found.loss) == (0.25, 0.5, -0.25)
    assert found.low < -0.25 < found.high


def test_nothing_in_common_is_not_estimated() -> None:
    comparison = compare(pairs([("fear", "fear", "")]), "surgical", by="image_id")
    assert comparison.n_clusters == 0
    (one,) = estimate(comparison, get_metrics("accuracy"))
    assert np.isnan(one.loss)
