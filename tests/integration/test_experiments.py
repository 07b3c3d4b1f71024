"""The experiment scripts, end to end on a few of the synthetic faces."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from maskface.analyses import (
    APPEARANCE,
    CONCEALED,
    CONTRASTS,
    CURVE,
    DETECTION,
    DETECTION_BIAS,
    DOSE,
    DROPPING,
    FACTORIAL,
    GAPS,
    HALF_POINTS,
    MAPS,
    MODERATORS,
    REGIONS,
    STYLES,
    TRANSFER,
)
from maskface.experiment import load_run
from maskface.findings import AGREEMENT, CELLS
from maskface.images import read_image
from maskface.schema import Table

Array = NDArray[np.float64]
SCRIPTS = Path(__file__).parents[2] / "experiments"
PROMISED: dict[str, tuple[tuple[Table, ...], tuple[str, ...]]] = {
    "01_mask_impairment": (
        (),
        tuple(f"loss_by_emotion_{what}.png" for what in ("masks", "surgical", "ffp2", "fill")),
    ),
    "02_mask_types": ((STYLES,), ("styles.png", "styles_happiness.png")),
    "03_area_or_features": ((CONTRASTS,), ("contrasts.png", "features_by_emotion.png")),
    "04_dose": (
        (DOSE, HALF_POINTS),
        tuple(
            f"{what}_{who}.png" for what in ("dose", "half_points") for who in ("faceapi", "fer")
        ),
    ),
    "05_appearance": ((APPEARANCE,), ("appearance.png",)),
    "06_information_or_picture": ((TRANSFER,), ("transfer.png", "split.png")),
    "07_detection_bias": (
        (DETECTION, DETECTION_BIAS, DROPPING),
        ("detections.csv", "detection.png", "drift.png"),
    ),
    "08_intensity": ((MODERATORS, GAPS), ("intensity_faceapi.png", "intensity_fer.png")),
    "09_who": ((MODERATORS,), ("moderators.png",)),
    "10_region_importance": ((MAPS, REGIONS), ("spots.png", "bubbles.png")),
    "11_crying_behind_a_mask": (
        (FACTORIAL,),
        ("tears.png", "tears_faceapi.png", "tears_fer.png"),
    ),
    "12_smile_as_a_mask": ((CONCEALED,), ("answers_faceapi.png", "answers_fer.png", "stimuli")),
    "13_human_and_machine": ((AGREEMENT, CELLS), ("human_machine_loss.png",)),
    "14_every_mask": ((CURVE,), ("curve_tests.csv", "curve.png")),
}
OF_A_RUN = {
    "trials.csv",
    "summary.csv",
    "guards.csv",
    "attributes.csv",
    "manifest.json",
    "pictures.csv",
    "answer.txt",
    "report.html",
}
LIMIT = {"08_intensity": 35}
"""Scripts that need more than a picture of each emotion."""
MADE = {
    "08_intensity": (35, 30),
    "12_smile_as_a_mask": (5, 1),
    "13_human_and_machine": (7, 6),
}
"""Scripts that make their own pictures from few photographs, or leave neutral ones out: pictures
read, largest n."""

pytestmark = pytest.mark.usefixtures("few_resamples")


def test_all_scripts_are_tested() -> None:
    assert sorted(path.stem for path in SCRIPTS.glob("[0-9]*.py")) == sorted(PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_a_script_writes_what_it_promises(
    name: str,
    example_faces: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del example_faces
    out = tmp_path / "out"
    script = str(SCRIPTS / f"{name}.py")
    limit = str(LIMIT.get(name, 7))
    monkeypatch.setattr(sys, "argv", [script, "--out", str(out), "--limit", limit, "--quiet"])
    runpy.run_path(script, run_name="__main__")
    tables, figures = PROMISED[name]
    n_read, largest = MADE.get(name, (7, 7))
    written = {f"{table.name}.csv" for table in tables} | set(figures) | OF_A_RUN
    assert {path.name for path in out.iterdir()} == written
    sizes = []
    for table in tables:
        frame = table.read(out / f"{table.name}.csv")
        if "classifier" in frame:
            named = set(frame["classifier"]) - {"", "human"}
            assert named == set(load_run(out).trials["classifier"])
        sizes.append(frame["n"].max())
    assert max(sizes, default=largest) == largest
    for figure in (name for name in figures if name.endswith(".png")):
        assert read_image(out / figure).std() > 10
    printed = capsys.readouterr().out
    assert f"All {n_read} images were read." in printed
    assert all(str(out / file) in printed for file in written - {"stimuli"})
    docstring = Path(script).read_text().split('"""')[1]
    assert all(f"{table.name}.csv" in docstring for table in tables)
    _controls_hide_as_much(load_run(out).trials)


def _controls_hide_as_much(trials: pd.DataFrame) -> None:
    coverage = trials.groupby("condition")["coverage"].mean()
    for like in ({"surgical", "upper"}, {"surgical", "lower"}, {"surgical", "fill"}):
        if like <= set(coverage.index):
            assert coverage[list(like)].std() < 0.01


def test_a_script_prints_its_answer_as_json(
    example_faces: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    del example_faces
    out = tmp_path / "out"
    script = str(SCRIPTS / "09_who.py")
    monkeypatch.setattr(sys, "argv", [script, "--out", str(out), "--limit", "7", "--json", "-q"])
    runpy.run_path(script, run_name="__main__")
    printed, told = capfd.readouterr()
    assert told == ""
    values = json.loads(printed, parse_constant=pytest.fail)
    page = (SCRIPTS.parent / "docs" / "cli.md").read_text(encoding="utf-8")
    said = next(line for line in page.splitlines() if line.startswith("- Scripts print"))
    (run_row,) = (line for line in page.splitlines() if line.startswith("| `run` |"))
    promised = re.findall(r"`(\w+)`", said.partition(", beside")[0]) + re.findall(
        r"`(\w+)`", run_row.split("|")[3]
    )
    assert set(values) == {*promised, "files"}
    assert f"{values['answer']}\n" == (out / "answer.txt").read_text(encoding="utf-8")
    assert list(values["tables"]) == ["moderators"]
    table = MODERATORS.read(out / "moderators.csv")
    rows = table.to_json(orient="records", double_precision=15)
    assert values["tables"]["moderators"] == json.loads(rows)
    assert {Path(path).name for path in values["files"]} == {path.name for path in out.iterdir()}
