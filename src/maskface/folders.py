"""Where maskface keeps what can be made or fetched again."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError

_NO_FOLDER: Final = "MASKFACE_CACHE is {!r}, which is no folder. Name a folder; it need not exist."


def cache_folder(kind: str) -> Path:
    """Folder for one kind of thing.

    Parameters
    ----------
    kind
        Name of the folder: ``landmarks``, ``models``.

    Returns
    -------
    Path
        `kind` below ``$MASKFACE_CACHE``, or below `maskface` in the platform's cache folder
        (``$XDG_CACHE_HOME`` or ``~/.cache``; ``~/Library/Caches`` on macOS; ``%LOCALAPPDATA%`` on
        Windows). The folder need not exist.

    Raises
    ------
    MaskfaceError
        If ``$MASKFACE_CACHE`` names what is no folder.
    """
    chosen = os.environ.get("MASKFACE_CACHE")
    return (_chosen(chosen) if chosen else _platform_cache() / "maskface") / kind


def data_folder(kind: str) -> Path:
    """Return the folder for results that are kept until the user deletes them.

    Parameters
    ----------
    kind
        Name of the folder: ``runs``.

    Returns
    -------
    Path
        `kind` below `maskface` in the platform's data folder (``$XDG_DATA_HOME`` or
        ``~/.local/share``; ``~/Library/Application Support`` on macOS; ``%LOCALAPPDATA%`` on
        Windows). The folder need not exist.
    """
    import platformdirs

    return platformdirs.user_data_path("maskface", appauthor=False) / kind


def _chosen(name: str) -> Path:
    try:
        root = Path(name).expanduser()
    except RuntimeError as error:  # ~nobody
        raise MaskfaceError(_NO_FOLDER.format(name)) from error
    if root.exists() and not root.is_dir():
        raise MaskfaceError(_NO_FOLDER.format(name))
    return root


def _platform_cache() -> Path:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    named = Path(os.environ.get(variable, ""))
    # The XDG specification says to ignore a relative path.
    if named.is_absolute() and sys.platform != "darwin":
        return named
    try:
        home = Path.home()
    except RuntimeError:  # no home folder: a user without an entry in the password file
        return Path(tempfile.gettempdir())
    below = {"darwin": "Library/Caches", "win32": "AppData/Local"}
    return home / below.get(sys.platform, ".cache")
