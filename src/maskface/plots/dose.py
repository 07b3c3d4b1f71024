"""Right answers by the hidden fraction of the face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from maskface.plots import style
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES: Final = ("-", "--", ":", "-.")  # one for each series, beside colour and marker


def plot_dose(
    dose: pd.DataFrame, classifier: str | None = None, label: str = "all", ax: Axes | None = None
) -> Axes:
    """Draw right answers over coverage, one curve per series, with 95 % intervals.

    Parameters
    ----------
    dose
        In the schema of `maskface.analyses.DOSE`.
    classifier
        May be left out if there is only one.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Raises
    ------
    MaskfaceError
        If the table lacks the classifier or label, or the choice is not clear.
    """
    shown = style.choose(dose, classifier=classifier, label=label)
    ax = style.new_axes() if ax is None else ax
    for number, (name, rows) in enumerate(shown.groupby("series", sort=True)):
        _draw_curve(ax, rows, str(name), number)
    if label == "all":
        chance = 100 / len(EMOTIONS)
        ax.axhline(chance, color="0.4", linewidth=0.8, linestyle=(0, (1, 3)))
        ax.annotate("1/7", (1.01, chance), xycoords=("axes fraction", "data"), va="center")
    ax.set_xlim(-2, 102)
    ax.set_ylim(0, 100)
    ax.set_ylabel(f"{style.measure_name(label)} of {shown['classifier'].iloc[0]} (%)")
    ax.set_xlabel(f"Hidden part of the face oval (%)\n{style.footing(shown)}")
    style.dress(ax, "both")
    return ax


def _draw_curve(ax: Axes, rows: pd.DataFrame, name: str, number: int) -> None:
    colour, marker = style.colour_and_marker(number)
    x = 100 * rows["coverage"].to_numpy(float)
    low, value, high = (100 * rows[c].to_numpy(float) for c in
                        ("value_ci_low", "value", "value_ci_high"))  # fmt: skip
    ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    line = _LINES[number % len(_LINES)]
    ax.plot(x, value, line, marker=marker, color=colour, label=name, markersize=5)


def plot_half_points(
    half_points: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the coverage at which half of the loss is reached, by emotion, one colour per series.

    Parameters
    ----------
    half_points
        In the schema of `maskface.analyses.HALF_POINTS`.
    classifier
        May be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Raises
    ------
    MaskfaceError
        If the table lacks the classifier, or the choice is not clear.
    """
    shown = style.choose(half_points, classifier=classifier)
    text = (
        f"Coverage (%) by which {shown['classifier'].iloc[0]} has lost half of what it loses at "
        f"the end\n{style.footing(shown)}\nNo point: nothing is lost. No line: too uncertain."
    )
    series = style.series_in_percent(shown, "series", "half_point", "label")
    ax = style.plot_rows(style.labels_in(shown["label"]), series, text, ax, zero=False)
    ax.set_xlim(0, 100)
    return ax
