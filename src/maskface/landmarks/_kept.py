"""What the landmark cache holds: looked at, cut down to a size, and cleared.

Only files that the cache itself names are counted and removed, and no link is followed: whatever
else lies in the folder stays.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

SUFFIX: Final = ".npz"
_DETECTOR: Final = re.compile(r"[0-9a-f]{16}")
_START: Final = re.compile(r"[0-9a-f]{2}")
_ENTRY: Final = re.compile(r"[0-9a-f]{64}\.npz")
_UNFINISHED: Final = re.compile(r"\.[0-9a-f]{64}\.npz\.\d+\.\d+")
_ABANDONED_S: Final = 3600
"""An unfinished file as old as this belongs to a process that was ended."""
ROOM: Final = 0.9
"""To what share of the limit the cache is cut down, so that it is not cut at every entry."""


class Entry(NamedTuple):
    """One file of the cache.

    Attributes
    ----------
    used
        When it was last written or read, to the day; seconds since 1970.
    size
        Bytes.
    path
        Where it is.
    """

    used: float
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cache holds of one detector.

    Attributes
    ----------
    detector
        Name of its folder, a hash of the detector's fingerprint; 16 hexadecimal digits.
    entries
        Number of pictures.
    size
        Bytes in all.
    """

    detector: str
    entries: int
    size: int


def kept(folder: Path) -> list[Kept]:
    """Count what a cache folder holds, by detector; nothing if there is no such folder."""
    found: dict[str, list[Entry]] = {}
    for entry in entries(folder):
        found.setdefault(Path(entry.path).parent.parent.name, []).append(entry)
    return [
        Kept(detector, len(own), sum(entry.size for entry in own))
        for detector, own in sorted(found.items())
    ]


def clear(folder: Path) -> list[Kept]:
    """Remove all entries of a cache folder, and the folders that are empty then.

    Returns
    -------
    list of Kept
        What was removed, by detector.

    Raises
    ------
    OSError
        If an entry cannot be removed.
    """
    removed: dict[str, list[int]] = {}
    for entry in entries(folder):
        with suppress(FileNotFoundError):  # another process was quicker
            Path(entry.path).unlink()
            removed.setdefault(Path(entry.path).parent.parent.name, []).append(entry.size)
    _drop_rest(folder)
    return [Kept(name, len(sizes), sum(sizes)) for name, sizes in sorted(removed.items())]


def cut_down(folder: Path, limit: int) -> int:
    """Remove the entries that were not used for longest, if all together exceed a limit.

    Parameters
    ----------
    folder
        Of the cache.
    limit
        Bytes; if there are more, as many are removed as leave `ROOM` of it.

    Returns
    -------
    int
        Number of entries that were removed.

    Raises
    ------
    OSError
        If an entry cannot be removed.
    """
    found = list(entries(folder))
    total = sum(entry.size for entry in found)
    if total <= limit:
        return 0
    removed = 0
    for entry in sorted(found):
        if total <= ROOM * limit:
            break
        with suppress(FileNotFoundError):
            Path(entry.path).unlink()
            removed += 1
        total -= entry.size
    return removed


def entries(folder: Path) -> Iterator[Entry]:
    """Go through the entries of a cache folder, in no particular order."""
    for start in _starts(folder):
        for file in _files(start, _ENTRY):
            if file.name.startswith(Path(start).name):
                with suppress(FileNotFoundError):
                    about = file.stat(follow_symlinks=False)
                    yield Entry(about.st_mtime, about.st_size, file.path)


def _drop_rest(folder: Path) -> None:
    """Remove what ended processes left behind, and folders without anything in them."""
    for start in list(_starts(folder)):
        for file in _files(start, _UNFINISHED):
            with suppress(OSError):
                if time.time() - file.stat(follow_symlinks=False).st_mtime > _ABANDONED_S:
                    Path(file.path).unlink()
        with suppress(OSError):
            Path(start).rmdir()
    for detector in list(_folders(folder, _DETECTOR)):
        with suppress(OSError):
            Path(detector).rmdir()


def _starts(folder: Path) -> Iterator[str]:
    for detector in _folders(folder, _DETECTOR):
        yield from _folders(detector, _START)


def _folders(within: Path | str, name: re.Pattern[str]) -> Iterator[str]:
    return (
        found.path
        for found in _scanned(within)
        if name.fullmatch(found.name) and found.is_dir(follow_symlinks=False)
    )


def _files(within: str, name: re.Pattern[str]) -> Iterator[os.DirEntry[str]]:
    return (
        found
        for found in _scanned(within)
        if name.fullmatch(found.name) and found.is_file(follow_symlinks=False)
    )


def _scanned(folder: Path | str) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing if it is gone or is none."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
