"""What composite faces are taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from maskface.plots.style import choose, draw_rows, footing, rows_axes, series_in_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ORDER: Final = {"whole": 0, "composite": 1, "misaligned": 2}
_SHOWN: Final = ("plain", "masked")


def plot_concealed(
    table: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what whole and composite faces are taken for, plain and masked, one series an answer.

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
    shown = choose(table, "classifier", classifier)
    shown = shown[shown["quantity"].isin(_SHOWN)]
    order = shown["kind"].map(_ORDER)
    plain_first = shown["quantity"] != _SHOWN[0]
    shown = shown.assign(order=order, later=plain_first, row=_names(shown))
    shown = shown.sort_values(["order", "upper", "lower", "later"], kind="stable")
    rows = list(dict.fromkeys(shown["row"]))
    ax = rows_axes(len(rows), 2) if ax is None else ax
    draw_rows(ax, rows, series_in_percent(shown, "answer", "value", "row"), zero=False)
    for height in range(2, len(rows), 2):
        ax.axhline(height - 0.5, color="0.8", linewidth=0.8)
    ax.set_xlim(-2, 102)
    ax.set_xlabel(f"{shown['classifier'].iloc[0]}: answers (%)\n{footing(shown)}")
    return ax


def _names(shown: pd.DataFrame) -> pd.Series:
    halves = shown["upper"] + " over " + shown["lower"]
    whole = shown["kind"] == "whole"
    faces = halves.mask(whole, "whole " + shown["upper"])
    aside = faces.mask(shown["kind"] == "misaligned", halves + ", misaligned")
    return aside + "\n" + shown["quantity"]
