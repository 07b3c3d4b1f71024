"""Files that conditions name: what they hold decides the results, too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError

_NAMED: Final = re.compile(r"[:(,]path=")
"""Before a file as a parameter of an occluder, also of one in brackets (see `maskface.specs`)."""


def named_files(conditions: Iterable[str]) -> dict[str, str]:
    """Hash the files that conditions name, as ``texture:path=mask.png`` does.

    Returns
    -------
    dict
        SHA-256 by name.

    Raises
    ------
    MaskfaceError
        If one cannot be read.
    """
    names = {name for condition in conditions for name in _names(condition)}
    try:
        return {
            name: hashlib.sha256(Path(name).expanduser().read_bytes()).hexdigest()
            for name in sorted(names)
        }
    except OSError as error:
        raise MaskfaceError(
            f"Cannot read {error.filename}, which an occluder names: {error.strerror}. Put the "
            "file there, or name another one."
        ) from error


def _names(condition: str) -> Iterator[str]:
    for found in _NAMED.finditer(condition):
        rest = condition[found.end() :]
        yield rest[: _length(rest)]


def _length(rest: str) -> int:
    """Letters before the comma, plus sign or bracket that ends a value, which may hold pairs."""
    depth = 0
    for place, letter in enumerate(rest):
        if not depth and letter in ",+)":
            return place
        depth += (letter == "(") - (letter == ")")
    return len(rest)
