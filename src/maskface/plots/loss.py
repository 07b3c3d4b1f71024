"""What an occluder costs, overall and by emotion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.plots.grid import plot_classifier_grid
from maskface.plots.style import (
    COLOURS,
    draw_rows,
    footing,
    in_percent,
    legend_columns,
    new_axes,
    save_figure,
)
from maskface.stats import loss_table
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT: Final = 4.2
_BESIDE: Final = 1.3
_LEGEND: Final = 0.22
_SERIES: Final = 0.08
"""Inches: least height of the figure; and where series are many, height of what is above and below
the rows, of a line of the legend, and of one series in a row."""


def plot_loss_by_emotion(
    summary: pd.DataFrame, condition: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the accuracy lost under an occluder: overall and by emotion, one series a classifier.

    More classifiers than there are colours are drawn as a grid of numbers, a row for each.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    condition
        Which occluder; may be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Loss in percentage points with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the summary does not hold the condition, or the choice is not clear.
    """
    table = loss_table(summary)
    condition = _only_condition(table, condition)
    table = table[table["condition"] == condition]
    labels = [label for label in ("all", *EMOTIONS) if label in set(table["emotion"])]
    series = {
        str(name): in_percent(rows, "loss", "emotion")
        for name, rows in table.groupby("classifier", sort=True)
    }
    foot = _footing(summary, condition)
    if len(series) > len(COLOURS):
        return plot_classifier_grid(table, condition, foot, ax)
    if ax is None:
        lines = len(series) / legend_columns(list(series))
        needed = _BESIDE + _LEGEND * lines + _SERIES * len(series) * len(labels)
        ax = new_axes(max(_HEIGHT, needed))
    draw_rows(ax, labels, series)
    ax.set_xlabel(f"Accuracy lost under '{condition}' (percentage points)\n{foot}")
    return ax


def plot_losses(summary: pd.DataFrame, folder: Path) -> list[Path]:
    """Write a figure of the loss by emotion for every occluder of a run.

    Returns
    -------
    list of Path
        The PNG files; none if only unoccluded faces were read.
    """
    paths = []
    for condition in sorted(loss_table(summary)["condition"].unique()):
        name = re.sub(r"[^A-Za-z0-9]+", "_", str(condition)).strip("_")
        paths.append(folder / f"loss_by_emotion_{name}.png")
        save_figure(plot_loss_by_emotion(summary, str(condition)), paths[-1])
    return paths


def _only_condition(table: pd.DataFrame, condition: str | None) -> str:
    conditions = sorted(table["condition"].unique())
    if condition is None and len(conditions) == 1:
        return str(conditions[0])
    if condition not in conditions:
        got = "none was named" if condition is None else f"{condition!r} is not among them"
        raise MaskfaceError(f"The summary holds the conditions {', '.join(conditions)}; {got}.")
    return str(condition)


def _footing(summary: pd.DataFrame, condition: str) -> str:
    """Say what the intervals stand on."""
    return footing(summary[(summary["condition"] == condition) & (summary["metric"] == "accuracy")])
