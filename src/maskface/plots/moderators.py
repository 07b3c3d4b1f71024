"""What groups of pictures lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots.style import choose, draw_rows, footing, in_percent, rows_axes
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_moderators(moderators: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the loss of every group of every attribute, one series a classifier.

    Parameters
    ----------
    moderators
        In the schema of `maskface.analyses.MODERATORS`.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Losses in percentage points with 95 % intervals, and how many units each group has.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = choose(moderators[moderators["measure"] == "loss"], "label", label)
    shown = shown.assign(row=shown["attribute"] + "\n" + shown["group"])
    first = shown.drop_duplicates("row")
    rows = list(first["row"])
    ax = rows_axes(len(rows), 2) if ax is None else ax
    series = {
        str(classifier): in_percent(part, "value", "row")
        for classifier, part in shown.groupby("classifier", sort=True)
    }
    draw_rows(ax, rows, series)
    for place, row in enumerate(first.to_dict("records")):
        units = f"{row['clustered_by']}{'s' if row['n_clusters'] > 1 else ''}"
        ax.annotate(
            f"{row['n_clusters']} {units}", (1.01, len(rows) - 1 - place),
            xycoords=("axes fraction", "data"), va="center", color="0.35", fontsize="small",
        )  # fmt: skip
        if place and row["attribute"] != first["attribute"].iloc[place - 1]:
            ax.axhline(len(rows) - place - 0.5, color="0.8", linewidth=0.8)
    ax.set_xlabel(f"{_what(label)} lost (percentage points)\n{_footing(shown)}")
    return ax


def plot_moderator_by_emotion(
    moderators: pd.DataFrame,
    attribute: str | None = None,
    classifier: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss over all emotions and of each, one series a group of pictures.

    Parameters
    ----------
    moderators
        In the schema of `maskface.analyses.MODERATORS`.
    attribute, classifier
        May be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Raises
    ------
    MaskfaceError
        If the table lacks the attribute or the classifier, or the choice is not clear.
    """
    shown = choose(moderators[moderators["measure"] == "loss"], "attribute", attribute)
    shown = choose(shown, "classifier", classifier)
    rows = [label for label in ("all", *EMOTIONS) if label in set(shown["label"])]
    ax = rows_axes(len(rows)) if ax is None else ax
    series = {
        f"{shown['attribute'].iloc[0]} {group}": in_percent(part, "value", "label")
        for group, part in shown.groupby("group", sort=False)
    }
    draw_rows(ax, rows, series)
    ax.set_xlabel(
        f"Right answers of {shown['classifier'].iloc[0]} lost (percentage points)\n{footing(shown)}"
    )
    return ax


def _footing(shown: pd.DataFrame) -> str:
    """Say what rows stand on; how many units each group has is said beside it."""
    sizes = sorted({int(n) for n in shown["n"]})
    intervals = footing(shown).split("\n")[1]
    return f"{shown['dataset'].iloc[0]}: {sizes[0]} to {sizes[-1]} images a group\n{intervals}"


def _what(label: str) -> str:
    return "Accuracy" if label == "all" else f"Right answers to {label}"
