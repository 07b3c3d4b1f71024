"""What files pictures were read from, so that a changed one is noticed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maskface.errors import ImageError
from maskface.images import LIMITS, Limits, read_bytes
from maskface.schema import Column, Table

PICTURES: Final = Table(
    "pictures",
    (
        Column("run_id", "text", "Hash of everything that decides the results of the run"),
        Column("dataset", "text", "Name of the face set"),
        Column("image_id", "text", "The picture's path below the set's folder"),
        Column("sha256", "text", "Hash of the file's bytes; empty if it could not be read"),
        Column("message", "text", "Why it could not be read"),
        Column(
            "state", "text",
            "Size of the file in bytes, its mtime and its ctime (ns since 1970): while these are "
            "the same, its bytes are taken to be",
        ),
    ),
    ("dataset", "image_id"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """What a picture's file was when it was read.

    Attributes
    ----------
    sha256, message, state
        See `PICTURES`.
    """

    sha256: str
    message: str
    state: str

    def cells(self) -> dict[str, Any]:
        """The same as cells of a row."""
        return {"sha256": self.sha256, "message": self.message, "state": self.state}

    def fits(self, path: Path, limits: Limits) -> bool:
        """Whether a file is still the same; if it was read, its state says so without reading.

        Raises
        ------
        ImageError
            If it could be read then, but cannot be now.
        """
        # A file that could not be read is tried again: nothing of it changes when a disk recovers.
        if self.sha256 and self.state and self.state == file_state(path):
            return True
        now = read_marked(path, limits)[0]
        if self.sha256 and now.message:
            raise ImageError(now.message)
        return (self.sha256, self.message) == (now.sha256, now.message)


def read_marked(path: Path, limits: Limits = LIMITS) -> tuple[Mark, bytes]:
    """Read a picture's file, and say what was read; no bytes if it cannot be read."""
    # First, so that a file that is replaced meanwhile does not pass for the one that was read.
    state = file_state(path)
    try:
        data = read_bytes(path, limits)
    except ImageError as error:
        return Mark("", str(error), state), b""
    return Mark(hashlib.sha256(data).hexdigest(), "", state), data


def file_state(path: Path) -> str:
    """What changes with a file without looking into it; empty if there is none.

    Size, mtime and ctime. Nobody can set the ctime (but on Windows, where it is the time of
    creation), so that a file of the same size and mtime in the place of another is noticed, too.
    """
    try:
        about = path.stat()
    except (OSError, ValueError):  # ValueError: names that no file can have
        return ""
    return f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
