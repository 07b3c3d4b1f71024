"""Losses under appearances of the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_appearance(appearance: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the loss under every appearance, group by group, one series per classifier.

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
    shown = style.choose(appearance, measure="loss", label=label)
    shown = shown.drop_duplicates(["classifier", "condition"])
    groups = shown.drop_duplicates("condition").groupby("group", sort=False)
    rows = [
        row
        for _, members in groups
        for row in style.largest_first(
            shown[shown["condition"].isin(members["condition"])], "condition", "value"
        )
    ]
    text = f"{style.measure_name(label)} lost (percentage points)\n{style.footing(shown)}"
    ax = style.plot_rows(
        rows, style.series_in_percent(shown, "classifier", "value", "condition"), text, ax
    )
    place = len(rows) - 1
    for group, members in groups:
        style.write_beside(ax, place, str(group))
        place -= len(members)
        if place >= 0:
            style.draw_line(ax, place + 0.5)
    return ax
