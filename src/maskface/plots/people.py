"""Losses and confusions of people beside those of classifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maskface.classifiers import is_control
from maskface.errors import MaskfaceError
from maskface.plots import style
from maskface.stats import loss_table
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_MARKERS: Final = ("<", ">", "X", "p", "x", "d", "*", "+")
"""One for each study, all grey; none of those that classifiers have."""
_PEOPLE: Final = 0.38
_CLASSIFIER: Final = 0.085
_GAP: Final = 0.13
"""Inches: height of the people's part of a row, of each classifier below it, and between rows."""
_LEGEND: Final = 0.19
_BESIDE: Final = 1.55
"""Inches: height of a line of the legend, and of what else is above and below the rows."""
_NAME: Final = 44
_LABEL: Final = 30
"""Letters of a name below the axis, and in the legend, beside that of the studies."""
_MOST: Final = len(style.COLOURS)
_HUMAN = "human"


def plot_beside_people(
    summary: pd.DataFrame,
    published: pd.DataFrame,
    condition: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss of each classifier under a mask, and that of people in published studies.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    published
        From `maskface.findings.published_losses`.
    condition
        The mask; may be left out if there is only one occluder.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Losses in percentage points over all emotions and for each: grey marks above, one a study,
        as published or computed from the authors' public trials; coloured marks below, one a
        classifier. Lines are 95 % intervals. Of people, they are solid where they rest on the
        observers' own losses, and dotted where only the number of observers bounds them; studies
        without a line are named, with the reason. Where there are more than six classifiers, the
        first six are drawn, and it is said. Controls fitted to shuffled labels are left out
        where there is any other classifier.

    Raises
    ------
    MaskfaceError
        If the summary does not hold the condition, the choice is not clear, or there are more
        studies than marks that differ.
    """
    occluded = summary[summary["condition"] != PLAIN]
    if occluded.empty:
        raise MaskfaceError("The summary holds plain faces alone: there is no loss to show.")
    occluded = style.choose(occluded, condition=condition)
    table = loss_table(occluded)
    rows = style.labels_in(table["emotion"])
    published = published[published["emotion"].isin(rows)]
    studies = _studies(published)
    every = sorted(map(str, table["classifier"].unique()))
    names = [name for name in every if not is_control(name)] or every
    series = {
        label: style.in_percent(table[table["classifier"] == name], "loss", "emotion")
        for label, name in zip(_labels(names[:_MOST]), names, strict=False)
    }
    height = _PEOPLE + _CLASSIFIER * len(series) + _GAP
    if ax is None:
        ax = style.new_axes(_BESIDE + height * len(rows) + _LEGEND * max(len(studies), len(series)))
    spread = _CLASSIFIER * (len(series) - 1) / height
    style.draw_rows(ax, rows, series, middle=-_PEOPLE / height / 2, spread=spread)
    _draw_people(ax, published, rows, 0.5 - (_GAP / 2 + _PEOPLE / 2) / height, _PEOPLE / height)
    _set_legends(ax, len(series))
    more = f" (the first {_MOST} of {len(names)})" if len(names) > _MOST else ""
    foot = style.footing(occluded[occluded["metric"] == "accuracy"])
    style.write_below(
        ax,
        f"Right answers lost (percentage points)\nClassifiers under "
        f"'{style.shorten(table['condition'].iloc[0], _NAME)}'{more}; {foot}\n"
        "People under masks of other kinds, on other faces and with other questions: plain minus "
        "masked, as published or computed from the authors' public trials. "
        f"{_interval_note(published)}Emotions without grey marks: no study gives both figures.",
        letters=92,
    )
    return ax


def _draw_people(
    ax: Axes, published: pd.DataFrame, rows: list[str], middle: float, spread: float
) -> None:
    """Draw a mark for each study, above the middle of the rows, over a share of their height."""
    studies = _studies(published)
    offsets = middle + spread * np.linspace(0.4, -0.4, max(len(studies), 2))[: len(studies)]
    markers = _MARKERS[: len(studies)]
    for study, marker, offset in zip(studies, markers, offsets, strict=True):
        own = published[published["study"] == study]
        places = np.array([len(rows) - 1 - rows.index(label) + offset for label in own["emotion"]])
        _draw_lines(ax, own, places)
        ax.plot(
            100 * own["loss"].astype(float), places, marker, color="0.35", markersize=5,
            markerfacecolor="0.85", markeredgewidth=0.9, linestyle="none", label=_who(own),
            zorder=3,
        )  # fmt: skip


def _draw_lines(ax: Axes, own: pd.DataFrame, places: NDArray[np.float64]) -> None:
    observed, bound = _kinds(own)
    for chosen, line, width in ((observed, "solid", 1.2), (bound, (0, (1, 1.5)), 0.9)):
        low, high = (100 * own.loc[chosen, name].astype(float) for name in ("ci_low", "ci_high"))
        ax.hlines(places[chosen], low, high, color="0.5", linestyle=line, linewidth=width, zorder=2)


def _kinds(published: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Separate intervals of observers' own losses, and bounds by the number of observers."""
    bound = published["interval"].str.startswith("bound")
    return published["ci_low"].notna() & ~bound, bound


def _interval_note(published: pd.DataFrame) -> str:
    """Describe what the lines of people are, and which studies have none and why."""
    observed, bound = _kinds(published)
    note = ""
    if observed.any():
        note += "Solid grey lines: 95 % intervals of the observers' own losses. "
    if bound.any():
        note += (
            "Dotted: the widest 95 % interval that the number of observers allows, as if each had "
            "given one answer plain and one masked (Newcombe 1998); each gave many, so the "
            "study's own should be narrower. "
        )
    without = published[published["no_interval"] != ""].drop_duplicates("study")
    if len(without):
        names = (f"{r['study']} ({r['no_interval']})" for r in without.to_dict("records"))
        note += f"No line: {', '.join(names)}. "
    return note


def _studies(published: pd.DataFrame) -> list[str]:
    studies = list(dict.fromkeys(published["study"]))
    if len(studies) > len(_MARKERS):
        raise MaskfaceError(
            f"There are {len(studies)} studies, and marks for {len(_MARKERS)}. Leave out rows of "
            "the published losses."
        )
    return studies


def _labels(names: Sequence[str]) -> list[str]:
    """Cut long names in the middle; those that become the same by it are numbered."""
    half = (_LABEL - 1) // 2
    cut = [n if len(n) <= _LABEL else f"{n[:half]}…{n[-half:]}" for n in names]
    alike = [cut[:place].count(label) for place, label in enumerate(cut)]
    return [f"{label} ({n + 1})" if n else label for label, n in zip(cut, alike, strict=True)]


def _who(own: pd.DataFrame) -> str:
    """Name a study; its observers are not fewer than those who were shown one of the emotions."""
    n = "n not given" if own["n"].isna().all() else f"n = {int(own['n'].max())}"
    what = ", hits" if set(own["measure"]) & {"hit_rate", "loss of hits"} else ""
    return f"{own['study'].iloc[0]} ({n}{what})"


def _set_legends(ax: Axes, n_classifiers: int) -> None:
    """Draw a legend for the classifiers and one for the studies, side by side above the axes."""
    handles, names = ax.get_legend_handles_labels()
    shared = {"frameon": False, "fontsize": "small", "handletextpad": 0.4, "alignment": "left"}
    first = ax.legend(
        handles[:n_classifiers], names[:n_classifiers], title="Classifiers of this run",
        title_fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), **shared,
    )  # fmt: skip
    if len(handles) > n_classifiers:
        ax.add_artist(first)
        ax.legend(
            handles[n_classifiers:], names[n_classifiers:], title="People (n observers)",
            title_fontsize="small", loc="lower right", bbox_to_anchor=(1, 1), **shared,
        )  # fmt: skip


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
    machines = style.choose(losses[~people], condition=condition)
    human = {
        f"people: {study}": points
        for study, points in style.series_in_percent(
            losses[people], "humans", "value", "label"
        ).items()
    }
    # Each study has the classifiers' losses among its own emotions; they are drawn once.
    first = machines[machines["humans"] == machines["humans"].iloc[0]]
    series = human | style.series_in_percent(first, "classifier", "value", "label")
    rows = style.largest_first(losses[people], "label", "value")
    units = "" if not human or losses.loc[people, "ci_low"].isna().all() else " and observers"
    text = (
        f"Right answers lost under a mask ('{condition}' for the classifiers; percentage points)\n"
        f"{first['dataset'].iloc[0]}: {int(first['n'].iloc[0])} images; 95 % intervals: bootstrap "
        f"over {first['clustered_by'].iloc[0]}s{units}"
    )
    ax = style.plot_rows(rows, series, text, style.rows_axes(len(rows) * (1 + len(series) // 4)))
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return ax


def plot_confusion_change(cells: pd.DataFrame, humans: str, condition: str) -> Axes:
    """Draw how wrong answers change with the mask, a panel each for people and classifiers.

    Parameters
    ----------
    cells, condition
        As in `plot_human_machine_loss`.
    humans
        The study.

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
    shown = style.choose(cells, pattern="change", humans=humans)
    people = shown["classifier"] == _HUMAN
    if not people.any():
        raise MaskfaceError(
            f"Only hits of {humans!r} are known, no confusions. Name a folder that `maskface "
            "humans` wrote to."
        )
    machines = style.choose(shown[~people], condition=condition)
    names = [_HUMAN, *sorted(machines["classifier"].unique())]
    there = [e for e in EMOTIONS if e in set(shown.loc[people, "label"])]
    most = 100 * float(max(shown[people]["value"].abs().max(), machines["value"].abs().max()))
    panels = style.new_panels(1, len(names), (2.6, 2.9))
    for ax, name in zip(panels[0], names, strict=True):
        own = shown[people] if name == _HUMAN else machines[machines["classifier"] == name]
        drawn = _draw_matrix(ax, own, there, most or 1.0)
    style.name_panels(panels, [""], ["people", *names[1:]])
    panels[0, 0].set_ylabel("shown")
    for ax in panels[0, 1:]:
        ax.set_yticklabels([])
    style.share_colours(panels, drawn, "percentage points")
    trials, images = (int(rows["n"].max()) for rows in (shown[people], machines))
    return style.first_of(
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
