"""Where frames go: a video file, written by ffmpeg where it is installed, else by OpenCV.

Both write under another name and move the file into place when it is whole.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final, cast

import cv2
import numpy as np

from maskface.errors import ImageError
from maskface.masking._frames import be_quiet, frame_count
from maskface.types import ImageArray

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
    """A video file that is being written.

    Parameters
    ----------
    path
        The file; its suffix decides the format.
    rate
        Frames a second.
    size
        Width and height in pixels.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        self.path, self.rate, self.size = path, rate, size
        # Always the same name, so that what a killed process left is written over.
        self.partial = path.with_name(f".{path.stem}.part{path.suffix}")
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
            self.partial.replace(self.path)
        except OSError as error:
            raise ImageError(f"cannot write {self.path}: {error.strerror or error}") from error

    def discard(self) -> None:
        """Stop writing and leave no file behind."""
        self.abort()
        with suppress(OSError):
            self.partial.unlink(missing_ok=True)


class OpenCVWriter(VideoWriter):
    """Writes with OpenCV: no sound, and an odd row or column of pixels at the edge is lost."""

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        super().__init__(path, rate, size)
        be_quiet()
        code = cv2.VideoWriter.fourcc(*FOURCCS.get(path.suffix.lower(), FOURCC))
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
        """Close the file, and see whether it is whole: OpenCV does not tell of a full disk."""
        self._writer.release()
        if frame_count(self.partial) < self._written:
            raise ImageError(f"could not write all of {self.path}: is there room on the disk?")

    def abort(self) -> None:
        """Close the file."""
        self._writer.release()


class FfmpegWriter(VideoWriter):
    """Pipes frames to the program ffmpeg, which adds the sound of the source."""

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
    """What ffmpeg is told: frames from a pipe, sound copied from the source."""
    width, height = writer.size
    rate = Fraction(writer.rate).limit_denominator(1001)
    codec, *quality = FFMPEG_CODECS.get(writer.path.suffix.lower(), FFMPEG_CODEC)
    # Chroma is stored for 2 x 2 pixels, which an odd side does not divide into.
    chroma = "yuv444p" if width % 2 or height % 2 else "yuv420p"
    told: list[Any] = ["-hide_banner", "-loglevel", "error", "-y"]
    told += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate]
    told += ["-i", "pipe:0"]
    if sound is not None:
        same = sound.suffix.lower() == writer.path.suffix.lower()
        told += ["-i", sound.resolve(), "-map", "0:v:0", "-map", "1:a?"]
        told += ["-c:a", "copy"] if same else []
    told += ["-c:v", codec, *quality, "-pix_fmt", chroma, writer.partial.resolve()]
    return [str(word) for word in told]


def find_ffmpeg() -> str | None:
    """Where the program ffmpeg is, or None."""
    return shutil.which("ffmpeg")


def video_writer(
    path: Path, rate: float, size: tuple[int, int], *, sound: Path | None = None
) -> VideoWriter:
    """Open a video file for writing, with ffmpeg if it is installed.

    Parameters
    ----------
    path, rate, size
        As in `VideoWriter`.
    sound
        A video whose sound is kept, if ffmpeg is installed.

    Raises
    ------
    ImageError
        If the file cannot be written.
    """
    program = find_ffmpeg()
    if program is None:
        return OpenCVWriter(path, rate, size)
    return FfmpegWriter(path, rate, size, program=program, sound=sound)
