"""Text from strangers: nothing that a spreadsheet or a terminal would take for a command."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import pandas as pd

_FORMULA: Final = re.compile(r"^\s*[=+\-@]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NUMBER: Final = re.compile(r"^[+-]?\d+([.,]\d+)?$")


def harmless(texts: pd.Series) -> pd.Series:
    """Take the sting out of texts that spreadsheets or terminals would execute.

    Parameters
    ----------
    texts
        Cells of a file that somebody else made.

    Returns
    -------
    pandas.Series
        Control characters become blanks. Texts that begin with = + - or @ get an apostrophe in
        front, unless they are numbers (OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection).
    """
    change = {text: harmless_text(str(text)) for text in texts.unique()}
    return texts.map(change).astype(object)


def harmless_text(text: str) -> str:
    """The same for one text."""
    text = _CONTROL.sub(" ", text)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def listed(names: Iterable[str]) -> str:
    """Set names of columns in a message."""
    return ", ".join(_CONTROL.sub(" ", name) for name in names)
