"""Specification curve: the loss under every mask that could have been chosen, with each classifier.

Simonsohn, Simmons & Nelson 2020 (doi:10.1038/s41562-020-0912-z): all defensible specifications are
shown, sorted by their result, and tested jointly by comparing the whole curve with those of data in
which there is no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from maskface.analyses import common
from maskface.arrays import Floats, Integers, Row
from maskface.errors import MaskfaceError
from maskface.occluders import Masks, Stack, get_occluder
from maskface.occluders.worn.base import Mask
from maskface.schema import Column, Table, interval_columns, p_column
from maskface.stats import is_mask
from maskface.stats.randomization import orders, randomize
from maskface.tables import PLAIN
from maskface.text import p_text, percent, points

CHOICES: Final = ("kind", "colour", "height", "fit", "classifier")
"""Columns of `CURVE` that are choices."""
FEWEST_MASKS: Final = 8
"""Conditions from which on a run has a curve."""
N_DRAWS: Final = 2000

CURVE: Final = Table(
    "curve",
    (
        *common.HEAD,
        Column("condition", "text", "As in trials"),
        Column("kind", "text", "Which mask: surgical, cloth, ..."),
        Column("colour", "text", "Its colour, and its pattern if it has one"),
        Column("height", "text", "top, if it is given"),
        Column("fit", "text", "wearing"),
        common.LABEL,
        *common.STANDING,
        Column("rank", "whole", "1 for the least loss of all with the same label", low=1),
        Column("value", "real", "Right answers plain minus under the mask"),
        *interval_columns("value"),
    ),
    key=("dataset", "label", "rank"),
)
"""Loss of every specification."""

CURVE_TESTS: Final = Table(
    "curve_tests",
    (
        Column("run_id", "text", "As in trials"),
        Column("dataset", "text", "As in trials"),
        Column(
            "measure", "text",
            "median: median loss over all specifications; spread: standard deviation of the losses "
            "under different masks, in the mean of the classifiers; reversed, unclear: share of "
            "specifications whose interval lies on the other side of 0 than the median, or "
            "includes 0; other_emotion: share in which another emotion loses most than in most",
            allowed=("median", "spread", "reversed", "unclear", "other_emotion"),
        ),
        Column("n_specifications", "whole", "Masks x classifiers", low=1),
        Column("n_clusters", "whole", "Independent units", low=0),
        Column("value", "real", "The measure"),
        Column("by_chance", "real", "Its mean over exchanges"),
        p_column(
            "p_value", "Share of exchanges that reach it, within units: median, of plain faces "
            "and masks; spread, of masks",
        ),
    ),
    key=("dataset", "measure"),
)  # fmt: skip
"""Tests of the whole curve, and how many specifications would lead to another conclusion."""


def mask_conditions(conditions: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that are masks."""
    return tuple(name for name in conditions if is_mask(name))


def curve_tables(
    trials: pd.DataFrame, *, seed: int = 0, n_resamples: int = 2000
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the loss under every mask with every classifier, and test all of them together.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`, with two masks or more.
    seed, n_resamples
        Of the bootstrap over subjects; the seed is also that of the exchanges.

    Returns
    -------
    curve, tests : pandas.DataFrame
        In the schemas of `CURVE` and `CURVE_TESTS`.

    Raises
    ------
    MaskfaceError
        If there are fewer than two masks, or a classifier has no answers under all of them.
    """
    masks = mask_conditions(list(dict.fromkeys(map(str, trials["condition"]))))
    if len(masks) < 2:
        raise MaskfaceError(
            f"A specification curve needs two masks or more, got {', '.join(masks) or 'none'}. "
            "Add --occluder surgical --occluder ffp2."
        )
    rows: list[Row] = []
    answers = [(head, common.count_hits(part, [PLAIN, *masks]))
               for head, part in common.groups(trials)]  # fmt: skip
    for head, hits in answers:
        rows += [head | row for row in _rows(hits, seed, n_resamples)]
    table = CURVE.frame(rows)
    order = table.sort_values(["value", "classifier", "condition"], kind="stable")
    table["rank"] = order.groupby(["dataset", "label"]).cumcount() + 1
    table = CURVE.check(CURVE.tidy(table))
    tests: list[Row] = []
    for dataset in table["dataset"].unique():
        head = {"run_id": table["run_id"].iloc[0], "dataset": dataset}
        own = [hits for who, hits in answers if who["dataset"] == dataset]
        tests += [head | row for row in _tests(table[table["dataset"] == dataset], own, seed)]
    return table, CURVE_TESTS.check(CURVE_TESTS.frame(tests))


def _rows(hits: common.Hits, seed: int, n_resamples: int) -> list[Row]:
    def losses(totals: Floats) -> Floats:
        right = common.accuracies(totals)
        return (right[:, :1] - right[:, 1:]).reshape(len(totals), -1)

    k = len(hits.conditions) - 1
    found = common.estimates(
        hits.totals, losses, seed=seed, n_clusters=np.tile(hits.n_clusters, k),
        n_resamples=n_resamples,
    ).reshape(3, k, -1)  # fmt: skip
    return [
        hits.standing(i)
        | {"condition": name} | choices(name)
        | common.interval_cells(found[:, c, i], hits.n_clusters[i])
        for c, name in enumerate(hits.conditions[1:])
        for i in hits.labels
    ]  # fmt: skip


def choices(condition: str) -> Row:
    """Return kind, colour, height and fit of the mask of a condition.

    Examples
    --------
    >>> choices("cloth:pattern=dots,top=85")
    {'kind': 'cloth', 'colour': 'navy dots', 'height': '85', 'fit': 'correct'}
    """
    occluder = get_occluder(condition)
    layers = occluder.layers if isinstance(occluder, Stack) else (occluder,)
    mask = next(layer for layer in layers if isinstance(layer, Mask | Masks))
    if isinstance(mask, Masks):
        if not mask.exemplar:
            return {"kind": "masks", "colour": "drawn", "height": "drawn", "fit": "drawn"}
        mask = mask.choose(np.random.default_rng(0)).mask
    pattern = str(getattr(mask, "pattern", "plain"))
    colour = str(getattr(mask, "colour", ""))
    return {
        "kind": mask.name,
        "colour": colour if pattern == "plain" else f"{colour} {pattern}",
        "height": "usual" if mask.top is None else f"{mask.top:g}",
        "fit": mask.wearing,
    }


def _tests(curve: pd.DataFrame, answers: Sequence[common.Hits], seed: int) -> list[Row]:
    overall = curve[curve["label"] == "all"]
    middle = float(overall["value"].median())
    # By unit, condition and classifier.
    right = np.stack([hits.counts.hits.sum(axis=2) for hits in answers], axis=2)
    shown = [float(hits.counts.shown[:, 0].sum()) for hits in answers]
    n, k, _ = right.shape

    def losses(dealt: Floats) -> Floats:
        shares = dealt / shown
        return np.asarray(shares[:, :1] - shares[:, 1:])

    def medians(order: Integers) -> Floats:
        dealt = right.reshape(n * k, -1)[order].reshape(len(order), n, k, -1).sum(axis=1)
        return np.abs(np.median(losses(dealt).reshape(len(order), -1), axis=1))[:, None]

    def spreads(order: Integers) -> Floats:
        masked = right[:, 1:].reshape(n * (k - 1), -1)
        dealt = masked[order].reshape(len(order), n, k - 1, -1).sum(axis=1) / shown
        return np.asarray(dealt.std(axis=1, ddof=1).mean(axis=1)[:, None])

    def dealt(k: int) -> Integers:
        return np.repeat(np.arange(n), k)

    spread = float(overall.groupby("classifier")["value"].std(ddof=1).mean())
    found = {
        "median": (middle, randomize(
            np.array([abs(middle)]), orders(dealt(k), seed=seed, n_draws=N_DRAWS), medians)),
        "spread": (spread, randomize(
            np.array([spread]), orders(dealt(k - 1), seed=seed, n_draws=N_DRAWS), spreads)),
    }  # fmt: skip
    standing = {"n_specifications": len(overall), "n_clusters": n}
    tested = [
        standing
        | {"measure": name, "value": value, "by_chance": test.mean[0], "p_value": test.p_value[0]}
        for name, (value, test) in found.items()
    ]
    side = np.sign(middle)
    limits = overall[["ci_low", "ci_high"]].to_numpy()
    apart = np.where(limits[:, 0] > 0, 1, np.where(limits[:, 1] < 0, -1, 0))
    most = _most_lost(curve)
    shares = {
        "reversed": float((apart == -side).mean()),
        "unclear": float((apart == 0).mean()),
        "other_emotion": float((most != most.mode().iloc[0]).mean()) if len(most) else np.nan,
    }
    return tested + [standing | {"measure": name, "value": v} for name, v in shares.items()]


def _most_lost(curve: pd.DataFrame) -> pd.Series:
    """Return the emotion that loses most, by specification."""
    single = curve[curve["label"] != "all"].sort_values("value", kind="stable")
    return single.groupby(["classifier", "condition"])["label"].last()


def curve_text(curve: pd.DataFrame, tests: pd.DataFrame) -> str:
    """Describe the least and the greatest loss of the curve, its tests, and other conclusions."""
    overall = curve[curve["label"] == "all"].sort_values("rank")
    lines = []
    for dataset, found in tests.groupby("dataset"):
        own = overall[overall["dataset"] == dataset]
        value = found.set_index("measure")
        first, last = own.iloc[0], own.iloc[-1]
        most = _most_lost(curve[curve["dataset"] == dataset]).mode()
        lines.append(
            f"Over {len(own)} specifications (masks x classifiers) the loss lies between "
            f"{points(first['value'])} ({first['classifier']}, {first['condition']}) and "
            f"{points(last['value'])} points ({last['classifier']}, {last['condition']}); median "
            f"{points(value['value']['median'])}, {_p_text(value['p_value']['median'])} (none "
            f"lost: {percent(value['by_chance']['median'])}). Masks differ by a standard deviation "
            f"of {percent(value['value']['spread'])} points, by chance "
            f"{percent(value['by_chance']['spread'])}, {_p_text(value['p_value']['spread'])}. "
            f"Of all, {percent(value['value']['unclear'])} % have an interval that includes 0, "
            f"{percent(value['value']['reversed'])} % the opposite result, and in "
            f"{percent(value['value']['other_emotion'])} % another emotion than {most.iloc[0]} "
            "loses most."
        )
    return "\n".join(lines)


def _p_text(value: float) -> str:
    return f"p = {p_text(value)}".replace("= <", "< ")
