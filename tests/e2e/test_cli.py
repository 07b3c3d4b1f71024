"""The command line as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maskface.images import read_image

MASKFACE = str(Path(sys.executable).with_name("maskface"))
ROOT = Path(__file__).parents[2]


def type_in(*arguments: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [MASKFACE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert (done.returncode == 0) is ok, done.stderr
    return done


def test_help_names_every_verb() -> None:
    text = type_in("--help").stdout
    for verb in ("run", "mask", "landmarks", "summarize", "list", "doctor"):
        assert f" {verb} " in text
        assert "Example" in type_in(verb, "--help").stdout or verb == "doctor"


def test_help_loads_no_numerical_package() -> None:
    code = (
        "import sys, maskface.cli\n"
        "heavy = {'numpy', 'pandas', 'cv2', 'mediapipe', 'scipy', 'matplotlib', 'pydantic'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_run_prints_the_loss_and_where_the_files_are(
    example_faces: list[Path], tmp_path: Path
) -> None:
    del example_faces
    out = tmp_path / "out"
    done = type_in("run", "--data", "example", "--out", out, "--limit", "14", "--quiet")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].split()[:6] == ["classifier", "condition", "emotion", "n", "clean", "occluded"]
    assert any(line.split()[:4] == ["faceapi", "surgical", "all", "14"] for line in lines)
    for name in ("trials.csv", "summary.csv", "manifest.json", "loss_by_emotion_surgical.png"):
        assert (out / name).is_file()
        assert str(out / name) in done.stdout
    assert read_image(out / "loss_by_emotion_surgical.png").std() > 10
    again = type_in("run", "--data", "example", "--out", out, "--limit", "14", ok=False)
    assert again.returncode == 2
    assert "--resume" in again.stderr
    assert type_in("summarize", out).stdout.splitlines()[0] == lines[0]


def test_experiment_script_runs(example_faces: list[Path], tmp_path: Path) -> None:
    del example_faces
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "experiments" / "01_mask_impairment.py"),
            *("--out", str(tmp_path / "out"), "--limit", "7", "--jobs", "2", "--quiet"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(tmp_path / "out" / "trials.csv")) == 7 * 2 * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--data", "nowhere", "--out", "x"), "no folder 'nowhere'"),
        (("run", "--out", "x", "--occluder", "surgicl"), "Did you mean 'surgical'"),
        (("run", "--out", "x", "--classifier", "far"), "Did you mean 'fer'"),
        (("run", "--out", "x", "--jobs", "0"), "jobs must be 1 or more"),
        (("mask", "nothing.png", "-o", "x"), "no file or folder"),
        (("landmarks", "nothing.png"), "cannot read the file"),
        (("summarize", "nothing"), "holds no run"),
        (("list", "hats"), "'hats' is not one of"),
    ],
)
def test_mistakes_are_answered_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = type_in(*arguments, ok=False)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_mask_keeps_the_tree_and_reports_failures(
    example_faces: list[Path], tmp_path: Path
) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "face.jpg").write_bytes(example_faces[0].read_bytes())
    (source / "broken.png").write_text("no picture")
    done = type_in("mask", source, "-o", tmp_path / "out", ok=False)
    assert done.returncode == 1
    assert "broken.png: not a picture" in done.stderr
    assert "1 of 2 pictures" in done.stderr
    before = read_image(source / "deep" / "face.jpg")
    after = read_image(tmp_path / "out" / "deep" / "face.jpg")
    assert after.shape == before.shape
    height = before.shape[0]
    changed = np.abs(after.astype(int) - before).max(axis=2) > 60
    assert changed[height // 2 :].mean() > 0.1
    assert changed[: height // 4].mean() < 0.001


def test_mask_refuses_to_overwrite(example_faces: list[Path], tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes(example_faces[0].read_bytes())
    done = type_in("mask", tmp_path / "face.jpg", "-o", tmp_path / "face.jpg", ok=False)
    assert "overwrite" in done.stderr


def test_landmarks_are_written(example_faces: list[Path], tmp_path: Path) -> None:
    done = type_in("landmarks", example_faces[0], "--csv", tmp_path / "points.csv")
    assert done.stderr == ""
    assert done.stdout.startswith("face 0: ")
    table = pd.read_csv(tmp_path / "points.csv")
    assert list(table.columns) == ["face", "landmark", "x_px", "y_px", "z_px"]
    assert len(table) == 478
    height, width = read_image(example_faces[0]).shape[:2]
    assert table["x_px"].between(0, width).all()
    assert table["y_px"].between(0, height).all()


@pytest.mark.parametrize("kind", ["occluders", "classifiers", "datasets"])
def test_list(kind: str) -> None:
    first = {"occluders": "none", "classifiers": "faceapi", "datasets": "example"}[kind]
    lines = type_in("list", kind).stdout.splitlines()
    assert lines[1].startswith(first)
    assert all(len(line.split()) > 3 for line in lines[1:])


def test_doctor_finds_nothing_to_mend() -> None:
    text = type_in("doctor").stdout
    assert "MEND" not in text
    for name in ("Python", "OpenCV wheel", "system libraries", "face_landmarker.task"):
        assert name in text
