"""Figures of several panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable


def new_panels(
    rows: int, columns: int, size: tuple[float, float], **options: Any
) -> NDArray[np.object_]:
    """Make a figure of panels.

    Parameters
    ----------
    rows, columns
        How many.
    size
        Width and height of a panel in inches.
    **options
        Of `matplotlib.figure.Figure.subplots`.

    Returns
    -------
    NDArray
        (rows, columns) of Axes.
    """
    # Figure without pyplot, as in `maskface.plots._style`.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * size[0] + 0.8, rows * size[1] + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    return np.asarray(figure.subplots(rows, columns, squeeze=False, **options))


def name_panels(panels: NDArray[np.object_], rows: Sequence[str], columns: Sequence[str]) -> None:
    """Write names of columns above the panels and those of rows on their left."""
    for ax, name in zip(panels[0], columns, strict=True):
        ax.set_title(name, fontsize="medium")
    for ax, name in zip(panels[:, 0], rows, strict=True):
        ax.set_ylabel(name)


def share_colours(panels: NDArray[np.object_], drawn: ScalarMappable, label: str) -> None:
    """Set one colour bar beside all panels."""
    figure = panels[0, 0].figure
    figure.colorbar(drawn, ax=panels.ravel().tolist(), label=label, shrink=0.8, aspect=30)


def first_of(panels: NDArray[np.object_], foot: str = "") -> Axes:
    """The first panel, after a line was set below all of them."""
    ax: Axes = panels[0, 0]
    if foot:
        ax.figure.supxlabel(foot, fontsize="medium")
    return ax
