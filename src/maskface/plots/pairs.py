"""Answers of one classifier, plain and under one condition: accuracy, confusions, and flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.plots import style
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME: Final = 45  # letters of a name below a figure at most
_LEFT: Final = 1.3  # inches for the names of the rows
_APART: Final = 0.16  # how far the two points of a row stand above and below its middle, in rows
_LIMITS: Final = ["value_ci_low", "value_ci_high"]
_SIZE: Final = (7.2, 3.3)
"""Inches, of the whole figure."""
_MARGINS: Final = {"left": 0.155, "right": 0.995, "top": 0.92, "bottom": 0.355, "wspace": 0.06}
_PALE: Final = 1.8
"""Colours go only so far, as a multiple of the largest value, that black numbers stay readable."""
_FONT: Final = 7.5
_LETTERS_BELOW: Final = 84
"""Letters of a line below the figure."""
KNOWN: Final = (("disgust", "anger"), ("sadness", "neutral"))
"""What human observers take for what behind a mask (Carbon 2020,
doi:10.3389/fpsyg.2020.566886)."""
MOST: Final = 10
_LEFT_OF_FLOWS: Final = 2.15
"""Inches for the names of the rows."""
_ROOM: Final = 14  # room for the number beside an arrow, in per cent of the axis


def plot_accuracy(
    summary: pd.DataFrame,
    classifier: str | None = None,
    condition: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw right answers to plain and to occluded faces, the emotion that loses most first.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.
    classifier, condition
        Which; may be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Per cent right with 95 % intervals: all faces, then each emotion with its number of images.
        Plain faces have an interval where all of them have an answer under the condition too.

    Raises
    ------
    MaskfaceError
        If the summary lacks the classifier or the condition, or the choice is not clear.
    """
    pair = _of_pair(summary, classifier, condition)
    return _draw(pair, ("accuracy", "recall"), "Right answers (%)", ax)


def plot_probabilities(
    summary: pd.DataFrame,
    classifier: str | None = None,
    condition: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean probability given to the true emotion, plain and occluded.

    It shifts before answers change: a face may be read right with less confidence.

    Parameters
    ----------
    summary, classifier, condition, ax
        As in `plot_accuracy`.

    Returns
    -------
    matplotlib.axes.Axes
        Mean probabilities in per cent with 95 % intervals, the largest fall first.

    Raises
    ------
    MaskfaceError
        As in `plot_accuracy`.
    """
    pair = _of_pair(summary, classifier, condition)
    return _draw(pair, ("p_true",), "Probability given to the true emotion (%)", ax)


def _draw(
    pair: tuple[pd.DataFrame, pd.DataFrame], metrics: tuple[str, ...], label: str, ax: Axes | None
) -> Axes:
    occluded, plain = (_by_label(rows, metrics) for rows in pair)
    if "all" not in occluded.index:
        raise MaskfaceError(f"The summary has no {metrics[0]} of {_named(pair[0])}.")
    order = ["all", *occluded.drop(index="all")["loss"].sort_values(ascending=False).index]
    occluded = occluded.loc[order]
    room = style.LINES_BELOW if ax is None else None
    ax = style.labelled_axes(len(order), _LEFT) if ax is None else ax
    y = np.arange(len(order))[::-1].astype(float)
    pairs = 100 * occluded[["baseline", "value"]].to_numpy(np.float64)
    ax.plot(pairs.T, [y + _APART, y - _APART], color="0.75", linewidth=2, zorder=1)
    _series(ax, y + _APART, pairs[:, 0], _plain_limits(occluded, plain), plain=True)
    limits = occluded[_LIMITS].to_numpy(np.float64)
    _series(ax, y - _APART, pairs[:, 1], limits, plain=False)
    sizes = (f"{name} ({n})" for name, n in zip(order, occluded["n"], strict=True))
    style.set_rows(ax, dict(zip(sizes, y, strict=True)), apart=bool(len(order) > 1))
    style.dress(ax, "x")
    ax.spines["left"].set_visible(False)
    ax.set_xlim(-3, 103)
    style.write_below(
        ax, f"{label}\n{_named(occluded)}\n{style.footing(occluded, 'value_interval')}", room=room
    )
    return ax


def _by_label(rows: pd.DataFrame, metrics: tuple[str, ...]) -> pd.DataFrame:
    wanted = rows[rows["metric"].isin(metrics) & rows["label"].isin(["all", *EMOTIONS])]
    return wanted.set_index("label", drop=False)


def _plain_limits(occluded: pd.DataFrame, plain: pd.DataFrame) -> NDArray[np.float64]:
    """Return the intervals of the plain faces, only where they are of the same pictures."""
    limits = plain.reindex(occluded.index)[[*_LIMITS, "n"]]
    same = (limits["n"] == occluded["n"]).fillna(value=False).to_numpy(bool)
    return np.where(same[:, None], limits[_LIMITS].to_numpy(np.float64), np.nan)


def _series(
    ax: Axes,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    limits: NDArray[np.float64],
    *,
    plain: bool,
) -> None:
    colour = style.COLOURS[0] if plain else style.COLOURS[-1]
    ax.hlines(y, 100 * limits[:, 0], 100 * limits[:, 1], color=colour, linewidth=1.3)
    ax.plot(
        x, y, "o" if plain else "s", color=colour, markersize=6, markeredgewidth=1.4, zorder=3,
        markerfacecolor="white" if plain else colour, label="plain" if plain else "occluded",
    )  # fmt: skip


def plot_confusions(
    summary: pd.DataFrame, classifier: str | None = None, condition: str | None = None
) -> Axes:
    """Draw which answers each emotion was given, plain, occluded, and the difference.

    Parameters
    ----------
    summary, classifier, condition
        As in `plot_accuracy`.

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
    rows, _ = _of_pair(summary, classifier, condition)
    there, plain, occluded = _counts(rows)
    before, after = _shares(plain), _shares(occluded)
    panels = style.new_figure(1, 3, _SIZE, None)[0]
    panels[0].figure.subplots_adjust(**_MARGINS)
    for ax, values, title in zip(panels[:2], (before, after), ("plain", "occluded"), strict=True):
        _matrix(ax, values, (0, 100 * _PALE), change=False)
        ax.set_title(f"{title} (%)", fontsize="medium")
    change = after - before
    most = float(np.nanmax(np.abs(change), initial=1)) * _PALE
    _matrix(panels[2], change, (-most, most), change=True)
    panels[2].set_title("change (points)", fontsize="medium")
    sizes = occluded.sum(axis=1)
    names = [f"{name} ({n:.0f})" for name, n in zip(there, sizes, strict=True)]
    for number, ax in enumerate(panels):
        ax.set_yticks(range(len(there)), names if number == 0 else [], fontsize="small")
        _box_hits(ax, there)
    panels[0].set_ylabel("shown")
    dataset = style.shorten(str(rows.iloc[0]["dataset"]), 40)
    style.write_below(
        panels[1],
        f"Answers: {_named(rows)}\n{dataset}: {sizes.sum():.0f} images; shares of each row, "
        "blank below 0.5; no intervals",
        letters=_LETTERS_BELOW,
        room=2,
    )
    first: Axes = panels[0]
    return first


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


def plot_flows(
    summary: pd.DataFrame,
    classifier: str | None = None,
    condition: str | None = None,
    *,
    most: int = MOST,
    always: Sequence[tuple[str, str]] = KNOWN,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the shares of wrong answers change, an arrow from plain to occluded for each.

    Parameters
    ----------
    summary, classifier, condition, ax
        As in `plot_accuracy`.
    most
        So many wrong answers whose shares change most.
    always
        Shown emotions and wrong answers that are drawn however little they change, in bold.

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
    rows, _ = _of_pair(summary, classifier, condition)
    table = _changes(rows)
    known = pd.Series([pair in set(always) for pair in table.index], index=table.index)
    largest = table["change"].abs().nlargest(most)
    kept = table[known | (table.index.isin(largest[largest > 0].index))]
    kept = kept.sort_values("change", ascending=False, kind="stable")
    room = style.LINES_BELOW if ax is None else None
    ax = style.labelled_axes(max(len(kept), 2), _LEFT_OF_FLOWS) if ax is None else ax
    y = np.arange(len(kept))[::-1].astype(float)
    for place, row in zip(y, kept.itertuples(), strict=True):
        _arrow(ax, place, float(row.plain), float(row.occluded))  # type: ignore[arg-type]
    names = [f"{shown} → {answer}" for shown, answer in kept.index]
    sizes = [f"{name} ({n:.0f})" for name, n in zip(names, kept["n"], strict=True)]
    style.set_rows(ax, dict(zip(sizes, y, strict=True)), apart=False)
    for tick, bold in zip(ax.get_yticklabels(), known[kept.index], strict=True):
        tick.set_fontweight("bold" if bold else "normal")
    _explain(ax)
    ax.set_xlim(-3, 100 + _ROOM)
    ax.set_xticks(range(0, 101, 20))
    n = int(rows.loc[rows["metric"] == "accuracy", "n"].iloc[0])
    legend = " Bold: known of people." if known.any() else ""
    dataset = style.shorten(str(rows.iloc[0]["dataset"]), 40)
    style.write_below(
        ax,
        "Wrong answers (% of the images that show the emotion);\n"
        f"{_named(rows)}\n{dataset}: {n} images; no intervals.{legend}",
        room=room,
    )
    return ax


def _changes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, for each shown emotion and wrong answer, shares plain and occluded, change, and n."""
    there, plain, occluded = _counts(rows)
    sizes, before, after = occluded.sum(axis=1), _shares(plain), _shares(occluded)
    cells = {
        (shown, answer): (before[i, j], after[i, j], after[i, j] - before[i, j], sizes[i])
        for i, shown in enumerate(there)
        for j, answer in enumerate(EMOTIONS)
        if answer != shown and sizes[i]
    }
    table = pd.DataFrame.from_dict(
        cells, orient="index", columns=["plain", "occluded", "change", "n"]
    )
    return table.astype(float)


def _arrow(ax: Axes, y: float, plain: float, occluded: float) -> None:
    rises = occluded >= plain
    colour = style.COLOURS[-1] if rises else style.COLOURS[0]
    ax.plot([plain, occluded], [y, y], color=colour, linewidth=2.2, zorder=2, solid_capstyle="butt")
    ax.plot([plain], [y], "o", color=colour, markerfacecolor="white", markersize=5.5, zorder=3)
    if occluded != plain:
        ax.plot([occluded], [y], ">" if rises else "<", color=colour, markersize=7, zorder=4)
    ax.text(
        max(plain, occluded) + 2.5, y, f"{occluded - plain:+.0f}", va="center", fontsize="small"
    )


def _explain(ax: Axes) -> None:
    """Name the marks in a legend."""
    for mark, colour, face, name in (
        ("o", "0.3", "white", "plain"),
        (">", style.COLOURS[-1], style.COLOURS[-1], "more if occluded"),
        ("<", style.COLOURS[0], style.COLOURS[0], "less if occluded"),
    ):
        ax.plot([], [], mark, color=colour, markerfacecolor=face, label=name)
    style.dress(ax, "x")
    ax.spines["left"].set_visible(False)


def _of_pair(
    summary: pd.DataFrame, classifier: str | None, condition: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of one classifier under a condition, and those of the plain faces."""
    own = style.choose(summary, classifier=classifier)
    occluded = own[own["condition"] != PLAIN]
    if occluded.empty:
        raise MaskfaceError("The summary holds plain faces alone: there is nothing to compare.")
    return style.choose(occluded, condition=condition), own[own["condition"] == PLAIN]


def _named(rows: pd.DataFrame) -> str:
    """Name classifier and condition of rows below a figure."""
    first = rows.iloc[0]
    classifier, condition = (
        style.shorten(str(first[name]), _NAME) for name in ("classifier", "condition")
    )
    return f"{classifier}, plain and under '{condition}'"


def _counts(rows: pd.DataFrame) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Count the answers of one classifier under one condition.

    Return the E emotions that are shown, and how often each answer was given to each, plain and
    occluded: two arrays (E, 7).
    """
    there = [e for e in EMOTIONS if e in set(rows.loc[rows["metric"] == "recall", "label"])]
    wanted = [f"answered_{emotion}" for emotion in EMOTIONS]
    answered = rows[rows["metric"].isin(wanted)]
    if answered.empty:
        raise MaskfaceError(
            "The summary does not count answers by emotion. Those of `maskface run` do."
        )
    plain, occluded = (
        answered.pivot_table(column, "label", "metric", aggfunc="sum")
        .reindex(index=there, columns=wanted, fill_value=0)
        .fillna(0)
        .to_numpy(np.float64)
        for column in ("baseline", "value")
    )
    return there, plain, occluded


def _shares(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return counts in per cent of their row; NaN where a row is empty."""
    totals = counted.sum(axis=1, keepdims=True)
    filled = np.where(totals > 0, totals, np.nan)
    return np.asarray(100 * counted / filled, np.float64)
