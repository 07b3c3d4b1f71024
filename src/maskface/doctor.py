"""Look at the installation and say what to mend."""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import Final

from maskface.errors import MaskfaceError
from maskface.exits import why_not
from maskface.folders import cache_folder
from maskface.weights import manifest

OPENCV: Final = "opencv-contrib-python"
LIBRARIES: Final = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
"""Shared libraries that OpenCV and MediaPipe load on Linux, and the Debian packages with them."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    name
        What was looked at.
    ok
        Whether it is as it should be.
    detail
        What was found, and if it is wrong, what to type.
    """

    name: str
    ok: bool
    detail: str


def run_checks() -> list[Check]:
    """Look at Python, OpenCV wheels, system libraries, imports, weights and cache, in order."""
    return [
        check_python(), check_opencv_wheels(), *check_libraries(), *_imports(), *_weights(),
        check_cache(),
    ]  # fmt: skip


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Python 3.11 or later."""
    text = ".".join(map(str, version))
    ok = tuple(version) >= (3, 11)
    return Check("Python", ok, text if ok else f"{text}; maskface needs 3.11 or later")


def check_opencv_wheels(installed: list[str] | None = None) -> Check:
    """Exactly one OpenCV wheel, since each of them writes the same ``cv2`` folder.

    Parameters
    ----------
    installed
        Names of installed distributions; those of this Python if None.
    """
    if installed is None:
        installed = [str(d.metadata["Name"]) for d in distributions()]
    found = sorted({name for name in installed if name.lower().startswith("opencv-")})
    if found == [OPENCV]:
        return Check("OpenCV wheel", ok=True, detail=OPENCV)
    got = ", ".join(found) or "none"
    mend = (
        f"pip uninstall -y {' '.join(found)} ; pip install --force-reinstall {OPENCV}"
        if found
        else f"pip install {OPENCV}"
    )
    return Check("OpenCV wheel", ok=False, detail=f"found {got}; only {OPENCV} may be: {mend}")


def check_libraries() -> Iterator[Check]:
    """Shared libraries that a minimal Linux lacks."""
    if not sys.platform.startswith("linux"):
        return
    missing = [name for name in LIBRARIES if not _loads(name)]
    if missing:
        packages = " ".join(LIBRARIES[name] for name in missing)
        detail = f"missing {', '.join(missing)}; Debian, Ubuntu: sudo apt-get install {packages}"
        yield Check("system libraries", ok=False, detail=detail)
    else:
        yield Check("system libraries", ok=True, detail=", ".join(LIBRARIES))


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _imports() -> Iterator[Check]:
    for name in ("cv2", "mediapipe"):
        try:
            module = importlib.import_module(name)
        # Whatever goes wrong while a native package loads is what the user wants to read.
        except Exception as error:  # noqa: BLE001
            yield Check(f"import {name}", ok=False, detail=f"{type(error).__name__}: {error}")
        else:
            yield Check(f"import {name}", ok=True, detail=str(module.__version__))


def _weights() -> Iterator[Check]:
    for weights in manifest().values():
        try:
            weights.verify()
        except MaskfaceError as error:
            yield Check(f"weights {weights.file}", ok=False, detail=str(error))
        else:
            yield Check(f"weights {weights.file}", ok=True, detail=f"sha256 {weights.sha256[:12]}")


def check_cache() -> Check:
    """Where landmarks and downloaded networks are kept: a folder, or nothing yet."""
    try:
        folder = cache_folder("landmarks").parent
    except MaskfaceError as error:
        return Check("cache folder", ok=False, detail=str(error))
    except OSError as error:
        return Check("cache folder", ok=False, detail=why_not(error))
    return Check("cache folder", ok=True, detail=str(folder))
