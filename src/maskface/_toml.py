"""TOML from strangers: Python's parser takes hours for some texts."""

from __future__ import annotations

import tomllib
from typing import Any, Final

LONGEST: Final = 100_000
LONGEST_LINE: Final = 2_000
DEEPEST: Final = 20


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML of limited size and depth.

    At most `LONGEST` characters, and `LONGEST_LINE` in a line: parsing a key with many dots takes
    time that grows with the square of their number. Raises ValueError if it is no TOML, too long,
    or tables are nested more than `DEEPEST` times.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters, at most {LONGEST:,} are read")
    if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        raise ValueError(f"a line has more than {LONGEST_LINE:,} characters")
    try:
        parsed = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("its brackets are nested too deeply") from error
    level: list[Any] = [parsed]
    for _ in range(DEEPEST):
        level = [item for value in level for item in _below(value)]
    if level:
        raise ValueError(f"its tables are nested more than {DEEPEST} times")
    return parsed


def _below(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
