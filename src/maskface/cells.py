"""Cells of CSV files: texts that no spreadsheet executes, and back without loss."""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = re.compile(
    r"""[\s"'\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*"""
    r"""[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\n]"""
)
"""Start of a text that a spreadsheet takes for a formula: after blanks, quotes and invisible
characters, also with the wide forms of the signs."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FIRST: Final = frozenset(" \"'=+-@\uff1d\uff0b\uff0d\uff20")


def safe_cell(text: str) -> str:
    """Return a text as a cell of a CSV file.

    Texts that begin like a formula (=, +, -, @, tab or line break, also after blanks, quotes and
    invisible characters) and are no number get an apostrophe in front, as do texts with apostrophes
    before such a start, so that `cell_text` restores every text (OWASP, CSV Injection,
    https://owasp.org/www-community/attacks/CSV_Injection). Control characters other than tab and
    line break, and lone surrogates, become blanks.
    """
    if text[:1] not in _FIRST and text.isprintable():
        return text
    plain = _CONTROL.sub(" ", text)
    return f"'{plain}" if _is_formula(plain) else plain


def cell_text(cell: str) -> str:
    """Return the text of a cell that `safe_cell` made."""
    return cell[1:] if cell[:1] == "'" and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
