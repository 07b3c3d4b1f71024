"""Right answers of a run, and what is lost under each occluder: points, or grids of numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from maskface.files import shortened
from maskface.plots import style
from maskface.stats import loss_table
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT: Final = 4.2
_BESIDE: Final = 1.3
_LEGEND: Final = 0.22
_SERIES: Final = 0.08
"""Inches: least height of the figure; and where series are many, height of what is above and below
the rows, of a line of the legend, and of one series in a row."""
_GRID_ROW: Final = 0.37
_BESIDE_GRID: Final = 1.5
"""Height in inches of a row with two lines, and of what is above and below the rows."""
_PALE: Final = 1.7
"""Colours go only so far, as a multiple of the largest value, that black numbers stay readable."""
_WHAT: Final = "Accuracy lost, in percentage points;\nbelow it the 95 % interval; bold: excludes 0"
_MOST_SERIES: Final = 2 * len(style.COLOURS)
"""So many series can be told apart by colour, marker and filling."""
_AS_IS: Final = "plain"


def plot_loss_by_emotion(
    summary: pd.DataFrame, condition: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the accuracy lost under an occluder: overall and by emotion, one series per classifier.

    More classifiers than there are colours are drawn as a grid of numbers, a row for each.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    condition
        Which occluder; may be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Loss in percentage points with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the summary does not hold the condition, or the choice is not clear.
    """
    table = style.choose(loss_table(summary), condition=condition)
    condition = str(table["condition"].iloc[0])
    labels = style.labels_in(table["emotion"])
    series = style.series_in_percent(table, "classifier", "loss", "emotion")
    under = (summary["condition"] == condition) & (summary["metric"] == "accuracy")
    foot = style.footing(summary[under])
    if len(series) > len(style.COLOURS):
        return _plot_classifier_grid(table, condition, foot, ax)
    if ax is None:
        lines = len(series) / style.legend_columns(list(series))
        needed = _BESIDE + _LEGEND * lines + _SERIES * len(series) * len(labels)
        ax = style.new_axes(max(_HEIGHT, needed))
    text = f"Accuracy lost under '{condition}' (percentage points)\n{foot}"
    return style.plot_rows(labels, series, text, ax)


def plot_losses(summary: pd.DataFrame, folder: Path) -> list[Path]:
    """Write a figure of the loss by emotion for every occluder of a run.

    Returns
    -------
    list of Path
        The PNG files; none if only unoccluded faces were read.
    """
    paths = []
    for condition in sorted(loss_table(summary)["condition"].unique()):
        name = re.sub(r"[^A-Za-z0-9]+", "_", str(condition)).strip("_")
        paths.append(folder / f"loss_by_emotion_{shortened(name)}.png")
        style.save_figure(plot_loss_by_emotion(summary, str(condition)), paths[-1])
    return paths


def _draw_grid(ax: Axes, table: pd.DataFrame, rows: list[str], columns: list[str]) -> None:
    """Draw losses with their intervals as numbers.

    `table` has the columns row, column, loss, ci_low and ci_high, as shares.
    """
    cells = table.set_index(["row", "column"])[["loss", "ci_low", "ci_high"]].astype(float) * 100
    values = cells["loss"].unstack().reindex(index=rows, columns=columns).to_numpy(np.float64)  # noqa: PD010
    most = float(np.nanmax(np.abs(values), initial=1)) * _PALE
    ax.imshow(values, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    ax.set_facecolor("0.9")
    for name in cells.index[cells["loss"].notna()]:
        if name[0] in rows and name[1] in columns:
            loss, low, high = cells.loc[name]
            _write(ax, columns.index(name[1]), rows.index(name[0]), loss, (low, high))
    ax.set_xticks(range(len(columns)), columns, rotation=30, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(rows)), [style.fold(name) for name in rows], fontsize="small")
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)


def _write(ax: Axes, x: int, y: int, loss: float, limits: tuple[float, float]) -> None:
    sure = limits[0] > 0 or limits[1] < 0
    ax.text(x, y - 0.17, f"{loss:+.0f}", ha="center", va="center", fontsize=8,
            fontweight="bold" if sure else "normal")  # fmt: skip
    if not np.isnan(limits[0]):
        ax.text(x, y + 0.24, f"{limits[0]:.0f} to {limits[1]:.0f}",
                ha="center", va="center", fontsize=6.3, color="0.15")  # fmt: skip


def _grid_axes(rows: list[str]) -> Axes:
    """Make a figure that is high enough for a grid of rows with these names."""
    lines = sum(max(1.0, 0.5 * len(style.fold(name).splitlines())) for name in rows)
    return style.new_axes(_BESIDE_GRID + _GRID_ROW * lines)


def plot_loss_grid(
    summary: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what one classifier loses under every occluder, overall and by emotion, as numbers.

    Parameters
    ----------
    summary, ax
        As in `plot_loss_by_emotion`.
    classifier
        Which; may be left out if there is only one.

    Returns
    -------
    matplotlib.axes.Axes
        Losses in percentage points with 95 % intervals below them, the largest first; bold where
        the interval excludes 0.

    Raises
    ------
    MaskfaceError
        If the summary lacks the classifier, or the choice is not clear.
    """
    occluded = style.choose(summary[summary["condition"] != PLAIN], classifier=classifier)
    own = loss_table(occluded)
    foot = style.footing(occluded[occluded["metric"] == "accuracy"])
    overall = own[own["emotion"] == "all"].sort_values("loss", ascending=False, kind="stable")
    rows, columns = list(overall["condition"]), list(dict.fromkeys(own["emotion"]))
    ax = _grid_axes(rows) if ax is None else ax
    _draw_grid(ax, own.rename(columns={"condition": "row", "emotion": "column"}), rows, columns)
    ax.set_xlabel(f"{own.iloc[0]['classifier']}\n{_WHAT}\n{foot}")
    return ax


def _plot_classifier_grid(losses: pd.DataFrame, condition: str, foot: str, ax: Axes | None) -> Axes:
    """Draw the losses of every classifier under one occluder, as `plot_loss_grid` does."""
    rows = sorted(losses["classifier"].unique())
    columns = list(dict.fromkeys(losses["emotion"]))
    ax = _grid_axes(rows) if ax is None else ax
    _draw_grid(ax, losses.rename(columns={"classifier": "row", "emotion": "column"}), rows, columns)
    ax.set_xlabel(f"Under '{condition}'\n{_WHAT}\n{foot}")
    return ax


def plot_classifiers(summary: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw right answers over all emotions, by condition and classifier.

    Parameters
    ----------
    summary, ax
        As in `plot_loss_by_emotion`.

    Returns
    -------
    matplotlib.axes.Axes
        Per cent right with 95 % intervals. Whichever are more, conditions or classifiers, are
        rows, and the others series; where even these are more than twelve, only the first twelve
        are drawn, with a note. A dotted line marks 1/7, which guessing would reach.
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
    rows, names = order[by], order[other][:_MOST_SERIES]
    folded = [style.fold(name) for name in rows]
    ax = _readers_axes(folded, len(names)) if ax is None else ax
    series = {
        name: style.in_percent(overall[overall[other] == name], "value", by, "value_ci").rename(
            index=style.fold
        )
        for name in names
    }
    style.draw_rows(ax, folded, series, zero=False)
    ax.axvline(100 / len(EMOTIONS), color="0.4", linewidth=0.9, linestyle=":", zorder=1)
    ax.set_xlim(-3, 103)
    left = len(order[other]) - len(names)
    more = f"; {left} further {other}s are in the table" if left else ""
    foot = style.footing(overall, "value_interval")
    ax.set_xlabel(f"Right answers (%); dotted: guessing, 1 in {len(EMOTIONS)}{more}\n{foot}")
    return ax


def _worst_last(overall: pd.DataFrame, name: str) -> list[str]:
    means = overall.groupby(name)["value"].mean().sort_values(ascending=False, kind="stable")
    return [_AS_IS, *(str(one) for one in means.index if one != _AS_IS)]


def _readers_axes(rows: list[str], series: int) -> Axes:
    lines = max(name.count("\n") + 1 for name in rows)
    return style.rows_axes(len(rows), max(lines, 1 + series // 3))
