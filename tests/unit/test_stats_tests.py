"""Tests and effect sizes against enumeration by hand, scipy and statsmodels."""

from __future__ import annotations

import gc
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps
from statsmodels.stats.multitest import multipletests

from maskface.errors import MaskfaceError
from maskface.stats import (
    Comparison,
    cluster_values,
    cochrans_q,
    compare,
    equivalence_test,
    get_metrics,
    holm,
    mcnemar_exact,
    mcnemar_of_counts,
    permutation_test,
    wilson_interval,
)
from tests.unit.test_stats import HAND, pairs

(ACCURACY,) = get_metrics("accuracy")
(RECALL,) = get_metrics("recall")
(HU,) = get_metrics("hu")


def people(n: int, pictures: int, seed: int, loss: float = 0.3) -> Comparison:
    rng = np.random.default_rng(seed)
    rows, names = [], []
    for person in range(n):
        for _ in range(pictures):
            plain, masked = rng.random() < 0.8, rng.random() < 0.8 - loss
            rows.append(("fear", "fear" if plain else "anger", "fear" if masked else "anger"))
            names.append(f"S{person:02}")
    return compare(pairs(rows, names), "surgical")


def test_exact_permutation_equals_enumeration_and_scipy() -> None:
    comparison = people(7, 5, seed=3)
    plain, occluded = cluster_values(comparison, ACCURACY)
    losses = plain - occluded
    signs = np.array(list(product([1, -1], repeat=7)))
    means = np.abs((signs * losses).mean(axis=1))
    expected = float(np.mean(means >= abs(losses.mean()) - 1e-12))
    found = permutation_test(comparison, ACCURACY)
    assert (found.exact, found.n_permutations, found.n_clusters) == (True, 128, 7)
    assert found.p_value == pytest.approx(expected)
    assert found.statistic == pytest.approx(losses.mean())
    theirs = sps.permutation_test(
        (plain, occluded), lambda x, y: np.mean(x - y), permutation_type="samples",
        n_resamples=10**6,
    )  # fmt: skip
    assert found.p_value == pytest.approx(theirs.pvalue, abs=0.02)  # scipy doubles one tail


def test_random_permutation_is_near_the_enumeration() -> None:
    comparison = people(16, 3, seed=1, loss=0.2)
    plain, occluded = cluster_values(comparison, ACCURACY)
    signs = 1 - 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1)
    sums = np.abs(signs @ (plain - occluded))
    expected = float(np.mean(sums >= abs((plain - occluded).sum()) - 1e-9))
    found = permutation_test(comparison, ACCURACY, n_permutations=20_000)
    assert not found.exact
    assert found.p_value == pytest.approx(expected, abs=0.01)
    assert found.p_value * 20_001 == pytest.approx(round(found.p_value * 20_001))  # (b+1)/(B+1)


def test_permutation_with_one_picture_a_person_is_mcnemar() -> None:
    rows = [("fear", "fear", "anger")] * 8 + [("fear", "anger", "fear")] * 2
    comparison = compare(pairs(rows), "surgical", by="image_id")
    found = permutation_test(comparison, ACCURACY)
    assert found.p_value == pytest.approx(mcnemar_of_counts(8, 2, 10).p_value)


def test_people_who_all_lose_the_same_have_the_least_p() -> None:
    comparison = compare(pairs([("fear", "fear", "anger")] * 6, list("ABCDEF")), "surgical")
    assert permutation_test(comparison, RECALL, "fear").p_value == 2 / 2**6
    assert np.isnan(permutation_test(comparison, RECALL, "anger").p_value)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 1000), st.floats(-0.2, 0.8))
def test_p_is_a_probability_above_zero(n: int, pictures: int, seed: int, loss: float) -> None:
    comparison = people(n, pictures, seed, loss)
    for metric, label in ((ACCURACY, "all"), (HU, "fear")):
        p = permutation_test(comparison, metric, label).p_value
        assert 0 < p <= 1
        assert p >= 2 / 2**n or p == pytest.approx(1)


def test_mcnemar_and_its_effect_sizes() -> None:
    plain = np.array([True] * 12 + [False] * 8)
    occluded = np.array([False] * 9 + [True] * 6 + [False] * 5)
    found = mcnemar_exact(plain, occluded)
    assert (found.n, found.lost, found.gained) == (20, 9, 3)
    assert found.p_value == pytest.approx(sps.binomtest(3, 12, 0.5).pvalue)
    assert found.odds_ratio == pytest.approx(3 / 9)
    assert found.cohens_g == pytest.approx(9 / 12 - 0.5)
    share = sps.binomtest(3, 12).proportion_ci(0.95, "exact")
    assert found.low == pytest.approx(share.low / (1 - share.low))
    assert found.high == pytest.approx(share.high / (1 - share.high))
    assert mcnemar_of_counts(0, 0, 5).p_value == 1
    assert mcnemar_of_counts(0, 4, 5).odds_ratio == mcnemar_of_counts(0, 4, 5).high == np.inf
    with pytest.raises(MaskfaceError, match="same length, got 20 and 3"):
        mcnemar_exact(plain, occluded[:3])


def test_cochrans_q_of_a_hand_worked_table() -> None:
    # Rows with 1, 2, 1, 2, 3, 0 right of 3; columns 4, 3, 2.
    right = {
        "none": np.array([1, 1, 1, 1, 1, 0], bool)[[0, 1, 3, 4, 5, 2]],
        "cap": np.array([0, 1, 0, 1, 1, 0], bool),
        "mask": np.array([0, 0, 0, 0, 1, 1], bool),
    }
    table = np.column_stack(list(right.values())).astype(int)
    k, columns, rows = 3, table.sum(axis=0), table.sum(axis=1)
    q = (k - 1) * (k * (columns**2).sum() - columns.sum() ** 2) / (k * rows.sum() - (rows**2).sum())
    found = cochrans_q(right)
    assert found.statistic == pytest.approx(q)
    assert found.p_value == pytest.approx(sps.chi2.sf(q, 2))
    assert (found.df, found.n) == (2, 6)
    assert [(p.first, p.second) for p in found.pairs] == [
        ("none", "cap"), ("none", "mask"), ("cap", "mask"),
    ]  # fmt: skip
    raw = sorted(p.test.p_value for p in found.pairs)
    assert min(p.p_adjusted for p in found.pairs) == pytest.approx(min(1, 3 * raw[0]))
    same = np.array([True, False])
    assert cochrans_q({"a": same, "b": same, "c": same}).p_value == 1
    with pytest.raises(MaskfaceError, match="three conditions"):
        cochrans_q({"a": same, "b": same})


def test_equivalence_is_two_one_sided_t_tests() -> None:
    rng = np.random.default_rng(0)
    plain = rng.normal(0.8, 0.1, 24)
    masked = plain - rng.normal(0.01, 0.05, 24)
    found = equivalence_test(plain, masked, bound=0.04)
    losses = plain - masked
    above = sps.ttest_1samp(losses, -0.04, alternative="greater")
    below = sps.ttest_1samp(losses, 0.04, alternative="less")
    assert found.p_value == pytest.approx(max(above.pvalue, below.pvalue))
    assert (found.t_lower, found.t_upper) == pytest.approx((above.statistic, below.statistic))
    assert (found.df, found.n) == (23, 24)
    limits = sps.t.interval(0.9, 23, losses.mean(), sps.sem(losses))
    assert (found.low, found.high) == pytest.approx(limits)
    assert (found.p_value < 0.05) == (found.low > -0.04 and found.high < 0.04)
    assert found.dz == pytest.approx(losses.mean() / losses.std(ddof=1))


def test_equivalence_needs_a_bound_and_clusters() -> None:
    with pytest.raises(TypeError, match="bound"):
        equivalence_test(np.zeros(3), np.ones(3))  # type: ignore[call-arg]
    for bound, values, problem in (
        (0.0, [1, 2, 4], "above 0"),
        (1.0, [1], "two clusters"),
        (1.0, [1, 1, 1], "lose the same"),
    ):
        with pytest.raises(MaskfaceError, match=problem):
            equivalence_test(np.array(values), np.zeros(len(values)), bound=bound)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_that_of_statsmodels(p: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)  # theirs collects the garbage of all tests
        theirs = multipletests(p, method="holm")[1]
    np.testing.assert_array_equal(holm(p), theirs)


def test_holm_leaves_out_tests_that_were_not_made() -> None:
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.06, 0.06])
    assert np.isnan(holm([np.nan])).all()


@given(st.integers(1, 500), st.data())
def test_wilson_is_that_of_scipy(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson_interval(np.array(hits), np.array(n))
    theirs = sps.binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert (float(low), float(high)) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_without_trials() -> None:
    assert np.isnan(wilson_interval(np.array([0, 1]), np.array([0, 2]))[0]).tolist() == [
        True,
        False,
    ]


def test_counts_of_a_comparison_are_the_confusion_matrices() -> None:
    plain, occluded = compare(pairs(HAND), "surgical", by="image_id").counts()
    assert plain.sum() == occluded.sum() == 8
    assert (plain[1, 0], occluded[1, 0], occluded[4, 6]) == (1, 2, 1)
