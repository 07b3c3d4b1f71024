"""Two occluded conditions against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_contrasts(
    table: pd.DataFrame, label: str = "all", reference: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how much better conditions are read than their references, one series per classifier.

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
    shown = style.choose(table, label=label)
    names, of, lines = shown["condition"] + "\nminus " + shown["reference"], "first minus second", 2
    if reference is not None:
        shown = style.choose(shown, reference=reference)
        names, of, lines = shown["condition"], f"minus '{reference}'", 1
    what = style.measure_name(label)
    text = f"Difference of {what[0].lower()}{what[1:]}, {of} (percentage points)"
    shown = shown.assign(row=names)
    rows = style.largest_first(shown, "row", "difference")
    ax = style.rows_axes(len(rows), lines) if ax is None else ax
    return _draw(ax, shown, "row", rows, text)


def plot_contrast_by_emotion(
    table: pd.DataFrame, condition: str, reference: str, ax: Axes | None = None
) -> Axes:
    """Draw one contrast over all emotions and for each, one series per classifier.

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
    shown = style.choose(table, condition=condition, reference=reference)
    text = f"Right answers under '{condition}' minus '{reference}' (percentage points)"
    rows = style.labels_in(shown["label"])
    return _draw(style.rows_axes(len(rows)) if ax is None else ax, shown, "label", rows, text)


def _draw(ax: Axes, shown: pd.DataFrame, name: str, rows: list[str], text: str) -> Axes:
    if "bound" in shown:
        bound = 100 * float(shown["bound"].iloc[0])
        ax.axvspan(-bound, bound, color="0.93", zorder=0, label=f"within ±{bound:g}")
    series = style.series_in_percent(shown, "classifier", "difference", name)
    return style.plot_rows(rows, series, f"{text}\n{style.footing(shown)}", ax)
