"""Plain and covered faces side by side, emotion by emotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from maskface.errors import MaskfaceError
from maskface.plots.pick import named, of_pair
from maskface.plots.style import (
    COLOURS,
    LINES_BELOW,
    dress,
    footing,
    labelled_axes,
    set_rows,
    write_below,
)
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT: Final = 1.3
"""Inches for the names of the rows."""
_APART: Final = 0.16
"""How far the two points of a row stand above and below its middle, in rows."""
_LIMITS: Final = ["value_ci_low", "value_ci_high"]


def plot_accuracy(
    summary: pd.DataFrame,
    classifier: str | None = None,
    condition: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw right answers to plain and to covered faces, the emotion that loses most first.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    classifier, condition
        Which; may be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Per cent right with 95 % intervals: all faces, then each emotion with its number of images.
        Plain faces have an interval where all of them have an answer under the condition too.

    Raises
    ------
    MaskfaceError
        If the summary lacks the classifier or the condition, or the choice is not clear.
    """
    pair = of_pair(summary, classifier, condition)
    return _draw(pair, ("accuracy", "recall"), "Right answers (%)", ax)


def plot_probabilities(
    summary: pd.DataFrame,
    classifier: str | None = None,
    condition: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean probability given to the true emotion, plain and covered.

    It shifts before answers change: a face may be read right with less confidence.

    Parameters
    ----------
    summary, classifier, condition, ax
        As in `plot_accuracy`.

    Returns
    -------
    matplotlib.axes.Axes
        Mean probabilities in per cent with 95 % intervals, the largest fall first.

    Raises
    ------
    MaskfaceError
        As in `plot_accuracy`.
    """
    pair = of_pair(summary, classifier, condition)
    return _draw(pair, ("p_true",), "Probability given to the true emotion (%)", ax)


def _draw(
    pair: tuple[pd.DataFrame, pd.DataFrame],
    metrics: tuple[str, ...],
    label: str,
    ax: Axes | None,
) -> Axes:
    covered, plain = (_by_label(rows, metrics) for rows in pair)
    if "all" not in covered.index:
        raise MaskfaceError(f"The summary has no {metrics[0]} of {named(pair[0])}.")
    order = ["all", *covered.drop(index="all")["loss"].sort_values(ascending=False).index]
    covered = covered.loc[order]
    room = LINES_BELOW if ax is None else None
    ax = labelled_axes(len(order), _LEFT) if ax is None else ax
    y = np.arange(len(order))[::-1].astype(float)
    pairs = 100 * covered[["baseline", "value"]].to_numpy(np.float64)
    ax.plot(pairs.T, [y + _APART, y - _APART], color="0.75", linewidth=2, zorder=1)
    _series(ax, y + _APART, pairs[:, 0], _plain_limits(covered, plain), plain=True)
    limits = covered[_LIMITS].to_numpy(np.float64)
    _series(ax, y - _APART, pairs[:, 1], limits, plain=False)
    sizes = (f"{name} ({n})" for name, n in zip(order, covered["n"], strict=True))
    set_rows(ax, dict(zip(sizes, y, strict=True)), apart=bool(len(order) > 1))
    dress(ax, "x")
    ax.spines["left"].set_visible(False)
    ax.set_xlim(-3, 103)
    write_below(ax, f"{label}\n{named(covered)}\n{footing(covered, 'value_interval')}", room=room)
    return ax


def _by_label(rows: pd.DataFrame, metrics: tuple[str, ...]) -> pd.DataFrame:
    wanted = rows[rows["metric"].isin(metrics) & rows["label"].isin(["all", *EMOTIONS])]
    return wanted.set_index("label", drop=False)


def _plain_limits(covered: pd.DataFrame, plain: pd.DataFrame) -> np.ndarray:
    """Intervals of the plain faces; only where they are of the same pictures."""
    limits = plain.reindex(covered.index)[[*_LIMITS, "n"]]
    same = (limits["n"] == covered["n"]).fillna(value=False).to_numpy(bool)
    return np.where(same[:, None], limits[_LIMITS].to_numpy(np.float64), np.nan)


def _series(ax: Axes, y: np.ndarray, x: np.ndarray, limits: np.ndarray, *, plain: bool) -> None:
    colour = COLOURS[0] if plain else COLOURS[-1]
    ax.hlines(y, 100 * limits[:, 0], 100 * limits[:, 1], color=colour, linewidth=1.3)
    ax.plot(
        x, y, "o" if plain else "s", color=colour, markersize=6, markeredgewidth=1.4, zorder=3,
        markerfacecolor="white" if plain else colour, label="plain" if plain else "covered",
    )  # fmt: skip
