"""Losses as numbers in a grid, where there are too many series for points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from maskface.plots.pick import fold
from maskface.plots.style import choose, footing, new_axes
from maskface.stats import loss_table
from maskface.tables import PLAIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW: Final = 0.37
_BESIDE: Final = 1.5
"""Height in inches of a row with two lines, and of what is above and below the rows."""
_PALE: Final = 1.7
"""Colours go only so far, as a multiple of the largest value, that black numbers stay readable."""
_WHAT: Final = "Accuracy lost, in percentage points;\nbelow it the 95 % interval; bold: excludes 0"


def draw_grid(ax: Axes, table: pd.DataFrame, rows: list[str], columns: list[str]) -> None:
    """Draw losses with their intervals as numbers.

    Parameters
    ----------
    ax
        Where to draw.
    table
        Columns row, column, loss, ci_low and ci_high, as shares.
    rows, columns
        Names from top to bottom and from left to right.
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
    ax.set_yticks(range(len(rows)), [fold(name) for name in rows], fontsize="small")
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


def grid_axes(rows: list[str]) -> Axes:
    """Make a figure that is high enough for rows with these names."""
    lines = sum(max(1.0, 0.5 * len(fold(name).splitlines())) for name in rows)
    return new_axes(_BESIDE + _ROW * lines)


def plot_loss_grid(
    summary: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what one classifier loses under every occluder, overall and by emotion, as numbers.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    classifier
        Which; may be left out if there is only one.
    ax
        Where to draw; a new figure if None.

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
    covered = choose(summary[summary["condition"] != PLAIN], "classifier", classifier)
    own = loss_table(covered)
    foot = footing(covered[covered["metric"] == "accuracy"])
    overall = own[own["emotion"] == "all"].sort_values("loss", ascending=False, kind="stable")
    rows, columns = list(overall["condition"]), list(dict.fromkeys(own["emotion"]))
    ax = grid_axes(rows) if ax is None else ax
    draw_grid(ax, own.rename(columns={"condition": "row", "emotion": "column"}), rows, columns)
    ax.set_xlabel(f"{own.iloc[0]['classifier']}\n{_WHAT}\n{foot}")
    return ax


def plot_classifier_grid(
    losses: pd.DataFrame, condition: str, foot: str, ax: Axes | None = None
) -> Axes:
    """Draw what every classifier loses under one occluder, as `plot_loss_grid` does.

    Parameters
    ----------
    losses
        From `maskface.stats.loss_table`.
    condition
        Which occluder.
    foot
        What the numbers stand on, written below.
    ax
        Where to draw; a new figure if None.
    """
    own = choose(losses, "condition", condition)
    rows = sorted(own["classifier"].unique())
    columns = list(dict.fromkeys(own["emotion"]))
    ax = grid_axes(rows) if ax is None else ax
    draw_grid(ax, own.rename(columns={"classifier": "row", "emotion": "column"}), rows, columns)
    ax.set_xlabel(f"Under '{condition}'\n{_WHAT}\n{foot}")
    return ax
