"""People and classifiers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from maskface.errors import MaskfaceError
from maskface.plots.style import (
    choose,
    draw_rows,
    first_of,
    in_percent,
    largest_first,
    name_panels,
    new_panels,
    rows_axes,
    share_colours,
)
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HUMAN = "human"


def plot_human_machine_loss(cells: pd.DataFrame, condition: str) -> Axes:
    """Draw what people and classifiers lose of each emotion, the largest loss first.

    Parameters
    ----------
    cells
        In the schema of `maskface.findings.CELLS`.
    condition
        The classifiers' cover.

    Returns
    -------
    matplotlib.axes.Axes
        Right answers lost in percentage points, with 95 % intervals where there are any.

    Raises
    ------
    MaskfaceError
        If the table lacks the condition.
    """
    losses = cells[cells["pattern"] == "loss"]
    people = losses["classifier"] == _HUMAN
    machines = choose(losses[~people], "condition", condition)
    human = {
        f"people: {study}": in_percent(part, "value", "label")
        for study, part in losses[people].groupby("humans", sort=True)
    }
    # Each study has the classifiers' losses among its own emotions; they are drawn once.
    first = machines[machines["humans"] == machines["humans"].iloc[0]]
    series = human | {
        str(name): in_percent(part, "value", "label")
        for name, part in first.groupby("classifier", sort=True)
    }
    rows = largest_first(losses[people], "label", "value")
    ax = rows_axes(len(rows) * (1 + len(series) // 4))
    draw_rows(ax, rows, series)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    units = "" if not human or losses.loc[people, "ci_low"].isna().all() else " and observers"
    ax.set_xlabel(
        f"Right answers lost under a mask ('{condition}' for the classifiers; percentage points)\n"
        f"{first['dataset'].iloc[0]}: {int(first['n'].iloc[0])} images; 95 % intervals: bootstrap "
        f"over {first['clustered_by'].iloc[0]}s{units}"
    )
    return ax


def plot_confusion_change(cells: pd.DataFrame, humans: str, condition: str) -> Axes:
    """Draw how wrong answers change with the mask, a panel each for people and classifiers.

    Parameters
    ----------
    cells
        In the schema of `maskface.findings.CELLS`.
    humans
        The study.
    condition
        The classifiers' cover.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel, of people: shown emotions from top to bottom, answers from left to right,
        changes of shares in percentage points.

    Raises
    ------
    MaskfaceError
        If the table has no confusions of the study or the condition.
    """
    shown = choose(cells[cells["pattern"] == "change"], "humans", humans)
    people = shown["classifier"] == _HUMAN
    if not people.any():
        raise MaskfaceError(
            f"Only hits of {humans!r} are known, no confusions. Name a folder that `maskface "
            "humans` wrote to."
        )
    machines = choose(shown[~people], "condition", condition)
    names = [_HUMAN, *sorted(machines["classifier"].unique())]
    there = [e for e in EMOTIONS if e in set(shown.loc[people, "label"])]
    most = 100 * float(max(shown[people]["value"].abs().max(), machines["value"].abs().max()))
    panels = new_panels(1, len(names), (2.6, 2.9))
    for ax, name in zip(panels[0], names, strict=True):
        own = shown[people] if name == _HUMAN else machines[machines["classifier"] == name]
        drawn = _draw_matrix(ax, own, there, most or 1.0)
    name_panels(panels, [""], ["people", *names[1:]])
    panels[0, 0].set_ylabel("shown")
    for ax in panels[0, 1:]:
        ax.set_yticklabels([])
    share_colours(panels, drawn, "percentage points")
    trials, images = (int(rows["n"].max()) for rows in (shown[people], machines))
    return first_of(
        panels,
        f"Answer: change with the mask\npeople: {humans}, {trials} trials; classifiers: under "
        f"'{condition}', {images} images; no intervals",
    )


def _draw_matrix(ax: Axes, own: pd.DataFrame, there: list[str], most: float) -> Any:
    table = own.pivot_table("value", "label", "answer").reindex(index=there, columns=there) * 100
    values = table.to_numpy(np.float64)
    drawn = ax.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most)
    ax.set_facecolor("0.85")
    for (i, j), value in np.ndenumerate(values):
        if not np.isnan(value):
            dark = abs(value) > 0.6 * most
            ax.text(j, i, f"{value:+.0f}", ha="center", va="center", fontsize="small",
                    color="white" if dark else "black")  # fmt: skip
    ax.set_xticks(range(len(there)), there, rotation=60, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(there)), there)
    ax.tick_params(length=0)
    return drawn
