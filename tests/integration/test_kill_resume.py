"""Runs that are killed, run out of disk, meet each other or damaged files: what is left of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskface import Experiment, MaskfaceError, run
from maskface.experiment import RunFolder
from maskface.files import locked, sealed

killing: Any = pytest.importorskip("benchmarks.kill_resume", reason="benchmarks are not here")
fuzzing: Any = pytest.importorskip("benchmarks.fuzz_pictures", reason="benchmarks are not here")

TABLES = ("trials.csv", "summary.csv", "attributes.csv", "guards.csv")


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen synthetic faces of four people, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("set") / "faces"
    killing.write_set(folder)
    return folder


@pytest.fixture(scope="module")
def reference(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    killing.carry_out(faces, out, 1, 16, light=True)
    return out


def test_killed_thrice_it_ends_with_the_same_bytes(
    faces: Path, reference: Path, tmp_path: Path
) -> None:
    tally = killing.cycle(faces, tmp_path / "out", np.random.default_rng(4), 3, light=True)
    assert tally.killed_reading + tally.killed_merging >= 2
    assert killing.differences(reference, tmp_path / "out") == []


def test_sixty_damaged_files_have_their_rows(tmp_path: Path) -> None:
    fuzzing.write_set(tmp_path / "faces", 60, 1)
    trials = fuzzing.read_set(tmp_path / "faces", tmp_path / "out", jobs=2, limit_s=300)
    assert len(trials) == 60
    assert set(trials["status"]) >= {"ok", "error"}
    assert not trials["message"].str.contains("ended the process").any()
    assert (trials.loc[trials["status"] != "ok", "message"] != "").all()


def write_small(faces: Path, folder: Path) -> Path:
    """Three of the faces in a folder called small."""
    small = folder / "small"
    small.mkdir()
    rows = (faces / "index.csv").read_text().splitlines()[:4]
    (small / "index.csv").write_text("\n".join(rows) + "\n")
    for row in rows[1:]:
        shutil.copy(faces / row.split(",")[0], small)
    return small


@pytest.fixture
def small(faces: Path, tmp_path: Path) -> Path:
    """Three faces whose files may be changed."""
    return write_small(faces, tmp_path)


@pytest.fixture(scope="module")
def whole(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over them that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return read(write_small(faces, folder), folder / "whole", cache=None)


def read(data: Path, out: Path, **options: Any) -> Path:
    asked = Experiment(data=data, occluders="surgical", classifiers="faceapi")
    return run(asked, out, progress=False, chunk=1, **options).folder.path


def same(first: Path, second: Path) -> bool:
    return all((first / t).read_bytes() == (second / t).read_bytes() for t in TABLES)


def stopped(data: Path, out: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Begin a run whose process ends before part number `after` is written."""
    write = RunFolder.write_checkpoint
    seen: list[int] = []

    def stop(self: RunFolder, *arguments: Any) -> None:
        seen.append(1)
        if len(seen) > after:
            raise KeyboardInterrupt
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            read(data, out, cache=None)


def test_a_file_size_limit_is_a_full_disk(small: Path, whole: Path, tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from maskface import Experiment, MaskfaceError, run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    run(Experiment(data=sys.argv[1], occluders='surgical', classifiers='faceapi'),\n"
        "        sys.argv[2], chunk=1,\n"
        "        progress=False, cache=None)\n"
        "except MaskfaceError as error:\n"
        "    sys.exit(f'told: {error}')\n"
    )
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", code, small, out], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "told: Cannot write to" in done.stderr
    assert "go on with resume=True" in done.stderr
    assert same(read(small, out, resume=True, cache=None), whole)


def test_two_runs_in_one_folder(small: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "parts").mkdir(parents=True)
    there = pytest.raises(MaskfaceError, match="Another process is at work on the run in")
    with locked(out / "parts" / ".lock"), there:
        read(small, out, cache=None)
    assert same(read(small, out, cache=None), whole)


def test_killed_before_the_manifest_was_written(small: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "parts").mkdir(parents=True)
    (out / ".manifest.json.123.456").write_text('{"run_')
    again = read(small, out, resume=True, cache=None)
    assert same(again, whole)
    assert {path.name for path in again.iterdir()} == {path.name for path in whole.iterdir()}


def test_killed_after_the_tables_were_written(small: Path, whole: Path, tmp_path: Path) -> None:
    out = read(small, tmp_path / "out", cache=None)
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_bytes(sealed(manifest | {"complete": False}))
    (out / "trials.csv").write_text("half a tab")
    (out / ".trials.csv.123.456").write_text("left by a killed process")
    assert same(read(small, out, resume=True, cache=None), whole)
    assert not list(out.glob(".*"))


def test_complete_runs_are_left_as_they_are(small: Path, tmp_path: Path) -> None:
    out = read(small, tmp_path / "out", cache=None)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    read(small, out, resume=True, cache=None)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_damaged_cache_entries_are_found_anew(small: Path, whole: Path, tmp_path: Path) -> None:
    read(small, tmp_path / "first", cache=tmp_path / "cache")
    entries = sorted((tmp_path / "cache").rglob("*.npz"))
    assert len(entries) == 3
    entries[0].write_bytes(entries[0].read_bytes()[:-100])
    entries[1].write_bytes(b"PK\x03\x04 no archive")
    entries[2].write_bytes(entries[0].read_bytes())
    assert same(read(small, tmp_path / "out", cache=tmp_path / "cache"), whole)
