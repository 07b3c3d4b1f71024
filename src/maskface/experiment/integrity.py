"""Whether the files of a complete run are as the run wrote them.

The manifest has the SHA-256 and the number of rows of each table. A file is hashed before its rows
are used, once for each of its states (size, mtime and ctime) in a process: hashing takes a
hundredth of the time that parsing does.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["Damage", "find_damage", "require_sound", "sound"]


class Damage(NamedTuple):
    """A file that is not as the run wrote it.

    Attributes
    ----------
    path
        The file.
    reason
        Difference, as a part of a sentence.
    """

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"
