"""What maskface keeps on this machine: the landmark cache, shown and cleared."""

from __future__ import annotations

from collections.abc import Sequence

from maskface.errors import MaskfaceError
from maskface.landmarks import (
    Kept,
    MediaPipeDetector,
    cache_limit,
    clear,
    default_cache_folder,
    detector_folder,
    kept,
)
from maskface.text import align


def cache_text() -> str:
    """Say what the user's landmark cache holds, by detector.

    Raises
    ------
    MaskfaceError
        If the folder cannot be read, or the limit is not a number.
    """
    folder, limit = default_cache_folder(), cache_limit()
    try:
        held = kept(folder)
    except OSError as error:
        raise MaskfaceError(f"Cannot read {folder}: {error.strerror or error}.") from error
    used = sum(one.size for one in held)
    lines = [str(folder), *_table(held), f"{_megabytes(used)} of {_megabytes(limit)} MB"]
    return "\n".join(lines)


def cache_cleared_text() -> str:
    """Clear the user's landmark cache and say what was removed.

    Raises
    ------
    MaskfaceError
        If an entry cannot be removed.
    """
    folder = default_cache_folder()
    try:
        removed = clear(folder)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot clear {folder}: {error.strerror or error}. Delete it by hand."
        ) from error
    entries, size = sum(one.entries for one in removed), sum(one.size for one in removed)
    return "\n".join(
        [str(folder), *_table(removed), f"removed {entries} entries, {_megabytes(size)} MB"]
    )


def _table(held: Sequence[Kept]) -> list[str]:
    if not held:
        return ["no landmarks"]
    current = detector_folder(MediaPipeDetector().fingerprint)
    rows = [
        (
            one.detector,
            str(one.entries),
            _megabytes(one.size),
            "the one in use" if one.detector == current else "another version or setting",
        )
        for one in held
    ]
    return align([("detector", "entries", "MB", "which"), *rows]).splitlines()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
