"""The examples of docs/architecture.md, in a user's own script: with one worker and with two."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from maskface import load_dataset, load_run

DOCS = Path(__file__).parents[2] / "docs" / "architecture.md"
RUN = """
import sys

import maskface

JOBS, OUT, FACES = int(sys.argv[1]), sys.argv[2], sys.argv[3]
experiment = maskface.Experiment(
    data=FACES,
    dataset="letters",
    occluders=["bar:height=0.3", Bar(colour="navy"), "tears+bar", "blur:region=bar"],
    classifiers=["brightness", Brightness(gain=2.0)],
)
maskface.run(experiment, OUT, jobs=JOBS, chunk=1, progress=False)
"""
MODULE = """
import sys

import mine
import maskface

JOBS, OUT, FACES = int(sys.argv[1]), sys.argv[2], sys.argv[3]
experiment = maskface.Experiment(
    data=FACES, dataset="letters", occluders=["bar"], classifiers=["brightness"]
)
maskface.run(experiment, OUT, jobs=JOBS, chunk=1, progress=False)
"""


def examples() -> list[str]:
    _, _, section = DOCS.read_text(encoding="utf-8").partition("## Extending")
    return re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four of the embedded faces, called as the dataset reader expects them."""
    folder = tmp_path_factory.mktemp("faces")
    letters = {"anger": "A", "happiness": "H", "neutral": "N", "sadness": "S"}
    first = {sample.label: sample for sample in reversed(load_dataset("example").samples)}
    for label, letter in letters.items():
        sample = first[label]
        shutil.copy(sample.path, folder / f"{sample.subject_id}_{letter}.jpg")
    return folder


def carry_out(folder: Path, script: str, jobs: int, faces: Path) -> pd.DataFrame:
    path, out = folder / f"script{jobs}.py", folder / f"out{jobs}"
    path.write_text(script, encoding="utf-8")
    command = [sys.executable, str(path), str(jobs), str(out), str(faces)]
    subprocess.run(command, check=True, timeout=600, cwd=folder)
    return load_run(out).trials


def test_there_is_an_example_of_each() -> None:
    found = examples()
    assert [re.findall(r"^@(\w+)\.register", text, re.MULTILINE) for text in found] == [
        ["OCCLUDERS"], ["CLASSIFIERS"], ["DATASET_READERS"],
    ]  # fmt: skip


def test_examples_in_a_script(tmp_path: Path, faces: Path) -> None:
    script = "\n".join([*examples(), RUN])
    alone = carry_out(tmp_path, script, 1, faces)
    assert set(alone["condition"]) == {
        "none", "bar:height=0.3", "bar:colour=navy", "tears+bar", "blur:region=bar",
    }  # fmt: skip
    assert set(alone["classifier"]) == {"brightness:gain=4.0", "brightness:gain=2.0"}
    assert len(alone) == 4 * 5 * 2
    assert (alone["status"] == "ok").all()
    bars = alone[alone["occluder"].str.contains("bar|blur")]
    assert bars["coverage"].between(0.05, 0.6).all()
    assert set(alone["dataset"]) == {"letters"}
    pd.testing.assert_frame_equal(carry_out(tmp_path, script, 2, faces), alone)
    about = json.loads((tmp_path / "out2" / "manifest.json").read_text())
    assert about["experiment"]["dataset"] == "letters"


def test_examples_in_a_module_beside_the_script(tmp_path: Path, faces: Path) -> None:
    (tmp_path / "mine.py").write_text("\n".join(examples()), encoding="utf-8")
    alone = carry_out(tmp_path, MODULE, 1, faces)
    assert (alone["status"] == "ok").all()
    pd.testing.assert_frame_equal(carry_out(tmp_path, MODULE, 2, faces), alone)
