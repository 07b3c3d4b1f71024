"""What appearances of the same shape cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots.style import (
    choose,
    draw_rows,
    footing,
    largest_first,
    rows_axes,
    series_in_percent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_appearance(appearance: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the loss under every appearance, group by group, one series a classifier.

    Parameters
    ----------
    appearance
        In the schema of `maskface.analyses.APPEARANCE`. A condition of several groups is drawn in
        the first of them.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Losses in percentage points with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = choose(appearance[appearance["measure"] == "loss"], "label", label)
    shown = shown.drop_duplicates(["classifier", "condition"])
    first = shown.drop_duplicates("condition")
    rows = [
        row
        for group in first["group"].unique()
        for row in largest_first(
            shown[shown["condition"].isin(first.loc[first["group"] == group, "condition"])],
            "condition",
            "value",
        )
    ]
    ax = rows_axes(len(rows)) if ax is None else ax
    draw_rows(ax, rows, series_in_percent(shown, "classifier", "value", "condition"))
    _name_groups(ax, first)
    what = "Accuracy" if label == "all" else f"Right answers to {label}"
    ax.set_xlabel(f"{what} lost (percentage points)\n{footing(shown)}")
    return ax


def _name_groups(ax: Axes, conditions: pd.DataFrame) -> None:
    """Set a line below each group, and its name at the right end of its first row."""
    place = len(conditions) - 1
    for group, rows in conditions.groupby("group", sort=False):
        ax.annotate(
            str(group), (1.01, place), xycoords=("axes fraction", "data"), va="center",
            color="0.35", fontsize="small",
        )  # fmt: skip
        place -= len(rows)
        if place >= 0:
            ax.axhline(place + 0.5, color="0.8", linewidth=0.8)
