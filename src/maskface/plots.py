"""Figures of results. Each takes a table and returns a matplotlib Axes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from maskface.errors import MaskfaceError
from maskface.stats import loss_table
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Colours that colour-blind readers can tell apart (Okabe & Ito 2008, Color Universal Design)."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
"""One for each colour, so that series can be told apart in grey too."""
_SPREAD: Final = 0.5
"""Share of a row's height that the series of one emotion take up."""


def plot_loss_by_emotion(
    summary: pd.DataFrame, condition: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the accuracy lost under an occluder: overall and by emotion, one series a classifier.

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
    table = loss_table(summary)
    condition = _only_condition(table, condition)
    table = table[table["condition"] == condition]
    if ax is None:
        ax = _new_axes()
    classifiers = sorted(table["classifier"].unique())
    labels = [label for label in ("all", *EMOTIONS) if label in set(table["emotion"])]
    places = pd.Series(np.arange(len(labels))[::-1], index=labels)
    offsets = (
        np.linspace(_SPREAD / 2, -_SPREAD / 2, len(classifiers)) if len(classifiers) > 1 else [0]
    )
    for number, (classifier, offset) in enumerate(zip(classifiers, offsets, strict=True)):
        rows = table[table["classifier"] == classifier].set_index("emotion").reindex(labels)
        _draw_series(ax, rows, places + offset, classifier, number)
    _dress(ax, places)
    ax.set_xlabel(
        f"Accuracy lost under '{condition}' (percentage points)\n{_footing(summary, condition)}"
    )
    return ax


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
        paths.append(folder / f"loss_by_emotion_{name}.png")
        save_figure(plot_loss_by_emotion(summary, str(condition)), paths[-1])
    return paths


def save_figure(ax: Axes, target: Path | IO[bytes]) -> None:
    """Write the figure of an Axes: to a file, whose suffix chooses the format, or as PNG."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("Expected an Axes that belongs to a figure.")
    figure.savefig(target, dpi=200, bbox_inches="tight")


def _new_axes() -> Axes:
    # Figure without pyplot: no window system is touched and nothing has to be closed.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _only_condition(table: pd.DataFrame, condition: str | None) -> str:
    conditions = sorted(table["condition"].unique())
    if condition is None and len(conditions) == 1:
        return str(conditions[0])
    if condition not in conditions:
        got = "none was named" if condition is None else f"{condition!r} is not among them"
        raise MaskfaceError(f"The summary holds the conditions {', '.join(conditions)}; {got}.")
    return str(condition)


def _draw_series(
    ax: Axes, rows: pd.DataFrame, heights: pd.Series, classifier: str, number: int
) -> None:
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
    points = 100 * rows[["ci_low", "loss", "ci_high"]].astype(float)
    y = heights.to_numpy()
    ax.hlines(y, points["ci_low"], points["ci_high"], color=colour, linewidth=1.5)
    ax.plot(points["loss"], y, marker, color=colour, label=classifier, markersize=6)


def _dress(ax: Axes, places: pd.Series) -> None:
    ax.axvline(0, color="0.4", linewidth=0.8, zorder=1)
    ax.set_yticks(places.to_numpy(), list(places.index))
    ax.get_yticklabels()[0].set_fontweight("bold")
    if len(places) > 1:
        ax.axhline((places.iloc[0] + places.iloc[1]) / 2, color="0.8", linewidth=0.8)
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    # Above the axes: inside, it would lie on some series or other.
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(COLOURS))


def _footing(summary: pd.DataFrame, condition: str) -> str:
    """Say what the intervals stand on."""
    rows = summary[(summary["condition"] == condition) & (summary["metric"] == "accuracy")]
    first = rows.iloc[0]
    n = ", ".join(sorted({str(value) for value in rows["n"]}))
    if first["clustered_by"] == "image":
        units = "bootstrap, images treated as independent"
    else:
        units = f"bootstrap over {first['n_clusters']} {first['clustered_by']}s"
    return f"{first['dataset']}: {n} images; 95 % intervals: {units}"
