"""Where maskface keeps what can be made or fetched again."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


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
    """
    chosen = os.environ.get("MASKFACE_CACHE")
    root = Path(chosen).expanduser() if chosen else _platform_cache() / "maskface"
    return root / kind


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
