"""The answer to the run's question, in words and as a small table."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from maskface.classifiers import is_control
from maskface.text import p_text, percent, points

Row = Mapping[Hashable, Any]
_SENTENCES: Final = 2
"""So many losses are told one by one; more are summed up."""
NO_LOSS: Final = "Only the unoccluded faces were read: there is no loss to show."


def answer_text(row: Row) -> str:
    """Say in a sentence what a classifier lost overall; `row` is one of `loss_table`."""
    sentence = (
        f"{row['classifier']} names the shown emotion on {percent(row['clean'])} % of the plain "
        f"faces and {percent(row['occluded'])} % of the same faces under {row['condition']}: "
        f"a loss of {points(row['loss'])} percentage points"
    )
    if math.isnan(row["ci_low"]):
        return sentence + " (no interval: there are too few subjects)."
    limits = f"{points(row['ci_low'])} to {points(row['ci_high'])}"
    return sentence + f" (95 % confidence interval {limits})."


def answers(losses: pd.DataFrame) -> list[str]:
    """Say what was lost: a sentence for each of one or two losses, or one that sums up more.

    Parameters
    ----------
    losses
        From `maskface.stats.loss_table`.
    """
    rows = overall(losses)
    if not rows:
        return [NO_LOSS]
    if len(rows) <= _SENTENCES and len({row["condition"] for row in rows}) == 1:
        return [answer_text(row) for row in rows]
    return [_summed_up(rows)]


def overall(losses: pd.DataFrame) -> list[Row]:
    """Rows over all emotions."""
    return list(losses[losses["emotion"] == "all"].to_dict("records"))


def _summed_up(rows: Sequence[Row]) -> str:
    rows = [row for row in rows if not math.isnan(row["loss"])]
    # Those that learnt from shuffled labels are meant to have nothing to lose.
    rows = [row for row in rows if not is_control(str(row["classifier"]))] or rows
    if not rows:
        return "No face has an answer both plain and covered: there is no loss to show."
    least, most = (choose(rows, key=lambda row: row["loss"]) for choose in (min, max))
    readers = _many(len({row["classifier"] for row in rows}), "classifier")
    covers = _many(len({row["condition"] for row in rows}), "occluder")
    above = sum(row["ci_low"] > 0 for row in rows)
    below = sum(row["ci_high"] < 0 for row in rows)
    gains = f" and below 0 in {below}" if below else ""
    return (
        f"With {readers} and {covers}, the loss of accuracy lies between {_size(least)} and "
        f"{_size(most)} percentage points: it is smallest for {_told(least)} and largest for "
        f"{_told(most)}. The 95 % interval of the loss lies above 0 in {above} of "
        f"{len(rows)} comparisons{gains}."
    )


def _size(row: Row) -> str:
    return f"{points(row['loss'])}{' (a gain)' if row['loss'] < 0 else ''}"


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' if n > 1 else ''}"


def _told(row: Row) -> str:
    limits = ""
    if not math.isnan(row["ci_low"]):
        limits = f" (95 % CI {points(row['ci_low'])} to {points(row['ci_high'])})"
    return f"{row['classifier']} under {row['condition']}{limits}"


def cells(row: Row) -> dict[str, Any]:
    """Cells of a row of a loss table: names, numbers, and whether it is over all emotions."""
    interval = f"{points(row['ci_low'])} to {points(row['ci_high'])}"
    if math.isnan(row["ci_low"]):
        interval = "-"
    shares = (percent(row["clean"]), percent(row["occluded"]))
    return {
        "names": (row["classifier"], row["condition"], row["emotion"]),
        "numbers": (points(row["loss"]), interval, *shares, row["n"], p_text(row["p_adjusted"])),
    }
