"""MediaPipe's reports of its use, which it would send to Google, are disabled.

A minute after its first task is created, and when it is closed, MediaPipe 1.2 posts its version,
Python's version, the task and its timings (no pictures). There is no switch for it. On Linux, the
address is made unusable in the memory of this process: without a protocol that it knows, the
library looks up no host and opens no connection. Elsewhere it looks up the host, but gets no root
certificates, so that nothing is sent.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

ADDRESS: Final = b"https://play.googleapis.com/log"
UNUSABLE: Final = b"never" + ADDRESS[5:]
_READ_WRITE: Final = mmap.PROT_READ | mmap.PROT_WRITE
_RIGHTS: Final = {"r": mmap.PROT_READ, "w": mmap.PROT_WRITE, "x": mmap.PROT_EXEC}


class _Mapping(NamedTuple):
    """A part of a file in memory."""

    start: int
    end: int
    offset: int
    rights: int


def private_options(model: str) -> Any:
    """Return options for a MediaPipe task that reports nothing."""
    from mediapipe.tasks.python import BaseOptions

    disable_reports()

    class PrivateOptions(BaseOptions):  # type: ignore[misc]
        def to_ctypes(self) -> Any:
            native = super().to_ctypes()
            native.ca_bundle_path = os.devnull.encode()
            return native

    return PrivateOptions(model_asset_path=model)


@cache
def disable_reports() -> bool:
    """Make the address of reports unusable in this process; return whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    from mediapipe.tasks.python.core.mediapipe_c_bindings import load_raw_library

    library = Path(load_raw_library()._name)
    places = [at for offset in _offsets(library) for at in _addresses(library, offset)]
    return bool(places) and all(_overwrite(*place) for place in places)


def _offsets(library: Path) -> list[int]:
    found, at = [], -1
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while (at := data.find(ADDRESS, at + 1)) >= 0:
            found.append(at)
    return found


def _addresses(library: Path, offset: int) -> list[tuple[int, int]]:
    """Return the addresses of a byte of a file, each with the rights to its page."""
    return [
        (part.start + offset - part.offset, part.rights)
        for part in _mappings(library)
        if part.offset <= offset < part.offset + part.end - part.start
    ]


def _mappings(library: Path) -> list[_Mapping]:
    found = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, offset, _, _, *name = line.split(maxsplit=5)
        if name and os.path.realpath(library) == name[0]:
            start, end = (int(number, 16) for number in place.split("-"))
            allowed = sum(_RIGHTS.get(letter, 0) for letter in rights[:3])
            found.append(_Mapping(start, end, int(offset, 16), allowed))
    return found


def _overwrite(address: int, rights: int) -> bool:
    libc = ctypes.CDLL(None)
    page = address - address % mmap.PAGESIZE
    size = ctypes.c_size_t(address + len(UNUSABLE) - page)
    if libc.mprotect(ctypes.c_void_p(page), size, _READ_WRITE | rights):
        return False
    ctypes.memmove(address, UNUSABLE, len(UNUSABLE))
    libc.mprotect(ctypes.c_void_p(page), size, rights)
    return True
