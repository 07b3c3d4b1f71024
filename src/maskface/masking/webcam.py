"""Mask the faces in front of a camera, frame by frame."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import cv2

from maskface.errors import ImageError, MaskfaceError
from maskface.landmarks import MediaPipeDetector
from maskface.masking.faces import Masker
from maskface.masking.plan import VIDEO_SUFFIXES
from maskface.masking.tracking import FaceTracker
from maskface.masking.videos import (
    Capture,
    be_quiet,
    draw_on_frame,
    frame_rate,
    read_frame,
    video_writer,
)
from maskface.occluders import Occluder, as_single_occluder
from maskface.types import ImageArray

WEBCAM: Final = "webcam"
TITLE: Final = "maskface - press q to stop"
ESCAPE: Final = 27


class Screen(Protocol):
    """A place to show frames."""

    def show(self, frame: ImageArray) -> bool:
        """Show a frame, (H, W, 3) uint8 RGB; return whether to go on."""
        ...

    def close(self) -> None:
        """Stop showing frames."""
        ...


class Recorder:
    """A recorder that keeps the `rate` (Hz) of the camera, however fast frames come."""

    def __init__(self, path: Path, rate: float, frame: ImageArray) -> None:
        height, width = frame.shape[:2]
        self._writer = video_writer(path, rate, (width, height))
        self._written = 0

    def write(self, frame: ImageArray, time: float) -> None:
        """Repeat a frame until the video reaches `time` in seconds."""
        due = int(time * self._writer.rate) + 1
        try:
            for _ in range(due - self._written):
                self._writer.write(frame)
        except ImageError:
            self._writer.discard()
            raise
        self._written = max(due, self._written)

    def close(self) -> None:
        """Finish the video."""
        try:
            self._writer.finish()
        except ImageError:
            self._writer.discard()
            raise
        self._writer.keep()


class Window:
    """A window on the display; q, Escape or closing it stops.

    Raises MaskfaceError if there is no display, or OpenCV was built without windows.
    """

    def __init__(self) -> None:
        if not has_display():  # Qt would end the process, and that cannot be caught
            raise MaskfaceError(
                "There is no display to show the camera on. Record it instead: --out FILE.mp4."
            )
        try:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        except cv2.error as error:
            raise MaskfaceError(
                "This OpenCV cannot open windows; `maskface doctor` says which OpenCV is needed. "
                "Or record the camera instead: --out FILE.mp4."
            ) from error

    def show(self, frame: ImageArray) -> bool:
        """Show a frame."""
        cv2.imshow(TITLE, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        stop = cv2.waitKey(1) & 0xFF in {ord("q"), ESCAPE}
        return not stop and cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) > 0

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()


def has_display() -> bool:
    """Return whether there is a display; only Linux may have none."""
    # The windows of OpenCV's wheel speak X11 alone; Wayland sessions set DISPLAY too.
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY"))


def camera_number(source: str) -> int | None:
    """Return the number of the camera in ``webcam`` or ``webcam:1``; None for another text.

    Raises MaskfaceError if there is no number after the colon.
    """
    name, colon, number = source.partition(":")
    if name != WEBCAM:
        return None
    if colon and not number.isdecimal():
        raise MaskfaceError(
            f"{source!r} is not a camera. Write webcam for the first, webcam:1 for the second."
        )
    return int(number or 0)


def mask_webcam(
    number: int,
    out: str | Path | None = None,
    occluder: str | Occluder = "surgical",
    *,
    seed: int = 0,
) -> int:
    """Put an occluder on the faces in front of a camera, until q is pressed; count the frames.

    Camera 0 is the first. `out` is a video file to record to, required without a display. The seeds
    of all faces derive from `seed`, 0 or more. Raises MaskfaceError if there is no such camera,
    neither a display nor `out`, or `out` cannot be written.
    """
    chosen = as_single_occluder(occluder)
    path = _record_to(out)
    screen = None if path is not None and not has_display() else Window()
    capture = _open_camera(number)
    try:
        with MediaPipeDetector(search="never") as detector:
            masker = Masker(chosen, detector, seed, Path())
            return run_camera(capture, masker, screen, path)
    finally:
        capture.release()
        if screen is not None:
            screen.close()


def _record_to(out: str | Path | None) -> Path | None:
    if out is None:
        return None
    path = Path(out)
    if path.suffix.lower() not in VIDEO_SUFFIXES or path.is_dir():
        raise MaskfaceError(
            f"A camera is recorded to a video file, got --out {path}. Give a name that ends in "
            f"{', '.join(VIDEO_SUFFIXES)}."
        )
    return path


def _open_camera(number: int) -> cv2.VideoCapture:
    be_quiet()
    capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        raise MaskfaceError(
            f"Camera {number} cannot be opened. Is one connected, and is no other program using "
            "it? Write webcam for the first, webcam:1 for the second."
        )
    return capture


def run_camera(
    capture: Capture,
    masker: Masker,
    screen: Screen | None,
    path: Path | None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Mask frames until the screen is closed, the camera ends or Ctrl-C; count those masked.

    `screen` shows the frames, and `path` is a video to record to, if there are any; `clock` returns
    the time in seconds.
    """
    tracker = FaceTracker(masker.detector.one_pass, masker.detector.one_pass)
    recorder: Recorder | None = None
    start, count = clock(), 0
    with suppress(KeyboardInterrupt):  # recording without a screen has no other end
        while (frame := read_frame(capture)) is not None:
            now = clock() - start
            image = draw_on_frame(masker, WEBCAM, frame, tracker.update(frame, now)).image
            count += 1
            if path is not None:
                recorder = recorder or Recorder(path, frame_rate(capture), frame)
                recorder.write(image, now)
            if screen is not None and not screen.show(image):
                break
    if recorder is not None:
        recorder.close()
    if not count:
        raise MaskfaceError("The camera gives no pictures. Is another program using it?")
    return count
