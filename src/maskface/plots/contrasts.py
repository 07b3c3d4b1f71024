"""Two occluded conditions against each other."""

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
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_contrasts(
    table: pd.DataFrame, label: str = "all", reference: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how much better conditions are read than their references, one series a classifier.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.CONTRASTS` or `maskface.analyses.STYLES`. Where it has
        a bound of equivalence, that is shaded.
    label
        Emotion, or ``all``.
    reference
        Only pairs with this reference; all if None.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Differences in percentage points with 95 % intervals, the largest first.

    Raises
    ------
    MaskfaceError
        If the table lacks the label or the reference.
    """
    shown = choose(table, "label", label)
    if reference is not None:
        shown = choose(shown, "reference", reference)
    pairs = shown["condition"] + "\nminus " + shown["reference"]
    names = shown["condition"] if reference is not None else pairs
    shown = shown.assign(row=names)
    rows = largest_first(shown, "row", "difference")
    ax = rows_axes(len(rows), 2 if reference is None else 1) if ax is None else ax
    _shade_bound(ax, shown)
    draw_rows(ax, rows, series_in_percent(shown, "classifier", "difference", "row"))
    what = "accuracy" if label == "all" else f"right answers to {label}"
    of = "first minus second" if reference is None else f"minus '{reference}'"
    ax.set_xlabel(f"Difference of {what}, {of} (percentage points)\n{footing(shown)}")
    return ax


def plot_contrast_by_emotion(
    table: pd.DataFrame, condition: str, reference: str, ax: Axes | None = None
) -> Axes:
    """Draw one contrast over all emotions and for each, one series a classifier.

    Parameters
    ----------
    table
        As in `plot_contrasts`.
    condition, reference
        The pair.
    ax
        Where to draw; a new figure if None.

    Raises
    ------
    MaskfaceError
        If the table lacks the pair.
    """
    shown = choose(choose(table, "condition", condition), "reference", reference)
    rows = [label for label in ("all", *EMOTIONS) if label in set(shown["label"])]
    ax = rows_axes(len(rows)) if ax is None else ax
    _shade_bound(ax, shown)
    draw_rows(ax, rows, series_in_percent(shown, "classifier", "difference", "label"))
    ax.set_xlabel(
        f"Right answers under '{condition}' minus '{reference}' (percentage points)\n"
        f"{footing(shown)}"
    )
    return ax


def _shade_bound(ax: Axes, shown: pd.DataFrame) -> None:
    if "bound" in shown:
        bound = 100 * float(shown["bound"].iloc[0])
        ax.axvspan(-bound, bound, color="0.93", zorder=0, label=f"within ±{bound:g}")
