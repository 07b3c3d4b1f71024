"""Losses of groups of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_moderators(moderators: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the loss of every group of every attribute, one series per classifier.

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
    shown = style.choose(moderators, measure="loss", label=label)
    shown = shown.assign(row=shown["attribute"] + "\n" + shown["group"])
    first = shown.drop_duplicates("row")
    sizes = sorted({int(n) for n in shown["n"]})
    intervals = style.footing(shown).split("\n")[1]
    text = (
        f"{style.measure_name(label)} lost (percentage points)\n"
        f"{shown['dataset'].iloc[0]}: {sizes[0]} to {sizes[-1]} images a group\n{intervals}"
    )
    series = style.series_in_percent(shown, "classifier", "value", "row")
    ax = style.plot_rows(list(first["row"]), series, text, ax, lines=2)
    for place, row in enumerate(first.to_dict("records")):
        units = f"{row['clustered_by']}{'s' if row['n_clusters'] > 1 else ''}"
        style.write_beside(ax, len(first) - 1 - place, f"{row['n_clusters']} {units}")
    style.separate(ax, list(first["attribute"]))
    return ax


def plot_moderator_by_emotion(
    moderators: pd.DataFrame,
    attribute: str | None = None,
    classifier: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss over all emotions and of each, one series per group of pictures.

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
    shown = style.choose(moderators, measure="loss", attribute=attribute, classifier=classifier)
    shown = shown.assign(series=f"{shown['attribute'].iloc[0]} " + shown["group"].astype(str))
    name = shown["classifier"].iloc[0]
    text = f"Right answers of {name} lost (percentage points)\n{style.footing(shown)}"
    series = style.series_in_percent(shown, "series", "value", "label", sort=False)
    return style.plot_rows(style.labels_in(shown["label"]), series, text, ax)
