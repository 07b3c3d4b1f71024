"""One face under every condition."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from maskface.errors import MaskfaceError
from maskface.plots.style import fold, new_panels
from maskface.types import ImageArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACROSS: Final = 5
_SIDE: Final = 1.2
_TITLE: Final = 0.32
"""Pictures side by side; inches of a picture's side, and of its title."""
_LETTERS: Final = 18


def plot_strip(pictures: Mapping[str, ImageArray], credit: str = "") -> Axes:
    """Show pictures of one face, such as a classifier is given, each with its condition.

    Parameters
    ----------
    pictures
        (H, W, 3) uint8 RGB, by condition; at least one.
    credit
        Whose pictures they are, written below.

    Returns
    -------
    matplotlib.axes.Axes
        Of the first picture.

    Raises
    ------
    MaskfaceError
        If there is no picture.
    """
    if not pictures:
        raise MaskfaceError("There is no picture to show.")
    across = min(_ACROSS, len(pictures))
    panels = new_panels(math.ceil(len(pictures) / across), across, (_SIDE, _SIDE + _TITLE))
    for ax in panels.ravel():
        ax.set_axis_off()
    for ax, (condition, image) in zip(panels.ravel(), pictures.items(), strict=False):
        ax.imshow(image)
        ax.set_title(fold(condition, _LETTERS), fontsize="small")
    first: Axes = panels[0, 0]
    if credit:
        lines = textwrap.fill(credit, max(_LETTERS * across, 2 * _LETTERS))
        first.figure.supxlabel(lines, fontsize="small")
    return first
