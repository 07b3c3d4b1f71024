"""Which rows of a summary a figure shows, and how they are named.

Classifiers side by side.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.plots.style import COLOURS, choose, draw_rows, footing, rows_axes, shorten
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME: Final = 45
"""Letters of a name below a figure at most."""
_LETTERS: Final = 28
"""Letters of a name that stand on one line beside the rows of a figure."""


def of_pair(
    summary: pd.DataFrame, classifier: str | None, condition: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of one classifier: those under a condition, and those of the plain faces.

    Raises
    ------
    MaskfaceError
        If there is no such classifier or condition, or the choice is not clear.
    """
    own = choose(summary, "classifier", classifier)
    covered = own[own["condition"] != PLAIN]
    if covered.empty:
        raise MaskfaceError("The summary holds plain faces alone: there is nothing to compare.")
    return choose(covered, "condition", condition), own[own["condition"] == PLAIN]


def named(rows: pd.DataFrame) -> str:
    """Classifier and condition of rows, as they are written below a figure."""
    first = rows.iloc[0]
    classifier, condition = (
        shorten(str(first[name]), _NAME) for name in ("classifier", "condition")
    )
    return f"{classifier}, plain and under '{condition}'"


def fold(name: str, letters: int = _LETTERS) -> str:
    """Break a long name into lines, after the signs that part its parameters."""
    lines = [""]
    for part in re.findall(r"[^:,+(]+[:,+(]*|[:,+(]+", name):
        if lines[-1] and len(lines[-1] + part) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(shorten(line, letters) for line in lines)


def counts(rows: pd.DataFrame) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Confusions of one classifier under one condition.

    Parameters
    ----------
    rows
        As from `of_pair`.

    Returns
    -------
    tuple
        The shown emotions that there are, E of them; and how often each answer was given to each,
        plain and covered, two arrays (E, 7) with answers in the order of `EMOTIONS`.

    Raises
    ------
    MaskfaceError
        If the summary has no counts of answers.
    """
    there = [e for e in EMOTIONS if e in set(rows.loc[rows["metric"] == "recall", "label"])]
    wanted = [f"answered_{emotion}" for emotion in EMOTIONS]
    answered = rows[rows["metric"].isin(wanted)]
    if answered.empty:
        raise MaskfaceError(
            "The summary does not count answers by emotion. Those of `maskface run` do."
        )
    plain, covered = (
        answered.pivot_table(column, "label", "metric", aggfunc="sum")
        .reindex(index=there, columns=wanted, fill_value=0)
        .fillna(0)
        .to_numpy(np.float64)
        for column in ("baseline", "value")
    )
    return there, plain, covered


def shares(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts by row in per cent of the row; NaN where a row is empty."""
    totals = counted.sum(axis=1, keepdims=True)
    filled = np.where(totals > 0, totals, np.nan)
    return np.asarray(100 * counted / filled, np.float64)


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
