"""Bash takes words apart at colons and equals signs, so that completion has to join them again."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Final

from maskface.exits import say

_ASKED: Final = ("_MASKFACE_COMPLETE", "complete_bash")
_APART: Final = re.compile(r"[:=]+")
"""What stands in a word of its own where bash has taken words apart (its COMP_WORDBREAKS)."""


@contextmanager
def whole_words() -> Iterator[None]:
    """Let what is completed in bash be a whole word, and answer with what bash takes for one."""
    if os.environ.get(_ASKED[0]) != _ASKED[1] or "COMP_WORDS" not in os.environ:
        yield
        return
    told = os.environ["COMP_WORDS"]
    between = "\n" if "\n" in told else " "
    words, number, before = joined(told.split(between), int(os.environ.get("COMP_CWORD", "0")))
    os.environ |= {"COMP_WORDS": between.join(words), "COMP_CWORD": str(number)}
    answer = io.StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        if found := answer.getvalue().splitlines():
            say("\n".join(line.removeprefix(before) for line in found))


def joined(words: Sequence[str], number: int) -> tuple[list[str], int, str]:
    """Join what bash took apart.

    Parameters
    ----------
    words
        Of the line, as bash has them: ``--occluder``, ``surgical``, ``:``, ``co``.
    number
        Of the word at the cursor.

    Returns
    -------
    list of str, int, str
        The words, the number of the word at the cursor, and what of it stands before that which
        bash completes: ``surgical:``.
    """
    whole: list[str] = []
    at, before = number, ""
    for place, word in enumerate(words):
        if whole and word and (_APART.fullmatch(word) or _APART.fullmatch(words[place - 1])):
            start = whole.pop()
        else:
            start = ""
        whole.append(start + word)
        if place == number:
            at = len(whole) - 1
            before = start + word if _APART.fullmatch(word) else start
    option, equals, value = before.partition("=")
    return whole, at, value if equals and option.startswith("--") else before
