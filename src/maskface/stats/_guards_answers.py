"""Guards on what was answered: ceiling, chance, floor, and one answer for everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from maskface.arrays import Row
from maskface.stats._shares import wilson_interval
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

CEILING: Final = 0.95
DOMINANT_SHARE: Final = 0.6
DOMINANT_EXCESS: Final = 0.2
"""By how much an emotion's share of the answers must exceed its share of the pictures."""


def plain_guards(plain: pd.DataFrame) -> Iterator[Row]:
    """Ceiling and chance of the plain faces, and emotions that are not read even there."""
    if plain.empty:
        return
    head: Row = {"condition": PLAIN}
    right, n = int(plain["correct"].sum()), len(plain)
    if right / n >= CEILING:
        yield head | {
            "guard": "ceiling",
            "detail": f"{percent(right / n)} % of the plain faces are read right ({right} of "
            f"{n}): differences between occluders or emotions may be hidden by the ceiling.",
        }
    commonest = _commonest(plain)
    if not _above(right, n, commonest):
        yield head | {
            "guard": "chance",
            "detail": f"{percent(right / n)} % of the plain faces are read right ({right} of "
            f"{n}), not reliably more than the {percent(commonest)} % of always answering the "
            "commonest emotion: there is no recognition that an occluder could take away.",
        }
    for label, of_label in plain.groupby("label"):
        yield from (head | row for row in _floor_of_label(str(label), of_label))


def _floor_of_label(label: str, plain: pd.DataFrame) -> Iterator[Row]:
    right, n = int(plain["correct"].sum()), len(plain)
    chance = 1 / len(EMOTIONS)
    if right / n <= chance:
        yield {
            "label": label,
            "guard": "floor",
            "detail": f"Plain {label} is read right in {right} of {n} pictures "
            f"({percent(right / n)} %, guessing: {percent(chance)} %): there is hardly anything "
            "to lose, so a small loss says nothing.",
        }


def floor(name: str, occluded: pd.DataFrame) -> Iterator[Row]:
    """Accuracy under a condition that is no better than guessing."""
    if occluded.empty:
        return
    right, n, commonest = int(occluded["correct"].sum()), len(occluded), _commonest(occluded)
    if not _above(right, n, commonest):
        yield {
            "guard": "floor",
            "detail": f"Under {name} {percent(right / n)} % of the faces are read right ({right} "
            f"of {n}), not reliably more than the {percent(commonest)} % of always answering the "
            "commonest emotion: an occluder that hides more could not show a larger loss.",
        }


def dominant(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """One emotion that is answered to most pictures, whatever they show."""
    if part.empty:
        return
    shares = part["predicted"].value_counts(normalize=True).sort_index()
    answer, share = str(shares.idxmax()), float(shares.max())
    shown = float((part["label"] == answer).mean())
    if share > DOMINANT_SHARE and share - shown >= DOMINANT_EXCESS:
        yield {
            "label": answer,
            "guard": "dominant_answer",
            "detail": f"{percent(share)} % of the answers under {name} are {answer}, but only "
            f"{percent(shown)} % of the pictures: its recall is bias rather than recognition. "
            "Look at hu and dprime.",
        }


def _commonest(part: pd.DataFrame) -> float:
    return float(part["label"].value_counts(normalize=True).max())


def _above(right: int, n: int, chance: float) -> bool:
    """Whether the Wilson interval lies above chance; with one emotion, anything is."""
    if chance == 1:
        return True
    return bool(wilson_interval(np.array(right), np.array(n))[0] > chance)


def percent(share: float) -> str:
    """Set a share as whole per cent."""
    return f"{100 * share:.0f}"
