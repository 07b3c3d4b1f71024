"""Folder for what maskface can make or fetch again."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError

VARIABLE: Final = "MASKFACE_CACHE"
_PRIVATE: Final = 0o700


def cache_folder(kind: str) -> Path:
    """Return the folder for one `kind` of thing: ``landmarks``, ``models``.

    It lies below ``$MASKFACE_CACHE``, or below `maskface` in the platform's cache folder
    (``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux), or, for a user without a home, below a private
    folder among the temporary files. It need not exist. Raises MaskfaceError if the folder is a
    file, or other users can replace what it holds.
    """
    chosen = os.environ.get(VARIABLE)
    root = _chosen(chosen) if chosen else _platform_folder()
    for folder in (root, root / kind):
        _require_safe(folder)
    return root / kind


def make_folder(path: Path) -> None:
    """Make a folder and those above it, closed to other users, unless it is there.

    Raises OSError if it cannot be made.
    """
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            folder.mkdir(_PRIVATE, exist_ok=True)


def data_folder(kind: str) -> Path:
    """Return the folder `kind` (``runs``) for results that are kept until the user deletes them.

    It lies below `maskface` in the platform's data folder (``$XDG_DATA_HOME`` or
    ``~/.local/share``; ``~/Library/Application Support`` on macOS; ``%LOCALAPPDATA%`` on Windows),
    and need not exist. Raises MaskfaceError if the user has no home folder.
    """
    import platformdirs

    root = platformdirs.user_data_path("maskface", appauthor=False)
    if not root.is_absolute():
        raise MaskfaceError("This user has no home folder. Name a folder for the results: out=DIR.")
    return root / kind


def _chosen(name: str) -> Path:
    try:
        root = Path(name).expanduser()
    except RuntimeError as error:  # ~nobody
        raise MaskfaceError(_no_folder(name)) from error
    if root.exists() and not root.is_dir():
        raise MaskfaceError(_no_folder(name))
    return root


def _no_folder(name: str) -> str:
    return f"{VARIABLE} is {name!r}, which is no folder. Name a folder; it need not exist."


def _platform_folder() -> Path:
    import platformdirs

    root = platformdirs.user_cache_path("maskface", appauthor=False, opinion=False)
    if root.is_absolute():
        return root
    # A user without a home: others can make a folder of any name among the temporary files.
    root = Path(tempfile.gettempdir(), f"maskface-{os.getuid()}")
    root.mkdir(_PRIVATE, exist_ok=True)
    about = root.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise MaskfaceError(
            f"{root} is not a folder of this user alone, so landmarks and networks cannot be kept "
            f"there. Name another folder: export {VARIABLE}=DIR."
        )
    return root


def _require_safe(folder: Path) -> None:
    """Raise if every user may replace what is in a folder."""
    try:
        mode = folder.stat().st_mode
    except OSError:  # it is not there yet, or cannot be read, which is said when it is used
        return
    if os.name == "posix" and mode & stat.S_IWOTH:
        raise MaskfaceError(
            f"Every user can write to {folder}, so its landmarks and networks cannot be trusted. "
            f"Type: chmod o-w {folder}, or name another folder: export {VARIABLE}=DIR."
        )
