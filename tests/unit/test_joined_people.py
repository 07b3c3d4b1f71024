"""Hand-worked studies that are not symmetric: who is counted, and what is printed where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskface.findings import CLAIMS, Result, comparison_text, comparison_values
from maskface.findings.answers import Counts
from maskface.findings.rules import loss, loss_beyond
from maskface.humans import study_text, summarize_humans
from maskface.humans.summary import _table
from maskface.tables import SUMMARY
from maskface.types import EMOTIONS
from tests.unit.test_humans import COLUMNS, YES_NO, asked, one, study_of


def test_trials_of_yes_no_questions_are_counted_by_measure(tmp_path: Path) -> None:
    """Too slow answers to 2 angry and 3 happy masked faces, and to 1 happy plain face."""
    rows = [
        *asked("a", "none", (3, 4), (1, 10)), *asked("a", "mask", (3, 4), (5, 10)),
        *asked("b", "none", (4, 4), (0, 7)), *asked("b", "mask", (2, 5), (2, 8)),
    ]  # fmt: skip
    for at in (14, 15, 25, 26, 27, 13):
        rows[at] = (*rows[at][:5], 9000, rows[at][6])
    study = study_of(tmp_path, rows, YES_NO + "[exclude]\nrt_ms_above = 5000\n")
    summary = summarize_humans(study.responses)

    def counts(metric: str, label: str, condition: str = "mask") -> tuple[int, int]:
        row = one(summary, condition, metric, label)
        return row["n"], row["n_missing"]

    assert counts("recall", "anger") == (7, 2)
    assert counts("hit_rate", "all") == (7, 2)
    assert counts("false_alarm_rate", "anger") == (15, 3)
    assert counts("accuracy", "all") == (22, 5)
    assert counts("recall", "anger", "none") == (8, 0)
    assert counts("false_alarm_rate", "anger", "none") == (16, 1)


def test_answers_and_units_of_crossed_choices_are_counted(tmp_path: Path) -> None:
    """Four observers and three people shown: the rarer of both counts."""
    rows: list[tuple[object, ...]] = [
        (f"o{o}", f"i{i}", e, c, "fear" if (o + i) % 3 == 0 or (c == "mask" and o < 2) else e, 500)
        for o in range(4) for i in range(3) for e in ("anger", "fear") for c in ("none", "mask")
    ]  # fmt: skip
    rows[1] = (*rows[1][:5], 9000)  # the first observer's first masked anger, read as fear
    study = study_of(tmp_path, rows, COLUMNS + "[exclude]\nrt_ms_above = 5000\n")
    summary = summarize_humans(study.responses, crossed=True)
    row = one(summary, "mask", "answered_fear", "anger")
    # Plain, (o + i) % 3 == 0 holds four times; masked, it holds twice for the last two observers,
    # and the first two answer fear to all six, of which one was too slow.
    assert (row["baseline"], row["value"], row["n"], row["n_missing"]) == (4, 7, 11, 1)
    accuracy = one(summary, "mask", "accuracy", "all")
    assert (accuracy["n"], accuracy["n_missing"], accuracy["n_clusters"]) == (23, 1, 3)
    assert np.isnan(accuracy["p_value"])
    assert "Only 4 observers" in study_text(study, summary)


def test_each_number_is_printed_in_its_own_column() -> None:
    head = {"run_id": "r", "dataset": "d", "classifier": "human", "clustered_by": "observer"}
    shown = {
        ("hit_rate", "all"): (0.9, 0.6, 0.3, 0.2, 0.45, 11),
        ("recall", "anger"): (0.8, 0.7, 0.1, -0.05, 0.15, 12),
        ("false_alarm_rate", "anger"): (0.02, 0.13, -0.11, -0.2, -0.01, 10),
        ("dprime", "anger"): (2.5, 1.25, 1.25, 0.5, 1.75, 9),
        ("accuracy", "all"): (0.5, 0.4, 0.1, 0.05, 0.15, 8),
    }
    rows = [
        head | {
            "condition": "mask", "metric": metric, "label": label, "baseline": plain,
            "value": value, "loss": loss, "ci_low": low, "ci_high": high, "n_clusters": n,
        }
        for (metric, label), (plain, value, loss, low, high, n) in shown.items()
    ]  # fmt: skip
    lines = _table(SUMMARY.frame(rows)).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["mask", "all", "11", "90.0", "60.0", "+30.0", "[+20.0,", "+45.0]", "-", "-", "-", "-",
         "-"],
        ["mask", "anger", "12", "80.0", "70.0", "+10.0", "[-5.0,", "+15.0]", "2.0", "13.0", "2.50",
         "1.25", "+1.25", "[+0.50,", "+1.75]"],
    ]  # fmt: skip


def test_numbers_of_a_verdict_are_printed_in_order() -> None:
    result = Result(CLAIMS[0], "c", "mask", 0.3, 0.2, 0.45, "agrees", "summary alone", "a note")
    assert "c  mask  +30.0  [+20.0, +45.0]  AGREES  (a note; from the summary alone)" in (
        comparison_text([result])
    )
    (claim,) = comparison_values([result])
    assert claim["results"] == [{
        "reader": "c", "condition": "mask", "value": 0.3, "ci_low": 0.2, "ci_high": 0.45,
        "verdict": "agrees", "basis": "summary alone", "note": "a note",
    }]  # fmt: skip
    unknown = Result(CLAIMS[0], "c", "mask", 0.3, np.nan, np.nan, "cannot tell", "", "")
    assert "c  mask  +30.0    CANNOT TELL" in comparison_text([unknown])
    (claim,) = comparison_values([unknown])
    assert [claim["results"][0][name] for name in ("ci_low", "ci_high")] == [None, None]
    assert pytest.approx(claim["results"][0]["value"]) == 0.3


def test_units_of_a_contrast_are_those_with_chances_on_both_sides() -> None:
    """Four units: 2, 1 and 0 chances to show fear on one side or the other."""
    totals = np.zeros((4, 2, 2, len(EMOTIONS)))
    fear, anger = EMOTIONS.index("fear"), EMOTIONS.index("anger")
    totals[:, :, 1, fear] = [(2, 2), (1, 1), (1, 0), (0, 3)]
    totals[:, :, 1, anger] = [(0, 0), (0, 0), (4, 4), (4, 4)]
    totals[:, :, 0, fear] = [(2, 1), (1, 1), (1, 0), (0, 3)]
    counts = Counts(totals, np.ones(4, bool))
    assert [loss(counts, e).n_units for e in ("fear", "anger", None)] == [2, 2, 4]
    assert loss_beyond(counts, "fear", "sadness").n_units == 0
    observers = loss(Counts(totals, np.ones(4, bool), observers=True), "fear")
    # The losses of the two observers who have one: (2 of 2) - (1 of 2), and none.
    assert observers.shares[:, 0].tolist() == [[0.5, 1], [0, 1], [0, 0], [0, 0]]
