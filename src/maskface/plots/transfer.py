"""Classifiers trained and tested on plain and on masked faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEARNT: Final = {
    "clean": "learnt plain",
    "masked": "learnt masked",
    "both": "learnt both",
    "permuted": "shuffled labels",
}
_HEIGHT: Final = 0.3
"""Of a bar, in rows."""


def plot_transfer(transfer: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw right answers by training faces, one series for plain and one for masked test faces.

    Parameters
    ----------
    transfer
        In the schema of `maskface.analyses.TRANSFER`.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Right answers in per cent with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = style.choose(transfer, measure="accuracy", label=label)
    shown = shown.assign(row=shown["family"] + "\n" + shown["train"].map(_LEARNT))
    order = [
        (family, train)
        for family in shown["family"].unique()
        for train in _LEARNT
        if ((shown["family"] == family) & (shown["train"] == train)).any()
    ]
    rows = [f"{family}\n{_LEARNT[train]}" for family, train in order]
    series = {
        f"{test} faces": style.in_percent(shown[shown["test"] == test], "value", "row")
        for test in ("plain", "masked")
    }
    text = f"{style.measure_name(label, 'Right answers')} (%)\n{style.footing(shown)}"
    ax = style.plot_rows(rows, series, text, ax, zero=False)
    style.separate(ax, [family for family, _ in order])
    ax.set_xlim(-2, 102)
    return ax


def plot_split(transfer: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the two parts of the loss of each family: lost information, and shift.

    Parameters
    ----------
    transfer
        In the schema of `maskface.analyses.TRANSFER`.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        A bar from 0 to the information, one below it from there to the loss, and the 95 %
        intervals of information, shift and loss.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    split = transfer[transfer["measure"].isin(["information", "shift", "loss"])]
    shown = style.choose(split, label=label)
    rows = [str(family) for family in shown["family"].unique()]
    ax = style.rows_axes(2 * len(rows)) if ax is None else ax
    y = np.arange(len(rows))[::-1]
    parts = style.series_in_percent(shown, "measure", "value", "family")
    information, shift, loss = (
        parts[name].reindex(rows) for name in ("information", "shift", "loss")
    )
    start = information["point"].to_numpy()
    ax.barh(
        y + _HEIGHT, start, _HEIGHT, color=style.COLOURS[0], alpha=0.5, label="lost information"
    )
    ax.barh(
        y, shift["point"], _HEIGHT, left=start, color=style.COLOURS[1], alpha=0.6, hatch="////",
        edgecolor="white", linewidth=0, label="shift",
    )  # fmt: skip
    ax.barh(y - _HEIGHT, loss["point"], _HEIGHT, color="0.9", edgecolor="0.4", label="loss")
    for places, limits, left in (
        (y + _HEIGHT, information, 0.0), (y, shift, start), (y - _HEIGHT, loss, 0.0),
    ):  # fmt: skip
        ax.hlines(places, limits["low"] + left, limits["high"] + left, color="0.2", linewidth=1.2)
    ax.axvline(0, color="0.4", linewidth=0.8, zorder=1)
    ax.set_yticks(y, rows)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    style.dress(ax, "x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"{style.measure_name(label)} lost (percentage points)\n{style.footing(shown)}")
    return ax
