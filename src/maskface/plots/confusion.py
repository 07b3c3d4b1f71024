"""Confusion matrices of plain and covered faces, and what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.plots.pick import counts, named, of_pair, shares
from maskface.plots.style import shorten, write_below
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE: Final = (7.2, 3.3)
"""Inches, of the whole figure."""
_MARGINS: Final = {"left": 0.155, "right": 0.995, "top": 0.92, "bottom": 0.355, "wspace": 0.06}
_PALE: Final = 1.8
"""Colours go only so far, as a multiple of the largest value, that black numbers stay readable."""
_FONT: Final = 7.5
_LETTERS: Final = 84
"""Letters of a line below the figure."""


def plot_confusions(
    summary: pd.DataFrame, classifier: str | None = None, condition: str | None = None
) -> Axes:
    """Draw which answers each emotion was given, plain, covered, and the difference.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    classifier, condition
        Which; may be left out if there is only one.

    Returns
    -------
    matplotlib.axes.Axes
        The first of three panels: shown emotions from top to bottom with their numbers of images,
        answers from left to right, shares of the row in per cent and their differences in points.

    Raises
    ------
    MaskfaceError
        If the summary lacks the classifier, the condition or the counts, or the choice is not
        clear.
    """
    rows, _ = of_pair(summary, classifier, condition)
    there, plain, covered = counts(rows)
    before, after = shares(plain), shares(covered)
    panels = _panels()
    for ax, values, title in zip(panels[:2], (before, after), ("plain", "covered"), strict=True):
        _matrix(ax, values, (0, 100 * _PALE), change=False)
        ax.set_title(f"{title} (%)", fontsize="medium")
    change = after - before
    most = float(np.nanmax(np.abs(change), initial=1)) * _PALE
    _matrix(panels[2], change, (-most, most), change=True)
    panels[2].set_title("change (points)", fontsize="medium")
    sizes = covered.sum(axis=1)
    names = [f"{name} ({n:.0f})" for name, n in zip(there, sizes, strict=True)]
    for number, ax in enumerate(panels):
        ax.set_yticks(range(len(there)), names if number == 0 else [], fontsize="small")
        _box_hits(ax, there)
    panels[0].set_ylabel("shown")
    dataset = shorten(str(rows.iloc[0]["dataset"]), 40)
    write_below(
        panels[1],
        f"Answers: {named(rows)}\n{dataset}: {sizes.sum():.0f} images; shares of each row, "
        "blank below 0.5; no intervals",
        letters=_LETTERS,
        room=2,
    )
    first: Axes = panels[0]
    return first


def _panels() -> NDArray[np.object_]:
    # Figure without pyplot, as in `maskface.plots.style`. The margins are known here, and need
    # not be looked for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE)
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3, squeeze=False)[0]
    figure.subplots_adjust(**_MARGINS)
    return np.asarray(panels)


def _matrix(
    ax: Axes, values: NDArray[np.float64], limits: tuple[float, float], *, change: bool
) -> None:
    colours, form = ("PuOr_r", "{:+.0f}") if change else ("Blues", "{:.0f}")
    ax.imshow(values, colours, vmin=limits[0], vmax=limits[1], aspect="auto")
    ax.set_facecolor("0.9")
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value) and round(value):
            ax.text(j, i, form.format(value), ha="center", va="center", fontsize=_FONT)
    ax.set_xticks(
        range(len(EMOTIONS)), EMOTIONS, rotation=60, ha="right", rotation_mode="anchor",
        fontsize="small",
    )  # fmt: skip
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_color("0.7")


def _box_hits(ax: Axes, there: list[str]) -> None:
    """Draw a frame around each right answer."""
    for row, name in enumerate(there):
        x = EMOTIONS.index(name)
        corners = [x - 0.5, x + 0.5, x + 0.5, x - 0.5, x - 0.5]
        ax.plot(corners, [row - 0.5, row - 0.5, row + 0.5, row + 0.5, row - 0.5],
                color="0.25", linewidth=0.9, clip_on=False)  # fmt: skip
