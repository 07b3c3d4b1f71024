"""The command line as a user types it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maskface.images import read_image, write_image
from maskface.occluders import OCCLUDERS, get_occluder, parameters_of
from maskface.tables import MASKED
from tests.fixtures.commands import MASKFACE, call, type_in
from tests.fixtures.videos import sliding, write_video

ROOT = Path(__file__).parents[2]


def test_run_prints_the_loss_and_where_the_files_are(
    example_faces: list[Path], tmp_path: Path
) -> None:
    del example_faces
    out = tmp_path / "out"
    command: tuple[str | Path, ...] = ("run", "--data", "example", "--out", out, "--limit", "14")
    command += ("--occluder", "surgical", "--classifier", "faceapi")
    done = type_in(*command, "--quiet")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].split()[:6] == ["classifier", "condition", "emotion", "n", "plain", "occluded"]
    assert any(line.split()[:4] == ["faceapi", "surgical", "all", "14"] for line in lines)
    assert "synthetic faces" in done.stdout
    for name in ("trials.csv", "summary.csv", "manifest.json", "loss_by_emotion_surgical.png"):
        assert (out / name).is_file()
        assert str(out / name) in done.stdout
    assert read_image(out / "loss_by_emotion_surgical.png").std() > 10
    again = call(*command, ok=False)
    assert again.returncode == 2
    assert "--resume" in again.stderr
    assert call("summarize", out).stdout.splitlines()[0] == lines[0]


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
    assert done.stderr == ""
    assert len(pd.read_csv(tmp_path / "out" / "trials.csv")) == 7 * 5 * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--data", "nowhere", "--out", "x"), "no folder 'nowhere'"),
        (("run", "--out", "x", "--occluder", "surgicl"), "Did you mean 'surgical'"),
        (("run", "--out", "x", "--classifier", "far"), "Did you mean 'fer'"),
        (("run", "--out", "x", "--jobs", "0"), "jobs must be 1 or more"),
        (("mask", "nothing.png", "-o", "x"), "no file or folder"),
        (("mask", "nothing.png"), "add --out DIR"),
        (("mask", "webcam:first"), "webcam:1 for the second"),
        (("gallery", "nothing.png"), "nothing.png: cannot read the file"),
        (("landmarks", "nothing.png"), "cannot read the file"),
        (("summarize", "nothing"), "holds no run"),
        (("list", "datasts"), "Did you mean 'datasets'"),
    ],
)
def test_mistakes_are_answered_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(*arguments, ok=False)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_mask_of_a_folder(example_faces: list[Path], tmp_path: Path) -> None:
    face = read_image(example_faces[0])
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "face.jpg").write_bytes(example_faces[0].read_bytes())
    (tmp_path / "in" / "broken.png").write_text("no picture")
    write_video(tmp_path / "in" / "talk.mp4", sliding(face, 5))
    command = ("mask", "in", "-o", "out", "--alpha", "--seed", "4")
    done = type_in(*command, ok=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "in/broken.png: not a picture" in done.stderr
    assert "100%" in done.stderr
    assert done.stdout.splitlines()[0] == "2 of 3 files written, 2 faces occluded"
    assert done.stdout.splitlines()[1] == str(Path("out", "masked.csv"))
    table = MASKED.read(tmp_path / "out" / "masked.csv")
    assert list(table["source"]) == ["broken.png", "deep/face.jpg", *["talk.mp4"] * 5]
    assert list(table["status"]) == ["error", *["ok"] * 6]
    after = read_image(tmp_path / "out" / "deep" / "face.jpg")
    height = face.shape[0]
    changed = np.abs(after.astype(int) - face).max(axis=2) > 60
    assert changed[height // 2 :].mean() > 0.05
    assert changed[: height // 4].mean() < 0.001
    hidden = read_image(tmp_path / "out" / "deep" / "face.alpha.png")[..., 0] > 127
    assert (changed & hidden).sum() > 0.9 * changed.sum()

    again = call(*command, ok=False, cwd=tmp_path)
    assert (again.returncode, "Add --resume" in again.stderr) == (2, True)
    written = (tmp_path / "out" / "talk.mp4").stat().st_mtime_ns
    (tmp_path / "in" / "broken.png").write_bytes(example_faces[1].read_bytes())
    resumed = call(*command, "--resume", "--quiet", cwd=tmp_path)
    assert "3 of 3 files written (2 by an earlier call)" in resumed.stdout
    assert (tmp_path / "out" / "talk.mp4").stat().st_mtime_ns == written
    other = call(*command[:-1], "5", "--resume", ok=False, cwd=tmp_path)
    assert (other.returncode, "Choose another folder" in other.stderr) == (2, True)


def test_mask_of_a_picture_and_a_pattern(example_faces: list[Path], tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    face = read_image(example_faces[0])
    write_image(tmp_path / "in" / "deep" / "two.png", np.hstack([face, face]))
    done = type_in("mask", "in/**/*.png", "-o", "out", "--quiet", cwd=tmp_path)
    assert (done.stderr, len(MASKED.read(tmp_path / "out" / "masked.csv"))) == ("", 2)
    assert done.stdout.count("%") == 2
    one = call("mask", "in/deep/two.png", "-o", "x.jpg", "--csv", "x.csv", cwd=tmp_path)
    assert one.stderr == ""
    assert one.stdout.startswith("x.jpg  (")
    assert len(MASKED.read(tmp_path / "x.csv")) == 2


def test_mask_refuses_to_overwrite(example_faces: list[Path], tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes(example_faces[0].read_bytes())
    done = call("mask", tmp_path / "face.jpg", "-o", tmp_path / "face.jpg", ok=False)
    assert "overwrite" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for another process")
def test_ctrl_c_says_how_to_go_on(example_faces: list[Path], tmp_path: Path) -> None:
    face = read_image(example_faces[0])
    write_video(tmp_path / "long.mp4", sliding(face, 20, step=0) * 20)
    command = [MASKFACE, "mask", "long.mp4", "-o", "out", "--quiet"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("out/.long.part.mp4")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Finished files are kept; to continue, type: " in told
    assert "maskface mask long.mp4 -o out --quiet --resume\n" in told
    assert told.endswith("--resume\n")
    assert "Traceback" not in told
    # A table that is not finished has no hash.
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"masked.csv"}


def test_gallery(example_faces: list[Path], tmp_path: Path) -> None:
    occluders = ("--occluder", "none", "--occluder", "surgical")
    shipped = type_in("gallery", "-o", "g.png", "--size", "64", *occluders, cwd=tmp_path)
    assert (shipped.stdout, shipped.stderr) == ("g.png\n", "")
    height, width = read_image(tmp_path / "g.png").shape[:2]
    assert height > 4 * 64
    assert 2 * 64 < width < 3 * 64
    call("gallery", example_faces[0], "-o", "one.png", "--size", "64", *occluders, cwd=tmp_path)
    assert read_image(tmp_path / "one.png").shape[0] < 2 * 64
    none = tmp_path / "none.png"
    write_image(none, np.full((99, 99, 3), 99, np.uint8))
    told = call("gallery", none, *occluders, ok=False, cwd=tmp_path)
    assert (told.returncode, "No face found in none" in told.stderr) == (2, True)


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
    lines = call("list", kind).stdout.splitlines()
    entries = [line for line in lines if not line.startswith(" ")]
    assert first in [line.split()[0] for line in entries]
    assert all(len(line.split()) > 3 for line in entries)


def test_listed_parameters_can_be_typed() -> None:
    listed = call("list", "occluders").stdout
    own = (
        r"\nsurgical .*\n +colour: lightblue\n +top: unset\n +vary: off, or real\n"
        r" +wearing: correct, or nose_out"
    )
    assert re.search(own, listed)
    for name in OCCLUDERS.names():
        for key, values in parameters_of(name).items():
            for value in values.split(", "):
                if value != "unset":
                    get_occluder(f"{name}:{key}={value.removeprefix('or ')}")


def test_doctor_finds_nothing_to_mend() -> None:
    text = type_in("doctor").stdout
    assert "FIX" not in text
    for name in ("Python", "OpenCV wheel", "system libraries", "face_landmarker.task"):
        assert name in text
