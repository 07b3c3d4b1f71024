"""Lost faces against hand-worked tables, and against simulations with a known bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from maskface.analyses import (
    DETECTION,
    DETECTION_BIAS,
    DROPPING,
    detection_bias_table,
    detection_table,
    detection_text,
    dropping_table,
)
from maskface.tables import DETECTIONS, TRIALS
from tests.unit.test_stats import trial

PEOPLE = "PQRS"
# Whether two sad and two surprised masked faces of each person are found.
FOUND = {"P": "0011", "Q": "0111", "R": "0011", "S": "0001"}


def detection(
    image: str, label: str, subject: str, found: int | None, **more: Any
) -> dict[str, Any]:
    return {
        "run_id": "r", "dataset": "d", "image_id": image, "subject_id": subject, "label": label,
        "condition": "surgical", "search": "never", "face_px": 32, "found": found,
        "n_faces": found, "drift_visible": 0.02 if found else None,
        "drift_hidden": 0.1 if found else None, "status": "ok", "message": "", **more,
    }  # fmt: skip


def looked(found: dict[str, str] = FOUND, **more: Any) -> pd.DataFrame:
    rows = [
        detection(f"{person}{i}", ("sadness", "surprise")[i > 1], person, int(mark), **more)
        for person, marks in found.items()
        for i, mark in enumerate(marks)
    ]
    return DETECTIONS.frame(rows)


def read(right: dict[str, str]) -> pd.DataFrame:
    rows = []
    for person, marks in right.items():
        for i, mark in enumerate(marks):
            label = ("sadness", "surprise")[i > 1]
            answer = label if mark == "1" else "neutral"
            rows.append(trial(f"{person}{i}", "surgical", label, answer, person))
    return TRIALS.frame(rows)


def test_rates_are_shares() -> None:
    table = detection_table(looked(), n_resamples=200)
    found = table[table["measure"] == "found"].set_index("label")
    assert found["value"].to_dict() == pytest.approx(
        {"all": 8 / 16, "sadness": 1 / 8, "surprise": 7 / 8}
    )
    assert found["n"].to_dict() == {"all": 16, "sadness": 8, "surprise": 8}
    assert set(found["n_clusters"]) == {4}
    assert (found["ci_low"] <= found["value"]).all()
    assert (found["ci_high"] >= found["value"]).all()
    drift = table[table["measure"] == "drift_hidden"].set_index("label")
    assert drift["n"].to_dict() == {"all": 8, "sadness": 1, "surprise": 7}
    assert drift["value"].to_numpy() == pytest.approx(0.1)
    DETECTION.check(table)


def test_where_all_are_found_the_interval_is_of_as_many_answers_as_people() -> None:
    table = detection_table(looked(dict.fromkeys(PEOPLE, "1111")), n_resamples=50)
    row = table[(table["measure"] == "found") & (table["label"] == "all")].iloc[0]
    low, high = proportion_confint(4, 4, method="wilson")
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), abs=1e-6)
    assert (row["value"], row["interval"]) == (1, "Wilson")


def test_bias_is_a_difference_of_rates() -> None:
    pairs = [("surprise", "sadness"), ("sadness", "others"), ("anger", "others")]
    table = detection_bias_table(looked(), pairs, n_resamples=500)
    first, second = (table[table["label"] == name].iloc[0] for name in ("surprise", "sadness"))
    assert len(table) == 2  # nobody shows anger
    assert (first["value"], first["reference_value"]) == (7 / 8, 1 / 8)
    assert first["difference"] == pytest.approx(6 / 8)
    assert second["difference"] == pytest.approx(-6 / 8)
    assert first["ci_low"] > 0
    assert (second["reference"], second["n"], second["n_clusters"]) == ("others", 16, 4)
    DETECTION_BIAS.check(table)


def test_without_a_lost_face_there_is_no_difference_to_estimate() -> None:
    every = looked(dict.fromkeys(PEOPLE, "1111"))
    table = detection_bias_table(every, [("surprise", "sadness")], n_resamples=50)
    assert table["difference"].tolist() == [0]
    assert table["ci_low"].isna().all()
    right = read(dict.fromkeys(PEOPLE, "1010"))
    dropping = dropping_table(right, every, n_resamples=50)
    assert (dropping["difference"] == 0).all()
    assert dropping["interval"].tolist() == ["", "", ""]
    text = detection_text(table, dropping)
    assert text.startswith("In 1 of 1 ways")
    assert "dropping" not in text


def test_dropping_lost_faces_keeps_the_easy_ones() -> None:
    # Surprise is read always and sadness never, so that what is found is what is right.
    dropping = dropping_table(read(dict.fromkeys(PEOPLE, "0011")), looked(), n_resamples=500)
    rows = dropping.set_index("label")
    assert rows.loc["all", "value"] == pytest.approx(8 / 16)
    assert rows.loc["all", "found_value"] == pytest.approx(7 / 8)
    assert rows.loc["all", "difference"] == pytest.approx(3 / 8)
    assert rows["ci_low"].to_dict()["all"] > 0
    assert rows.loc["all", "n_found"] == 8
    assert rows.loc[["sadness", "surprise"], "difference"].tolist() == [0, 0]
    DROPPING.check(dropping)
    bias = detection_bias_table(looked(), [("surprise", "sadness")], n_resamples=500)
    first, second = detection_text(bias, dropping).splitlines()
    assert "faces of 32 px, MediaPipe alone: found surprise 87.5 %, sadness 12.5 %" in first
    assert "dropping the 8 lost of 16 faces moves the accuracy of c from 50.0 to 87.5 %" in second


def test_what_was_not_looked_for_does_not_count() -> None:
    table = looked()
    gone = table.assign(status=["error", *["ok"] * 15], found=table["found"].where(table.index > 0))
    found = detection_table(DETECTIONS.tidy(gone), n_resamples=20)
    assert found[(found["measure"] == "found") & (found["label"] == "all")]["n"].item() == 15


def test_every_way_to_look_is_apart() -> None:
    parts = [
        looked(**cells)
        for cells in ({}, {"search": "scenes"}, {"face_px": 0}, {"condition": "none"})
    ]
    both = DETECTIONS.tidy(pd.concat(parts))
    table = detection_bias_table(both, [("surprise", "sadness")], n_resamples=20)
    assert len(table) == 4
    assert table["difference"].to_numpy() == pytest.approx(6 / 8)
    bare = detection_table(both.assign(subject_id=""), n_resamples=20)
    assert set(bare["clustered_by"]) == {"image"}


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    """People differ; sad faces are found with .6 on average, surprised ones with .8."""
    rng = np.random.default_rng(2)
    held = []
    for k in range(80):
        found = {
            f"S{i:02}": "".join(
                str(int(rng.random() < np.clip(p + shift, 0, 1)))
                for p in (0.6, 0.6, 0.6, 0.8, 0.8, 0.8)
            )
            for i, shift in enumerate(rng.uniform(-0.2, 0.2, 25))
        }
        rows = [
            detection(f"{who}{i}", ("sadness", "surprise")[i > 2], who, int(mark))
            for who, marks in found.items()
            for i, mark in enumerate(marks)
        ]
        one = detection_bias_table(
            DETECTIONS.frame(rows), [("surprise", "sadness")], seed=k, n_resamples=300
        ).iloc[0]
        held.append(one["ci_low"] <= 0.2 <= one["ci_high"])
    assert 0.88 <= np.mean(held) <= 1
