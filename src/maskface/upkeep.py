"""Contents of the landmark cache of this machine, and their removal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskface.errors import os_errors_explained
from maskface.landmarks import (
    CacheStats,
    MediaPipeDetector,
    cache_limit,
    cache_stats,
    clear,
    default_cache_folder,
    detector_folder,
)
from maskface.text import align


@dataclass(frozen=True, slots=True)
class CacheContents:
    """Contents of the user's landmark cache, present or removed."""

    folder: Path
    limit: int  # largest size in bytes
    detectors: tuple[CacheStats, ...]  # entries by detector
    removed: bool = False  # true if they were removed

    @property
    def size(self) -> int:
        """Number of bytes."""
        return sum(one.size for one in self.detectors)

    def text(self) -> str:
        """Return a table by detector, in megabytes."""
        entries = sum(one.entries for one in self.detectors)
        last = f"{_megabytes(self.size)} of {_megabytes(self.limit)} MB"
        if self.removed:
            last = f"removed {entries} entries, {_megabytes(self.size)} MB"
        return "\n".join([str(self.folder), *self._table(), last])

    def _table(self) -> list[str]:
        if not self.detectors:
            return ["no landmarks"]
        rows = [
            (
                one["detector"],
                str(one["entries"]),
                _megabytes(one["size"]),
                "the one in use" if one["in_use"] else "another version or setting",
            )
            for one in self.values()["detectors"]
        ]
        return align([("detector", "entries", "MB", "which"), *rows]).splitlines()

    def values(self) -> dict[str, Any]:
        """Return plain values, with sizes in bytes."""
        current = detector_folder(MediaPipeDetector().fingerprint)
        return {
            "folder": self.folder,
            "size": self.size,
            "limit": self.limit,
            "removed": self.removed,
            "detectors": [
                {
                    "detector": one.detector,
                    "entries": one.entries,
                    "size": one.size,
                    "in_use": one.detector == current,
                }
                for one in self.detectors
            ],
        }


def cache_contents() -> CacheContents:
    """Count the entries of the user's landmark cache.

    Raises MaskfaceError if the folder cannot be read, or a setting of the cache is wrong.
    """
    folder, limit = default_cache_folder(), cache_limit()
    with os_errors_explained(f"read {folder}"):
        held = tuple(cache_stats(folder))
    return CacheContents(folder, limit, held)


def clear_cache() -> CacheContents:
    """Clear the user's landmark cache, and return what was removed.

    Raises MaskfaceError if an entry cannot be removed, or a setting of the cache is wrong.
    """
    folder, limit = default_cache_folder(), cache_limit()
    with os_errors_explained(f"clear {folder}", "Delete it by hand."):
        held = tuple(clear(folder))
    return CacheContents(folder, limit, held, removed=True)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
