"""Pictures that change between two calls of one run: nothing of the old ones may be left."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from maskface import Experiment, MaskfaceError, run
from maskface.errors import ImageError
from maskface.experiment import RunFolder, load_run, make_plan
from maskface.experiment.checkpoints import ChunkResult
from maskface.experiment.trials import TrialMaker
from maskface.files import sealed
from maskface.findings import compare_run
from maskface.images import Limits, read_bytes
from maskface.power import pilot_variances
from maskface.tables import TRIALS
from maskface.types import Sample

TABLES = ("trials.csv", "summary.csv", "attributes.csv", "guards.csv")
READY = ("faceapi",)
LEARNING = ("faceapi", "landmarks:folds=2")
Carry = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def original(example_faces: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six faces of three people, a file that is no picture, and faces to put in their places."""
    folder = tmp_path_factory.mktemp("original")
    people = sorted({path.name[:3] for path in example_faces})[:3]
    lines = ["path,emotion,subject,sex"]
    for emotion in ("happiness", "surprise"):
        for person in people:
            (face,) = (
                p for p in example_faces if p.name.startswith(f"{person}_{emotion}_100_y+00")
            )
            name = f"{person}_{emotion}.jpg"
            shutil.copy(face, folder / name)
            lines.append(f"{name},{emotion},{person},f")
    (folder / "broken.jpg").write_text("no picture")
    lines.append(f"broken.jpg,happiness,{people[0]},m")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Landmarks, found once for all tests."""
    return tmp_path_factory.mktemp("landmarks")


@pytest.fixture
def faces(original: Path, tmp_path: Path) -> Path:
    """The set, whose files may be changed."""
    return shutil.copytree(original, tmp_path / "faces")


@pytest.fixture
def read_now(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the pictures that are read."""
    seen: list[str] = []
    read = TrialMaker.read

    def noted(self: TrialMaker, sample: Sample) -> ChunkResult:
        seen.append(sample.image_id)
        return read(self, sample)

    monkeypatch.setattr(TrialMaker, "read", noted)
    return seen


@pytest.fixture
def carry_out(cache: Path) -> Carry:
    def carry(data: Path, out: Path, classifiers: tuple[str, ...] = READY, **options: Any) -> Path:
        asked = Experiment(
            data=data,
            occluders="surgical",
            classifiers=classifiers,
            detect_px=options.pop("detect_px", ()),
        )
        given: dict[str, Any] = {"chunk": 4, "cache": cache, "progress": False} | options
        return run(asked, out, **given).folder.path

    return carry


def stopped(carry_out: Carry, monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> None:
    """Begin a run that is interrupted when the first four pictures are saved."""
    write = RunFolder.write_checkpoint

    def once(self: RunFolder, *values: Any) -> None:
        if list(self.parts_path.glob("part-*")):
            raise KeyboardInterrupt
        write(self, *values)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_checkpoint", once)
        with pytest.raises(KeyboardInterrupt):
            carry_out(*arguments)


def begun(
    complete: bool, carry_out: Carry, monkeypatch: pytest.MonkeyPatch, faces: Path, out: Path
) -> None:
    """Carry a run out, to its end or in part."""
    if complete:
        carry_out(faces, out)
    else:
        stopped(carry_out, monkeypatch, faces, out)


def same(first: Path, second: Path, tables: tuple[str, ...] = TABLES) -> bool:
    return all((first / t).read_bytes() == (second / t).read_bytes() for t in tables)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def names(faces: Path) -> list[str]:
    return sorted(path.name for path in faces.glob("*.jpg"))


def replace_second(faces: Path) -> str:
    """Put another picture in the place of the second one in the order of the names."""
    changed = names(faces)[1]
    shutil.copy(faces / names(faces)[-1], faces / changed)
    return changed


@pytest.mark.parametrize("classifiers", [READY, LEARNING])
def test_replaced_after_an_interruption(
    classifiers: tuple[str, ...],
    faces: Path,
    carry_out: Carry,
    read_now: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = carry_out(faces, tmp_path / "before", classifiers)
    out = tmp_path / "out"
    stopped(carry_out, monkeypatch, faces, out, classifiers)
    changed = replace_second(faces)
    read_now.clear()
    carry_out(faces, out, classifiers, resume=True, progress=True)
    assert sorted(read_now) == sorted([changed, *names(faces)[4:]])
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("The files")]
    assert told == [
        "The files of 1 of 7 pictures have changed since they were read; these are read again."
    ]
    fresh = carry_out(faces, tmp_path / "fresh", classifiers)
    assert same(out, fresh)
    assert not same(out, before, ("trials.csv",))
    assert not (out / "parts").exists()


@pytest.mark.parametrize(
    ("classifiers", "detect_px", "end"),
    [
        (READY, (), "these are read again."),
        (READY, (0,), "these are read again."),
        (LEARNING, (), "all are read again, since a complete run does not keep the features "
         "that classifiers are fitted to."),
    ],
)  # fmt: skip
def test_replaced_after_the_end(
    classifiers: tuple[str, ...],
    detect_px: tuple[int, ...],
    end: str,
    faces: Path,
    carry_out: Carry,
    read_now: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = carry_out(faces, tmp_path / "out", classifiers, detect_px=detect_px)
    changed = replace_second(faces)
    read_now.clear()
    carry_out(faces, out, classifiers, detect_px=detect_px, resume=True, progress=True)
    assert sorted(read_now) == (names(faces) if classifiers is LEARNING else [changed])
    told = capsys.readouterr().err
    assert f"The files of 1 of 7 pictures have changed since they were read; {end}\n" in told
    fresh = carry_out(faces, tmp_path / "fresh", classifiers, detect_px=detect_px)
    tables = (*TABLES, *(["detections.csv"] if detect_px else []))
    assert same(out, fresh, (*tables, "pictures.csv"))
    assert set(bytes_of(out)) == set(bytes_of(fresh))
    manifests = [json.loads((one / "manifest.json").read_text()) for one in (out, fresh)]
    assert manifests[0]["files"] == manifests[1]["files"]
    assert manifests[0]["trials"] == manifests[1]["trials"]
    read_now.clear()
    carry_out(faces, out, classifiers, detect_px=detect_px, resume=True)
    assert read_now == []


@pytest.mark.parametrize("complete", [True, False])
def test_neither_dates_nor_places_are_the_content(
    complete: bool,
    faces: Path,
    carry_out: Carry,
    read_now: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A set that was touched, and a copy of it in another place."""
    whole = carry_out(faces, tmp_path / "whole")
    out = tmp_path / "out"
    begun(complete, carry_out, monkeypatch, faces, out)
    kept = bytes_of(out)
    left = [] if complete else names(faces)[4:]
    for path in faces.glob("*.jpg"):
        os.utime(path, ns=(1, 1))
    copied = shutil.copytree(faces, tmp_path / "other" / "faces")
    for place in (faces, copied):
        again = shutil.copytree(out, tmp_path / f"again{place.parent.name}")
        read_now.clear()
        carry_out(place, again, resume=True, progress=True)
        assert read_now == left
        assert "have changed" not in capsys.readouterr().err
        assert same(again, whole)
        assert not complete or bytes_of(again) == kept


def test_neither_size_nor_date_hides_another_picture(
    faces: Path, carry_out: Carry, tmp_path: Path
) -> None:
    padded = max(path.stat().st_size for path in faces.glob("*.jpg"))
    for path in faces.glob("*.jpg"):
        path.write_bytes(path.read_bytes().ljust(padded, b"\0"))
    out = carry_out(faces, tmp_path / "out")
    first, second, *_ = names(faces)[1:]
    was = (faces / first).stat()
    shutil.copy(faces / second, faces / first)
    os.utime(faces / first, ns=(was.st_atime_ns, was.st_mtime_ns))
    now = (faces / first).stat()
    assert (now.st_size, now.st_mtime_ns) == (was.st_size, was.st_mtime_ns)
    carry_out(faces, out, resume=True)
    assert same(out, carry_out(faces, tmp_path / "fresh"))


@pytest.mark.parametrize("complete", [True, False])
def test_a_picture_that_was_read_and_is_gone(
    complete: bool,
    faces: Path,
    carry_out: Carry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is overwritten: perhaps only the disk with the pictures is not there."""
    whole = carry_out(faces, tmp_path / "whole")
    out = tmp_path / "out"
    begun(complete, carry_out, monkeypatch, faces, out)
    before = bytes_of(out)
    away = [faces / name for name in names(faces)[1:3]]
    for path in away:
        path.rename(tmp_path / path.name)
    told = (
        rf"2 cannot be read any more, for example {away[0].name}: cannot read the file: No such "
        r"file.*Put them back and add resume=True"
    )
    with pytest.raises(MaskfaceError, match=told):
        carry_out(faces, out, resume=True)
    assert bytes_of(out) == before
    for path in away:
        (tmp_path / path.name).rename(path)
    carry_out(faces, out, resume=True)
    assert same(out, whole)


def test_what_could_not_be_read_and_now_can(
    faces: Path, carry_out: Carry, read_now: list[str], tmp_path: Path
) -> None:
    missing = faces / names(faces)[1]
    away = missing.rename(tmp_path / "away.jpg")
    out = carry_out(faces, tmp_path / "out")
    assert "No such file" in (out / "trials.csv").read_text()
    read_now.clear()
    carry_out(faces, out, resume=True)
    assert read_now == []  # as before
    away.rename(missing)
    shutil.copy(missing, faces / "broken.jpg")
    carry_out(faces, out, resume=True)
    assert sorted(read_now) == [missing.name, "broken.jpg"]
    assert set(TRIALS.read(out / "trials.csv")["status"]) == {"ok"}
    assert same(out, carry_out(faces, tmp_path / "fresh"))


@pytest.mark.parametrize("complete", [True, False])
def test_a_disk_that_failed_and_no_longer_does(
    complete: bool,
    faces: Path,
    carry_out: Carry,
    read_now: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of the file has changed, but now it can be read."""
    out, failing = tmp_path / "out", names(faces)[1]

    def read(path: Path, limits: Limits) -> bytes:
        if path.name == failing:
            raise ImageError("cannot read the file: Input/output error")
        return read_bytes(path, limits)

    with monkeypatch.context() as patch:
        patch.setattr("maskface.experiment.checkpoints.read_bytes", read)
        begun(complete, carry_out, monkeypatch, faces, out)
        read_now.clear()
        carry_out(faces, out, resume=True)
        assert failing not in read_now
    carry_out(faces, out, resume=True)
    assert read_now[-1] == failing
    assert same(out, carry_out(faces, tmp_path / "fresh"))


def test_tables_that_were_edited_are_not_built_upon(
    faces: Path, carry_out: Carry, read_now: list[str], tmp_path: Path
) -> None:
    out = carry_out(faces, tmp_path / "out")
    text = (out / "trials.csv").read_text()
    (out / "trials.csv").write_text(text.replace(",surprise,", ",fear,"))
    replace_second(faces)
    read_now.clear()
    carry_out(faces, out, resume=True)
    assert sorted(read_now) == names(faces)
    assert same(out, carry_out(faces, tmp_path / "fresh"))


def test_a_run_that_does_not_say_what_it_read(
    faces: Path, carry_out: Carry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = carry_out(faces, tmp_path / "out")
    (out / "pictures.csv").unlink()
    path = out / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["files"]["pictures.csv"]  # as versions left it that took no notes of the files
    path.write_bytes(sealed(manifest))
    before = bytes_of(out)
    replace_second(faces)
    carry_out(faces, out, resume=True, progress=True)
    assert "does not record which files" in capsys.readouterr().err
    assert bytes_of(out) == before


def test_a_run_whose_notes_of_what_it_read_are_lost(
    faces: Path, carry_out: Carry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = carry_out(faces, tmp_path / "out")
    (out / "pictures.csv").unlink()
    replace_second(faces)
    carry_out(faces, out, resume=True, progress=True)
    assert "read again, since pictures.csv is not as the run wrote it" in capsys.readouterr().err
    assert same(out, carry_out(faces, tmp_path / "fresh"))


@pytest.mark.parametrize(
    ("method", "times"),
    [("clear_checkpoints", 0), ("write_checkpoint", 0), ("write_checkpoint", 1),
     ("write_manifest", 0), ("write_manifest", 1), ("write_manifest", 2), ("drop_checkpoints", 0)],
)  # fmt: skip
def test_interrupted_while_it_is_renewed(
    method: str, times: int, faces: Path, carry_out: Carry, tmp_path: Path
) -> None:
    out = carry_out(faces, tmp_path / "out")
    replace_second(faces)
    with pytest.MonkeyPatch.context() as patch:
        call, left = getattr(RunFolder, method), [times]

        def counted(self: RunFolder, *values: Any) -> Any:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return call(self, *values)

        patch.setattr(RunFolder, method, counted)
        with pytest.raises(KeyboardInterrupt):
            carry_out(faces, out, resume=True)
    carry_out(faces, out, resume=True)
    fresh = carry_out(faces, tmp_path / "fresh")
    assert same(out, fresh)
    assert {path.name for path in out.iterdir()} == {path.name for path in fresh.iterdir()}


def test_tables_of_a_run_that_is_being_renewed_are_no_results(
    faces: Path, carry_out: Carry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = carry_out(faces, tmp_path / "out")
    assert compare_run(out)
    replace_second(faces)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TrialMaker, "read", stop)
        with pytest.raises(KeyboardInterrupt):
            carry_out(faces, out, resume=True)
    for ask in (compare_run, pilot_variances, load_run):
        with pytest.raises(MaskfaceError, match=r"not complete. Finish it with .*resume=True"):
            ask(out)


def test_another_texture_is_another_experiment(faces: Path, cache: Path, tmp_path: Path) -> None:
    texture = tmp_path / "mask (1, b+w).png"
    for occluder in (
        f"texture:path={texture}",
        f"texture:path={texture},top=50+tears",
        f"fill:region=(tears+texture(path={texture}))",
    ):
        Image.new("RGB", (16, 16), "red").save(texture)
        asked = Experiment(data=faces, occluders=occluder, classifiers="fer")
        before = make_plan(asked).run_id
        texture.touch()
        assert make_plan(asked).run_id == before
        Image.new("RGB", (16, 16), "blue").save(texture)
        assert make_plan(asked).run_id != before
    texture.unlink()
    with pytest.raises(MaskfaceError, match=f"Cannot read {re.escape(str(texture))}, which an"):
        run(asked, tmp_path / "out", cache=cache, progress=False)


def test_no_table_of_another_format_is_left(faces: Path, carry_out: Carry, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    out = carry_out(faces, tmp_path / "out", format="parquet")
    replace_second(faces)
    carry_out(faces, out, resume=True)
    fresh = carry_out(faces, tmp_path / "fresh")
    assert same(out, fresh)
    assert set(bytes_of(out)) == set(bytes_of(fresh))


def test_one_file_under_two_names_is_a_guard(faces: Path, carry_out: Carry, tmp_path: Path) -> None:
    first = names(faces)[0]
    shutil.copy(faces / first, faces / "copy.jpg")
    with (faces / "index.csv").open("a") as index:
        index.write("copy.jpg,surprise,S99,f\n")
    guards = load_run(carry_out(faces, tmp_path / "out")).guards
    (found,) = guards.loc[guards["guard"] == "same_picture", "detail"]
    assert found.startswith(
        "2 pictures are the same file as another (2 of them with another label, 2 with another "
        f"subject), such as {first} and copy.jpg: "
    )
