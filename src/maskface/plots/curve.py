"""Specification curve: sorted losses above, and which choices each of them is below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_curve(curve: pd.DataFrame, choices: Sequence[str], label: str = "all") -> Axes:
    """Draw the loss of every specification, the least first, and below which choices it is.

    Parameters
    ----------
    curve
        In the schema of `maskface.analyses.CURVE`.
    choices
        Columns of the table that are choices; those with one value are left out.
    label
        Emotion, or ``all``.

    Returns
    -------
    matplotlib.axes.Axes
        Of the losses, in percentage points with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = style.choose(curve, label=label).sort_values("rank")
    x = np.arange(len(shown))
    rows = [
        (name, value)
        for name in choices
        if len(shown[name].unique()) > 1
        for value in sorted(shown[name].unique())
    ]
    panels = style.new_figure(
        2, 1, (style.WIDTH, 3.4 + 0.2 * len(rows)), sharex=True,
        height_ratios=(3, max(0.2 * len(rows), 0.4)),
    )  # fmt: skip
    above, below = panels[:, 0]
    low, point, high = (100 * shown[name].to_numpy() for name in ("ci_low", "value", "ci_high"))
    above.vlines(x, low, high, color="0.75", linewidth=1)
    for number, (classifier, own) in enumerate(shown.reset_index().groupby("classifier")):
        colour, marker = style.colour_and_marker(number)
        at = own.index
        above.plot(x[at], point[at], marker, color=colour, markersize=3, label=str(classifier))
    above.axhline(0, color="0.4", linewidth=0.8)
    above.set_ylabel(f"{style.measure_name(label)} lost (percentage points)")
    for place, (name, value) in enumerate(reversed(rows)):
        chosen = shown[name].to_numpy() == value
        below.plot(x[chosen], np.full(int(chosen.sum()), place), "|", color="0.2", markersize=5)
    names = [f"{name}: {value}" for name, value in reversed(rows)]
    below.set_yticks(range(len(rows)), names, fontsize="small")
    below.set_ylim(-0.6, max(len(rows), 1) - 0.4)
    below.set_xlabel(f"Specifications, from the least to the greatest loss\n{style.footing(shown)}")
    style.dress(above, "both")
    below.grid(axis="y", color="0.9")
    below.tick_params(axis="both", length=0)
    below.set_xticks([])
    axes: Axes = above
    return axes
