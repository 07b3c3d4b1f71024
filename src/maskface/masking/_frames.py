"""Read the frames of a video file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import cv2
import numpy as np

from maskface.errors import ImageError
from maskface.files import require_regular_file
from maskface.images import MAX_PIXELS, MIN_SIDE
from maskface.types import ImageArray

USUAL_RATE: Final = 30.0
HIGHEST_RATE: Final = 1000.0


class Capture(Protocol):
    """What OpenCV's `VideoCapture` can do, as far as it is needed."""

    def read(self) -> tuple[bool, Any]:
        """The next frame, (H, W, 3) uint8 BGR, and whether there was one."""
        ...

    def get(self, prop: int, /) -> float:
        """A property, 0 if it is not known."""
        ...

    def release(self) -> None:
        """Close the file or the camera."""
        ...


def frame_rate(capture: Capture) -> float:
    """Frames a second; `USUAL_RATE` if the file or camera does not say."""
    rate = capture.get(cv2.CAP_PROP_FPS)
    return rate if 0 < rate <= HIGHEST_RATE else USUAL_RATE


def read_frame(capture: Capture) -> ImageArray | None:
    """The next frame as (H, W, 3) uint8 RGB, or None when there is none."""
    ok, frame = capture.read()
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8) if ok else None


class VideoFile:
    """A video file that is read from the beginning, one frame at a time.

    Frames that the file says to turn (telephones held upright) come turned.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    rate
        Frames a second.
    expected
        How many frames the file says it has; some kinds of file only estimate it.
    size
        Width and height in pixels, turned as the frames are.

    Raises
    ------
    ImageError
        If it cannot be read, or its first frame cannot.
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

    def __iter__(self) -> Iterator[ImageArray]:
        frame, self._first = self._first, None
        while frame is not None:
            yield frame
            frame = read_frame(self._capture)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._capture.release()


def _open(path: Path) -> cv2.VideoCapture:
    be_quiet()
    if not path.is_file():  # a pipe would be waited for
        return cv2.VideoCapture()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def be_quiet() -> None:
    """Keep OpenCV's own lines about videos off the terminal; errors are told in our words."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def frame_count(path: Path) -> int:
    """How many frames a file says it has; 0 if it does not say or cannot be read."""
    capture = _open(path)
    try:
        return max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
    finally:
        capture.release()
