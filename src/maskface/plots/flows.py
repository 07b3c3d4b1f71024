"""Where wrong answers go when a face is covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from maskface.plots.pick import counts, named, of_pair, shares
from maskface.plots.style import (
    COLOURS,
    LINES_BELOW,
    dress,
    labelled_axes,
    set_rows,
    shorten,
    write_below,
)
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KNOWN: Final = (("disgust", "anger"), ("sadness", "neutral"))
"""What human observers take for what behind a mask (Carbon 2020,
doi:10.3389/fpsyg.2020.566886)."""
MOST: Final = 10
_LEFT: Final = 2.15
"""Inches for the names of the rows."""
_ROOM: Final = 14
"""Room for the number beside an arrow, in per cent of the axis."""


def plot_flows(
    summary: pd.DataFrame,
    classifier: str | None = None,
    condition: str | None = None,
    *,
    most: int = MOST,
    always: Sequence[tuple[str, str]] = KNOWN,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the shares of wrong answers change, an arrow from plain to covered for each.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    classifier, condition
        Which; may be left out if there is only one.
    most
        So many wrong answers whose shares change most.
    always
        Shown emotions and wrong answers that are drawn however little they change, in bold.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Shares of the images that show the emotion, in per cent; the largest rise first.

    Raises
    ------
    MaskfaceError
        If the summary lacks the classifier, the condition or the counts, or the choice is not
        clear.
    """
    rows, _ = of_pair(summary, classifier, condition)
    table = _changes(rows)
    known = pd.Series([pair in set(always) for pair in table.index], index=table.index)
    largest = table["change"].abs().nlargest(most)
    kept = table[known | (table.index.isin(largest[largest > 0].index))]
    kept = kept.sort_values("change", ascending=False, kind="stable")
    room = LINES_BELOW if ax is None else None
    ax = labelled_axes(max(len(kept), 2), _LEFT) if ax is None else ax
    y = np.arange(len(kept))[::-1].astype(float)
    for place, row in zip(y, kept.itertuples(), strict=True):
        _arrow(ax, place, float(row.plain), float(row.covered))  # type: ignore[arg-type]
    names = [f"{shown} → {answer}" for shown, answer in kept.index]
    sizes = [f"{name} ({n:.0f})" for name, n in zip(names, kept["n"], strict=True)]
    set_rows(ax, dict(zip(sizes, y, strict=True)), apart=False)
    for tick, bold in zip(ax.get_yticklabels(), known[kept.index], strict=True):
        tick.set_fontweight("bold" if bold else "normal")
    _explain(ax)
    ax.set_xlim(-3, 100 + _ROOM)
    ax.set_xticks(range(0, 101, 20))
    n = int(rows.loc[rows["metric"] == "accuracy", "n"].iloc[0])
    legend = " Bold: known of people." if known.any() else ""
    dataset = shorten(str(rows.iloc[0]["dataset"]), 40)
    write_below(
        ax,
        "Wrong answers (% of the images that show the emotion);\n"
        f"{named(rows)}\n{dataset}: {n} images; no intervals.{legend}",
        room=room,
    )
    return ax


def _changes(rows: pd.DataFrame) -> pd.DataFrame:
    """All pairs of a shown emotion and a wrong answer: shares plain and covered, change, n."""
    there, plain, covered = counts(rows)
    sizes, before, after = covered.sum(axis=1), shares(plain), shares(covered)
    cells = {
        (shown, answer): (before[i, j], after[i, j], after[i, j] - before[i, j], sizes[i])
        for i, shown in enumerate(there)
        for j, answer in enumerate(EMOTIONS)
        if answer != shown and sizes[i]
    }
    table = pd.DataFrame.from_dict(
        cells, orient="index", columns=["plain", "covered", "change", "n"]
    )
    return table.astype(float)


def _arrow(ax: Axes, y: float, plain: float, covered: float) -> None:
    rises = covered >= plain
    colour = COLOURS[-1] if rises else COLOURS[0]
    ax.plot([plain, covered], [y, y], color=colour, linewidth=2.2, zorder=2, solid_capstyle="butt")
    ax.plot([plain], [y], "o", color=colour, markerfacecolor="white", markersize=5.5, zorder=3)
    if covered != plain:
        ax.plot([covered], [y], ">" if rises else "<", color=colour, markersize=7, zorder=4)
    ax.text(max(plain, covered) + 2.5, y, f"{covered - plain:+.0f}", va="center", fontsize="small")


def _explain(ax: Axes) -> None:
    """Name the marks in a legend."""
    for mark, colour, face, name in (
        ("o", "0.3", "white", "plain"),
        (">", COLOURS[-1], COLOURS[-1], "covered: more often"),
        ("<", COLOURS[0], COLOURS[0], "covered: less often"),
    ):
        ax.plot([], [], mark, color=colour, markerfacecolor=face, label=name)
    dress(ax, "x")
    ax.spines["left"].set_visible(False)
