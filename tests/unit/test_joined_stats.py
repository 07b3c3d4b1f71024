"""Hand-worked sets that are not symmetric: where right parts are joined into a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.multitest import multipletests

from maskface.analyses import Moderator, contrast_table, moderator_table
from maskface.analyses.moderators import standard_errors
from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.stats import (
    METRICS,
    NO_ANSWER,
    Comparison,
    Resampled,
    Ways,
    compare,
    count_answers,
    estimate,
    evaluate,
    find_guards,
    flip_test,
    get_metrics,
    interval,
    mcnemar_of_counts,
    orders,
    permutation_test,
    picture_answers,
    randomize,
    splits,
    summarize,
    swap_test,
    swaps,
)
from maskface.stats.aggregate import N_SUMS
from maskface.tables import ATTRIBUTES, TRIALS
from maskface.types import EMOTIONS
from tests.unit.test_stats import trial

ACCURACY = get_metrics("accuracy")[0]
RECALL = get_metrics("recall")[0]


def told(people: dict[str, tuple[str, str]], label: str = "fear", **more: Any) -> list[Any]:
    """Rows of people with marks of their pictures plain and masked: 1 right, 0 wrong, x failed."""
    rows = []
    for person, sides in people.items():
        for condition, marks in zip(("none", "surgical"), sides, strict=True):
            for i, mark in enumerate(marks):
                said = label if mark == "1" else "neutral"
                row = trial(f"{person}-{label}-{i}", condition, label, said, person, **more)
                if mark == "x":
                    row |= {"status": "no_face", "predicted": "", "correct": None}
                rows.append(row)
    return rows


# Four people with 2, 4, 2 and 4 pictures; masked, each is right in exactly half of them.
UNEVEN = {"A": ("11", "10"), "B": ("1111", "1100"), "C": ("10", "01"), "D": ("1110", "0011")}


def row_of(summary: pd.DataFrame, metric: str, label: str = "all", **cells: str) -> Any:
    cells = {"metric": metric, "label": label, "condition": "surgical"} | cells
    chosen = summary[(summary[list(cells)] == pd.Series(cells)).all(axis=1)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def all_resamples(of: np.ndarray) -> np.ndarray:
    """Losses of all resamples of people, of whom pictures and losses are given."""
    drawn = of[np.indices((len(of),) * len(of)).reshape(len(of), -1)].sum(axis=0)
    return np.asarray(drawn[:, 1] / drawn[:, 0])


def test_each_interval_stands_in_its_own_column() -> None:
    row = row_of(summarize(TRIALS.frame(told(UNEVEN))), "accuracy")
    # Plain 10 of 12, masked 6 of 12. Masked, no resample of people can differ from .5, but one
    # more wrong picture would make it 6 of 13.
    assert row["baseline"] == pytest.approx(10 / 12, abs=1e-6)
    least = norm.ppf(0.975) * np.sqrt(2) * (0.5 - 6 / 13)
    assert (row["value"], row["value_ci_low"], row["value_ci_high"]) == pytest.approx(
        (0.5, 0.5 - least, 0.5 + least), abs=1e-6
    )
    assert row["loss"] == pytest.approx(4 / 12, abs=1e-6)
    # Symmetric, by Student's t of four people; the loss of 13 pictures, one more gained, is 3/13.
    assert row["ci_high"] - row["loss"] == pytest.approx(row["loss"] - row["ci_low"], abs=1e-6)
    exact = all_resamples(np.array([(2, 1), (4, 2), (2, 0), (4, 1)]))
    t_half = student.ppf(0.975, 3) * np.sqrt(4 / 3) * exact.std()
    least = norm.ppf(0.975) * np.sqrt(2) * (4 / 12 - 3 / 13)
    assert row["ci_high"] - row["loss"] == pytest.approx(np.hypot(t_half, least), rel=0.02)
    assert row["dz"] == pytest.approx(
        np.mean([2, 2, 0, 1]) / np.std([2, 2, 0, 1], ddof=1), abs=1e-6
    )
    # A gain in place of a loss: signs and sides change together.
    swapped = {person: sides[::-1] for person, sides in UNEVEN.items()}
    gained = row_of(summarize(TRIALS.frame(told(swapped))), "accuracy")
    assert (gained["loss"], gained["ci_low"]) == pytest.approx((-4 / 12, -row["ci_high"]), abs=1e-6)
    assert gained["ci_high"] == pytest.approx(-row["ci_low"], abs=1e-6)
    assert (gained["dz"], gained["baseline"]) == pytest.approx((-row["dz"], 0.5), abs=1e-6)
    assert gained["value_ci_low"] < gained["value"] < gained["value_ci_high"]


def test_pooled_answers_and_means_of_people_are_not_the_same() -> None:
    both = compare(TRIALS.frame(told(UNEVEN)), "surgical")
    pooled = estimate(both, [ACCURACY], n_resamples=200)[0]
    people = estimate(both, [ACCURACY], average="clusters", n_resamples=200)[0]
    assert (pooled.baseline, pooled.loss) == pytest.approx((10 / 12, 4 / 12))
    # Of people: 1, 1, 1/2 and 3/4 plain, 1/2 masked.
    assert (people.baseline, people.value) == pytest.approx((13 / 16, 1 / 2))
    assert people.loss == pytest.approx(5 / 16)
    assert people.n_clusters == 4


def test_only_answered_pairs_count_and_the_others_are_missing() -> None:
    people = {"A": ("11x1", "10x0"), "B": ("111", "1x1"), "C": ("x0", "11"), "D": ("1", "x")}
    trials = TRIALS.frame([*told(people), *told({"A": ("1", "0"), "B": ("0", "0")}, "anger")])
    summary = summarize(trials, n_resamples=100)
    # Fear: A 3 pairs, B 2, C 1, D none; ten pictures were shown masked.
    row = row_of(summary, "recall", "fear")
    assert (row["n"], row["n_missing"], row["n_clusters"]) == (6, 4, 3)
    assert (row["baseline"], row["value"]) == pytest.approx((5 / 6, 4 / 6), abs=1e-6)
    # Right to wrong: two of A. Wrong to right: one of C.
    test = mcnemar_of_counts(2, 1, 6)
    assert (row["odds_ratio"], row["cohens_g"]) == pytest.approx((0.5, test.cohens_g), abs=1e-6)
    over_all = row_of(summary, "accuracy")
    assert (over_all["n"], over_all["n_missing"], over_all["n_clusters"]) == (8, 4, 3)
    assert over_all["odds_ratio"] == pytest.approx(1 / 3, abs=1e-6)
    # Unpaired: all answers of people who have some under both; D has none masked.
    loose = compare(trials, "surgical", paired=False)
    plain, occluded = (counts.sum() for counts in loose.counts())
    assert (plain, occluded, loose.n_clusters, loose.changed) == (9, 9, 3, None)


@pytest.mark.parametrize("n", [3, 5])
def test_degrees_of_freedom_are_one_less_than_clusters(n: int) -> None:
    values = np.arange(10_001.0)[:, None]
    made = Resampled(np.array([5000.0]), values, np.array([n]), lambda: np.zeros((1, 1)))
    t, wider = float(student.ppf(0.975, n - 1)), np.sqrt(n / (n - 1))
    low, high = (float(limit[0]) for limit in interval(made, "t"))
    assert (5000 - low, high - 5000) == pytest.approx((t * wider * values.std(),) * 2)
    low, high = (float(limit[0]) for limit in interval(made, "expanded"))
    assert (low, 10_000 - high) == pytest.approx((10_000 * norm.cdf(-t * wider),) * 2)


def test_an_emotion_stands_on_the_people_who_showed_it() -> None:
    five = {p: ("11", m) for p, m in zip("ABCDE", ("10", "00", "11", "10", "01"), strict=True)}
    three = {p: ("11", m) for p, m in zip("ABC", ("10", "00", "11"), strict=True)}
    both = compare(TRIALS.frame([*told(five), *told(three, "anger")]), "surgical")
    found = {one.label: one for one in estimate(both, [RECALL], kind="t", n_resamples=20_000)}
    assert {label: one.n_clusters for label, one in found.items() if one.n_clusters} == {
        "anger": 3, "fear": 5,
    }  # fmt: skip
    # Losses of one emotion are means of equal weight: the bootstrap variance of five is known.
    losses = np.array([1, 2, 0, 1, 1]) / 2
    half = student.ppf(0.975, 4) * losses.std(ddof=1) / np.sqrt(5)
    assert found["fear"].loss == pytest.approx(0.5)
    least = norm.ppf(0.975) * np.sqrt(2) * (5 / 10 - 4 / 11)  # one more picture gained
    both_ways = np.hypot(half, least)
    assert found["fear"].loss - found["fear"].low == pytest.approx(both_ways, rel=0.03)
    assert found["fear"].high == min(0.5 + (0.5 - found["fear"].low), 1)


def test_the_rarer_of_two_crossed_kinds_of_units_counts() -> None:
    rows = [
        trial(f"{f}-{k}", condition, "fear", said, f"F{f}", observer_id=f"O{o}")
        for o in range(7)
        for f in range(3)
        for k, (condition, said) in enumerate((("none", "fear"), ("surgical", "anger")))
    ]
    crossed = compare(
        pd.DataFrame(rows), "surgical", by=("observer_id", "subject_id"), paired=False
    )
    assert (crossed.n_clusters, len(crossed.totals), len(crossed.by_first().totals)) == (3, 21, 7)
    turned = compare(pd.DataFrame(rows), "surgical", by=("subject_id", "observer_id"), paired=False)
    assert (turned.n_clusters, len(turned.by_first().totals)) == (3, 3)
    assert crossed.by_first().by == ("observer_id",)
    with pytest.raises(MaskfaceError, match="Pictures are not crossed with subjects"):
        summarize(TRIALS.frame(told(UNEVEN)), by=("subject_id", "image_id"))


def losing(n: int) -> Comparison:
    return compare(
        TRIALS.frame(told({f"P{i:02}": ("11", "00") for i in range(n)})), "surgical"
    )  # fmt: skip


def test_p_values_count_the_data_themselves() -> None:
    for n in (3, 5, 14):
        found = permutation_test(losing(n), ACCURACY)
        assert (found.exact, found.n_permutations, found.statistic) == (True, 2**n, 1)
        assert found.p_value == 2 / 2**n  # all as they are, and all swapped
    # Of 99 draws of 40 people none is as far: (0 + 1) / (99 + 1).
    found = permutation_test(losing(40), ACCURACY, n_permutations=99)
    assert (found.exact, found.n_permutations, found.p_value) == (False, 99, 0.01)
    ones = np.ones((40, 1))
    assert flip_test(ones, seed=1, n_draws=99).p_value.tolist() == [0.01]
    # A statistic that is not defined for a way counts as extreme; 3 of 7 draws reach 2.
    ways = Ways(
        iter([np.array([[1.0], [2.0], [np.nan], [1.9], [2.1]]), np.zeros((2, 1))]), exact=False
    )
    found_7 = randomize(np.array([2.0]), ways, lambda way: way)
    assert (found_7.p_value.tolist(), found_7.n_tried) == ([4 / 8], 7)


def test_ways_are_all_the_ways_there_are() -> None:
    def rows(ways: Ways) -> list[tuple[float, ...]]:
        assert ways.exact
        return sorted(tuple(way) for block in ways.blocks for way in block.tolist())

    assert rows(swaps(2, seed=0)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    first = np.array([True, False, False])
    assert rows(splits(first, seed=0)) == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
    assert rows(orders(np.array([0, 0, 1]), seed=0)) == [(0, 1, 2), (1, 0, 2)]
    assert len(rows(orders(np.repeat([0, 1], 3), seed=0))) == 36
    assert not orders(np.zeros(8, np.int64), seed=0).exact  # 40,320 ways
    shuffled = np.concatenate(list(orders(np.repeat([0, 1], 8), seed=0, n_draws=50).blocks))
    assert shuffled.shape == (50, 16)
    assert (np.sort(shuffled[:, :8]) == np.arange(8)).all()
    assert (np.sort(shuffled[:, 8:]) == np.arange(8, 16)).all()
    drawn = np.concatenate(list(splits(np.arange(20) < 7, seed=0, n_draws=50).blocks))
    assert drawn.shape == (50, 20)
    assert (drawn.sum(axis=1) == 7).all()
    assert len(np.unique(drawn, axis=0)) > 40


def test_seeds_reach_what_they_seed() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0.3, 1, (20, 1))

    def difference(sums: Floats) -> Floats:
        return np.asarray(sums[:, :1] - sums[:, 1:])

    def flips(seed: int) -> Any:
        return flip_test(values, seed=seed, n_draws=999).p_value[0]

    def exchanges(seed: int) -> Any:
        return swap_test(pair, pair[:, ::-1], difference, seed=seed, n_draws=999).p_value[0]

    def groups(seed: int) -> Any:
        return next(splits(np.arange(20) < 9, seed=seed).blocks).tobytes()

    def shuffles(seed: int) -> Any:
        return next(orders(np.zeros(9, np.int64), seed=seed).blocks).tobytes()

    pair = np.hstack([values, np.zeros_like(values)])
    for test in (flips, exchanges, groups, shuffles):
        assert test(5) == test(5)
        assert len({test(seed) for seed in range(5)}) > 1
    assert flips(5) == exchanges(5)  # which are flips of differences


def test_the_seed_of_a_summary_reaches_intervals_and_tests() -> None:
    people = {f"P{i:02}": ("11", "01" if i % 3 else "11") for i in range(16)}
    trials = TRIALS.frame([*told(people), *told(dict(list(people.items())[:9]), "anger")])
    first, again, other = (
        row_of(summarize(trials, seed=seed, n_resamples=300), "accuracy") for seed in (0, 0, 1)
    )
    for name in ("p_value", "ci_low", "value_ci_low"):
        assert first[name] == again[name] != other[name], name


@pytest.mark.slow
def test_families_of_tests_are_those_that_are_documented() -> None:
    rng = np.random.default_rng(8)
    rows = []
    for classifier in ("c", "d"):
        for label, n in (("fear", 6), ("anger", 5), ("sadness", 4)):
            marks = {
                f"P{i}": ("1111", "".join(rng.choice(["1", "0"], 4, p=[0.6, 0.4])))
                for i in range(n)
            }
            rows += told(marks, label, classifier=classifier)
    summary = summarize(TRIALS.frame(rows), n_resamples=50)
    tested = summary[summary["p_value"].notna()]
    sizes = {}
    for (metric, overall), family in tested.groupby(["metric", tested["label"] == "all"]):
        sizes[metric, bool(overall)] = len(family)
        wanted = multipletests(family["p_value"], method="holm")[1]
        np.testing.assert_allclose(family["p_adjusted"], wanted, atol=1e-6)
    # Two classifiers; three emotions each. Of d' and hu there is none over all emotions.
    assert sizes["accuracy", True] == 2
    assert sizes["recall", False] == sizes["dprime", False] == sizes["hu", False] == 6
    assert ("recall", True) not in sizes
    contrasts = contrast_table(TRIALS.frame(rows), [("surgical", "none")], n_resamples=50)
    for overall, family in contrasts.groupby(contrasts["label"] == "all"):
        assert len(family) == (2 if overall else 6)
        wanted = multipletests(family["p_value"], method="holm")[1]
        np.testing.assert_allclose(family["p_adjusted"], wanted, atol=1e-9)
    # The condition is worse than its reference: below 0, on the side of the loss's other end.
    one = contrasts[(contrasts["classifier"] == "c") & (contrasts["label"] == "all")].iloc[0]
    loss = row_of(summary, "accuracy", classifier="c")
    assert (one["difference"], one["reference_value"]) == pytest.approx(
        (-loss["loss"], loss["baseline"]), abs=1e-6
    )
    assert one["ci_low"] <= one["difference"] <= one["ci_high"]
    assert one["ci_low"] == pytest.approx(-loss["ci_high"], abs=0.08)


def test_groups_of_three_and_two_people() -> None:
    people = {"A": ("11", "00"), "B": ("11", "10"), "C": ("11", "11")}
    others = {"D": ("11", "10"), "E": ("1111", "1110")}
    trials = TRIALS.frame(told(people | others))
    known = ATTRIBUTES.frame(
        [
            {"run_id": "r", "dataset": "d", "image_id": image, "attribute": "sex",
             "value": "f" if image[0] in "ABC" else "m", "source": "index"}
            for image in trials["image_id"].unique()
        ]
    )  # fmt: skip
    table = moderator_table(trials, known, [Moderator("sex", "person")], n_resamples=200)
    row = table[(table["measure"] == "difference") & (table["label"] == "all")].iloc[0]
    # f loses 3 of 6, m 2 of 6; the later group minus the first.
    assert (row["group"], row["reference"]) == ("m", "f")
    assert row["value"] == pytest.approx(2 / 6 - 3 / 6, abs=1e-6)
    assert (row["n"], row["n_clusters"], row["n_fewest"]) == (12, 5, 2)
    # All ten ways to pick three of five people are tried, so p is a number of tenths.
    assert row["p_value"] * 10 == pytest.approx(round(row["p_value"] * 10))
    # Around its loss of 1/2, f's people add 1, 0 and -1 of 6; around 1/3, m's add 1/3 and -1/3.
    shown, lost = (np.zeros((5, 2, 1)) for _ in range(2))
    shown[:, :, 0] = [(2, 0), (2, 0), (2, 0), (0, 2), (0, 4)]
    lost[:, :, 0] = [(2, 0), (1, 0), (0, 0), (0, 1), (0, 1)]
    se, df = standard_errors(shown, lost, nested=True)
    f, m = 2 / 36 * 3 / 2, 2 / 9 / 36 * 2 / 1
    assert se[0] == pytest.approx(np.sqrt(f + m))
    assert df[0] == pytest.approx((f + m) ** 2 / (f**2 / 2 + m**2 / 1))


def guards(rows: list[Any]) -> set[tuple[str, str]]:
    found = find_guards(TRIALS.frame(rows))
    return set(zip(found["guard"], found["condition"], strict=True))


def test_guards_stay_silent_just_below_their_limits() -> None:
    def side(condition: str, people: list[str], right: int = 7) -> list[Any]:
        """Ten pictures of each person, one emotion after the other, so many of ten right."""
        return [
            trial(
                f"{p}{i}", condition, EMOTIONS[i % 7],
                EMOTIONS[(i + (i >= right)) % 7], p,
            )
            for p in people
            for i in range(10)
        ]  # fmt: skip

    ten = [f"P{i:02}" for i in range(10)]
    assert guards(side("none", ten) + side("surgical", ten)) == set()
    # One-sided overlap: the masked people are all there plain, but not the other way round.
    assert ("confounded", "surgical") in guards(side("none", ten) + side("surgical", ten[:8]))
    assert ("confounded", "surgical") in guards(side("none", ten[:8]) + side("surgical", ten))
    assert ("confounded", "surgical") not in guards(side("none", ten) + side("surgical", ten[:9]))
    assert ("few_subjects", "all") in guards(side("none", ten[:9]) + side("surgical", ten[:9]))
    # 95 of 100 is the ceiling, 94 is not.
    for hits, there in ((95, True), (94, False)):
        rows = [
            row | ({} if k < hits else {"predicted": EMOTIONS[(k + 1) % 7], "correct": 0})
            for k, row in enumerate(side("none", ten, 10))
        ]
        assert (("ceiling", "none") in guards(rows)) == there
    # Most answers are fear, but so are most pictures.
    fear = told(dict.fromkeys(ten, ("1111111000", "1111111000")))
    assert not {guard for guard, _ in guards(fear)} & {"dominant_answer", "failures_by_emotion"}
    lost = [
        row | {"status": "no_face", "predicted": "", "correct": None}
        if row["condition"] == "surgical" and row["label"] == "fear" else row
        for row in side("none", ten) + side("surgical", ten)
    ]  # fmt: skip
    assert {("failures_by_emotion", "surgical"), ("many_failures", "surgical")} <= guards(lost)


def test_counts_have_the_marginals_of_the_answers() -> None:
    unit = pd.Series(["b", "a", "b", "b", "a"])
    cell = np.array([0, 1, 1, 1, 1])
    label, answer = np.array([2, 2, 2, 0, 6]), np.array([2, 0, NO_ANSWER, 0, 2])
    counts = count_answers(unit, cell, label, answer, n_cells=2)
    assert counts.given.shape == (2, 2, 7, 7)  # units in the order of their names
    assert (counts.given[0, 1, 2, 0], counts.given[0, 1, 6, 2], counts.given[1, 0, 2, 2]) == (
        1,
        1,
        1,
    )
    assert counts.given.sum() == 4  # what is no emotion is no answer, but was shown
    assert counts.shown[1, 1].tolist() == [1, 0, 1, 0, 0, 0, 0]
    assert counts.hits[:, :, 2].tolist() == [[0, 0], [1, 0]]
    assert counts.answered[0, 1].tolist() == [1, 0, 1, 0, 0, 0, 0]
    said = count_answers(unit, cell, label, np.array([2, 0, 1, 0, 6]), n_cells=2, said=np.eye(5)[2])
    assert (said.given.sum(), said.given[1, 1, 2, 1], said.chances.sum()) == (1, 1, 5)
    assert said.shown[0, 1].tolist() == [0, 0, 0, 0, 0, 0, 1]  # asked for what was shown
    trials = TRIALS.frame(told({"A": ("1x0", "11x"), "B": ("0", "1")}))
    found = picture_answers(trials, ("surgical", "none"), by="subject_id")
    fear, neutral = EMOTIONS.index("fear"), EMOTIONS.index("neutral")
    assert found.answer.tolist() == [
        [fear, fear], [fear, NO_ANSWER], [NO_ANSWER, neutral], [fear, neutral]
    ]  # fmt: skip
    assert found.answered().pictures["image_id"].tolist() == ["A-fear-0", "B-fear-0"]
    twice = TRIALS.frame(told({"A": ("1", "1")}))
    with pytest.raises(MaskfaceError, match="A-fear-0 was answered more than once"):
        picture_answers(pd.concat([twice, twice]), ["none"], by="subject_id")


def test_every_measure_takes_each_row_by_itself() -> None:
    """Resamples are evaluated together, and must not mix."""
    trials = TRIALS.frame([*told(UNEVEN), *told({"A": ("10", "00"), "B": ("1", "0")}, "anger")])
    rows = compare(trials, "surgical").totals.reshape(-1, N_SUMS)
    alone = np.concatenate([evaluate(METRICS, row[None]) for row in rows])
    np.testing.assert_allclose(evaluate(METRICS, rows), alone)
    assert len(np.unique(alone[:, 1])) > 2  # balanced accuracies
