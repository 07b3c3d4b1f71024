"""Files that conditions name: what they hold decides the results, too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from maskface.errors import MaskfaceError

_NAMED: Final = re.compile(r"[:(,]path=([^,()+]+)")
"""A file as a parameter of an occluder, also of one in brackets (see `maskface.specs`)."""


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
    names = {name for condition in conditions for name in _NAMED.findall(condition)}
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
