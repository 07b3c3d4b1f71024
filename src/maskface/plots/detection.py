"""Faces that are found under an occluder, and the drift of their landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SEARCHES = {"never": "MediaPipe alone", "scenes": "with fallbacks"}


def plot_detection(detection: pd.DataFrame) -> Axes:
    """Draw how often faces are found: a row of panels per search, a column per size.

    Parameters
    ----------
    detection
        In the schema of `maskface.analyses.DETECTION`.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel: shares in per cent with 95 % intervals, a row per emotion, one series per
        condition.
    """
    shown = style.choose(detection, measure="found")
    searches = sorted(shown["search"].unique())
    sizes = sorted(shown["face_px"].unique(), key=lambda px: -px if px else -(10**6))
    rows = style.labels_in(shown["label"])
    panels = style.new_panels(len(searches), len(sizes), (1.75, 2.3), sharex=True)
    for i, search in enumerate(searches):
        for j, size in enumerate(sizes):
            one = shown[(shown["search"] == search) & (shown["face_px"] == size)]
            series = style.series_in_percent(one, "condition", "value", "label")
            style.draw_rows(panels[i, j], rows, series, zero=False)
            _bare(panels[i, j], first=not j, last=(i, j) == (0, len(sizes) - 1))
    names = [f"faces of {px} px" if px else "as they are" for px in sizes]
    style.name_panels(panels, [_SEARCHES[search] for search in searches], names)
    panels[0, 0].set_xlim(-4, 104)
    return style.first_of(panels, f"Faces found (%)\n{style.footing(shown)}")


def _bare(ax: Axes, *, first: bool, last: bool) -> None:
    if not first:
        ax.set_yticklabels([])
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()
    if last:
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def plot_drift(
    detection: pd.DataFrame, condition: str, search: str = "never", face_px: int = 0
) -> Axes:
    """Draw how far visible and hidden landmarks drift under a condition, by emotion.

    Parameters
    ----------
    detection
        In the schema of `maskface.analyses.DETECTION`.
    condition, search, face_px
        Which.

    Returns
    -------
    matplotlib.axes.Axes
        Per cent of the distance between the outer corners of the eyes, with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the condition or the search.
    """
    drifts = detection[detection["measure"] != "found"]
    shown = style.choose(drifts, condition=condition, search=search)
    shown = shown[shown["face_px"] == face_px]
    shown = shown.assign(part=shown["measure"].str.removeprefix("drift_"))
    text = (
        f"Drift of landmarks under '{condition}' (% of the distance between the eyes)\n"
        f"{style.footing(shown)}"
    )
    series = style.series_in_percent(shown, "part", "value", "label")
    ax = style.plot_rows(style.labels_in(shown["label"]), series, text)
    ax.set_xlim(left=0)
    return ax
