"""Whole runs with the real models on the synthetic faces."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from maskface import Experiment, MaskfaceError, run
from maskface.experiment import summarize_run
from maskface.experiment.checkpoints import PICTURES, ChunkResult
from maskface.experiment.folder import RunFolder
from maskface.files import sealed
from maskface.report import write_figures, write_report
from maskface.tables import SUMMARY, TRIALS
from tests.fixtures.pictures import write_variants

EMOTIONS_HERE = ("happiness", "sadness", "surprise")


pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def faces(example_faces: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve synthetic faces of four people with an index."""
    folder = tmp_path_factory.mktemp("faces")
    lines = ["path,emotion,subject"]
    for emotion in EMOTIONS_HERE:
        chosen = [p for p in example_faces if f"_{emotion}_100_y+00" in p.name][:4]
        for path in chosen:
            shutil.copy(path, folder)
            lines.append(f"{path.name},{emotion},{path.name[:3]}")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def reference(few_resamples: None, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all of them, in one go."""
    out = tmp_path_factory.mktemp("reference") / "out"
    run(Experiment(data=faces, occluders="surgical"), out, progress=False, cache=None)
    return out


def trials_bytes(folder: Path) -> bytes:
    return (folder / "trials.csv").read_bytes()


def test_run_writes_what_the_documentation_says(reference: Path) -> None:
    assert sorted(p.name for p in reference.iterdir()) == [
        "attributes.csv",
        "guards.csv",
        "manifest.json",
        "pictures.csv",
        "summary.csv",
        "trials.csv",
    ]
    trials = TRIALS.read(reference / "trials.csv")
    assert len(trials) == 12 * 2 * 2
    assert set(trials["status"]) == {"ok"}
    masked = trials[trials["condition"] == "surgical"]
    assert masked["coverage"].between(0.35, 0.75).all()
    sums = trials.filter(like="p_").sum(axis=1)
    assert sums.between(0.99999, 1.00001).all()
    manifest = json.loads((reference / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["trials"] == {"planned": 48, "written": 48}
    assert manifest["dataset"]["subjects"] == 4
    assert manifest["files"]["trials.csv"]["rows"] == 48
    assert set(manifest["files"]) == {
        "trials.csv", "summary.csv", "guards.csv", "attributes.csv", "pictures.csv",
    }  # fmt: skip
    assert [c["name"] for c in manifest["columns"]["trials"]] == TRIALS.header


@pytest.mark.parametrize(("jobs", "chunk"), [(2, 1), (2, 5), (1, 7)])
def test_bytes_do_not_depend_on_workers_or_chunks(
    faces: Path, reference: Path, tmp_path: Path, jobs: int, chunk: int
) -> None:
    run(
        Experiment(data=faces, occluders="surgical"),
        tmp_path / "out",
        jobs=jobs,
        chunk=chunk,
        progress=False,
    )
    assert trials_bytes(tmp_path / "out") == trials_bytes(reference)
    first = SUMMARY.read(reference / "summary.csv")
    assert SUMMARY.read(tmp_path / "out" / "summary.csv").equals(first)


def test_cached_landmarks_give_the_same_bytes(faces: Path, reference: Path, tmp_path: Path) -> None:
    for name in ("cold", "warm"):
        run(
            Experiment(data=faces, occluders="surgical"),
            tmp_path / name,
            progress=False,
            cache=tmp_path / "cache",
        )
        assert trials_bytes(tmp_path / name) == trials_bytes(reference)


def test_killed_run_is_completed_by_resume(faces: Path, reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import os, signal\n"
        "from maskface import Experiment, run\n"
        "from maskface.experiment import RunFolder\n"
        "write = RunFolder.write_checkpoint\n"
        "def once(*values):\n"
        "    write(*values)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "RunFolder.write_checkpoint = once\n"
        f"run(Experiment(data={str(faces)!r}, occluders='surgical'), {str(out)!r}, chunk=1,\n"
        "    progress=False)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "trials.csv").exists()
    with pytest.raises(MaskfaceError, match="resume=True"):
        run(Experiment(data=faces, occluders="surgical"), out, progress=False)
    with pytest.raises(MaskfaceError, match="allow_partial=True"):
        summarize_run(out)
    partial = summarize_run(out, allow_partial=True)
    assert 0 < partial["n"].max() < 12
    run(Experiment(data=faces, occluders="surgical"), out, resume=True, progress=False, chunk=3)
    assert trials_bytes(out) == trials_bytes(reference)
    assert not (out / "parts").exists()


def test_full_disk_keeps_what_was_read(
    faces: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    calls = 0

    def full_after_ten(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 10:  # a file and its folder each time
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_after_ten)
        with pytest.raises(MaskfaceError, match=r"No space left on device.*resume=True"):
            run(Experiment(data=faces, occluders="surgical"), out, progress=False, chunk=1)
    assert len(list(out.glob("parts/part-*.zip"))) == 4  # the manifest was written first
    run(Experiment(data=faces, occluders="surgical"), out, resume=True, progress=False)
    assert trials_bytes(out) == trials_bytes(reference)


def test_damaged_part_is_read_again(faces: Path, reference: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(reference, out)
    manifest = json.loads((out / "manifest.json").read_text()) | {"complete": False}
    (out / "manifest.json").write_bytes(sealed(manifest))
    parts = RunFolder(out).parts_path
    parts.mkdir()
    (out / "trials.csv").unlink()
    trials = TRIALS.parse(reference / "trials.csv")
    folder = RunFolder(out)
    rows = [{str(k): v for k, v in row.items()} for row in trials.to_dict("records")]
    marks = PICTURES.parse(reference / "pictures.csv").to_dict("records")
    pictures = [{str(k): v for k, v in row.items()} for row in marks]
    images = [row["image_id"] for row in pictures]
    run_id = manifest["run_id"]
    for first, some in ((0, slice(2)), (2, slice(2, 4))):
        own = rows[4 * first : 4 * first + 8]
        result = ChunkResult(own, pictures=pictures[some], image_ids=images[some])
        folder.write_checkpoint(first, first + 1, result, run_id)
    folder.write_checkpoint(4, 4, ChunkResult(rows[:4], image_ids=images[4:5]), "of another run")
    (damaged,) = parts.glob("part-00000002-*.zip")
    damaged.write_bytes(damaged.read_bytes().replace(b"ok", b"no", 1))
    (parts / "part-00000004-00000005-0123456789abcdef.zip").write_bytes(b"\x00\xff")
    run(Experiment(data=faces, occluders="surgical"), out, resume=True, progress=False)
    assert trials_bytes(out) == trials_bytes(reference)


def test_other_experiment_in_the_folder_is_refused(faces: Path, reference: Path) -> None:
    before = trials_bytes(reference)
    for other in (
        Experiment(data=faces, occluders="surgical", seed=1),
        Experiment(data=faces, occluders="surgical", classifiers=("fer",)),
    ):
        for resume in (False, True):
            with pytest.raises(MaskfaceError, match="holds another experiment"):
                run(other, reference, resume=resume, progress=False)
    with pytest.raises(MaskfaceError, match="already holds this run, complete"):
        run(Experiment(data=faces, occluders="surgical"), reference, resume=False, progress=False)
    assert trials_bytes(reference) == before


def test_complete_run_is_returned_by_resume(faces: Path, reference: Path) -> None:
    result = run(
        Experiment(data=faces, occluders="surgical"), reference, resume=True, progress=False
    )
    assert len(result.trials) == 48
    assert result.manifest["complete"] is True


def test_faces_of_ones_own_are_shown_when_one_says_so(reference: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(reference, tmp_path / "run")
    plain = write_report(folder).read_text(encoding="utf-8")
    assert "--show-faces" in plain
    assert "image/jpeg" not in plain
    shown = write_report(folder, faces_allowed=True).read_text(encoding="utf-8")
    assert shown.count('src="data:image/jpeg') == 2  # plain and surgical
    (drawn,) = write_figures(folder, ["strip"], form="png", faces_allowed=True)
    assert drawn.name == "strip.png"


def test_folder_with_other_files_is_refused(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(MaskfaceError, match=r"holds other files.*such as \S+/new\."):
        run(Experiment(data=faces, occluders="surgical"), tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_results_among_emotion_folders_are_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "fear").mkdir()
    (tmp_path / "fear" / "a.jpg").write_text("x")
    with pytest.raises(MaskfaceError, match="every folder is an emotion"):
        run(Experiment(data=tmp_path, occluders="surgical"), tmp_path / "results", progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["fear"]


def test_folder_that_cannot_be_written_is_refused_before_any_work(
    faces: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MaskfaceError, match=r"Cannot write to .*with out"):
        run(Experiment(data=faces, occluders="surgical"), tmp_path / "file" / "out", progress=False)


def test_read_only_disk_is_refused_before_any_work(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.mkdir", read_only)
    with pytest.raises(MaskfaceError, match="Read-only file system"):
        run(Experiment(data=faces, occluders="surgical"), tmp_path / "out", progress=False)


def test_every_odd_picture_has_its_defined_status(
    example_faces: list[Path], tmp_path: Path
) -> None:
    face = next(p for p in example_faces if "_happiness_100_y+00" in p.name)
    expected = write_variants(face, tmp_path / "data" / "happy")
    result = run(
        Experiment(data=tmp_path / "data", occluders="surgical", classifiers=("faceapi",)),
        tmp_path / "out",
        progress=False,
    )
    trials = result.trials
    assert len(trials) == 2 * len(expected)
    status = trials.groupby("image_id")["status"].unique().map(list).to_dict()
    assert status == {f"happy/{name}": [value] for name, value in expected.items()}
    message = trials.set_index("image_id")["message"].groupby(level=0).first()
    assert "truncated" in message["happy/truncated.jpg"]
    assert "not a picture" in message["happy/text.jpg"]
    assert "1 x 1 px" in message["happy/pixel.png"]
    assert "similar size" in message["happy/two_faces.png"]
    assert message["happy/big_and_small.png"] == "2 faces; the largest was read"
    # The same face in another container is read the same.
    plain = trials[trials["condition"] == "none"].set_index("image_id")
    for name in ("rgba.png", "bits16.png", "rotated.jpg", "cmyk.jpg", "big_and_small.png"):
        for column, allowed in (("p_happiness", 0.05), ("yaw_deg", 1), ("roll_deg", 1)):
            values = plain[column].astype(float)
            difference = values[f"happy/{name}"] - values["happy/whole.jpg"]
            assert abs(difference) < allowed, (name, column)


def test_limit_draws_balanced_labels(faces: Path, tmp_path: Path) -> None:
    result = run(
        Experiment(data=faces, limit=6, occluders=()),
        tmp_path / "out",
        progress=False,
    )
    labels = result.trials.drop_duplicates("image_id")["label"].value_counts()
    assert labels.to_dict() == dict.fromkeys(EMOTIONS_HERE, 2)
    assert set(result.trials["condition"]) == {"none"}


def test_no_readable_picture_says_why(tmp_path: Path) -> None:
    (tmp_path / "data" / "fear").mkdir(parents=True)
    (tmp_path / "data" / "fear" / "a.jpg").write_text("x")
    told = r"for example fear/a\.jpg: not a picture .*column message of \S+trials\.csv"
    with pytest.raises(MaskfaceError, match=told):
        run(
            Experiment(data=tmp_path / "data", occluders="surgical"),
            tmp_path / "out",
            progress=False,
        )
    trials = TRIALS.read(tmp_path / "out" / "trials.csv")
    assert set(trials["status"]) == {"error"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"occluders": ("surgicl",)}, "Did you mean 'surgical'"),
        ({"classifiers": ("far",)}, "Did you mean 'fer'"),
        ({"classifiers": ()}, "at least one classifier"),
        ({"limit": 0}, "limit"),
        ({"seed": -1}, "seed"),
        ({"lmit": 3}, "lmit"),
    ],
)
def test_bad_experiments_are_refused_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(MaskfaceError, match=words):
        Experiment(**values)


def test_conditions_are_named_once_and_none_is_always_there() -> None:
    experiment = Experiment(occluders=("surgical:colour=lightblue", "none", "surgical"))
    assert experiment.conditions == ("none", "surgical")
