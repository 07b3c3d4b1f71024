"""Numbers as sentences."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

from maskface.text import percent, points

Row = Mapping[Hashable, Any]


def limits_text(row: Row, *, signed: bool = True) -> str:
    """Set ``[low, high]`` in points, or why there is no interval."""
    if math.isnan(row["ci_low"]):
        return "(no interval)"
    set_as = points if signed else percent
    return f"[{set_as(row['ci_low'])}, {set_as(row['ci_high'])}]"


def difference_text(row: Row) -> str:
    """Say how a condition differs from its reference; `row` is one of `CONTRASTS`."""
    covers = f"{percent(row['coverage'])} and {percent(row['reference_coverage'])} % covered"
    label = "" if row["label"] == "all" else f", {row['label']}"
    return (
        f"{row['classifier']}: {row['condition']} minus {row['reference']}{label}: "
        f"{points(row['difference'])} points {limits_text(row)} ({covers})"
    )
