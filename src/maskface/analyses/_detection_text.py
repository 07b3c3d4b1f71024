"""Lost faces in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from maskface.analyses._words import limits_text
from maskface.tables import PLAIN
from maskface.text import percent, points

Row = Mapping[Hashable, Any]


def detection_text(bias: pd.DataFrame, dropping: pd.DataFrame) -> str:
    """Say under which covers emotions are found unequally, and what dropping lost faces pretends.

    Parameters
    ----------
    bias
        From `maskface.analyses.detection_bias_table`; pairs of two emotions are said.
    dropping
        From `maskface.analyses.dropping_table`; where faces are lost.
    """
    covered = bias[(bias["condition"] != PLAIN) & (bias["reference"] != "others")]
    same = covered["ci_low"].isna()
    lost = dropping[(dropping["condition"] != PLAIN) & (dropping["label"] == "all")]
    lost = lost[lost["n_found"] < lost["n"]]
    lines = [_bias_line(row) for row in covered[~same].to_dict("records")]
    if same.any():
        lines.append(
            f"In {same.sum()} of {len(same)} ways to look for covered faces of these emotions "
            "there is no difference to estimate: all were found, or none."
        )
    lines += [_drop_line(row) for row in lost.to_dict("records")]
    return "\n".join(lines)


def _where(row: Row) -> str:
    size = f"faces of {row['face_px']} px" if row["face_px"] else "pictures as they are"
    search = "MediaPipe alone" if row["search"] == "never" else "with fallbacks"
    return f"{row['condition']}, {size}, {search}"


def _bias_line(row: Row) -> str:
    return (
        f"{_where(row)}: found {row['label']} {percent(row['value'])} %, {row['reference']} "
        f"{percent(row['reference_value'])} %, difference {points(row['difference'])} "
        f"{limits_text(row)}"
    )


def _drop_line(row: Row) -> str:
    return (
        f"{_where(row)}: dropping the {row['n'] - row['n_found']} lost of {row['n']} faces moves "
        f"the accuracy of {row['classifier']} from {percent(row['value'])} to "
        f"{percent(row['found_value'])} %: {points(row['difference'])} {limits_text(row)}"
    )
