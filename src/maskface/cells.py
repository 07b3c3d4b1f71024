"""Text in the cells of CSV files: nothing that a spreadsheet would execute, and nothing lost."""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = re.compile(r"""[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\n]""")
"""How a text begins that a spreadsheet takes for a formula, with any apostrophes in front; with
the wide forms of the signs, which some read alike."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FIRST: Final = frozenset(" \"'=+-@\uff1d\uff0b\uff0d\uff20")


def safe_cell(text: str) -> str:
    """Set a text so that it can stand in a CSV file.

    Parameters
    ----------
    text
        Anything.

    Returns
    -------
    str
        Texts that begin like a formula (=, +, -, @, tab or line break, also behind blanks and
        quotes) and are no number get an apostrophe in front, as do those that begin with
        apostrophes before such a text, so that `cell_text` gives every text back (OWASP, CSV
        Injection, https://owasp.org/www-community/attacks/CSV_Injection). Control characters other
        than tab and line break, and what is no Unicode, become blanks.
    """
    if text[:1] not in _FIRST and text.isprintable():
        return text
    plain = _CONTROL.sub(" ", text)
    return f"'{plain}" if _is_formula(plain) else plain


def cell_text(cell: str) -> str:
    """Return the text that `safe_cell` set as `cell`."""
    return cell[1:] if cell[:1] == "'" and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    return _FORMULA.match(text) is not None and _NUMBER.fullmatch(text) is None
