"""Masking files: rows, resume, videos and cameras."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from maskface.doctor import check_folder
from maskface.errors import ImageError, MaskfaceError
from maskface.images import read_image, write_image
from maskface.landmarks import MediaPipeDetector
from maskface.masking import camera_number, draw_on_faces, mask_files, mask_webcam
from maskface.masking import videos as _sinks
from maskface.masking.faces import Masker, mask_picture
from maskface.masking.plan import plan_jobs
from maskface.masking.table import MaskedTable, RowSpool
from maskface.masking.videos import FfmpegWriter, OpenCVWriter
from maskface.masking.webcam import run_camera
from maskface.occluders import Drawing, Occluder, get_occluder
from maskface.seeds import derived_seed
from maskface.tables import MASKED
from maskface.types import FaceLandmarks, ImageArray, Occlusion
from tests.fixtures.faces import made_landmarks, made_picture
from tests.fixtures.videos import (
    RATE,
    Camera,
    blob_face,
    blobs,
    find_blobs,
    pause_after,
    read_video,
    sliding,
    turn_upright,
    write_video,
)


@dataclass(frozen=True)
class Paint(Occluder):
    """Paints the landmark box in a random grey; refuses tiny faces."""

    name: ClassVar[str] = "paint"

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        if landmarks.size < 10:
            raise ValueError("too\nsmall")
        left, top, right, bottom = (round(edge) for edge in landmarks.box)
        alpha = np.zeros(image.shape[:2], np.uint8)
        alpha[top : bottom + 1, left : right + 1] = 204
        painted = image.copy()
        painted[alpha > 0] = rng.integers(1, 200)
        return Drawing.of(painted, alpha)


class Blobs:
    """A detector for bright squares."""

    fingerprint = "blobs"

    def detect(self, image: ImageArray) -> tuple[FaceLandmarks, ...]:
        return find_blobs(image)

    one_pass = detect


def blob_masker() -> Masker:
    return Masker(Paint(), cast("MediaPipeDetector", Blobs()), 3, Path())


@pytest.fixture(scope="session")
def face(example_faces: list[Path]) -> ImageArray:
    return read_image(example_faces[0])


# Drawing


def test_the_alpha_of_one_face_is_the_occlusions() -> None:
    landmarks = made_landmarks()
    image = made_picture(landmarks)
    surgical = get_occluder("surgical")
    drawn = draw_on_faces(image, surgical, [landmarks], [5])
    alone = surgical.apply(image, landmarks, seed=5)
    assert np.array_equal(drawn.alpha, alone.alpha)
    assert np.array_equal(drawn.image, alone.image)
    assert drawn.coverages == (alone.coverage,)


def test_faces_hide_together_and_the_larger_one_lies_on_top() -> None:
    large, small = blob_face(10, 10, 60, 60), blob_face(50, 50, 40, 40)
    drawn = draw_on_faces(blobs(), Paint(), [large, small], [1, 2])
    both, one = drawn.alpha[60, 60], drawn.alpha[20, 20]
    assert one == 204
    assert both == round(255 * (1 - (1 - 204 / 255) ** 2))
    assert drawn.image[60, 60, 0] == drawn.image[20, 20, 0] != drawn.image[80, 80, 0]


def test_an_occluder_that_fails_costs_one_face() -> None:
    faces = [blob_face(10, 10, 60, 60), blob_face(100, 100, 5, 5)]
    drawn = draw_on_faces(blobs(), Paint(), faces, [1, 2])
    assert isinstance(drawn.faces[0], Occlusion)
    assert drawn.faces[1] == drawn.message == "ValueError: too small"
    assert len(drawn.coverages) == 1


# The table


def add(table: MaskedTable, name: str, n: int = 1) -> None:
    with closing(RowSpool({"run_id": "r", "source": name, "occluder": "paint"})) as rows:
        rows.add([{"face": 0, "frame": i, "status": "ok"} for i in range(n)])
        assert len(rows._rows) < 300
        table.add(rows)


def opened(path: Path, *, resume: bool = False) -> MaskedTable:
    return MaskedTable(path, "r", occluder="paint", resume=resume, replace=False)


def test_rows_of_long_videos_wait_on_disk(tmp_path: Path) -> None:
    table = opened(tmp_path / "t.csv")
    add(table, "a.mp4", n=300)
    table.finish()
    assert list(MASKED.read(tmp_path / "t.csv")["frame"]) == list(range(300))


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = opened(path)
    add(table, "b.png")
    add(table, "a.png")
    path.write_bytes(path.read_bytes()[:-7])
    again = opened(path, resume=True)
    again.keep_finished([])
    add(again, "a.png")
    again.finish()
    assert list(MASKED.read(path)["source"]) == ["a.png", "b.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")
def test_a_table_follows_links_and_replaces_no_pipe(tmp_path: Path) -> None:
    pipe, real, link = (tmp_path / name for name in ("pipe.csv", "real.csv", "link.csv"))
    os.mkfifo(pipe)
    with pytest.raises(MaskfaceError, match="a pipe or a device, not a file"):
        opened(pipe)
    assert pipe.is_fifo()
    link.symlink_to(real)
    table = opened(link)
    add(table, "a.png")
    table.finish()
    assert link.is_symlink()
    assert list(MASKED.read(real)["source"]) == ["a.png"]


def test_a_table_of_another_call_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    add(opened(path), "a.png")
    with pytest.raises(MaskfaceError, match="Add --resume"):
        opened(path)
    with pytest.raises(MaskfaceError, match="results of 'paint', not of 'block'"):
        MaskedTable(path, "s", occluder="block", resume=True, replace=False)
    path.write_text("my,own,table\n")
    for resume, replace in ((True, False), (False, True)):
        with pytest.raises(MaskfaceError, match="holds something else"):
            MaskedTable(path, "r", occluder="paint", resume=resume, replace=replace)
    assert path.read_text() == "my,own,table\n"


# Pictures


@pytest.mark.slow
def test_every_face_and_every_failure_has_a_row_and_resume_redoes_what_changed(
    face: ImageArray, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_image(source / "deep" / "two.png", np.hstack([face, face]))
    write_image(source / "one.png", face)
    write_image(source / "none.png", np.full((64, 64, 3), 90, np.uint8))
    (source / "broken.jpg").write_text("no picture")
    done = mask_files(source, out, alpha=True, seed=7)
    assert [file.job.name for file in done.files] == [
        "broken.jpg", "deep/two.png", "none.png", "one.png"
    ]  # fmt: skip
    table = MASKED.read(out / "masked.csv")
    assert list(table["status"]) == ["error", "ok", "ok", "no_face", "ok"]
    two = table[table["source"] == "deep/two.png"]
    assert list(two["output"]) == ["deep/two.png"] * 2
    assert list(two["seed"]) == [derived_seed(7, "deep/two.png", i) for i in range(2)]
    assert (two["nose_tip_covered"] + two["mouth_corners_covered"] == 2).all()
    assert (two["lower_lip_covered"] + two["chin_covered"] == 2).all()
    assert two["n_landmarks_covered"].between(200, 350).all()
    assert two["face_px"].between(150, 250).all()
    with MediaPipeDetector() as detector:
        (found,) = detector.detect(face)
    alone = get_occluder("surgical").apply(face, found)
    assert np.array_equal(read_image(out / "one.alpha.png")[..., 0], alone.alpha)
    one = table[table["source"] == "one.png"].iloc[0]
    assert one["coverage"] == pytest.approx(alone.coverage, abs=1e-6)
    assert one["n_landmarks_covered"] == alone.covered.sum()

    whole = (out / "masked.csv").read_bytes()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    (out / "one.alpha.png").unlink()
    write_image(source / "broken.jpg", face)
    again = mask_files(source, out, alpha=True, seed=7, resume=True)
    assert [file.kept for file in again.files] == [False, True, True, False]
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed == {"one.png", "one.alpha.png"}
    rows = (out / "masked.csv").read_bytes().splitlines()
    assert rows[2:] == whole.splitlines()[2:]
    assert b"broken.jpg" in rows[1]
    assert b",ok," in rows[1]
    with pytest.raises(MaskfaceError, match="made with another --seed"):
        mask_files(source, out, alpha=True, seed=8, resume=True)


def test_no_result_is_left_of_a_picture_that_has_no_face_any_more(
    face: ImageArray, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    for name in ("gone.png", "same.png"):
        write_image(source / name, face)
    mask_files(source, out, alpha=True)
    write_image(source / "gone.png", np.full((64, 64, 3), 90, np.uint8))
    mask_files(source, out, alpha=True, resume=True)
    assert list(MASKED.read(out / "masked.csv")["status"]) == ["no_face", "ok"]
    left = sorted(path.name for path in out.iterdir())
    assert left == ["masked.csv", "masked.sha256", "same.alpha.png", "same.png"]


def test_files_that_nobody_knows_are_not_overwritten(face: ImageArray, tmp_path: Path) -> None:
    write_image(tmp_path / "in" / "a.png", face)
    write_image(tmp_path / "out" / "a.png", face)
    with pytest.raises(MaskfaceError, match="exists already"):
        mask_files(tmp_path / "in", tmp_path / "out")
    assert np.array_equal(read_image(tmp_path / "out" / "a.png"), face)


def test_table_and_picture_need_two_names(face: ImageArray, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", face)
    for table in ("a.png", "b.png", "b.alpha.png"):
        with pytest.raises(MaskfaceError, match=r"cannot be both the table and a picture"):
            mask_files(
                tmp_path / "a.png", tmp_path / "b.png", alpha=True, csv=tmp_path / "." / table
            )
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_kinds_that_are_only_read_or_not_even_that(face: ImageArray, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_image(source / "i.jpg", face)
    (source / "i.jp2").write_bytes(b"\0\0\0\x18ftypcrx " + bytes(100))
    Image.fromarray(face).save(source / "b.ppm")
    write_image(source / "jpeg.jpg", face)
    (source / "jpeg.jpg").rename(source / "jpeg.jxl")
    done = mask_files(source, out, alpha=True)
    assert [file.message[:20] for file in done.files] == [
        "", "a raw camera picture", "", "cannot write a .jxl "
    ]  # fmt: skip
    assert list(MASKED.read(out / "masked.csv")["output"].fillna("")) == ["b.png", "", "i.jpg", ""]
    assert {path.name for path in out.iterdir()} == {
        "b.alpha.png", "b.png", "i.alpha.png", "i.jpg", "masked.csv", "masked.sha256"
    }  # fmt: skip


@pytest.mark.parametrize("blocked", ["a.png", "a.alpha.png"])
def test_picture_and_alpha_stay_together(face: ImageArray, tmp_path: Path, blocked: str) -> None:
    write_image(tmp_path / "in" / "a.png", face)
    (tmp_path / "out").mkdir()
    jobs = plan_jobs([str(tmp_path / "in")], tmp_path / "out", alpha=True)
    (tmp_path / "out" / blocked).mkdir()
    with MediaPipeDetector() as detector, pytest.raises(ImageError, match="cannot write"):
        mask_picture(Masker(Paint(), detector, 0, tmp_path / "out"), jobs[0], lambda rows: None)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [blocked]


def test_a_folder_that_cannot_be_made_is_told_before_work(face: ImageArray, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", face)
    (tmp_path / "file").touch()
    with pytest.raises(MaskfaceError, match=r"Cannot write .* Choose another place"):
        mask_files(tmp_path / "a.png", tmp_path / "file" / "out")


# Videos


@pytest.fixture
def clip(face: ImageArray, tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_video(tmp_path / "in" / "clip.mp4", sliding(face, 8))


def test_a_video_keeps_rate_size_and_frames(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sinks, "find_ffmpeg", lambda: None)
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    done = mask_files(tmp_path / "in", tmp_path / "out")
    assert [bool(file.message) for file in done.files] == [True, False]
    before, _ = read_video(clip)
    after, rate = read_video(tmp_path / "out" / "clip.mp4")
    assert rate == pytest.approx(RATE, rel=1e-5)  # OpenCV writes 2997/100
    assert len(after) == len(before) == 8
    assert after[0].shape == before[0].shape
    height = before[0].shape[0]
    for old, new in zip(before, after, strict=True):
        changed = np.abs(old.astype(int) - new).max(axis=2) > 60
        assert changed[height // 2 :].mean() > 0.05
        assert changed[: height // 4].mean() < 0.01
    table = MASKED.read(tmp_path / "out" / "masked.csv")
    rows = table[table["source"] == "clip.mp4"]
    assert list(rows["frame"]) == list(range(8))
    assert list(rows["time_s"]) == pytest.approx([i / RATE for i in range(8)], abs=1e-5)
    assert set(rows["seed"]) == {derived_seed(0, "clip.mp4", 0)}
    assert set(rows["status"]) == {"ok"}
    assert list(table[table["source"] == "broken.mp4"]["status"]) == ["error"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "clip.mp4", "masked.csv", "masked.sha256",
    ]  # fmt: skip
    written = (tmp_path / "out" / "clip.mp4").stat().st_mtime_ns
    assert [f.kept for f in mask_files(tmp_path / "in", tmp_path / "out", resume=True).files] == [
        False,
        True,
    ]
    assert (tmp_path / "out" / "clip.mp4").stat().st_mtime_ns == written


def test_a_video_taken_upright_is_written_upright(clip: Path, tmp_path: Path) -> None:
    height, width = read_video(clip)[0][0].shape[:2]
    turn_upright(clip)
    mask_files(clip, tmp_path / "out.mp4", "none")
    assert read_video(tmp_path / "out.mp4")[0][0].shape[:2] == (width, height)


def test_a_damaged_video_is_told(clip: Path, tmp_path: Path) -> None:
    avi = write_video(tmp_path / "long.avi", read_video(clip)[0] * 4)
    avi.write_bytes(avi.read_bytes()[: avi.stat().st_size // 2])
    (file,) = mask_files(avi, tmp_path / "out").files
    assert file.message
    table = MASKED.read(tmp_path / "out" / "masked.csv")
    assert table["status"].iloc[-1] == "error"


@pytest.mark.parametrize("steps", [11, 2_000_000])
def test_uneven_frames_are_written_when_the_file_shows_them(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The frame before a pause is repeated; a pause of 18 hours is taken for an error."""
    monkeypatch.setattr(_sinks, "find_ffmpeg", lambda: None)
    pause_after(clip, 2, steps)
    due = [i + (steps - 1) * (i > 2) for i in range(8)]
    done = mask_files(clip, tmp_path / "out.mp4", csv=tmp_path / "out.csv")
    table = MASKED.read(tmp_path / "out.csv")
    assert list(table["time_s"]) == pytest.approx([i / RATE for i in due], rel=1e-4, abs=1e-4)
    note = table["message"].iloc[0]
    assert note.startswith(f"frames come 33 to {1000 * steps / 29.97:.0f} ms apart")
    assert f"{clip}: {note}." in done.notes
    assert set(table["message"].iloc[1:]) == {""}
    before, after = read_video(clip)[0], read_video(tmp_path / "out.mp4")[0]
    if steps > 100:
        assert len(after) == 8
        return
    assert len(after) == due[-1] + 1
    top = slice(0, before[0].shape[0] // 4)  # above the mask
    for index, frame in zip(due, before, strict=True):
        assert np.abs(after[index][top].astype(int) - frame[top]).mean() < 3
    assert np.abs(after[due[3] - 1][top].astype(int) - before[2][top]).mean() < 3


def test_a_video_without_a_face_leaves_no_file_and_one_row(tmp_path: Path) -> None:
    empty = write_video(tmp_path / "empty.mp4", [np.full((96, 128, 3), 90, np.uint8)] * 3)
    done = mask_files(empty, tmp_path / "out")
    assert done.files[0].message == "no face found in any of 3 frames"
    assert done.notes == ()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"masked.csv", "masked.sha256"}
    table = MASKED.read(tmp_path / "out" / "masked.csv")
    assert list(table["status"]) == ["no_face"]
    assert list(table["message"]) == ["no face found in any of 3 frames"]
    assert list(table["output"]) == [""]
    assert mask_files(empty, tmp_path / "out", resume=True).files[0].kept


def test_an_occluder_that_fails_on_a_whole_video_is_told(clip: Path, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Broken(Paint):
        def draw(self, *_: object) -> Drawing:
            raise ValueError("out of paint")

    (file,) = mask_files(clip, tmp_path / "out", Broken()).files
    assert file.message == "ValueError: out of paint"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"masked.csv", "masked.sha256"}
    table = MASKED.read(tmp_path / "out" / "masked.csv")
    assert list(table["status"]) == ["error"]


def test_an_interrupted_video_leaves_no_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()

    def stopped(*_: object) -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("maskface.masking.videos._count", stopped)
    with pytest.raises(KeyboardInterrupt):
        mask_files(clip, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["masked.csv"]
    assert MASKED.read(tmp_path / "out" / "masked.csv").empty


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_sound_is_kept(clip: Path, tmp_path: Path) -> None:
    loud = tmp_path / "loud.mp4"
    run = [
        "ffmpeg",
        "-loglevel",
        "error",
        "-i",
        str(clip),
        "-f",
        "lavfi",
        "-i",
        "sine",
        "-shortest",
    ]
    subprocess.run([*run, "-c:v", "copy", "-c:a", "aac", str(loud)], check=True, timeout=60)
    mask_files(loud, tmp_path / "out")
    told = subprocess.run(
        ["ffmpeg", "-i", str(tmp_path / "out" / "loud.mp4")],
        capture_output=True, text=True, check=False, timeout=60,
    ).stderr  # fmt: skip
    assert "Audio: aac" in told
    frames, rate = read_video(tmp_path / "out" / "loud.mp4")
    assert len(frames) == 8
    assert rate == pytest.approx(read_video(loud)[1], rel=1e-7)


def fake_ffmpeg(folder: Path, code: str) -> str:
    """A program that is called as ffmpeg is."""
    path = folder / "ffmpeg"
    path.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_ffmpeg_is_given_frames_rate_and_the_sound_of_the_source(tmp_path: Path) -> None:
    program = fake_ffmpeg(
        tmp_path,
        "pathlib.Path(sys.argv[-1]).write_bytes(sys.stdin.buffer.read())\n"
        "pathlib.Path(sys.argv[0] + '.txt').write_text(' '.join(sys.argv[1:]))",
    )
    path, frame = tmp_path / "out.mp4", blobs((3, 4))[:239, :319]
    writer = FfmpegWriter(path, RATE, (319, 239), program=program, sound=tmp_path / "in.mp4")
    writer.write(frame)
    writer.finish()
    assert not path.exists()
    writer.keep()
    assert path.read_bytes() == frame.tobytes()
    told = Path(program + ".txt").read_text()
    for words in ("-s 319x239 -r 30000/1001", "-map 1:a? -c:a copy", "yuv444p", f"{tmp_path}/in."):
        assert words in told


def test_ffmpeg_that_fails_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    program = fake_ffmpeg(tmp_path, "sys.exit('Unknown encoder libx264')")
    writer = FfmpegWriter(tmp_path / "out.mp4", 25, (32, 32), program=program, sound=None)
    frame = np.zeros((32, 32, 3), np.uint8)

    def write_on() -> None:
        for _ in range(1000):
            writer.write(frame)

    with pytest.raises(ImageError, match="Unknown encoder libx264"):
        write_on()
    writer.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_a_format_that_opencv_cannot_write_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"cannot write \.xyz videos"):
        OpenCVWriter(tmp_path / "a.xyz", 25, (32, 32))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".mkv", ".avi"])
def test_opencv_prints_nothing_while_it_writes(
    ending: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    writer = OpenCVWriter(tmp_path / f"a{ending}", 25, (32, 32))
    writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.finish()
    writer.keep()
    assert (tmp_path / f"a{ending}").stat().st_size
    assert capfd.readouterr() == ("", "")


# Cameras


@pytest.mark.parametrize(
    ("source", "number"), [("webcam", 0), ("webcam:2", 2), ("webcam.mp4", None), ("a.jpg", None)]
)
def test_camera_numbers(source: str, number: int | None) -> None:
    assert camera_number(source) == number


def test_a_camera_that_is_no_number_is_refused() -> None:
    with pytest.raises(MaskfaceError, match="webcam:1 for the second"):
        camera_number("webcam:front")


class Screen:
    """Keeps what it shows, and stops after some frames."""

    def __init__(self, frames: int) -> None:
        self.left, self.shown = frames, list[ImageArray]()

    def show(self, frame: ImageArray) -> bool:
        self.shown.append(frame)
        self.left -= 1
        return self.left > 0

    def close(self) -> None:
        """Nothing to do."""


def test_a_camera_is_shown_until_the_user_stops() -> None:
    camera, screen = Camera([blobs((100, 100))] * 9), Screen(4)
    assert run_camera(camera, blob_masker(), screen, None) == 4
    greys = {int(frame[120, 120, 0]) for frame in screen.shown}
    assert len(greys) == 1  # one face, one seed
    assert greys != {255}
    assert (screen.shown[0][0, 0] == 0).all()


def test_a_camera_is_recorded_at_its_rate_however_fast_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sinks, "find_ffmpeg", lambda: None)
    camera, ticks = Camera([blobs((100, 100))] * 4, rate=10), iter([0.0, 0.0, 0.32, 0.35, 0.58])
    path = tmp_path / "cam.mp4"
    assert run_camera(camera, blob_masker(), None, path, clock=lambda: next(ticks)) == 4
    frames, rate = read_video(path)
    assert (len(frames), rate) == (6, 10)


def test_ctrl_c_ends_a_recording(tmp_path: Path) -> None:
    class Stopped(Camera):
        def read(self) -> tuple[bool, object]:
            if len(self._frames) == 1:
                raise KeyboardInterrupt
            return super().read()

    camera = Stopped([blobs((100, 100))] * 3, rate=10)
    assert run_camera(camera, blob_masker(), None, tmp_path / "cam.mp4") == 2
    assert (tmp_path / "cam.mp4").is_file()


def test_a_camera_without_pictures_or_display_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MaskfaceError, match="gives no pictures"):
        run_camera(Camera([]), blob_masker(), None, None)
    monkeypatch.setattr("maskface.masking.webcam.has_display", lambda: False)
    with pytest.raises(MaskfaceError, match=r"--out FILE\.mp4"):
        mask_webcam(0)
    with pytest.raises(MaskfaceError, match="recorded to a video file"):
        mask_webcam(0, "cam.png")


def test_the_header_is_that_of_the_documentation() -> None:
    text = Path(__file__).parents[2].joinpath("docs/architecture.md").read_text(encoding="utf-8")
    assert f"`{', '.join(MASKED.header)}`" in text
    assert pd.Index(MASKED.header).is_unique


# Results that are not what they were


def damage_by_original(path: Path, source: Path) -> None:
    path.write_bytes(source.read_bytes())


def damage_by_truncation(path: Path, source: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def damage_by_zeros(path: Path, source: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.slow
@pytest.mark.parametrize("damage", [damage_by_original, damage_by_truncation, damage_by_zeros])
@pytest.mark.parametrize("result", ["a.png", "a.alpha.png"])
def test_resume_makes_results_again_that_are_not_what_was_written(
    face: ImageArray, tmp_path: Path, damage: Any, result: str
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    for name in ("a.png", "b.png"):
        write_image(source / name, face)
    mask_files(source, out, alpha=True)
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    digests = MASKED.read(out / "masked.csv")["output_sha256"]
    first = [hashlib.sha256(whole[name]).hexdigest()[:16] for name in ("a.png", "a.alpha.png")]
    assert digests[0] == " ".join(first)
    damage(out / result, source / "a.png")
    again = mask_files(source, out, alpha=True, resume=True)
    assert [file.kept for file in again.files] == [False, True]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole
    assert any(note.startswith("1 files were masked again") for note in again.notes)
    kept = mask_files(source, out, alpha=True, resume=True)
    assert [file.kept for file in kept.files] == [True, True]
    assert kept.notes == ()


@pytest.mark.slow
def test_resume_notices_lost_rows_of_a_picture_and_of_a_video(
    face: ImageArray, clip: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_image(source / "two.png", np.hstack([face, face]))
    mask_files(source, out)
    table = out / "masked.csv"
    whole = table.read_bytes()
    lines = whole.splitlines(keepends=True)
    frames = sum(b"clip.mp4" in line for line in lines)
    counts = MASKED.read(table).groupby("source")["n_rows"].unique()
    assert counts["two.png"].tolist() == [2]
    assert counts["clip.mp4"].tolist() == [frames]
    for lost in (len(lines) - 1, 3):  # the second face; one frame of the video
        table.write_bytes(b"".join(line for i, line in enumerate(lines) if i != lost))
        again = mask_files(source, out, resume=True)
        assert [file.kept for file in again.files].count(False) == 1
        assert table.read_bytes() == whole


@pytest.mark.slow
def test_several_occluders_have_a_tree_each(face: ImageArray, tmp_path: Path) -> None:
    source = tmp_path / "in"
    write_image(source / "deep" / "a.png", face)
    out = source / "masked"  # below the source, so results must not become sources
    names = ["surgical:colour=white", "block"]
    done = mask_files(source, out, names)
    assert [str(file.job.target.relative_to(out)) for file in done.files] == [
        "surgical_colour=white/deep/a.png", "block/deep/a.png"
    ]  # fmt: skip
    for tree, name in zip(("surgical_colour=white", "block"), names, strict=True):
        mask_files(source / "deep" / "a.png", tmp_path / f"{tree}.png", name)
        rows = MASKED.read(out / tree / "masked.csv")
        assert list(rows["occluder"]) == [name]
        assert list(rows["source"]) == ["deep/a.png"]
    assert done.tables == tuple(out / tree / "masked.csv" for tree in
                                ("surgical_colour=white", "block"))  # fmt: skip
    again = mask_files(source, out, names, resume=True)
    assert [file.kept for file in again.files] == [True, True]
    assert any(note.startswith("block is a control") for note in done.notes)
    for wrong in ({"csv": tmp_path / "t.csv"}, {}):
        target = out if wrong else tmp_path / "one.png"
        with pytest.raises(MaskfaceError, match="there are 2 occluders"):
            mask_files(source / "deep" / "a.png", target, names, **wrong)  # type: ignore[arg-type]


def test_endings_that_browsers_and_cameras_write_are_masked_and_the_rest_is_named(
    face: ImageArray, clip: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_image(source / "a.jpg", face)
    for name in ("b.jfif", "c.jpe", "d"):
        shutil.copy(source / "a.jpg", source / name)
    clip.rename(source / "e.mts")
    for name in ("notes.txt", "more.txt", "README", "f.doc"):
        (source / name).write_text("no picture")
    done = mask_files(source, out)
    assert sorted(str(p.relative_to(out)) for p in out.iterdir()) == [
        "a.jpg", "b.jpg", "c.jpg", "d.png", "e.mp4", "masked.csv", "masked.sha256"
    ]  # fmt: skip
    assert all(file.coverages for file in done.files)
    (note,) = (note for note in done.notes if "also holds" in note)
    named = "4 files that are not read as pictures or videos: 2 .txt, 1 without ending, 1 .doc."
    assert note.endswith(named)


def test_pictures_are_on_the_disk_before_their_rows(
    face: ImageArray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture, its alpha and the name of each are waited for, then the row."""
    write_image(tmp_path / "in" / "a.png", face)
    out, synced = tmp_path / "out", []
    wait = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        wait(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    mask_files(tmp_path / "in", out, alpha=True)
    inode = {path.name: path.stat().st_ino for path in (out, *out.iterdir())}
    order = ("a.png", "out", "a.alpha.png", "out", "masked.csv", "masked.sha256", "out")
    assert synced[-7:] == [inode[name] for name in order]


@pytest.mark.slow
def test_doctor_finds_damaged_results(face: ImageArray, tmp_path: Path) -> None:
    """A result that was replaced, an alpha that was cut, one that is gone and rows that are."""
    out = tmp_path / "results" / "masked"
    for name in ("a.png", "b.png", "c.png", "d.png"):
        write_image(tmp_path / "in" / name, face)
    mask_files(tmp_path / "in", out, alpha=True)
    (check,) = check_folder(tmp_path / "results")
    assert (check.ok, check.name) == (True, str(out))
    shutil.copy(tmp_path / "in" / "a.png", out / "a.png")
    (check,) = check_folder(tmp_path / "results")
    assert (check.ok, check.detail) == (False, "damaged: a.png. Mask again with --resume")
    (out / "b.alpha.png").write_bytes((out / "b.alpha.png").read_bytes()[:-9])
    (out / "c.png").unlink()
    table = out / "masked.csv"
    table.write_text(
        re.sub(r"^(.*,d\.png,.*),1,([^,]*)$", r"\1,2,\2", table.read_text(), flags=re.M)
    )
    (check,) = check_folder(tmp_path / "results")
    assert check.detail == "damaged: a.png, b.png, c.png and 2 more. Mask again with --resume"
    mask_files(tmp_path / "in", out, alpha=True, resume=True)
    assert all(check.ok for check in check_folder(out))


def test_doctor_and_resume_notice_a_table_that_was_cut_between_two_files(
    face: ImageArray, tmp_path: Path
) -> None:
    """Each file that is left has all its rows and its result."""
    out = tmp_path / "out"
    for name in ("a.png", "b.png", "c.png"):
        write_image(tmp_path / "in" / name, face)
    mask_files(tmp_path / "in", out)
    table = out / "masked.csv"
    whole = table.read_bytes()
    table.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    (check,) = check_folder(out)
    assert (check.ok, check.detail) == (
        False,
        "damaged: rows of masked.csv. Mask again with --resume",
    )
    done = mask_files(tmp_path / "in", out, resume=True)
    assert done.notes[-1].startswith("1 files were masked again")
    assert table.read_bytes() == whole
    assert [check.ok for check in check_folder(out)] == [True]
    (out / "masked.sha256").unlink()  # as after a kill
    (check,) = check_folder(out)
    assert (check.ok, check.detail) == (
        True, "masked pictures as written; not finished: go on with --resume"
    )  # fmt: skip
