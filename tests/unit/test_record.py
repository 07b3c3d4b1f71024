"""Manifests that lack what a run writes are refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.experiment import Experiment, RunFolder, load_run, make_plan, summarize_run
from maskface.experiment.folder import new_manifest
from maskface.report import write_report
from maskface.tables import TRIALS
from tests.unit.test_stats import HAND, pairs

pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """What a run writes."""
    plan = make_plan(Experiment(occluders="surgical", limit=7, classifiers=("faceapi",)))
    record: dict[str, Any] = json.loads(json.dumps(new_manifest(plan) | {"complete": True}))
    return record


def put(folder: Path, record: object) -> None:
    (folder / "manifest.json").write_text(json.dumps(record), encoding="utf-8")
    TRIALS.write(pairs(HAND), folder / "trials.csv")


def test_what_a_run_writes_is_read(written: dict[str, Any], tmp_path: Path) -> None:
    put(tmp_path, written)
    assert load_run(tmp_path).manifest == written | {"trials": {"planned": 14, "written": 0}}


@pytest.mark.parametrize("use", [load_run, summarize_run, write_report])
@pytest.mark.parametrize(
    "path",
    ["dataset", "dataset.name", "dataset.subjects", "environment.packages", "maskface", "weights",
     "experiment.data"],
)  # fmt: skip
def test_what_is_missing_is_said(
    use: Any, path: str, written: dict[str, Any], tmp_path: Path
) -> None:
    record = json.loads(json.dumps(written))
    *outer, last = path.split(".")
    inner = record
    for name in outer:
        inner = inner[name]
    del inner[last]
    put(tmp_path, record)
    with pytest.raises(MaskfaceError, match=f"{path} is missing.*Put back the file") as caught:
        use(tmp_path)
    assert str(tmp_path / "manifest.json") in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": []}, "dataset is not an object"),
        ({"weights": [{"file": 3, "sha256": "", "citation": ""}]}, r"weights\[0\].file is not a t"),
        ({"classifiers": [{"name": "x"}]}, r"classifiers\[0\].fingerprint is missing"),
        ({"seed": -1}, "seed is not a whole number, 0 or more"),
        ({"seed": True}, "seed is not a whole number"),
        ({"maskface": None, "dataset": 1, "weights": 1, "environment": 1}, "a list and 1 more"),
    ],
)
def test_what_is_of_the_wrong_kind_is_said(
    change: dict[str, Any], said: str, written: dict[str, Any], tmp_path: Path
) -> None:
    put(tmp_path, written | change)
    with pytest.raises(MaskfaceError, match=said):
        load_run(tmp_path)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_record_is_read_or_refused(
    data: st.DataObject, written: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever is put in the place of one value."""
    record = json.loads(json.dumps(written))
    name = data.draw(st.sampled_from(sorted(record)))
    value: object = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=3)
                      | st.just([]) | st.just({}) | st.just([1]))  # fmt: skip
    put(tmp_path, record | {name: value})
    try:
        RunFolder(tmp_path).require_manifest()
        summarize_run(tmp_path, allow_partial=True)
    except MaskfaceError:
        pass
