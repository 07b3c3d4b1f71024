"""Ready-made column maps of the platforms, and somebody's own map laid over them."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from maskface._toml import LONGEST, parse_toml
from maskface.errors import MaskfaceError
from maskface.files import read_regular_file
from maskface.humans._map import ColumnMap

PLAIN = "plain"
"""Stands for no ready-made map."""


def ready_maps() -> dict[str, dict[str, Any]]:
    """The maps that come with the package, by platform, as parsed TOML."""
    folder = files("maskface.humans") / "maps"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name.removesuffix(".toml"): tomllib.loads(f.read_text("utf-8")) for f in found}


def read_map(path: Path) -> dict[str, Any]:
    """Parse a column map.

    Raises
    ------
    MaskfaceError
        If the file is missing or is no TOML.
    """
    try:
        return parse_toml(read_regular_file(path, LONGEST).decode("utf-8-sig"))
    # An OverflowError is a file that is too large.
    except (OSError, ValueError, OverflowError) as error:
        raise MaskfaceError(f"Cannot read {path} as a column map: {error}.") from error


def complete_map(own: dict[str, Any], platform: str) -> ColumnMap:
    """Lay somebody's own map over the ready-made one of a platform.

    Raises
    ------
    MaskfaceError
        If a key is unknown or a value is not allowed.
    """
    known = ready_maps() | {PLAIN: {}}
    if platform not in known:
        raise MaskfaceError(
            f"There is no ready-made map {platform!r}. Set platform to one of "
            f"{', '.join(known)}, or leave it out."
        )
    base = known[platform]
    try:
        return ColumnMap.model_validate(_laid_over(base, own) | {"platform": platform})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MaskfaceError(
            f"The column map is not valid at {place}: {first['msg']}. docs/humans.md lists what a "
            "map may hold."
        ) from error


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        below = out.get(key)
        nested = isinstance(below, dict) and isinstance(value, dict)
        out[key] = _laid_over(below, value) if nested else value  # type: ignore[arg-type]
    return out


def detect_platform(header: tuple[str, ...]) -> str:
    """Tell the platform from the names of the columns; ``plain`` if it is none of those known."""
    for name, ready in ready_maps().items():
        signs = [re.compile(sign) for sign in ready["detect"]]
        if all(any(sign.search(column) for column in header) for sign in signs):
            return name
    return PLAIN
