"""Text from strangers: nothing that a terminal would take for a command.

What a spreadsheet would take for one, `maskface.cells` deals with wherever a table is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import pandas as pd

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def harmless(texts: pd.Series) -> pd.Series:
    """Set the control characters in cells of a file that somebody else made as blanks."""
    change = {text: harmless_text(str(text)) for text in texts.unique()}
    return texts.map(change).astype(object)


def harmless_text(text: str) -> str:
    """The same for one text."""
    return _CONTROL.sub(" ", text)


def listed(names: Iterable[str]) -> str:
    """Set names of columns in a message."""
    return ", ".join(harmless_text(name) for name in names)
