"""Mask one video: its frames read by OpenCV, and written by ffmpeg where it is installed.

Without ffmpeg, OpenCV writes them too. A video is written under another name and moved into place
when it is complete.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final, Protocol, cast

import cv2
import numpy as np

from maskface.arrays import Floats, Row
from maskface.errors import ImageError, MaskfaceError
from maskface.files import require_regular_file, shortened, sync_folder
from maskface.images import MAX_PIXELS, MIN_SIDE
from maskface.landmarks.base import Closing
from maskface.landmarks.native import native_logs_muted
from maskface.masking.faces import Add, Drawn, Masked, Masker, draw_on_faces, face_row
from maskface.masking.plan import Job
from maskface.masking.tracking import FaceTracker, TrackedFace
from maskface.pipeline import NO_FACE
from maskface.types import ImageArray

USUAL_RATE: Final = 30.0
HIGHEST_RATE: Final = 1000.0
UNEVEN: Final = 1.5
"""Frames of a steady rate are at most this many frames from their times; packets of MPEG-2 are
off by one."""
MOST_REPEATS: Final = 100
"""Most frames that are written for each one that is read, so that a wrong time costs no hours."""


class Capture(Protocol):
    """The part of OpenCV's `VideoCapture` that is used."""

    def read(self) -> tuple[bool, Any]:
        """Return whether there is a next frame, and the frame, (H, W, 3) uint8 BGR."""
        ...

    def get(self, prop: int, /) -> float:
        """Return a property; 0 if it is not known."""
        ...

    def release(self) -> None:
        """Close the file or the camera."""
        ...


def frame_rate(capture: Capture) -> float:
    """Return the frames a second; `USUAL_RATE` if the file or camera does not give them."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    return rate if 0 < rate <= HIGHEST_RATE else USUAL_RATE


def read_frame(capture: Capture) -> ImageArray | None:
    """Return the next frame as (H, W, 3) uint8 RGB; None at the end."""
    ok, frame = capture.read()
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8) if ok else None


class VideoFile(Closing):
    """A video file that is read from the beginning, one frame at a time.

    Frames that the file says to turn (telephones held upright) come turned, and `size` is their
    width and height. `rate` is in Hz; `expected` is the number of frames that the file claims, for
    some kinds of file an estimate. `timing` holds the rate in Hz at which frames are written, and
    whether each is repeated until the next is due, as those are that come at uneven times
    (telephones, browsers, screen recordings); `note` is a remark on uneven times, empty at a steady
    rate. Raises ImageError if the file, or its first frame, cannot be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            require_regular_file(path)
            path.open("rb").close()  # OpenCV does not say why
        except OSError as error:
            raise ImageError(f"cannot read the file: {error.strerror or error}") from error
        self._capture = _open(path)
        self._first = read_frame(self._capture)
        if self._first is None:
            self._capture.release()
            raise ImageError(
                "not a video that can be read: it holds no frame that OpenCV can decode"
            )
        self.rate = frame_rate(self._capture)
        self.expected = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        height, width = self._first.shape[:2]
        self.size = (width, height)
        if min(self.size) < MIN_SIDE or width * height > MAX_PIXELS:
            self._capture.release()
            raise ImageError(
                f"frames are {width} x {height} px; from {MIN_SIDE} px a side to {MAX_PIXELS:,} "
                "pixels are read"
            )
        self.timing, self.note = _timing(frame_times(path), self.rate)

    def __iter__(self) -> Iterator[tuple[float, ImageArray]]:
        """Yield each frame and the time in s at which the file shows it."""
        frame, self._first = self._first, None
        number, time = 0, -1.0
        while frame is not None:
            shown = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            # Files without times, and damaged ones, still go on.
            time = shown if shown > time else max(time, number / self.rate)
            yield time, frame
            frame = read_frame(self._capture)
            number += 1

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


def _open(path: Path) -> cv2.VideoCapture:
    be_quiet()
    if not path.is_file():  # a pipe would be waited for
        return cv2.VideoCapture()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def frame_times(path: Path) -> Floats:
    """Return the times in s at which the frames of a file are shown; none is decoded."""
    be_quiet()
    packets = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    times = []
    while packets.grab():
        times.append(packets.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    packets.release()
    return np.sort(np.array(times, np.float64))


def _timing(times: Floats, rate: float) -> tuple[tuple[float, bool], str]:
    """Return the timing with which frames are written, and a remark if their times are uneven."""
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not steps.size or np.abs(times - np.arange(len(times)) / rate).max() <= UNEVEN / rate:
        return (rate, False), ""
    most = MOST_REPEATS * len(times) / (times[-1] - times[0])
    usual = float(min(1 / np.quantile(steps, 0.1), HIGHEST_RATE))
    apart = f"frames come {1000 * steps.min():.0f} to {1000 * steps.max():.0f} ms apart"
    if most < 1:
        return (usual, False), f"{apart}, which is not likely: written at {usual:.4g} a second"
    usual = min(usual, most)
    return (usual, True), f"{apart}: written at {usual:.4g} a second, each until the next is due"


def be_quiet() -> None:
    """Keep OpenCV's messages about videos off the terminal."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def frame_count(path: Path) -> int:
    """Return the number of frames that a file claims; 0 if it is not known."""
    capture = _open(path)
    try:
        return max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
    finally:
        capture.release()


SILENT: Final = (
    "Videos are written without sound, and a last odd row or column of pixels is cut off, because "
    "there is no ffmpeg here. Install it (https://ffmpeg.org) to keep both."
)
FOURCC: Final = "mp4v"
FOURCCS: Final = MappingProxyType({".webm": "VP90"})
"""Codecs that the OpenCV wheel can write without ffmpeg: MPEG-4 part 2, in WebM VP9."""
FFMPEG_CODECS: Final = MappingProxyType({".webm": ("libvpx-vp9", "-crf", "31", "-b:v", "0")})
FFMPEG_CODEC: Final = ("libx264", "-crf", "18")


class VideoWriter(ABC):
    """A video file that is being written: its suffix decides the format, `rate` is in Hz.

    `size` is width and height in pixels.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        self.path, self.rate, self.size = path, rate, size
        # Always the same name, so that what a killed process left is written over.
        self.partial = path.with_name(f".{shortened(path.stem)}.part{path.suffix}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.partial.touch()
        except OSError as error:
            raise ImageError(f"cannot write {path}: {error.strerror or error}") from error

    @abstractmethod
    def write(self, frame: ImageArray) -> None:
        """Add a frame, (H, W, 3) uint8 RGB; `ImageError` if that fails."""

    @abstractmethod
    def finish(self) -> None:
        """Write what is left; `ImageError` if that fails."""

    @abstractmethod
    def abort(self) -> None:
        """Stop writing."""

    def keep(self) -> None:
        """Move the finished file into place."""
        try:
            with self.partial.open("r+b") as stream:
                os.fsync(stream.fileno())
            self.partial.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise ImageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def discard(self) -> None:
        """Stop writing and leave no file behind."""
        self.abort()
        with suppress(OSError):
            self.partial.unlink(missing_ok=True)


class OpenCVWriter(VideoWriter):
    """A writer that uses OpenCV: no sound, and an odd last row or column of pixels is lost."""

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        super().__init__(path, rate, size)
        be_quiet()
        code = cv2.VideoWriter.fourcc(*FOURCCS.get(path.suffix.lower(), FOURCC))
        with native_logs_muted():  # for WebM, no code is without a warning
            self._writer = cv2.VideoWriter(str(self.partial), cv2.CAP_FFMPEG, code, rate, size)
        if not self._writer.isOpened():
            self.discard()
            raise ImageError(
                f"OpenCV cannot write {path.suffix} videos of {size[0]} x {size[1]} px here. "
                "Install ffmpeg, or give --out a name that ends in .mp4."
            )
        self._written = 0

    def write(self, frame: ImageArray) -> None:
        """Add a frame."""
        self._writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        self._written += 1

    def finish(self) -> None:
        """Close the file, and check that it is complete: OpenCV does not report a full disk."""
        self._writer.release()
        if frame_count(self.partial) < self._written:
            raise ImageError(f"could not write all of {self.path}: is there room on the disk?")

    def abort(self) -> None:
        """Close the file."""
        self._writer.release()


class FfmpegWriter(VideoWriter):
    """A writer that pipes frames to the program ffmpeg, which adds the sound of the source."""

    def __init__(
        self, path: Path, rate: float, size: tuple[int, int], *, program: str, sound: Path | None
    ) -> None:
        super().__init__(path, rate, size)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the program runs)
        try:
            self._process = subprocess.Popen(  # noqa: S603 (a fixed list of words, no shell)
                [program, *_arguments(self, sound)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                start_new_session=True,  # Ctrl-C is for us; we then stop the program ourselves
            )
        except OSError as error:
            self.partial.unlink(missing_ok=True)
            raise ImageError(f"cannot run {program}: {error.strerror or error}") from error

    def write(self, frame: ImageArray) -> None:
        """Add a frame."""
        pipe = cast("IO[bytes]", self._process.stdin)
        try:
            pipe.write(np.ascontiguousarray(frame).data)
        except OSError as error:
            raise self._failure() from error

    def finish(self) -> None:
        """Wait until the program is done."""
        with suppress(OSError):
            self._process.communicate()
        if self._process.returncode:
            raise self._failure()
        self._log.close()

    def abort(self) -> None:
        """End the program."""
        self._process.kill()
        with suppress(OSError):
            self._process.communicate()
        self._log.close()

    def _failure(self) -> ImageError:
        self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines() or ["no reason"]
        return ImageError(
            f"ffmpeg could not write {self.path.name}: {lines[-1]}. Give --out a name that ends "
            "in .mp4, or install a full ffmpeg (with libx264)."
        )


def _arguments(writer: VideoWriter, sound: Path | None) -> list[str]:
    """Return the arguments of ffmpeg: frames from a pipe, sound copied from the source."""
    width, height = writer.size
    rate = Fraction(writer.rate).limit_denominator(1001)
    codec, *quality = FFMPEG_CODECS.get(writer.path.suffix.lower(), FFMPEG_CODEC)
    # Chroma is stored for 2 x 2 pixels, which an odd side does not divide into.
    chroma = "yuv444p" if width % 2 or height % 2 else "yuv420p"
    words: list[Any] = ["-hide_banner", "-loglevel", "error", "-y"]
    words += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate]
    words += ["-i", "pipe:0"]
    if sound is not None:
        same = sound.suffix.lower() == writer.path.suffix.lower()
        words += ["-i", sound.resolve(), "-map", "0:v:0", "-map", "1:a?"]
        words += ["-c:a", "copy"] if same else []
    words += ["-c:v", codec, *quality, "-pix_fmt", chroma, writer.partial.resolve()]
    return [str(word) for word in words]


def find_ffmpeg() -> str | None:
    """Return the path of the program ffmpeg; None if it is not installed."""
    return shutil.which("ffmpeg")


def video_writer(
    path: Path, rate: float, size: tuple[int, int], *, sound: Path | None = None
) -> VideoWriter:
    """Open a `VideoWriter`, with ffmpeg if it is installed, which can copy the sound of a video.

    Raises ImageError if the file cannot be written.
    """
    program = find_ffmpeg()
    if program is None:
        return OpenCVWriter(path, rate, size)
    return FfmpegWriter(path, rate, size, program=program, sound=sound)


HELD: Final = "not found in this frame; occluded where it was last found"
CUT_SHORT: Final = 0.95
"""A video that ends before this share of the frames it claims is taken to be damaged; for
some kinds of file the number is an estimate."""


def mask_video(
    masker: Masker, job: Job, add: Add, tick: Callable[[], object]
) -> tuple[Masked, VideoWriter]:
    """Put an occluder on every face of a video.

    `add` is called with the rows of the table, one for each face in each frame, and `tick` after
    each frame. Returns the outcome, and the finished file, still to be moved into place with
    `VideoWriter.keep`. Raises if the whole video, or all of its faces, fail; no file is left
    behind.
    """
    with VideoFile(job.source) as video:
        writer = video_writer(job.target, video.timing[0], video.size, sound=job.source)
        try:
            masked = _frames(masker, job, (video, writer), add, tick)
            writer.finish()
        except BaseException:
            writer.discard()
            raise
    return masked, writer


def _frames(
    masker: Masker,
    job: Job,
    ends: tuple[VideoFile, VideoWriter],
    add: Add,
    tick: Callable[[], object],
) -> Masked:
    video, writer = ends
    tracker = FaceTracker(masker.detector.detect, masker.detector.one_pass)
    covered: dict[int, tuple[int, float]] = {}
    rate, repeats = video.timing
    number, written, time, failure, before = -1, 0, 0.0, "", None
    for number, (time, frame) in enumerate(video):
        faces = tracker.update(frame, time)
        drawn = draw_on_frame(masker, job.name, frame, faces)
        while repeats and before is not None and written < round(time * rate):
            writer.write(before)
            written += 1
        writer.write(drawn.image)
        written, before = written + 1, drawn.image
        place = {"frame": number, "time_s": time, "output": masker.output(job)}
        rows = [row | place for row in _rows(masker, job.name, faces, drawn)]
        if number == 0 and video.note:
            rows = [row | {"message": row.get("message") or video.note} for row in rows]
        add(rows)
        _count(covered, faces, drawn)
        failure = failure or drawn.message
        tick()
    if failure and not covered:
        raise MaskfaceError(failure)
    # A file that gives no number of frames is expected to have its rate times its duration.
    read = max(number, round(time * video.rate) if video.note else 0) + 1
    message = _message(number + 1, read, video.expected, found=bool(covered))
    if message and covered:
        add([{"status": "error", "message": message}])
    means = tuple(total / n for _, (n, total) in sorted(covered.items()))
    return Masked(job, means, message, note=f"{job.source}: {video.note}." if video.note else "")


def draw_on_frame(
    masker: Masker, name: str, frame: ImageArray, faces: Sequence[TrackedFace]
) -> Drawn:
    """Draw on the faces of one frame; a face has the same seed in all frames of a video."""
    seeds = [masker.face_seed(name, face.number) for face in faces]
    return draw_on_faces(frame, masker.occluder, [face.landmarks for face in faces], seeds)


def _rows(masker: Masker, name: str, faces: Sequence[TrackedFace], drawn: Drawn) -> list[Row]:
    if not faces:
        return [{"status": "no_face", "message": NO_FACE}]
    rows = []
    for face, what in zip(faces, drawn.faces, strict=True):
        row = face_row(face.landmarks, what, face.number, masker.face_seed(name, face.number))
        rows.append(row | ({"message": HELD} if face.unseen and row["status"] == "ok" else {}))
    return rows


def _count(
    covered: dict[int, tuple[int, float]], faces: Sequence[TrackedFace], drawn: Drawn
) -> None:
    """Add up the coverage of each face."""
    for face, what in zip(faces, drawn.faces, strict=True):
        if not isinstance(what, str):
            n, total = covered.get(face.number, (0, 0.0))
            covered[face.number] = (n + 1, total + what.coverage)


def _message(read: int, shown: int, expected: int, *, found: bool) -> str:
    if not found:
        return f"{NO_FACE} in any of {read} frames"
    if shown < np.floor(CUT_SHORT * expected):
        return f"damaged: it claims {expected} frames, but only {read} can be read"
    return ""
