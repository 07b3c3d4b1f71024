"""MediaPipe without its figures, its results as arrays; native log lines off the terminal.

MediaPipe makes a Python object of every landmark (478 a face), which takes about a tenth of the
time of finding them. Here the native result is copied from memory. This is no public interface of
MediaPipe, so it is used only where it is as in MediaPipe 1.2; `public_faces` uses the public one.

Native log lines are written to file descriptor 2 by C++ while a model is created (MediaPipe 1.2);
none of the usual variables (GLOG_minloglevel, TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL) silences
them.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

_UNUSED: Final = ("matplotlib", "matplotlib.pyplot", "sounddevice")
"""Packages that MediaPipe imports for its examples: three quarters of the time of its import."""


class _Later(ModuleType):
    """Stand-in for a module that is imported when it is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:  # while MediaPipe is imported
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@cache
def mediapipe() -> Any:
    """Import MediaPipe, without the packages that only its examples use."""
    put = {name: _Later(name) for name in _UNUSED if name not in sys.modules}
    sys.modules.update(put)
    try:
        with suppress(AttributeError, ImportError):  # of a version that uses them at once
            return importlib.import_module("mediapipe")
    finally:
        for name in put:
            del sys.modules[name]
    return importlib.import_module("mediapipe")


@dataclass(frozen=True, slots=True, eq=False)
class NativeFace:
    """One face as MediaPipe found it."""

    # (478, 3) float64: x, y and z as shares of the picture's width, height and width.
    shares: NDArray[np.float64]
    scores: NDArray[np.float32]  # (52,) float32, the blendshapes


def native_faces(landmarker: Any, picture: Any) -> list[NativeFace]:
    """Find the faces in a MediaPipe picture, in no particular order."""
    try:
        find, release = (
            landmarker._lib.MpFaceLandmarkerDetectImage,
            landmarker._lib.MpFaceLandmarkerCloseResult,
        )
        handle, pointer, result = landmarker._handle, picture._image_ptr, _empty_result()
    except (AttributeError, ImportError):
        return public_faces(landmarker, picture)
    try:
        find(handle, pointer, None, ctypes.byref(result))
    except TypeError:  # other arguments are expected; ctypes calls nothing then
        return public_faces(landmarker, picture)
    try:
        return _copied(result)
    finally:
        release(ctypes.byref(result))


def public_faces(landmarker: Any, picture: Any) -> list[NativeFace]:
    """Find the faces by the documented function of MediaPipe; the same to the bit."""
    found = landmarker.detect(picture)
    return [
        NativeFace(
            np.array([(p.x, p.y, p.z) for p in points], np.float64),
            np.array([shape.score for shape in shapes], np.float32),
        )
        for points, shapes in zip(found.face_landmarks, found.face_blendshapes, strict=True)
    ]


def _empty_result() -> Any:
    from mediapipe.tasks.python.vision.face_landmarker import MpFaceLandmarkerResultC

    return MpFaceLandmarkerResultC()


def _copied(result: Any) -> list[NativeFace]:
    found = []
    for number in range(result.face_landmarks_count):
        points, shapes = result.face_landmarks[number], result.face_blendshapes[number]
        places = _rows(points.landmarks, points.landmarks_count)
        shares = np.stack([places[axis] for axis in "xyz"], axis=1).astype(np.float64)
        scores = _rows(shapes.categories, shapes.categories_count)["score"]
        found.append(NativeFace(shares, scores.astype(np.float32)))
    return found


def _rows(first: Any, count: int) -> NDArray[Any]:
    """View native structures that lie one behind the other as an array with their fields."""
    kind = first._type_
    memory = ctypes.cast(first, ctypes.POINTER(kind * count)).contents
    return np.frombuffer(memory, dtype=_layout(kind), count=count)


def _layout(kind: Any) -> np.dtype[Any]:
    """Return the layout of the numbers in a native structure, without its other fields."""
    names = [name for name, field in kind._fields_ if field is ctypes.c_float]
    return np.dtype(
        {
            "names": names,
            "formats": [np.float32] * len(names),
            "offsets": [getattr(kind, name).offset for name in names],
            "itemsize": ctypes.sizeof(kind),
        }
    )


_HARMLESS: Final = re.compile(
    rb"[IW]\d{4} \d\d:\d\d:[\d:.]+ +\d+ [\w./-]+:\d+\] "
    rb"|INFO: Created TensorFlow Lite "
    rb"|WARNING: (All log messages before|Logging before)"
    rb"|OpenCV: FFMPEG: (tag \S+ is not supported|fallback to use tag)"
)
"""Native information and warning lines. Native errors are not among them, on purpose."""

_LOCK = threading.Lock()  # two threads swapping descriptor 2 would restore the wrong one


@contextmanager
def native_logs_muted() -> Iterator[None]:
    """Drop native log lines that are written to file descriptor 2 in the block.

    Other lines (native errors, those of other threads) are held back and appear, in order, when the
    block is left. Nothing is done when descriptor 2 is
    closed or no temporary file can be made.
    """
    with _LOCK:
        try:
            saved = os.dup(2)
        except OSError:  # closed: there is nothing to keep clean
            yield
            return
        try:
            held = tempfile.TemporaryFile()  # noqa: SIM115 (closed below, after the swap back)
        except OSError:
            os.close(saved)
            yield
            return
        try:
            _flush()
            os.dup2(held.fileno(), 2)
            yield
        finally:
            _flush()
            os.dup2(saved, 2)
            os.close(saved)
            _replay(held)


def _flush() -> None:
    with suppress(OSError, ValueError, AttributeError):  # stderr may be None, closed or broken
        sys.stderr.flush()


def _replay(held: BinaryIO) -> None:
    """Write the lines that are not harmless to descriptor 2."""
    with held:
        held.seek(0)
        wanted = b"".join(line for line in held if not _HARMLESS.match(line))
    with suppress(OSError):
        while wanted:
            wanted = wanted[os.write(2, wanted) :]
