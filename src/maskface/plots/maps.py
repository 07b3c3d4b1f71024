"""Maps of the places of the face that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maskface.mesh import FACE_OVAL, FEATURES, canonical_mesh
from maskface.occluders.controls.frame import face_size, to_places
from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORDS = {
    "spots": "lost when a spot hides the place",
    "bubbles": "gained when a bubble opens the place",
}
_MEASURES = {"p_true": "Probability of the shown emotion", "correct": "Right answers"}


def plot_maps(maps: pd.DataFrame, method: str) -> Axes:
    """Draw which places of the average face matter, a row per classifier, a column per emotion.

    Parameters
    ----------
    maps
        In the schema of `maskface.analyses.MAPS`.
    method
        ``spots`` or ``bubbles``.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel. Colours in percentage points, the same in all panels; dots are places that
        are significant over all maps, black above 0 and white below.

    Raises
    ------
    MaskfaceError
        If the table lacks the method.
    """
    shown = style.choose(maps, method=method)
    rows = sorted(shown["classifier"].unique())
    columns = style.labels_in(shown["label"])
    width, height = face_size()
    panels = style.new_panels(len(rows), len(columns), (1.35, 1.35 * height / width + 0.1))
    most = 100 * float(shown["value"].abs().max()) or 1.0
    for i, classifier in enumerate(rows):
        for j, label in enumerate(columns):
            at = (shown["classifier"] == classifier) & (shown["label"] == label)
            drawn = _draw_map(panels[i, j], shown[at], most)
    style.name_panels(panels, rows, columns)
    style.share_colours(panels, drawn, "percentage points")
    what = f"{_MEASURES[shown['measure'].iloc[0]]} {_WORDS[method]}"
    foot = style.footing(shown).splitlines()[0]
    return style.first_of(
        panels,
        f"{what}\n{foot}; no intervals\nDots: p < .05 over the panel's places; black: above 0, "
        "white: below",
    )


def _draw_map(ax: Axes, one: pd.DataFrame, most: float) -> Any:
    grid = one.pivot_table("value", "y", "x") * 100
    x, y = (_edges(axis.to_numpy(float)) for axis in (grid.columns, grid.index))
    drawn = ax.pcolormesh(x, y, grid.to_numpy(float), cmap="RdBu_r", vmin=-most, vmax=most)
    dots = one[one["significant"] == 1]
    spacing = float(np.diff(x).min())
    # In grey, both ends of the colours are dark.
    for rows, face in ((dots[dots["value"] >= 0], "black"), (dots[dots["value"] < 0], "white")):
        ax.plot(
            rows["x"], rows["y"], "o", markersize=1.5 + 8 * spacing, markerfacecolor=face,
            markeredgecolor="white" if face == "black" else "black", markeredgewidth=0.5,
        )  # fmt: skip
    vertices = canonical_mesh().vertices.astype(np.float64)
    for outline in (FACE_OVAL, *FEATURES.values()):
        places = to_places(vertices[[*outline, outline[0]]])
        ax.plot(*places.T, color="0.35", linewidth=0.7)
    width, height = face_size()
    ax.set(xlim=(-0.02, 1.02), ylim=(1.02, -0.02), aspect=height / width, xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set_visible(False)
    return drawn


def _edges(middles: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, Any]:
    """Return edges (n + 1,) of cells around middles (n,)."""
    if len(middles) == 1:
        return np.array([middles[0] - 0.1, middles[0] + 0.1])
    between = (middles[1:] + middles[:-1]) / 2
    return np.concatenate([[2 * middles[0] - between[0]], between, [2 * middles[-1] - between[-1]]])
