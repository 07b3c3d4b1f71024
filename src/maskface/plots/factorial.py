"""Two occluders on a face, each there or not."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES: Final = ("-", "--")
_APART: Final = 0.03
"""How far lines stand apart, so that their intervals do not cover each other."""
_OTHERS: Final = "others"
_QUANTITIES: Final = {"without": ("neither", "second"), "with": ("first", "both")}


def plot_factorial(
    table: pd.DataFrame, first: str, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how often the answer is given with and without two things, as an interaction plot.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.FACTORIAL`, with one answer and one second thing.
    first
        The first thing: the one that has lines of its own. The second is on the axis.
    classifier
        May be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Shares in per cent with 95 % intervals, solid for faces that show the answer, dashed for
        all others. Parallel lines: no interaction.

    Raises
    ------
    MaskfaceError
        If the table lacks the first thing or the classifier.
    """
    shown = style.choose(table, measure="share", first=first, classifier=classifier)
    answer, second = (str(shown[name].iloc[0]) for name in ("answer", "second"))
    shown = shown[shown["label"].isin([answer, _OTHERS])]
    ax = style.new_axes(4.6) if ax is None else ax
    for place, (label, name) in enumerate(product((answer, _OTHERS), _QUANTITIES)):
        rows = shown[shown["label"] == label]
        if not rows.empty:
            points = style.in_percent(rows, "value", "quantity").loc[list(_QUANTITIES[name])]
            of = "other" if label == _OTHERS else label
            text = f"{of} faces, {name} {first.partition(':')[0]}"
            _draw_line(ax, points, text, place)
    ax.set_xticks([0, 1], ["none", second])
    ax.set_xlim(-0.3, 1.3)
    ax.set_ylim(-3, 103)
    ax.set_ylabel(f"Answer '{answer}' (%)")
    ax.set_xlabel(f"{shown['classifier'].iloc[0]}; first: {first}\n{style.footing(shown)}")
    style.dress(ax, "both")
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def _draw_line(ax: Axes, points: pd.DataFrame, name: str, place: int) -> None:
    x = np.array([0, 1]) + (place - 1.5) * _APART
    colour: dict[str, Any] = {"color": style.COLOURS[place % 2]}
    ax.vlines(x, points["low"], points["high"], linewidth=1.2, **colour)
    marker, line = style.MARKERS[place % 2], _LINES[place // 2]
    ax.plot(x, points["point"], marker=marker, linestyle=line, label=name, **colour)


def plot_factorial_effects(
    table: pd.DataFrame, measure: str = "dprime", ax: Axes | None = None
) -> Axes:
    """Draw what each first thing does alone and with the second, one series per classifier.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.FACTORIAL`, with one answer and one second thing.
    measure
        ``dprime`` or ``criterion``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Changes of the measure with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the measure.
    """
    shown = style.choose(table, measure=measure)
    second, answer = (str(shown[name].iloc[0]) for name in ("second", "answer"))
    effects = {"first alone": "", "first given second": f"\nunder {second}"}
    shown = shown[shown["quantity"].isin(list(effects))]
    shown = shown.assign(row=shown["first"] + shown["quantity"].map(effects))
    rows = [
        f"{first}{text}" for first in dict.fromkeys(shown["first"]) for text in effects.values()
    ]
    series = {
        str(name): part.set_index("row")[["ci_low", "value", "ci_high"]].set_axis(
            ["low", "point", "high"], axis=1
        )
        for name, part in shown.groupby("classifier", sort=True)
    }
    what = {"dprime": "sensitivity (d')", "criterion": "criterion"}[measure]
    text = f"Change of the {what} of '{answer}', above 0: told apart better\n{style.footing(shown)}"
    return style.plot_rows(rows, series, text, ax, lines=2)
