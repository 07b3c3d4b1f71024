"""All examples of the README run as they stand, and show what the README says."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maskface.datasets.example import example_dataset
from maskface.types import EMOTIONS
from tests.fixtures.commands import call
from tests.fixtures.texts import ROOT, blocks, commands
from tests.unit.onnx_files import linear

README = ROOT / "README.md"
WRITTEN = (
    "results/mine/report.html",
    "results/mine/trials.csv",
    "people/summary.csv",
    "results/13/human_machine_loss.png",
    "masked/masked.csv",
    "gallery.png",
)
"""What the commands leave."""
MAP = """
[columns]
observer = "subject"
image = "stimulus"
emotion = "expression"
condition = "mask"
response = "response"
"""
CARD = """
title = "A small network"
[input]
layout = "NCHW"
size = 8
colour = "rgb"
[output]
labels = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
logits = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README takes for granted: pictures, answers of observers, a network."""
    made = tmp_path_factory.mktemp("readme")
    for sample in example_dataset().samples:
        if re.match(r"S01_\w+_(100|000)_y\+00", sample.path.name):
            kind = made / "my_faces" / sample.label
            kind.mkdir(parents=True, exist_ok=True)
            shutil.copy(sample.path, kind)
    shutil.copy(next((made / "my_faces/happiness").iterdir()), made / "portrait.jpg")
    (made / "experiments").symlink_to(ROOT / "experiments")
    rng = np.random.default_rng(0)
    design = itertools.product(range(4), EMOTIONS, ("none", "mask"), range(2))
    rows = [
        (f"p{observer}", f"{shown}{n}.jpg", shown, worn,
         shown if rng.random() < (0.8 if worn == "none" else 0.5) else rng.choice(EMOTIONS))
        for observer, shown, worn, n in design
    ]  # fmt: skip
    columns = ["subject", "stimulus", "expression", "mask", "response"]
    pd.DataFrame(rows, columns=columns).to_csv(made / "answers.csv", index=False)
    (made / "map.toml").write_text(MAP, encoding="utf-8")
    (made / "mine.toml").write_text(CARD, encoding="utf-8")
    matrix = rng.normal(size=(3 * 8 * 8, len(EMOTIONS))).astype(np.float32)
    bias = np.zeros(len(EMOTIONS), np.float32)
    (made / "mine.onnx").write_bytes(linear(matrix, bias, [3, 8, 8]))
    return made


def _run(line: str, folder: Path) -> str:
    program, *words = shlex.split(line)
    if program == "maskface":
        return call(*words, cwd=folder).stdout
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False,
        timeout=600, env={**os.environ, "MPLBACKEND": "agg"},
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_commands_of_the_readme_run(folder: Path) -> None:
    lines = list(dict.fromkeys(commands(README)))
    assert len(lines) >= 9
    for line in sorted(lines, key=lambda line: ("compare" in line, "--resume" in line)):
        _run(line, folder)
    for name in WRITTEN:
        assert (folder / name).stat().st_size > 0
    pictures = [path.name for path in (folder / "my_faces").rglob("*.jpg")]
    assert sorted(path.name for path in (folder / "masked").rglob("*.jpg")) == sorted(pictures)


def test_python_of_the_readme_runs(folder: Path) -> None:
    (block,) = (block for block in blocks(README) if block.language == "python")
    assert len(re.findall(r"^\S", block.code, flags=re.M)) <= 5
    last = "\nprint(_.get_figwidth(), *result.losses.columns)\n"
    code = re.sub(r"^(result\.plot)", r"_ = \1", block.code, flags=re.M) + last
    (folder / "five.py").write_text(code, encoding="utf-8")
    shown = _run("python five.py", folder).split()
    assert float(shown[0]) > 0
    assert {"classifier", "condition", "loss"} <= set(shown)
    assert (folder / "results/python/trials.csv").exists()
