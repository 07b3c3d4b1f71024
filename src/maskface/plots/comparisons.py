"""Figures of the tables of `maskface.analyses`, one or two for each question."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from maskface.plots import style
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_contrasts(
    table: pd.DataFrame, label: str = "all", reference: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how much better conditions are read than their references, one series per classifier.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.CONTRASTS` or `maskface.analyses.STYLES`. Where it has
        a bound of equivalence, that is shaded.
    label
        Emotion, or ``all``.
    reference
        Only pairs with this reference; all if None.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Differences in percentage points with 95 % intervals, the largest first.

    Raises
    ------
    MaskfaceError
        If the table lacks the label or the reference.
    """
    shown = style.choose(table, label=label)
    names, of, lines = shown["condition"] + "\nminus " + shown["reference"], "first minus second", 2
    if reference is not None:
        shown = style.choose(shown, reference=reference)
        names, of, lines = shown["condition"], f"minus '{reference}'", 1
    what = style.measure_name(label)
    text = f"Difference of {what[0].lower()}{what[1:]}, {of} (percentage points)"
    shown = shown.assign(row=names)
    rows = style.largest_first(shown, "row", "difference")
    ax = style.rows_axes(len(rows), lines) if ax is None else ax
    return _draw_contrasts(ax, shown, "row", rows, text)


def plot_contrast_by_emotion(
    table: pd.DataFrame, condition: str, reference: str, ax: Axes | None = None
) -> Axes:
    """Draw one contrast over all emotions and for each, one series per classifier.

    Parameters
    ----------
    table, ax
        As in `plot_contrasts`.
    condition, reference
        The pair.

    Raises
    ------
    MaskfaceError
        If the table lacks the pair.
    """
    shown = style.choose(table, condition=condition, reference=reference)
    text = f"Right answers under '{condition}' minus '{reference}' (percentage points)"
    rows = style.labels_in(shown["label"])
    return _draw_contrasts(
        style.rows_axes(len(rows)) if ax is None else ax, shown, "label", rows, text
    )


def _draw_contrasts(ax: Axes, shown: pd.DataFrame, name: str, rows: list[str], text: str) -> Axes:
    if "bound" in shown:
        bound = 100 * float(shown["bound"].iloc[0])
        ax.axvspan(-bound, bound, color="0.93", zorder=0, label=f"within ±{bound:g}")
    series = style.series_in_percent(shown, "classifier", "difference", name)
    return style.plot_rows(rows, series, f"{text}\n{style.footing(shown)}", ax)


def plot_moderators(moderators: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the loss of every group of every attribute, one series per classifier.

    Parameters
    ----------
    moderators
        In the schema of `maskface.analyses.MODERATORS`.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Losses in percentage points with 95 % intervals, and how many units each group has.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = style.choose(moderators, measure="loss", label=label)
    shown = shown.assign(row=shown["attribute"] + "\n" + shown["group"])
    first = shown.drop_duplicates("row")
    sizes = sorted({int(n) for n in shown["n"]})
    intervals = style.footing(shown).split("\n")[1]
    text = (
        f"{style.measure_name(label)} lost (percentage points)\n"
        f"{shown['dataset'].iloc[0]}: {sizes[0]} to {sizes[-1]} images a group\n{intervals}"
    )
    series = style.series_in_percent(shown, "classifier", "value", "row")
    ax = style.plot_rows(list(first["row"]), series, text, ax, lines=2)
    for place, row in enumerate(first.to_dict("records")):
        units = f"{row['clustered_by']}{'s' if row['n_clusters'] > 1 else ''}"
        style.write_beside(ax, len(first) - 1 - place, f"{row['n_clusters']} {units}")
    style.separate(ax, list(first["attribute"]))
    return ax


def plot_moderator_by_emotion(
    moderators: pd.DataFrame,
    attribute: str | None = None,
    classifier: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss over all emotions and of each, one series per group of pictures.

    Parameters
    ----------
    moderators, ax
        As in `plot_moderators`.
    attribute, classifier
        May be left out if there is only one.

    Raises
    ------
    MaskfaceError
        If the table lacks the attribute or the classifier, or the choice is not clear.
    """
    shown = style.choose(moderators, measure="loss", attribute=attribute, classifier=classifier)
    shown = shown.assign(series=f"{shown['attribute'].iloc[0]} " + shown["group"].astype(str))
    name = shown["classifier"].iloc[0]
    text = f"Right answers of {name} lost (percentage points)\n{style.footing(shown)}"
    series = style.series_in_percent(shown, "series", "value", "label", sort=False)
    return style.plot_rows(style.labels_in(shown["label"]), series, text, ax)


def plot_appearance(appearance: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the loss under every appearance, group by group, one series per classifier.

    Parameters
    ----------
    appearance
        In the schema of `maskface.analyses.APPEARANCE`. A condition of several groups is drawn in
        the first of them.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Losses in percentage points with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = style.choose(appearance, measure="loss", label=label)
    shown = shown.drop_duplicates(["classifier", "condition"])
    groups = shown.drop_duplicates("condition").groupby("group", sort=False)
    rows = [
        row
        for _, members in groups
        for row in style.largest_first(
            shown[shown["condition"].isin(members["condition"])], "condition", "value"
        )
    ]
    text = f"{style.measure_name(label)} lost (percentage points)\n{style.footing(shown)}"
    ax = style.plot_rows(
        rows, style.series_in_percent(shown, "classifier", "value", "condition"), text, ax
    )
    place = len(rows) - 1
    for group, members in groups:
        style.write_beside(ax, place, str(group))
        place -= len(members)
        if place >= 0:
            style.draw_line(ax, place + 0.5)
    return ax


_CURVES: Final = ("-", "--", ":", "-.")  # one for each series, beside colour and marker


def plot_dose(
    dose: pd.DataFrame, classifier: str | None = None, label: str = "all", ax: Axes | None = None
) -> Axes:
    """Draw right answers over coverage, one curve per series, with 95 % intervals.

    Parameters
    ----------
    dose
        In the schema of `maskface.analyses.DOSE`.
    classifier
        May be left out if there is only one.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Raises
    ------
    MaskfaceError
        If the table lacks the classifier or label, or the choice is not clear.
    """
    shown = style.choose(dose, classifier=classifier, label=label)
    ax = style.new_axes() if ax is None else ax
    for number, (name, rows) in enumerate(shown.groupby("series", sort=True)):
        _draw_curve(ax, rows, str(name), number)
    if label == "all":
        chance = 100 / len(EMOTIONS)
        ax.axhline(chance, color="0.4", linewidth=0.8, linestyle=(0, (1, 3)))
        ax.annotate("1/7", (1.01, chance), xycoords=("axes fraction", "data"), va="center")
    ax.set_xlim(-2, 102)
    ax.set_ylim(0, 100)
    ax.set_ylabel(f"{style.measure_name(label)} of {shown['classifier'].iloc[0]} (%)")
    ax.set_xlabel(f"Hidden part of the face oval (%)\n{style.footing(shown)}")
    style.dress(ax, "both")
    return ax


def _draw_curve(ax: Axes, rows: pd.DataFrame, name: str, number: int) -> None:
    colour, marker = style.colour_and_marker(number)
    x = 100 * rows["coverage"].to_numpy(float)
    low, value, high = (100 * rows[c].to_numpy(float) for c in
                        ("value_ci_low", "value", "value_ci_high"))  # fmt: skip
    ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    line = _CURVES[number % len(_CURVES)]
    ax.plot(x, value, line, marker=marker, color=colour, label=name, markersize=5)


def plot_half_points(
    half_points: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the coverage at which half of the loss is reached, by emotion, one colour per series.

    Parameters
    ----------
    half_points
        In the schema of `maskface.analyses.HALF_POINTS`.
    classifier, ax
        As in `plot_dose`.

    Raises
    ------
    MaskfaceError
        If the table lacks the classifier, or the choice is not clear.
    """
    shown = style.choose(half_points, classifier=classifier)
    text = (
        f"Coverage (%) by which {shown['classifier'].iloc[0]} has lost half of what it loses at "
        f"the end\n{style.footing(shown)}\nNo point: nothing is lost. No line: too uncertain."
    )
    series = style.series_in_percent(shown, "series", "half_point", "label")
    ax = style.plot_rows(style.labels_in(shown["label"]), series, text, ax, zero=False)
    ax.set_xlim(0, 100)
    return ax


_TRAINED: Final = {
    "clean": "fitted to plain",
    "masked": "fitted to masked",
    "both": "fitted to both",
    "permuted": "shuffled labels",
}
_HEIGHT: Final = 0.3
"""Of a bar, in rows."""


def plot_transfer(transfer: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw right answers by training faces, one series for plain and one for masked test faces.

    Parameters
    ----------
    transfer
        In the schema of `maskface.analyses.TRANSFER`.
    label
        Emotion, or ``all``.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Right answers in per cent with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    shown = style.choose(transfer, measure="accuracy", label=label)
    shown = shown.assign(row=shown["family"] + "\n" + shown["train"].map(_TRAINED))
    order = [
        (family, train)
        for family in shown["family"].unique()
        for train in _TRAINED
        if ((shown["family"] == family) & (shown["train"] == train)).any()
    ]
    rows = [f"{family}\n{_TRAINED[train]}" for family, train in order]
    series = {
        f"{test} faces": style.in_percent(shown[shown["test"] == test], "value", "row")
        for test in ("plain", "masked")
    }
    text = f"{style.measure_name(label, 'Right answers')} (%)\n{style.footing(shown)}"
    ax = style.plot_rows(rows, series, text, ax, zero=False)
    style.separate(ax, [family for family, _ in order])
    ax.set_xlim(-2, 102)
    return ax


def plot_split(transfer: pd.DataFrame, label: str = "all", ax: Axes | None = None) -> Axes:
    """Draw the two parts of the loss of each family: lost information, and shift.

    Parameters
    ----------
    transfer, label, ax
        As in `plot_transfer`.

    Returns
    -------
    matplotlib.axes.Axes
        A bar from 0 to the information, one below it from there to the loss, and the 95 %
        intervals of information, shift and loss.

    Raises
    ------
    MaskfaceError
        If the table lacks the label.
    """
    split = transfer[transfer["measure"].isin(["information", "shift", "loss"])]
    shown = style.choose(split, label=label)
    rows = [str(family) for family in shown["family"].unique()]
    ax = style.rows_axes(2 * len(rows)) if ax is None else ax
    y = np.arange(len(rows))[::-1]
    parts = style.series_in_percent(shown, "measure", "value", "family")
    information, shift, loss = (
        parts[name].reindex(rows) for name in ("information", "shift", "loss")
    )
    start = information["point"].to_numpy()
    ax.barh(
        y + _HEIGHT, start, _HEIGHT, color=style.COLOURS[0], alpha=0.5, label="lost information"
    )
    ax.barh(
        y, shift["point"], _HEIGHT, left=start, color=style.COLOURS[1], alpha=0.6, hatch="////",
        edgecolor="white", linewidth=0, label="shift",
    )  # fmt: skip
    ax.barh(y - _HEIGHT, loss["point"], _HEIGHT, color="0.9", edgecolor="0.4", label="loss")
    for places, limits, left in (
        (y + _HEIGHT, information, 0.0), (y, shift, start), (y - _HEIGHT, loss, 0.0),
    ):  # fmt: skip
        ax.hlines(places, limits["low"] + left, limits["high"] + left, color="0.2", linewidth=1.2)
    ax.axvline(0, color="0.4", linewidth=0.8, zorder=1)
    ax.set_yticks(y, rows)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    style.dress(ax, "x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"{style.measure_name(label)} lost (percentage points)\n{style.footing(shown)}")
    return ax


_DASHES: Final = ("-", "--")
_APART: Final = 0.03
"""How far lines stand apart, so that their intervals do not cover each other."""
_OTHERS: Final = "others"
_QUANTITIES: Final = {"without": ("neither", "second"), "with": ("first", "both")}


def plot_factorial(
    table: pd.DataFrame, first: str, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how often the answer is given with and without two things, as an interaction plot.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.FACTORIAL`, with one answer and one second thing.
    first
        The first thing: the one that has lines of its own. The second is on the axis.
    classifier
        May be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Shares in per cent with 95 % intervals, solid for faces that show the answer, dashed for
        all others. Parallel lines: no interaction.

    Raises
    ------
    MaskfaceError
        If the table lacks the first thing or the classifier.
    """
    shown = style.choose(table, measure="share", first=first, classifier=classifier)
    answer, second = (str(shown[name].iloc[0]) for name in ("answer", "second"))
    shown = shown[shown["label"].isin([answer, _OTHERS])]
    ax = style.new_axes(4.6) if ax is None else ax
    for place, (label, name) in enumerate(product((answer, _OTHERS), _QUANTITIES)):
        rows = shown[shown["label"] == label]
        if not rows.empty:
            points = style.in_percent(rows, "value", "quantity").loc[list(_QUANTITIES[name])]
            of = "other" if label == _OTHERS else label
            text = f"{of} faces, {name} {first.partition(':')[0]}"
            _draw_pair(ax, points, text, place)
    ax.set_xticks([0, 1], ["none", second])
    ax.set_xlim(-0.3, 1.3)
    ax.set_ylim(-3, 103)
    ax.set_ylabel(f"Answer '{answer}' (%)")
    ax.set_xlabel(f"{shown['classifier'].iloc[0]}; first: {first}\n{style.footing(shown)}")
    style.dress(ax, "both")
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def _draw_pair(ax: Axes, points: pd.DataFrame, name: str, place: int) -> None:
    x = np.array([0, 1]) + (place - 1.5) * _APART
    colour: dict[str, Any] = {"color": style.COLOURS[place % 2]}
    ax.vlines(x, points["low"], points["high"], linewidth=1.2, **colour)
    marker, line = style.MARKERS[place % 2], _DASHES[place // 2]
    ax.plot(x, points["point"], marker=marker, linestyle=line, label=name, **colour)


def plot_factorial_effects(
    table: pd.DataFrame, measure: str = "dprime", ax: Axes | None = None
) -> Axes:
    """Draw what each first thing does alone and with the second, one series per classifier.

    Parameters
    ----------
    table, ax
        As in `plot_factorial`.
    measure
        ``dprime`` or ``criterion``.

    Returns
    -------
    matplotlib.axes.Axes
        Changes of the measure with 95 % intervals.

    Raises
    ------
    MaskfaceError
        If the table lacks the measure.
    """
    shown = style.choose(table, measure=measure)
    second, answer = (str(shown[name].iloc[0]) for name in ("second", "answer"))
    effects = {"first alone": "", "first given second": f"\nunder {second}"}
    shown = shown[shown["quantity"].isin(list(effects))]
    shown = shown.assign(row=shown["first"] + shown["quantity"].map(effects))
    rows = [
        f"{first}{text}" for first in dict.fromkeys(shown["first"]) for text in effects.values()
    ]
    series = {
        str(name): part.set_index("row")[["ci_low", "value", "ci_high"]].set_axis(
            ["low", "point", "high"], axis=1
        )
        for name, part in shown.groupby("classifier", sort=True)
    }
    what = {"dprime": "sensitivity (d')", "criterion": "criterion"}[measure]
    text = f"Change of the {what} of '{answer}', above 0: told apart better\n{style.footing(shown)}"
    return style.plot_rows(rows, series, text, ax, lines=2)


_KINDS: Final = {"whole": 0, "composite": 1, "misaligned": 2}
_VERSIONS: Final = ("plain", "masked")


def plot_concealed(
    table: pd.DataFrame, classifier: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the answers to whole and composite faces, plain and masked, one series per answer.

    Parameters
    ----------
    table
        In the schema of `maskface.analyses.CONCEALED`.
    classifier
        May be left out if there is only one.
    ax
        Where to draw; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
        Shares in per cent with 95 % intervals; other answers make up the rest.

    Raises
    ------
    MaskfaceError
        If the table lacks the classifier, or the choice is not clear.
    """
    shown = style.choose(table, classifier=classifier)
    shown = shown[shown["quantity"].isin(_VERSIONS)]
    order = shown["kind"].map(_KINDS)
    shown = shown.assign(order=order, later=shown["quantity"] != _VERSIONS[0], row=_faces(shown))
    shown = shown.sort_values(["order", "upper", "lower", "later"], kind="stable")
    rows = list(dict.fromkeys(shown["row"]))
    series = style.series_in_percent(shown, "answer", "value", "row")
    text = f"{shown['classifier'].iloc[0]}: answers (%)\n{style.footing(shown)}"
    ax = style.plot_rows(rows, series, text, ax, lines=2, zero=False)
    style.separate(ax, [place // len(_VERSIONS) for place in range(len(rows))])
    ax.set_xlim(-2, 102)
    return ax


def _faces(shown: pd.DataFrame) -> pd.Series:
    halves = shown["upper"] + " over " + shown["lower"]
    faces = halves.mask(shown["kind"] == "whole", "whole " + shown["upper"])
    aside = faces.mask(shown["kind"] == "misaligned", halves + ", misaligned")
    return aside + "\n" + shown["quantity"]
