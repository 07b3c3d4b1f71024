"""Answers to composite faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ORDER: Final = {"whole": 0, "composite": 1, "misaligned": 2}
_SHOWN: Final = ("plain", "masked")


def plot_concealed(
    table: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the answers to whole and composite faces, plain and masked, one series per answer.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.CONCEALED`.
    classifier
        May be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Shares in per cent with 95 % intervals; other answers make up the rest.

    Raises
    ------
    MaskfaceError
        If the table lacks the classifier, or the choice is not clear.
    """
    shown = style.choose(table, classifier=classifier)
    shown = shown[shown["quantity"].isin(_SHOWN)]
    order = shown["kind"].map(_ORDER)
    shown = shown.assign(order=order, later=shown["quantity"] != _SHOWN[0], row=_names(shown))
    shown = shown.sort_values(["order", "upper", "lower", "later"], kind="stable")
    rows = list(dict.fromkeys(shown["row"]))
    series = style.series_in_percent(shown, "answer", "value", "row")
    text = f"{shown['classifier'].iloc[0]}: answers (%)\n{style.footing(shown)}"
    ax = style.plot_rows(rows, series, text, ax, lines=2, zero=False)
    style.separate(ax, [place // len(_SHOWN) for place in range(len(rows))])
    ax.set_xlim(-2, 102)
    return ax


def _names(shown: pd.DataFrame) -> pd.Series:
    halves = shown["upper"] + " over " + shown["lower"]
    faces = halves.mask(shown["kind"] == "whole", "whole " + shown["upper"])
    aside = faces.mask(shown["kind"] == "misaligned", halves + ", misaligned")
    return aside + "\n" + shown["quantity"]
