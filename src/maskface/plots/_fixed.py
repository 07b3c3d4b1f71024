"""Figures whose margins are fixed: nothing has to be measured to lay them out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from maskface.plots._style import ROW, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGINS: Final = (0.15, 0.4, 1.15)
"""Inches on the right of rows whose margins are fixed, above and below them."""
LINES_BELOW: Final = 5
"""Lines that these have room for below."""
_LINE_BELOW: Final = 0.15
"""Height in inches of a further line."""
_BELOW: Final = 66
"""Letters of a line below the rows of a figure whose margins are fixed."""


def labelled_axes(n: int, left: float) -> Axes:
    """Make an empty figure for n rows whose names need `left` inches.

    Nothing has to be measured to lay it out, which halves the time of drawing it.
    """
    right, top, bottom = _MARGINS
    height = ROW * n + top + bottom
    ax = new_axes(height, layout=None)
    ax.set_position(
        (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (top + bottom) / height)
    )
    return ax


def write_below(ax: Axes, text: str, letters: int = _BELOW, *, room: int | None = None) -> None:
    """Write what a figure shows below it, in lines of so many letters at most.

    Where margins are fixed, with `room` for so many lines, the figure grows if there are more.
    """
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, letters)]
    ax.set_xlabel("\n".join(lines), fontsize="small")
    if room is not None and len(lines) > room:
        _grow_below(ax, _LINE_BELOW * (len(lines) - room))


def _grow_below(ax: Axes, more: float) -> None:
    """Make a figure with fixed margins higher by so many inches, all of them below."""
    figure = ax.get_figure(root=True)
    assert figure is not None  # noqa: S101 (made by this package)
    width, height = figure.get_size_inches()
    scale = height / (height + more)
    for one in figure.axes:
        place = one.get_position()
        bottom = place.y0 * scale + 1 - scale
        one.set_position((place.x0, bottom, place.width, place.height * scale))
    figure.set_size_inches(width, height + more)
