"""Classifiers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from maskface.plots._pick import fold
from maskface.plots._style import COLOURS, draw_rows, footing, rows_axes
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SERIES: Final = 2 * len(COLOURS)
"""So many series can be told apart by colour, marker and filling."""
_AS_IS: Final = "plain"


def plot_readers(summary: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw right answers over all emotions, by condition and classifier.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Per cent right with 95 % intervals. Whichever are more, conditions or classifiers, are
        rows, and the others series; where even these are more than twelve, only the first twelve
        are drawn, and it is said. A dotted line is at 1/7, which guessing would reach.
    """
    overall = summary[(summary["metric"] == "accuracy") & (summary["label"] == "all")]
    overall = overall.assign(
        condition=overall["condition"].map(lambda name: _AS_IS if name == PLAIN else str(name))
    )
    order = {
        "condition": [*_worst_last(overall, "condition")],
        "classifier": sorted(overall["classifier"].unique()),
    }
    by, other = "condition", "classifier"
    if len(order[other]) > len(order[by]):
        by, other = other, by
    rows, names = order[by], order[other][:_SERIES]
    folded = [fold(name) for name in rows]
    ax = _axes(folded, len(names)) if ax is None else ax
    series = {
        name: _limits(overall[overall[other] == name], by).rename(index=fold) for name in names
    }
    draw_rows(ax, folded, series, zero=False)
    ax.axvline(100 / len(EMOTIONS), color="0.4", linewidth=0.9, linestyle=":", zorder=1)
    ax.set_xlim(-3, 103)
    left = len(order[other]) - len(names)
    more = f"; {left} further {other}s are in the table" if left else ""
    foot = footing(overall, "value_interval")
    ax.set_xlabel(f"Right answers (%); dotted: guessing, 1 in {len(EMOTIONS)}{more}\n{foot}")
    return ax


def _worst_last(overall: pd.DataFrame, name: str) -> list[str]:
    means = overall.groupby(name)["value"].mean().sort_values(ascending=False, kind="stable")
    return [_AS_IS, *(str(one) for one in means.index if one != _AS_IS)]


def _limits(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    wanted = rows.set_index(by)[["value_ci_low", "value", "value_ci_high"]].astype(float) * 100
    return wanted.set_axis(["low", "point", "high"], axis=1)


def _axes(rows: list[str], series: int) -> Axes:
    lines = max(name.count("\n") + 1 for name in rows)
    return rows_axes(len(rows), max(lines, 1 + series // 3))
