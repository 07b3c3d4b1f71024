"""Published findings, and the verdicts on made runs."""

from __future__ import annotations

import json
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as sps

from maskface.errors import MaskfaceError
from maskface.findings import (
    CLAIMS,
    Result,
    compare_run,
    comparison_text,
    comparison_values,
    humans_of,
    kind_of,
    load_findings,
    predicted_loss,
)
from maskface.findings.answers import RunTables
from maskface.findings.rules import above, all_above, all_within, apart, within
from maskface.findings.verdicts import corrected
from maskface.stats import Resampled, bootstrap, summarize
from maskface.tables import GUARDS, RESPONSES, SUMMARY, TRIALS
from maskface.types import EMOTIONS

Rates = dict[str, dict[str, dict[str, float]]]
"""Condition -> shown emotion -> answer -> share."""


def shares(right: float, other: dict[str, float] | None = None) -> dict[str, dict[str, float]]:
    """Each emotion is read right so often; else as fear (fear: as anger), or as told."""
    table = {e: {e: right, "anger" if e == "fear" else "fear": 1 - right} for e in EMOTIONS}
    return table if other is None else table | {"disgust": {"disgust": right} | other}


def run_of(
    folder: Path, rates: Rates, *, people: int = 12, images: int = 20, trials: bool = True
) -> Path:
    """A run in which exactly so many pictures of each person have each answer."""
    rows = []
    for condition, by_label in rates.items():
        for label, answers in by_label.items():
            counts = np.round(np.array(list(answers.values())) * images).astype(int)
            said = [a for a, n in zip(answers, counts, strict=True) for _ in range(n)]
            assert len(said) == images
            for person, k in product(range(people), range(images)):
                answer = said[(k + person) % images]
                rows.append(
                    {"run_id": "r", "dataset": "d", "image_id": f"{person}-{label}-{k}",
                     "subject_id": f"s{person}", "label": label, "condition": condition,
                     "classifier": "c", "predicted": answer, "correct": int(answer == label),
                     "status": "ok", "seed": 0}
                )  # fmt: skip
    frame = TRIALS.frame(rows)
    SUMMARY.write(summarize(frame, n_resamples=400), folder / "summary.csv")
    if trials:
        TRIALS.write(frame, folder / "trials.csv")
    return folder


def verdict(results: tuple[Result, ...], claim: str) -> str:
    found = [result for result in results if result.claim.id == claim]
    assert len(found) == 1, found
    return found[0].verdict


def test_every_figure_has_a_source() -> None:
    table = load_findings()
    assert len(table) > 100
    assert (table["how_known"] != "").all()
    assert (table["study"] != "").all()
    shares_of = table[table["measure"].isin(["accuracy", "hit_rate", "loss"])]
    assert shares_of["value"].between(0, 1).all()
    assert (table["value"].notna() | (table["finding"] != "")).all()
    assert not table["study"].str.contains("Maggi").any()  # its mask is confounded with the actor
    doi = table.loc[table["doi"] != "", "doi"]
    assert doi.str.match(r"^10\.\d{4,}/\S+$").all()
    assert set(table["claim"]) - {""} <= {claim.id for claim in CLAIMS}


def test_every_claim_says_what_humans_show() -> None:
    table = load_findings()
    for claim in CLAIMS:
        assert humans_of(claim, table), claim.id
    overall = humans_of(CLAIMS[0], table)
    assert any("+20.0 points (Rinck 2022" in line for line in overall)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((0.13, 0.24), "agrees"), ((0.12, 0.25), "agrees"), ((0.0, 0.11), "differs"),
        ((0.26, 0.4), "differs"), ((0.1, 0.2), "cannot tell"), ((0.2, 0.3), "cannot tell"),
    ],
)  # fmt: skip
def test_within(limits: tuple[float, float], expected: str) -> None:
    assert within((sum(limits) / 2, *limits), 0.12, 0.25) == expected


numbers = st.floats(-1, 1)


@given(st.tuples(numbers, numbers, numbers))
def test_above_is_not_both_ways(triple: tuple[float, float, float]) -> None:
    low, middle, high = sorted(triple)
    there, mirrored = above((middle, low, high)), above((-middle, -high, -low))
    assert {there, mirrored} in ({"agrees", "differs"}, {"cannot tell"})


def test_several_intervals() -> None:
    up, down, wide = (0.1, 0.05, 0.2), (-0.1, -0.2, -0.05), (0.0, -0.2, 0.2)
    assert all_above([up, up], [up, up]) == "agrees"
    assert all_above([up, wide], [up, wide]) == "cannot tell"
    assert all_above([up, down], [up, down]) == "differs"
    assert apart((0.3, 0.2, 0.4), (0.1, 0.0, 0.19)) == "agrees"
    assert apart((0.3, 0.2, 0.4), (0.1, 0.0, 0.21)) == "cannot tell"
    assert apart((0.1, 0.0, 0.19), (0.3, 0.2, 0.4)) == "differs"
    assert all_above([up, down], [up, wide]) == "cannot tell"  # gone with the correction
    assert all_above([], []) == "cannot tell"
    assert all_within([(0.0, -0.02, 0.02)], [(0.0, -0.02, 0.02)], 0.05) == "agrees"
    assert all_within([up], [(0.1, 0.06, 0.2)], 0.05) == "differs"
    assert all_within([wide], [wide], 0.05) == "cannot tell"
    assert apart(up, down) == "agrees"
    assert apart(down, up) == "differs"
    assert apart(up, wide) == "cannot tell"


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("surgical", "mask"), ("surgical:colour=white", "mask"), ("ffp2", "mask"),
        ("window_mask", "window"), ("clear", "window"), ("sunglasses:tint=0.5", "sunglasses"),
        ("tears+surgical", None), ("surgical:colour=white+tears", None), ("none", None),
        ("upper:like=surgical", None), ("window:keep=eyes", None), ("fill:like=surgical", None),
        ("glasses", None), ("Mask", "mask"), ("transparent mask", "window"),
        ("Sunglasses", "sunglasses"),
        ("upper mask", None), ("lower", None), ("unmasked", None),
    ],
)  # fmt: skip
def test_kinds_of_conditions(condition: str, kind: str | None) -> None:
    assert kind_of(condition) == kind
    assert kind_of(condition, (condition,)) == "mask"


@pytest.mark.slow
def test_a_run_like_the_literature_agrees(tmp_path: Path) -> None:
    masked = shares(0.75)
    masked["disgust"] = {"disgust": 0.35, "anger": 0.65}
    masked["sadness"] = {"sadness": 0.75, "neutral": 0.25}
    masked["happiness"] = {"happiness": 0.75, "neutral": 0.25}
    masked["fear"] = {"fear": 0.75, "surprise": 0.25}
    window = shares(0.8) | {"happiness": {"happiness": 0.9, "fear": 0.1}}
    rates = {
        "none": shares(0.9), "surgical": masked, "surgical:colour=black": masked,
        "window_mask": window, "sunglasses": shares(0.85),
    }  # fmt: skip
    found = compare_run(run_of(tmp_path, rates))
    assert {r.verdict for r in found if r.claim.id != "anger"} == {"agrees"}
    assert {r.verdict for r in found if r.claim.id == "anger"} == {"disputed"}
    assert {r.respondent for r in found} == {"c"}
    text = comparison_text(found)
    assert "AGREES" in text
    assert "Rinck 2022" in text


def test_a_run_against_the_literature_differs(tmp_path: Path) -> None:
    plain, masked = shares(0.9), shares(0.4)
    plain["disgust"] = {"disgust": 0.8, "anger": 0.2}
    masked["disgust"] = {"disgust": 0.8, "fear": 0.2}
    plain["sadness"] = {"sadness": 0.9, "neutral": 0.1}
    plain["happiness"] = {"happiness": 0.9, "neutral": 0.1}
    plain["fear"] = {"fear": 0.9, "surprise": 0.1}
    rates = {
        "none": plain, "surgical": masked, "surgical:colour=black": shares(0.9),
        "window_mask": shares(0.3), "sunglasses": shares(0.2),
    }  # fmt: skip
    found = compare_run(run_of(tmp_path, rates), seed=1)
    of_surgical = [r for r in found if "colour=black" not in r.condition and r.condition]
    told = {r.claim.id: r.verdict for r in of_surgical}
    assert told.pop("anger") == "disputed"
    assert set(told.values()) == {"differs"}
    assert verdict(tuple(r for r in found if r.claim.id == "mask-style"), "mask-style") == "differs"


def test_many_masks_share_their_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colours = [f"surgical:colour={name}" for name in ("white", "black", "red", "green", "pink")]
    rates = {"none": shares(0.9), "window_mask": shares(0.8), "sunglasses": shares(0.8)}
    run_of(tmp_path, rates | dict.fromkeys(colours, shares(0.7)), people=4)
    drawn: list[int] = []

    def counted(totals: np.ndarray, *more: Any, **options: Any) -> Resampled:
        drawn.append(len(options["n_clusters"]))
        return bootstrap(totals, *more, **options)

    monkeypatch.setattr("maskface.findings.rules.bootstrap", counted)
    found = compare_run(tmp_path)
    assert len([r for r in found if r.claim.id == "overall-loss"]) == 5
    # disgust, four pairs that are taken for each other, window, sunglasses, and all pairs of masks
    assert sorted(drawn) == sorted([2 * 5 * 6, 5, 5, 5, 5, 5, 5, 5 * 4 // 2])


def test_no_change_cannot_be_told(tmp_path: Path) -> None:
    rates = {"none": shares(0.9), "surgical": shares(0.9)}
    found = compare_run(run_of(tmp_path, rates))
    told = {r.claim.id: (r.verdict, r.note) for r in found}
    assert told["disgust-most"][0] == "cannot tell"
    assert told["disgust-as-anger"][0] == "cannot tell"
    assert told["overall-loss"][0] == "cannot tell"  # studies predict from about 0 on
    assert told["window-happiness"] == (
        "not measured", "add --occluder surgical --occluder window_mask",
    )  # fmt: skip
    assert told["mask-style"][0] == "not measured"
    assert "--occluder surgical:colour=black" in told["mask-style"][1]


def test_a_summary_alone_is_judged_by_its_intervals(tmp_path: Path) -> None:
    masked = shares(0.75) | {"disgust": {"disgust": 0.3, "anger": 0.7}}
    window = shares(0.9) | {"happiness": {"happiness": 1.0, "fear": 0.0}}
    rates = {
        "none": shares(0.9), "surgical": masked, "window_mask": window, "sunglasses": shares(0.9),
    }  # fmt: skip
    found = compare_run(run_of(tmp_path, rates, trials=False))
    told = {r.claim.id: r for r in found}
    for claim in ("overall-loss", "disgust-most", "window-happiness", "mask-over-sunglasses"):
        assert told[claim].verdict == "agrees", claim
    assert told["disgust-as-anger"].verdict == "cannot tell"
    assert told["disgust-most"].basis == "summary alone"
    assert "from the summary alone" in comparison_text(found)


def test_a_guard_takes_the_verdict_away(tmp_path: Path) -> None:
    masked = shares(0.75) | {"disgust": {"disgust": 0.35, "anger": 0.65}}
    run_of(tmp_path, {"none": shares(0.9), "surgical": masked})
    row = {
        "run_id": "r", "dataset": "d", "classifier": "c", "condition": "surgical", "label": "all",
        "guard": "confounded", "detail": "other people",
    }  # fmt: skip
    GUARDS.write(GUARDS.frame([row]), tmp_path / "guards.csv")
    found = {r.claim.id: r for r in compare_run(tmp_path)}
    assert found["disgust-most"].verdict == "cannot tell"
    assert "confounded" in found["disgust-most"].note


@pytest.mark.parametrize(
    ("cells", "doubted"),
    [
        ({"guard": "chance", "condition": "none"},
         {"disgust-most", "overall-loss", "fear-as-surprise"}),
        ({"guard": "chance", "condition": "cap"}, set()),
        ({"guard": "chance", "classifier": "other"}, set()),
        ({"guard": "chance", "classifier": "all"},
         {"disgust-most", "overall-loss", "fear-as-surprise"}),
        ({"guard": "floor", "condition": "none", "label": "disgust"}, {"disgust-most"}),
        ({"guard": "floor", "condition": "none", "label": "fear"}, set()),
        ({"guard": "floor", "condition": "surgical", "label": "disgust"}, set()),
        ({"guard": "ceiling", "condition": "none"}, set()),
        ({"guard": "few_subjects", "classifier": "all", "condition": "all"}, set()),
    ],
)  # fmt: skip
def test_guards_are_against_their_own_results_alone(
    tmp_path: Path, cells: dict[str, str], doubted: set[str]
) -> None:
    masked = shares(0.75) | {"disgust": {"disgust": 0.35, "anger": 0.65}}
    masked |= {"fear": {"fear": 0.6, "surprise": 0.4}}
    run_of(tmp_path, {"none": shares(0.9), "surgical": masked})
    row = {"run_id": "r", "dataset": "d", "classifier": "c", "condition": "surgical",
           "label": "all", "detail": "why"}  # fmt: skip
    GUARDS.write(GUARDS.frame([row | cells]), tmp_path / "guards.csv")
    found = {r.claim.id: r for r in compare_run(tmp_path)}
    for claim in ("disgust-most", "overall-loss", "fear-as-surprise"):
        assert (found[claim].verdict == "cannot tell") == (claim in doubted), claim
        assert ("guard:" in found[claim].note) == (claim in doubted), claim


@pytest.mark.parametrize(
    ("cells", "doubted"),
    [
        ({"guard": "dominant_answer", "label": "anger"}, {"disgust-as-anger", "fear-as-surprise"}),
        ({"guard": "floor", "label": "all"}, {"disgust-as-anger", "fear-as-surprise"}),
        ({"guard": "false_alarms", "label": "anger"}, {"disgust-as-anger"}),
        ({"guard": "false_alarms", "label": "sadness"}, set()),
        ({"guard": "dominant_answer", "label": "anger", "condition": "none"}, set()),
        ({"guard": "dominant_answer", "label": "anger", "condition": "cap"}, set()),
    ],
)  # fmt: skip
def test_what_rests_on_one_answer_or_a_floor_does_not_agree(
    tmp_path: Path, cells: dict[str, str], doubted: set[str]
) -> None:
    masked = shares(0.75) | {"disgust": {"disgust": 0.35, "anger": 0.65}}
    masked |= {"fear": {"fear": 0.6, "surprise": 0.4}, "sadness": {"sadness": 0.5, "anger": 0.5}}
    plain = shares(0.9) | {"sadness": {"sadness": 0.5, "neutral": 0.5}}
    run_of(tmp_path, {"none": plain, "surgical": masked})
    row = {"run_id": "r", "dataset": "d", "classifier": "c", "condition": "surgical",
           "detail": "why"}  # fmt: skip
    GUARDS.write(GUARDS.frame([row | cells]), tmp_path / "guards.csv")
    found = {r.claim.id: r for r in compare_run(tmp_path)}
    for claim in ("disgust-as-anger", "fear-as-surprise"):
        assert (found[claim].verdict == "cannot tell") == (claim in doubted), claim
        assert (f"guard: {cells['guard']}" in found[claim].note) == (claim in doubted), claim
    # What differs, differs all the same: fewer sad faces are called neutral.
    assert found["sadness-as-neutral"].verdict == "differs"


def test_the_losses_of_studies_predict_the_next() -> None:
    mean, low, high = predicted_loss()
    # Hysenaj, Rinck, Shehu, Williams 1 and 2, in points.
    losses = np.array([11.9, 20, 25.29, 11.71, 16.66])
    half = sps.t.ppf(0.975, 4) * losses.std(ddof=1) * np.sqrt(1 + 1 / 5)
    expected = losses.mean(), losses.mean() - half, losses.mean() + half
    assert (100 * mean, 100 * low, 100 * high) == pytest.approx(expected, abs=0.01)
    assert (round(100 * low), round(100 * high)) == (0, 35)


def test_disgust_has_to_lose_most_in_points_and_of_its_hits(tmp_path: Path) -> None:
    # In points disgust loses 40 and fear 30; of its plain hits, 44 % and 75 %.
    plain = shares(0.9) | {"fear": {"fear": 0.4, "anger": 0.6}}
    masked = shares(0.85) | {"disgust": {"disgust": 0.5, "fear": 0.5}}
    masked |= {"fear": {"fear": 0.1, "anger": 0.9}}
    run_of(tmp_path, {"none": plain, "surgical": masked})
    (found,) = (r for r in compare_run(tmp_path) if r.claim.id == "disgust-most")
    assert found.value == pytest.approx(0.1)
    assert found.verdict == "cannot tell"
    assert found.low > 0
    assert found.note == "against fear; as shares of plain hits -30.6"


def test_verdicts_are_corrected_for_their_number() -> None:
    claim = CLAIMS[2]

    def result(low: float) -> Result:
        interval = (0.1, low, 0.2 - low)
        return Result(claim, "c", "m", *interval, "agrees", "trials", "", partial(above, interval))

    # For one verdict limits count as they are; for three they must be 2.39 / 1.96 as far.
    (alone,) = corrected([result(0.01)])
    assert alone.verdict == "agrees"
    near, far, sure = corrected([result(0.01), result(0.03), result(0.09)])
    assert near.verdict == "cannot tell"
    assert near.note == "agrees alone, not among 3 verdicts"
    assert (far.verdict, sure.verdict) == ("agrees", "agrees")
    assert (near.low, near.high) == (0.01, 0.19)  # printed as it is
    text = comparison_text([near, far, sure])
    assert "Verdicts are corrected for 3 of them (Bonferroni)" in text
    assert text.endswith("they hold with intervals 1.22 x as wide.")


def test_numbers_are_those_of_their_own_columns(tmp_path: Path) -> None:
    masked = shares(0.75) | {"disgust": {"disgust": 0.35, "anger": 0.65}}
    rates = {"none": shares(0.9), "surgical": masked, "sunglasses": shares(0.8)}
    run_of(tmp_path, rates, people=5)
    summary = SUMMARY.read(tmp_path / "summary.csv")
    at = summary.index[(summary["metric"] == "accuracy") & (summary["condition"] == "surgical")][0]
    numbers = {"baseline": 0.91, "value": 0.62, "loss": 0.29, "ci_low": 0.2, "ci_high": 0.44,
               "value_ci_low": 0.6, "value_ci_high": 0.67}  # fmt: skip
    summary.loc[at, list(numbers)] = list(numbers.values())
    SUMMARY.write(summary, tmp_path / "summary.csv")
    tables = RunTables(tmp_path)
    assert tables.hits("c", "surgical") == (0.29, 0.2, 0.44)
    assert tables.hits("c", "surgical", "value") == (0.62, 0.6, 0.67)
    found = {r.claim.id: r for r in compare_run(tmp_path)}
    overall = found["overall-loss"]
    assert (overall.value, overall.low, overall.high) == (0.29, 0.2, 0.44)
    assert "+29.0  [+20.0, +44.0]" in comparison_text(tuple(found.values()))
    (values,) = comparison_values([overall])[0]["results"]
    assert (values["value"], values["ci_low"], values["ci_high"]) == (0.29, 0.2, 0.44)
    for one in found.values():
        assert np.isnan(one.value) or one.low <= one.value <= one.high
    # Disgust is read as anger in 65 - 0 % more of the masked faces, and its interval is above 0.
    assert found["disgust-as-anger"].value == pytest.approx(0.65)
    assert found["disgust-as-anger"].low > 0
    # With sunglasses 80 % are right, and masked (6 * 75 + 35) / 7 %.
    assert found["mask-over-sunglasses"].value == pytest.approx(0.8 - (6 * 0.75 + 0.35) / 7)


@pytest.mark.slow
def test_controls_get_no_verdicts(tmp_path: Path) -> None:
    run_of(tmp_path, {"none": shares(0.9), "surgical": shares(0.7)})
    trials = TRIALS.read(tmp_path / "trials.csv")
    control = trials.assign(classifier="hog:permuted=true")
    for frame, readers in ((pd.concat([trials, control]), {"c"}), (control, set())):
        TRIALS.write(frame, tmp_path / "trials.csv")
        SUMMARY.write(summarize(frame, n_resamples=50), tmp_path / "summary.csv")
        found = compare_run(tmp_path)
        assert {r.respondent for r in found if r.respondent} == readers
    assert {r.verdict for r in found} == {"not measured"}
    assert "shuffled labels" in found[0].note


def test_values_are_json(tmp_path: Path) -> None:
    found = compare_run(run_of(tmp_path, {"none": shares(0.9), "surgical": shares(0.7)}))
    values = json.loads(json.dumps(comparison_values(found), allow_nan=False))
    assert [value["claim"] for value in values] == [claim.id for claim in CLAIMS]
    overall = values[0]["results"][0]
    assert overall["value"] == pytest.approx(0.2)
    assert (overall["reader"], overall["verdict"]) == ("c", "agrees")
    assert values[-1]["results"][0]["value"] is None


def test_humans_are_compared_by_observer(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for o, label, c, k in product(range(40), ("anger", "disgust"), ("none", "cover"), range(6)):
        for question in ("anger", "disgust"):
            p = 0.9 if question == label else 0.1
            if c == "cover" and label == "disgust":
                p = 0.5
            yes = int(rng.random() < p)
            rows.append(
                {"run_id": "r", "dataset": "d", "label": label, "condition": c, "status": "ok",
                 "classifier": f"human:{o}", "observer_id": f"{o}", "trial": len(rows),
                 "question": question, "answer_yes": yes, "image_id": f"{label}{k}",
                 "correct": int(yes == (question == label))}
            )  # fmt: skip
    from maskface.humans import summarize_humans

    frame = RESPONSES.frame(rows)
    RESPONSES.write(frame, tmp_path / "responses.csv")
    SUMMARY.write(summarize_humans(frame), tmp_path / "summary.csv")
    found = compare_run(tmp_path, masks=("cover",))
    assert verdict(found, "disgust-most") == "agrees"
    assert verdict(found, "disgust-as-anger") == "agrees"
    assert verdict(found, "sadness-as-neutral") == "not measured"
    assert {r.respondent for r in found if r.respondent} == {"human"}
    assert verdict(compare_run(tmp_path), "disgust-most") == "not measured"
    with pytest.raises(MaskfaceError, match="no condition hat"):
        compare_run(tmp_path, masks=("hat",))


def test_a_folder_without_a_summary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"holds no summary\.csv"):
        compare_run(tmp_path)
