"""Damaged files of complete runs: each is found, and restored or refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from maskface.doctor import check_folder
from maskface.errors import MaskfaceError
from maskface.experiment import Experiment, RunFolder, load_run, run, summarize_run
from maskface.experiment.integrity import find_damage
from maskface.experiment.results import _measured
from maskface.files import sealed
from maskface.findings import compare_run
from maskface.power import pilot_variances
from maskface.report import write_report
from maskface.tables import ATTRIBUTES

EXPERIMENT = Experiment(occluders="surgical", limit=14, classifiers=("fer",))
TABLES = ("trials.csv", "summary.csv", "guards.csv", "attributes.csv", "pictures.csv")
DERIVED = ("summary.csv", "guards.csv")
pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def whole(
    few_resamples: None, tmp_path_factory: pytest.TempPathFactory, example_faces: list[Path]
) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    run(EXPERIMENT, out, progress=False)
    return out


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def cut_rows(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[3:]]))


def change_a_digit(path: Path) -> None:
    """Keep size and mtime, as a disk that fails does."""
    data, before = bytearray(path.read_bytes()), path.stat()
    at = len(data) - 1 - next(i for i, b in enumerate(reversed(data)) if b in b"12345678")
    data[at] += 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = (cut_rows, change_a_digit, zero, truncate, Path.unlink)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", TABLES)
def test_a_damaged_table_is_refused_and_restored(
    name: str, damage: Callable[[Path], None], folder: Path
) -> None:
    before = tables(folder)
    damage(folder / name)
    (found,) = find_damage(RunFolder(folder), RunFolder(folder).require_manifest())
    assert found.name == name
    readers: list[Callable[[Path], object]] = [load_run, write_report]
    # Folders without the table that they read are none of a run for these.
    readers += [compare_run] if (folder / "summary.csv").exists() else []
    readers += [pilot_variances] if (folder / "trials.csv").exists() else []
    way = "maskface summarize" if name in DERIVED else "resume"
    for read in readers:
        with pytest.raises(MaskfaceError, match=rf"not as the run wrote them: {name} .*{way}"):
            read(folder)
    if name in DERIVED:
        summarize_run(folder)
    else:
        with pytest.raises(MaskfaceError, match=name):
            summarize_run(folder)
        run(EXPERIMENT, folder, resume=True, progress=False)
    assert tables(folder) == before
    assert load_run(folder).manifest["complete"]


def test_a_damaged_summary_is_restored_by_resuming(folder: Path) -> None:
    before = tables(folder)
    cut_rows(folder / "summary.csv")
    run(EXPERIMENT, folder, resume=True, progress=False)
    assert tables(folder) == before


def test_damaged_tables_of_pictures_that_are_gone_are_kept(
    example_faces: list[Path], tmp_path: Path
) -> None:
    for emotion, face in (("anger", example_faces[0]), ("fear", example_faces[1])):
        (tmp_path / "set" / emotion).mkdir(parents=True)
        shutil.copy(face, tmp_path / "set" / emotion)
    asked = Experiment(data=tmp_path / "set", occluders="surgical", classifiers=("fer",))
    run(asked, tmp_path / "out", progress=False)
    cut_rows(tmp_path / "out" / "trials.csv")
    left = (tmp_path / "out" / "trials.csv").read_bytes()
    shutil.rmtree(tmp_path / "set")
    with pytest.raises(MaskfaceError):
        run(asked, tmp_path / "out", resume=True, progress=False)
    assert (tmp_path / "out" / "trials.csv").read_bytes() == left


def test_a_manifest_that_was_changed_is_refused(folder: Path) -> None:
    """Its tables are as they were, and all its entries are there."""
    (check,) = check_folder(folder)
    assert check.ok
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (check,) = check_folder(folder)
    assert not check.ok
    assert f"{path} has changed since it was written" in check.detail
    for use in (
        load_run, summarize_run, write_report, pilot_variances, compare_run,
        lambda one: run(EXPERIMENT, one, resume=True, progress=False),
    ):  # fmt: skip
        with pytest.raises(MaskfaceError, match=r"manifest\.json has changed since it was written"):
            use(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_sizes_of_faces_are_those_that_were_measured(folder: Path) -> None:
    measured = load_run(folder).attributes.query("attribute == 'face_px'")
    index = measured.assign(source="index", value="3")
    ATTRIBUTES.write(ATTRIBUTES.tidy(pd.concat([measured, index])), folder / "attributes.csv")
    assert len(measured)
    (sizes,) = _measured(RunFolder(folder), "face_px")
    assert sorted(sizes) == sorted(measured["value"].astype(float))
    (folder / "attributes.csv").unlink()
    assert [sizes.tolist() for sizes in _measured(RunFolder(folder), "face_px")] == [[]]


def test_trials_of_another_format_are_not_taken_for_those_of_the_run(folder: Path) -> None:
    (folder / "trials.parquet").write_bytes(b"other trials")
    with pytest.raises(MaskfaceError, match="not one of the files of the run"):
        load_run(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 99, b'{"run_id": "x", "seed": "\\ud800"}'])
def test_a_damaged_manifest_costs_no_sound_parts(
    content: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(folder)
    shutil.rmtree(folder)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("maskface.experiment.runner.finish", stop)
        with pytest.raises(KeyboardInterrupt):
            run(EXPERIMENT, folder, progress=False)
    parts = sorted((folder / "parts").glob("part-*"))
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(MaskfaceError, match=r"manifest\.json"):
        run(EXPERIMENT, folder, progress=False)
    kept = [path.stat().st_mtime_ns for path in parts]
    assert [path.stat().st_mtime_ns for path in parts] == kept
    run(EXPERIMENT, folder, resume=True, progress=False)
    assert tables(folder) == before


@pytest.mark.parametrize("name", ["parts", "manifest.json", "trials.csv", "pictures.csv"])
def test_links_in_the_folder_of_a_run_are_refused(name: str, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    if name == "parts":
        elsewhere.mkdir()
    else:
        (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    before = sorted(elsewhere.iterdir()) if elsewhere.is_dir() else elsewhere.read_bytes()
    for resume in (True, False):
        with pytest.raises(MaskfaceError, match=f"{name} is a link"):
            run(EXPERIMENT, folder, resume=resume, progress=False)
    with pytest.raises(MaskfaceError, match=f"{name} is a link"):
        load_run(folder)
    after = sorted(elsewhere.iterdir()) if elsewhere.is_dir() else elsewhere.read_bytes()
    assert after == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("name", ["manifest.json", "trials.csv", "summary.csv", "pictures.csv"])
def test_pipes_in_the_folder_of_a_run_are_refused(name: str, folder: Path) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(MaskfaceError, match=name):
        load_run(folder)


def test_a_manifest_without_an_end_is_refused(folder: Path) -> None:
    with (folder / "manifest.json").open("r+b") as stream:
        stream.truncate(200_000_000)  # a sparse file
    with pytest.raises(MaskfaceError, match="at most 100000000 are read"):
        load_run(folder)


def test_a_run_of_before_hashes_were_written_is_read(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["record_sha256"]
    path.write_text(json.dumps(manifest | {"files": {}}), encoding="utf-8")
    cut_rows(folder / "trials.csv")
    assert len(load_run(folder).trials) == 26


def test_the_doctor_looks_at_all_runs_of_a_folder(whole: Path, tmp_path: Path) -> None:
    for name in ("sound", "hurt", "begun", "broken"):
        shutil.copytree(whole, tmp_path / "all" / name)
    cut_rows(tmp_path / "all" / "hurt" / "trials.csv")
    path = tmp_path / "all" / "begun" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_bytes(sealed(manifest | {"complete": False}))
    (tmp_path / "all" / "broken" / "manifest.json").write_bytes(b"{")
    checks = {Path(check.name).name: check for check in check_folder(tmp_path / "all")}
    assert {name: check.ok for name, check in checks.items()} == {
        "sound": True, "hurt": False, "begun": True, "broken": False,
    }  # fmt: skip
    assert checks["sound"].detail == "5 tables as written"
    assert checks["hurt"].detail.startswith("damaged: trials.csv has 26 rows of 28")
    assert checks["begun"].detail == "not complete; 0 of 14 pictures read"
    with pytest.raises(MaskfaceError, match="holds no run"):
        check_folder(tmp_path / "all" / "sound" / "figures")
