"""Model weights that ship with the package, and their manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maskface.errors import MaskfaceError

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Weights:
    """One shipped weights file."""

    file: str  # its name in the package
    sha256: str  # hash of its bytes, 64 hexadecimal digits
    title: str
    licence: str  # terms of use
    licence_file: str  # name of the file with the text of the licence
    source: str  # origin
    citation: str  # reference

    @property
    def name(self) -> str:
        """Name of the network: that of its file without the ending."""
        return Path(self.file).stem

    @property
    def path(self) -> Path:
        """Path of the file."""
        return FOLDER / self.file

    def verify(self) -> None:
        """Check the file against its recorded hash.

        Raises MaskfaceError if the file is missing or has other bytes.
        """
        if not self.path.is_file():
            raise MaskfaceError(f"{self.path} is missing. Reinstall maskface.")
        got = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if got != self.sha256:
            raise MaskfaceError(
                f"{self.path} has sha256 {got}, but {self.sha256} is expected. Reinstall maskface."
            )


@cache
def manifest() -> dict[str, Weights]:
    """Return the shipped weights by file name."""
    entries = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return {entry["file"]: Weights(**entry) for entry in entries}
