"""Groups of pictures against hand-worked numbers, scipy, statsmodels and simulated people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sps
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.power import TTestIndPower, TTestPower

from maskface.analyses import (
    GAPS,
    MODERATORS,
    Moderator,
    check_set,
    gap_table,
    gap_text,
    known_moderators,
    moderator_table,
    moderator_text,
    unknown_text,
)
from maskface.analyses.common import limits
from maskface.analyses.grouping import (
    GroupHits,
    count_groups,
    flip_p,
    group_pictures,
    mix_distance,
    permutation_p,
    rates,
    resample_groups,
    same_mix,
)
from maskface.analyses.moderators import detectable, linearised, standard_errors
from maskface.errors import MaskfaceError
from maskface.stats import least_error
from maskface.tables import ATTRIBUTES, TRIALS
from maskface.types import EMOTIONS
from tests.unit.test_analyses import row
from tests.unit.test_stats import trial


def frames(
    rows: Sequence[tuple[str, str, str | None, str, Any]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials and attributes from (person, emotion, group, right plain and masked, value)."""
    trials, known = [], []
    for i, (person, label, group, marks, value) in enumerate(rows):
        for condition, mark in zip(("none", "surgical"), marks, strict=True):
            other = "neutral" if label != "neutral" else "fear"
            said = label if mark == "1" else other
            trials.append(trial(f"i{i:03}", condition, label, said, person, coverage=0.4))
        names = {"group": group, "number": value}
        known += [
            {"run_id": "r", "dataset": "d", "image_id": f"i{i:03}", "attribute": name,
             "value": str(said), "source": "index"}
            for name, said in names.items()
            if said is not None
        ]  # fmt: skip
    return TRIALS.frame(trials), ATTRIBUTES.frame(known)


# People A, B, C in one group, D, E in the other; plain and masked.
HAND: list[tuple[str, str, str | None, str, Any]] = [
    ("A", "fear", "x", "10", 1), ("A", "happiness", "x", "10", 2),
    ("B", "fear", "x", "11", 3), ("B", "happiness", "x", "10", 4),
    ("C", "fear", "x", "10", 5), ("C", "happiness", "x", "11", 6),
    ("D", "fear", "y", "11", 7), ("D", "happiness", "y", "00", 8),
    ("E", "fear", "y", "11", 9), ("E", "happiness", "y", "10", 10),
]  # fmt: skip


def test_hand_worked_groups_of_people() -> None:
    trials, known = frames(HAND)
    table = moderator_table(trials, known, [Moderator("group", "person")], n_resamples=200)
    assert MODERATORS.check(table) is not None
    x = {m: row(table, measure=m, group="x")["value"] for m in ("plain", "masked", "loss")}
    assert x == pytest.approx({"plain": 1, "masked": 2 / 6, "loss": 4 / 6}, abs=1e-6)
    y = {m: row(table, measure=m, group="y")["value"] for m in ("plain", "masked", "loss")}
    assert y == pytest.approx({"plain": 3 / 4, "masked": 2 / 4, "loss": 1 / 4}, abs=1e-6)
    found = row(table, measure="difference")
    assert (found["group"], found["reference"]) == ("y", "x")
    assert found["value"] == pytest.approx(1 / 4 - 4 / 6, abs=1e-6)
    assert np.isnan([found["ci_low"], found["ci_high"]]).all()  # of two people
    assert (found["n"], found["n_clusters"], found["n_fewest"]) == (10, 5, 2)
    x_loss = row(table, measure="loss", group="x")
    assert x_loss["ci_low"] <= x_loss["value"] <= x_loss["ci_high"]
    assert x_loss["interval"] == "t on bootstrap SE"
    assert found["test"] == "studentised permutation of subjects"
    assert "only 2 subjects in group y" in found["caution"]
    fear = row(table, "fear", measure="difference")
    assert fear["value"] == pytest.approx(0 - 2 / 3, abs=1e-6)
    # Same emotions in both: nothing changes.
    assert row(table, measure="difference_same_mix")["value"] == found["value"]


def test_hand_worked_groups_of_pictures() -> None:
    rows = [(p, e, "lm"[i % 2], m, None) for i, (p, e, _, m, _) in enumerate(HAND)]
    trials, known = frames(rows)
    table = moderator_table(trials, known, [Moderator("group")], n_resamples=200)
    found = row(table, measure="difference")
    # l: fear, loses 2 of 5; m: happiness, loses 3 of 5.
    assert found["value"] == pytest.approx(1 / 5, abs=1e-6)
    assert found["test"] == "sign flips of subjects"
    assert found["caution"] == "emotions are not equally frequent in both groups"
    # People's own differences in hits: 0, 1, -1, 0, 1: of 8 signs of three, those where the sum
    # is at least 1 or at most -1 are all.
    assert found["p_value"] == 1
    assert np.isnan(row(table, measure="difference_same_mix")["value"])  # no emotion in both


def test_pictures_are_units_where_nobody_is_named() -> None:
    trials, known = frames([("", e, g, m, v) for _, e, g, m, v in HAND])
    table = moderator_table(trials, known, [Moderator("group")], n_resamples=100)
    found = row(table, measure="difference")
    assert (found["clustered_by"], found["n_clusters"]) == ("image", 10)
    assert found["test"] == "studentised permutation of images"
    with pytest.raises(MaskfaceError, match="Add a column subject"):
        moderator_table(trials, known, [Moderator("group", "person")])


def lost_by(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-2, 5, n).astype(float)


def test_exchanges_of_people_are_those_of_scipy() -> None:
    lost = lost_by(12, 1)
    first = np.arange(12) < 5
    shown = np.full((12, 1), 6.0)
    ours = permutation_p(shown, lost[:, None], first, seed=0)[0]
    theirs = sps.permutation_test(
        (lost[first], lost[~first]),
        lambda a, b: abs(sps.ttest_ind(a, b, equal_var=False).statistic),
        alternative="greater",
        n_resamples=10**6,
    )
    assert ours == pytest.approx(theirs.pvalue, abs=0.02)


def test_flips_are_those_of_scipy() -> None:
    lost = np.stack([lost_by(9, 2), lost_by(9, 3)], axis=1)
    ours = flip_p(np.full((9, 2, 1), 6.0), lost[:, :, None], seed=0)[0]
    theirs = sps.permutation_test(
        (lost[:, 0], lost[:, 1]),
        lambda a, b, axis: np.abs((a - b).mean(axis)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=10**6,
        vectorized=True,
    )
    assert ours == pytest.approx(theirs.pvalue)


def test_standard_errors_are_those_of_t_tests() -> None:
    lost = np.stack([lost_by(9, 4), lost_by(9, 5)], axis=1)
    se, df = standard_errors(np.full((9, 2, 1), 6.0), lost[:, :, None], nested=False)
    paired = sps.ttest_rel(lost[:, 0] / 6, lost[:, 1] / 6)
    assert (lost[:, 0] - lost[:, 1]).mean() / 6 / se[0] == pytest.approx(paired.statistic)
    assert df[0] == paired.df
    first = np.arange(9) < 4
    shown = np.where(np.stack([first, ~first], axis=1), 6.0, 0)[:, :, None]
    own = lost[:, :1, None] * (shown > 0)
    se, df = standard_errors(shown, own, nested=True)
    welch = sps.ttest_ind(lost[first, 0] / 6, lost[~first, 0] / 6, equal_var=False)
    difference = (lost[first, 0].mean() - lost[~first, 0].mean()) / 6
    assert difference / se[0] == pytest.approx(welch.statistic)
    assert df[0] == pytest.approx(welch.df)


def test_people_with_more_pictures_weigh_more() -> None:
    n = np.array([2, 5, 9, 4, 7, 3])
    unit = np.repeat(np.arange(6), n)
    change = np.random.default_rng(6).choice([-1.0, 0, 1], len(unit))
    lost = np.bincount(unit, change).astype(np.float64)
    ours = np.sqrt((linearised(n[:, None].astype(float), lost[:, None]) ** 2).sum())
    fit = OLS(change, np.ones(len(change))).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False}
    )
    assert ours == pytest.approx(fit.bse[0])


@pytest.mark.parametrize("n", [3, 5, 24])
def test_detectable_differences_are_those_of_statsmodels(n: int) -> None:
    two = TTestIndPower().solve_power(nobs1=n, power=0.8, alpha=0.05, ratio=1)
    assert detectable(np.sqrt(2 / n), 2 * n - 2) == pytest.approx(two, rel=1e-4)
    one = TTestPower().solve_power(nobs=n, power=0.8, alpha=0.05)
    assert detectable(np.sqrt(1 / n), n - 1) == pytest.approx(one, rel=1e-4)


def test_a_set_that_does_not_vary_does_not_tell_what_it_could_show() -> None:
    assert np.isnan(detectable(0.0, 20))
    assert np.isnan(detectable(0.1, 1))
    trials, known = frames([(p, e, g, "10", None) for p, e, g, _, _ in HAND])
    table = moderator_table(trials, known, [Moderator("group", "person")], n_resamples=50)
    found = row(table, measure="difference")
    assert (found["value"], found["p_value"]) == (0, 1)
    assert np.isnan(found["detectable"])
    assert "what this set could show is not known" in moderator_text(table)


def sums(*groups: dict[str, tuple[int, int, int]]) -> np.ndarray:
    """Sums (G, 3, 8) from pictures, right plain and right masked by emotion."""
    made = np.zeros((len(groups), 3, 8))
    for g, group in enumerate(groups):
        for label, counts in group.items():
            made[g, :, 1 + EMOTIONS.index(label)] = counts
        made[g, :, 0] = made[g, :, 1:].sum(axis=1)
    return made


def test_the_same_mix_takes_away_what_other_emotions_do() -> None:
    # Each emotion loses the same in both groups: 8 of 10 happy faces, 1 of 10 fearful ones.
    one = {"happiness": (40, 40, 8), "fear": (10, 10, 9)}
    other = {"happiness": (10, 10, 2), "fear": (40, 40, 36), "anger": (10, 10, 0)}
    both = sums(one, other)
    assert same_mix(both[None], 0, 1)[0] == pytest.approx(0)
    assert mix_distance(both, 0, 1) == pytest.approx(0.8 - 10 / 60)
    other["fear"] = (40, 40, 16)  # now loses 24 of 40; of the 100 shared pictures 50 are fearful
    assert same_mix(sums(one, other)[None], 0, 1)[0] == pytest.approx(0.5 * (0.1 - 0.6))


def numbered(values: list[float], labels: list[str], people: list[str]) -> Any:
    rows = [(p, label, None, "11", v) for v, label, p in zip(values, labels, people, strict=True)]
    return frames(rows)


@pytest.mark.slow
@given(st.lists(st.floats(-9, 9), min_size=12, max_size=30, unique=True))
@settings(max_examples=25, deadline=None)
def test_halves_hold_the_same_emotions(values: list[float]) -> None:
    labels = [EMOTIONS[i % 3] for i in range(len(values))]
    trials, known = numbered(values, labels, ["P"] * len(values))
    groups = group_pictures(trials, known, Moderator("number"))
    assert groups.names == ("lower half", "upper half")
    of = pd.DataFrame({"label": labels, "value": values, "group": groups.number.to_numpy()})
    for _, part in of.groupby("label"):
        counts = part["group"].value_counts()
        assert abs(counts[0] - counts[1]) <= 1
        assert (
            part.loc[part["group"] == 0, "value"].max()
            < part.loc[part["group"] == 1, "value"].min()
        )


def test_numbers_become_groups() -> None:
    ages = [20.0, 29.9, 30.0, 47.0, 50.0, 71.0, 20.0]
    people = list("ABCDEFG")
    trials, known = numbered(ages, ["fear"] * 7, people)
    bands = group_pictures(trials, known, Moderator("number", "person", cuts=(30, 50)))
    assert bands.names == ("under 30", "30 to under 50", "50 and over")
    assert bands.number.tolist() == [0, 0, 1, 1, 2, 2, 0]
    halves = group_pictures(trials, known, Moderator("number", "person"))
    assert halves.names == ("up to 30", "above 30")
    old = group_pictures(trials, known, Moderator("number", "person", cuts=(10, 30)))
    assert old.names == ("10 to under 30", "30 and over")  # nobody is under 10
    trials, known = numbered([1.0, 0.5, 1.0, 0.5], ["fear"] * 4, list("ABAB"))
    assert group_pictures(trials, known, Moderator("number")).names == ("0.5", "1")


def test_a_persons_pictures_stay_together() -> None:
    values = [1.0, 9.0, 2.0, 5.0, 6.0, 7.0]
    trials, known = numbered(values, ["fear"] * 6, list("AAABBB"))
    groups = group_pictures(trials, known, Moderator("number", "person"))
    assert groups.number.tolist() == [0, 0, 0, 1, 1, 1]  # medians 2 and 6
    trials, known = frames([("A", "fear", g, "11", None) for g in "xy"])
    with pytest.raises(MaskfaceError, match="Subject A has several values of 'group': x, y"):
        group_pictures(trials, known, Moderator("group", "person"))


def test_what_cannot_be_compared_is_said() -> None:
    trials, known = frames(HAND)
    with pytest.raises(MaskfaceError, match=r"no attribute 'age'; they have: group, number\. Add"):
        group_pictures(trials, known, Moderator("age"))
    with pytest.raises(MaskfaceError, match="'x' throughout"):
        group_pictures(trials[trials["subject_id"] < "D"], known, Moderator("group"))
    asked = (Moderator("age"), Moderator("group"))
    assert known_moderators(known, asked) == [Moderator("group")]
    assert unknown_text(asked, [Moderator("group")]).endswith(
        "one value only, a subject has several values, or all are in one group: age."
    )
    assert unknown_text(asked, asked) == ""
    with pytest.raises(MaskfaceError, match="set says nothing of age, or the same of all"):
        known_moderators(known, asked[:1])


def test_attributes_with_one_group_are_left_out() -> None:
    """The numbers 1 to 10 differ, but are all below 30; the group has two values."""
    trials, known = frames(HAND)
    asked = (Moderator("number", cuts=(30,)), Moderator("group"), Moderator("number"))
    assert known_moderators(known, asked, trials) == list(asked[1:])
    with pytest.raises(MaskfaceError, match="says nothing of number, or the same of all"):
        known_moderators(known, asked[:1], trials)


def test_attributes_with_two_values_of_one_person_are_left_out() -> None:
    trials, known = frames(HAND)
    again = known[(known["attribute"] == "group")].assign(attribute="sex")
    again.loc[again.index[0], "value"] = "other"
    asked = (Moderator("sex", "person"), Moderator("group", "person"))
    known = pd.concat([known, again], ignore_index=True)
    with pytest.raises(MaskfaceError, match="has several values of 'sex': other, x"):
        group_pictures(trials, known, asked[0])
    assert known_moderators(known, asked, trials) == [asked[1]]
    assert unknown_text(asked, asked[1:]).endswith("or all are in one group: sex.")
    with pytest.raises(MaskfaceError, match=r"of sex, .* or several things of one subject"):
        known_moderators(known, asked[:1], trials)


def test_a_set_is_looked_at_before_it_is_read(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    index.write_text("path,emotion,subject,intensity\na.png,fear,A,1\nb.png,fear,,2\n")
    by = (Moderator("intensity"), Moderator("sex"))
    assert check_set(str(tmp_path), by) == str(tmp_path)
    with pytest.raises(MaskfaceError, match="says nothing of sex"):
        check_set(str(tmp_path), by[1:])
    with pytest.raises(MaskfaceError, match="'skin_ita_deg' needs to know who is shown"):
        check_set(str(tmp_path), [Moderator("skin_ita_deg", "person")])
    index.write_text("path,emotion,subject\na.png,fear,A\nb.png,fear,B\n")
    check_set(str(tmp_path), [Moderator("skin_ita_deg", "person")])  # a run measures it


def test_the_index_goes_before_what_was_measured() -> None:
    trials, known = frames(HAND)
    measured = known[known["attribute"] == "group"].assign(source="measured", value="z")
    both = pd.concat([measured, known])
    assert group_pictures(trials, both, Moderator("group")).names == ("x", "y")


def simulated(
    seed: int, losses: tuple[float, float], *, nested: bool, plain: tuple[float, float] = (0.8, 0.8)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twenty people who differ in what they lose, in two groups or with pictures in both."""
    random = np.random.default_rng(seed)
    shape = (20, 2, 6)  # person, group, picture
    own = random.normal(0, 0.1, (20, 1, 1))
    chance = np.array(plain)[None, :, None]
    right = random.random(shape) < chance
    masked = random.random(shape) < np.clip(chance - np.array(losses)[None, :, None] + own, 0, 1)
    person, group, picture = np.indices(shape).reshape(3, -1)
    kept = (person % 2 == group) if nested else np.ones(len(person), bool)
    plainly = pd.DataFrame(
        {
            "run_id": "r",
            "dataset": "d",
            "classifier": "c",
            "status": "ok",
            "coverage": 0.5,
            "image_id": [f"{i:04}" for i in range(len(person))],
            "subject_id": [f"{p:02}" for p in person],
            "label": np.array(EMOTIONS)[picture],
            "group": np.array(["a", "b"])[group],
        }
    )
    marks = {"none": right.ravel(), "surgical": masked.ravel()}
    wrong = np.roll(EMOTIONS, -1)[picture]
    trials = pd.concat(
        plainly.assign(
            condition=name,
            correct=mark.astype(int),
            predicted=np.where(mark, plainly["label"], wrong),
        )[kept]
        for name, mark in marks.items()
    )
    known = plainly[kept].assign(attribute="group", source="index")
    return trials.drop(columns="group"), known.rename(columns={"group": "value"})


@pytest.mark.slow
@pytest.mark.parametrize("nested", [True, False])
def test_simulated_differences_are_covered(*, nested: bool) -> None:
    by = Moderator("group", "person" if nested else "picture")
    held, values = 0, []
    for seed in range(80):
        trials, known = simulated(seed, (0.2, 0.35), nested=nested)
        hits = count_groups(trials, group_pictures(trials, known, by), "surgical")
        assert hits.nested([0, 1]) == nested
        drawn = resample_groups(hits, seed=seed, n_resamples=250)
        losses = [rates(sums)[:, :, 2, 0] for sums in (hits.totals.sum(axis=0)[None], drawn)]
        gap, gaps = (loss[:, 1] - loss[:, 0] for loss in losses)
        value, low, high = limits(gap, gaps, hits.units[:, :, 0].sum(axis=0).min())
        held += low <= 0.15 <= high
        values.append(value)
    assert np.mean(values) == pytest.approx(0.15, abs=0.04)
    assert held >= 69  # 95 % of 80 is 76; 68 or fewer have a probability below .2 %


def test_groups_of_people_keep_their_sizes() -> None:
    trials, known = simulated(0, (0.2, 0.3), nested=True)
    groups = group_pictures(trials, known, Moderator("group", "person"))
    hits = count_groups(trials, groups, "surgical")
    drawn = resample_groups(hits, seed=0, n_resamples=40)
    assert (drawn[:, :, 0, 0] == 60).all()  # ten people with six pictures each


@pytest.mark.slow
def test_tests_keep_their_level() -> None:
    """Nothing differs but what is right plain, which must not count as a difference of losses."""
    for nested in (True, False):
        rejected = 0
        for seed in range(200):
            random = np.random.default_rng(seed)
            people, pictures = 16, np.array([12, 4])
            shown = np.tile(pictures, (people, 1))
            if nested:
                shown = shown * (np.arange(people)[:, None] % 2 == np.arange(2))
            own = random.normal(0.3, 0.1, (people, 1))
            spread = np.sqrt(shown) * np.array([0.9, 0.5])  # spreads differ too
            lost = (own * shown + random.normal(0, 1, (people, 2)) * spread)[:, :, None]
            shown = shown[:, :, None].astype(float)
            if nested:
                p = permutation_p(shown.sum(1), lost.sum(1), shown[:, 0, 0] > 0, seed=seed)
            else:
                p = flip_p(shown, lost, seed=seed)
            rejected += p[0] < 0.05
        assert 2 <= rejected <= 21  # of 200; the limits are beyond 99.9 % of a level of .05


def test_a_null_is_never_called_the_absence_of_a_difference() -> None:
    trials, known = simulated(3, (0.3, 0.3), nested=True)
    text = moderator_text(moderator_table(trials, known, [Moderator("group", "person")]))
    assert "not shown; this set can show " in text
    assert "Not shown is no evidence that there is none" in text
    trials, known = simulated(3, (0.0, 0.7), nested=True)
    text = moderator_text(moderator_table(trials, known, [Moderator("group", "person")]))
    assert "p <.001; this set can show" in text


def test_cautions_in_words() -> None:
    trials, known = frames(HAND)
    text = moderator_text(moderator_table(trials, known, [Moderator("group", "person")]))
    assert "    Caution: only 2 subjects in group y; only 3 subjects in group x\n" in text
    rows = [(p, e, "lm"[i % 2], m, None) for i, (p, e, _, m, _) in enumerate(HAND)]
    text = moderator_text(moderator_table(*frames(rows), [Moderator("group")], n_resamples=50))
    assert "emotions are not equally frequent in both groups, and none is in both" in text
    rows[0] = ("A", "happiness", "l", "10", None)
    text = moderator_text(moderator_table(*frames(rows), [Moderator("group")], n_resamples=50))
    # Happy faces lose 1 of 1 in l, 3 of 5 in m.
    assert "in both groups; as if they were: -40.0 (no interval)" in text
    table = moderator_table(trials, known, [Moderator("group", "person")], n_resamples=50)
    assert "too small to show any" in moderator_text(table.assign(detectable=1.1))


def test_gaps_of_the_hand_worked_table() -> None:
    trials, known = frames(HAND)
    by, pair = Moderator("group", "person"), ("happiness", "fear")
    table = gap_table(trials, known, by, pair, n_resamples=200)
    assert GAPS.check(table) is not None
    x, y, change = (
        table[(table["group"] == g) & (table["reference"] == r)].iloc[0]
        for g, r in (("x", ""), ("y", ""), ("y", "x"))
    )
    assert (x["loss_first"], x["loss_second"]) == pytest.approx((2 / 3, 2 / 3), abs=1e-6)
    assert (y["loss_first"], y["loss_second"], y["value"]) == (0.5, 0, 0.5)
    assert change["value"] == pytest.approx(0.5, abs=1e-6)
    assert (change["n"], change["n_clusters"], change["n_fewest"]) == (10, 5, 2)
    assert "c: happiness minus fear lost, group x: +0.0 points [" in gap_text(table)
    assert "group y: +50.0 points (no interval)" in gap_text(table)
    assert "group y against x: +50.0 points" in gap_text(table)


def test_a_ceiling_has_an_interval_from_single_pictures() -> None:
    # Group 0 has 4 pictures of sadness and group 1 has 9, all right; one more, read right only
    # plain, would lose 1 / 5 and 1 / 10. No picture shows anger.
    totals = np.zeros((10, 2, 3, 8))
    totals[:4, 0, :, [0, 5]] = 1
    totals[1:, 1, :, [0, 5]] = 1
    hits = GroupHits(("a", "b"), totals, "subject")
    least = least_error(totals.sum(axis=0), hits.pictures, rates)
    assert least[:, 2, 5] == pytest.approx([np.sqrt(2) / 5, np.sqrt(2) / 10])
    assert (least[:, :, 1] == 0).all()
    both = least_error(totals.sum(axis=0), hits.pictures, lambda s: np.diff(rates(s)[:, :, 2, 5]))
    assert both == pytest.approx(np.sqrt(2) / 5)
