"""Regular expressions from strangers, which may take for ever: looked for in a bounded time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from maskface.errors import MaskfaceError
from maskface.humans import _matcher

SECONDS: Final = 10.0
"""For one pattern in one file. A pattern without repeats within repeats takes about 1 s for a
million texts; ``(a+)+$`` takes 10 hours for one text of 40 characters."""

_SHOWN: Final = 80
"""Characters of a pattern in a message."""

Found = dict[str, dict[str, str] | None]


def search(pattern: str, texts: Iterable[str], fields: Iterable[str], key: str) -> Found:
    """Look for a regular expression in texts.

    Parameters
    ----------
    pattern
        Of Python's kind.
    texts
        Each is looked at once.
    fields
        Names of groups that are wanted.
    key
        Where the pattern stands in the column map, for messages.

    Returns
    -------
    dict
        By text: what is in the wanted groups that the pattern has, or None if it does not fit.

    Raises
    ------
    MaskfaceError
        If it is no regular expression, or takes too long or too much memory.
    """
    each = list(dict.fromkeys(texts))
    try:
        groups, found = _asked(pattern, tuple(each), tuple(fields))
    except ValueError as error:
        raise MaskfaceError(f"The column map is not valid at {key}: {error}.") from error
    values = (None if one is None else dict(zip(groups, one, strict=True)) for one in found)
    return dict(zip(each, values, strict=True))


@lru_cache
def groups_of(pattern: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Which fields are named groups of a regular expression; `ValueError` if it is none."""
    return tuple(_asked(pattern, (), fields)[0])


@lru_cache(maxsize=32)  # files of a study have the same header, and often the same values
def _asked(pattern: str, texts: tuple[str, ...], fields: tuple[str, ...]) -> tuple[Any, Any]:
    """Let another process look: nothing else ends Python's search on every system."""
    named = repr(pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}...")
    question = json.dumps({"pattern": pattern, "texts": texts, "fields": fields})
    try:
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-I", "-S", str(Path(_matcher.__file__))],
            input=question, capture_output=True, text=True, check=True, timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"{named} took more than {SECONDS:g} s. Repeats within repeats, such as (a+)+, may "
            "take for ever: write it without them, or name columns and values in full"
        ) from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "no message").strip().splitlines()[-1]
        raise ValueError(f"{named} cannot be looked for ({last})") from error
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ValueError(f"{named} is no regular expression: {answer['error']}")
    return answer["groups"], answer["found"]
