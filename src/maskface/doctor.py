"""Checks of the installation, and of folders of runs."""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
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
"""Shared libraries that OpenCV and MediaPipe load on Linux, and their Debian packages."""


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check."""

    name: str  # subject of the check
    ok: bool  # true if there is nothing to fix
    detail: str  # finding, with the command that fixes it


def run_checks() -> list[Check]:
    """Check Python, OpenCV wheels, system libraries, imports, weights and cache, in order."""
    return [
        check_python(), check_opencv_wheels(), *check_libraries(), *_imports(), *_weights(),
        check_cache(),
    ]  # fmt: skip


def check_folder(path: Path) -> list[Check]:
    """Check that runs, studies and masked pictures, at any depth of a folder, are as written.

    Returns one check for each of them, by their folders. Raises MaskfaceError if there is none.
    """
    runs = [_check_run(manifest.parent) for manifest in path.rglob("manifest.json")]
    studies = [_check_study(record.parent) for record in path.rglob("study.json")]
    masked = [_check_masked(table) for table in path.rglob("masked.csv")]
    if not runs + studies + masked:
        raise MaskfaceError(
            f"{path} holds no run. Name a folder that `maskface run`, `maskface humans`, "
            "`maskface mask` or a script wrote to."
        )
    return sorted(runs + studies + masked, key=lambda check: check.name)


def _check_masked(table: Path) -> Check:
    from maskface.masking.table import damaged_results, is_as_recorded

    name = str(table.parent)
    try:
        damage = damaged_results(table)
    except (MaskfaceError, OSError) as error:
        return Check(name, ok=False, detail=str(error))
    if damage:
        more = f" and {len(damage) - 3} more" if len(damage) > 3 else ""
        damaged = ", ".join(damage[:3])
        return Check(name, ok=False, detail=f"damaged: {damaged}{more}. Mask again with --resume")
    finished = is_as_recorded(table) is not None
    more = "" if finished else "; not finished: go on with --resume"
    return Check(name, ok=True, detail=f"masked pictures as written{more}")


def _check_study(path: Path) -> Check:
    from maskface.humans import check_study

    try:
        check_study(path)
    except MaskfaceError as error:
        return Check(str(path), ok=False, detail=str(error))
    return Check(str(path), ok=True, detail="tables of the study as written")


def _check_run(path: Path) -> Check:
    from maskface.experiment import RunFolder, find_damage, listed

    folder = RunFolder(path)
    try:
        manifest = folder.require_manifest()
        if not manifest["complete"]:
            sound = len(folder.read_checkpoints(manifest["run_id"]).image_ids)
            n = manifest["dataset"]["images"]
            return Check(str(path), ok=True, detail=f"not complete; {sound} of {n} pictures read")
        damage = find_damage(folder, manifest)
    except (MaskfaceError, OSError) as error:
        return Check(str(path), ok=False, detail=str(error))
    if damage:
        return Check(str(path), ok=False, detail=f"damaged: {listed(damage)}")
    return Check(str(path), ok=True, detail=f"{len(manifest['files'])} tables as written")


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Check that Python is 3.11 or later."""
    text = ".".join(map(str, version))
    ok = tuple(version) >= (3, 11)
    return Check("Python", ok, text if ok else f"{text}; maskface needs 3.11 or later")


def check_opencv_wheels(installed: list[str] | None = None) -> Check:
    """Check that there is one OpenCV wheel: all of them write the same ``cv2`` folder.

    `installed` are names of distributions; those of this Python if None.
    """
    if installed is None:
        installed = [str(d.metadata["Name"]) for d in distributions()]
    found = sorted({name for name in installed if name.lower().startswith("opencv-")})
    if found == [OPENCV]:
        return Check("OpenCV wheel", ok=True, detail=OPENCV)
    got = ", ".join(found) or "none"
    fix = (
        f"pip uninstall -y {' '.join(found)} ; pip install --force-reinstall {OPENCV}"
        if found
        else f"pip install {OPENCV}"
    )
    return Check("OpenCV wheel", ok=False, detail=f"found {got}; only {OPENCV} is allowed: {fix}")


def check_libraries() -> Iterator[Check]:
    """Check for shared libraries that a minimal Linux lacks."""
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
        # The user needs to read whatever goes wrong while a native package loads.
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
    """Check the folder of landmarks and downloaded networks, if it exists."""
    try:
        folder = cache_folder("landmarks").parent
    except MaskfaceError as error:
        return Check("cache folder", ok=False, detail=str(error))
    except OSError as error:
        return Check("cache folder", ok=False, detail=why_not(error))
    return Check("cache folder", ok=True, detail=str(folder))
