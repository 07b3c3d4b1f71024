"""How much losses differ between occluders of the same shape but another appearance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from maskface.analyses import common
from maskface.analyses.components import components_of
from maskface.arrays import Floats, Integers, Row
from maskface.schema import Column, Table, interval_columns, p_column, share
from maskface.stats import bootstrap, interval
from maskface.stats.randomization import Randomized, orders, randomize
from maskface.tables import PLAIN
from maskface.text import percent, points
from maskface.types import EMOTIONS

APPEARANCE: Final = Table(
    "appearance",
    (
        *common.HEAD,
        Column("group", "text", "Appearances that belong together"),
        Column("measure", "text", "What value is", allowed=("loss", "range", "sd")),
        Column("condition", "text", "As in trials; empty for the range of a group"),
        common.LABEL,
        *common.STANDING,
        share("coverage", "Mean hidden fraction of the face oval"),
        Column(
            "value", "real",
            "loss: right answers under `none` minus under the condition; range: most minus fewest "
            "right answers in the group; sd: standard deviation between appearances, without that "
            "by chance (a variance component)",
        ),
        *interval_columns("value"),
        Column("by_chance", "real", "Mean range if appearances were exchangeable within units"),
        p_column("p_value", "Share of exchanges with at least this range"),
        common.P_ADJUSTED,
    ),
    key=("dataset", "classifier", "measure", "group", "condition", "label"),
)  # fmt: skip
"""Losses under appearances of the same shape, and their range."""

Groups = Mapping[str, Sequence[str]]
"""Conditions by the name of their group."""


def appearance_table(
    trials: pd.DataFrame, appearances: Groups, *, seed: int = 0, n_resamples: int = 5000
) -> pd.DataFrame:
    """Measure losses of appearances, and the range and variance of losses within each group.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    appearances
        By name: groups of two conditions or more. A condition may be in several.
    seed, n_resamples
        Of the bootstrap over subjects; the seed is also that of the exchanges.

    Returns
    -------
    pandas.DataFrame
        In the schema of `APPEARANCE`. The range of several noisy shares is above 0 even if all are
        alike, so it has the symmetric interval, cut at 0, and beside it the range that remains
        when conditions are exchanged at random within subjects, with the p value of that
        permutation test (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
    """
    rows: list[Row] = []
    for head, part in common.groups(trials):
        for group, conditions in appearances.items():
            hits = common.count_hits(part, [PLAIN, *conditions])
            fixed = head | {"group": group}
            rows += [fixed | row for row in _loss_rows(hits, seed, n_resamples)]
            rows += [fixed | row for row in _range_rows(hits, seed, n_resamples)]
            rows += [fixed | row for row in _sd_rows(hits)]
    return common.with_holm(APPEARANCE, rows)


def _loss_rows(hits: common.Hits, seed: int, n_resamples: int) -> list[Row]:
    def losses(totals: Floats) -> Floats:
        right = common.accuracies(totals)
        return (right[:, :1] - right[:, 1:]).reshape(len(totals), -1)

    k = len(hits.conditions) - 1
    units = np.tile(hits.n_clusters, k)
    found = common.estimates(
        hits.totals, losses, seed=seed, n_clusters=units, n_resamples=n_resamples,
        pictures=hits.pictures,
    )  # fmt: skip
    found = found.reshape(3, k, -1)
    return [
        hits.standing(i)
        | {"measure": "loss", "condition": condition, "coverage": hits.coverage[c + 1]}
        | common.interval_cells(found[:, c, i], hits.n_clusters[i])
        for c, condition in enumerate(hits.conditions[1:])
        for i in hits.labels
    ]


_KIND: Final = "t on bootstrap SE"


def _range_rows(hits: common.Hits, seed: int, n_resamples: int) -> list[Row]:
    drawn = bootstrap(
        hits.totals, _range, seed=seed, n_clusters=hits.n_clusters, n_resamples=n_resamples
    )
    low, high = interval(drawn, "t")
    exchanged = _exchanged(hits, drawn.point, seed)
    return [
        hits.standing(i)
        | {"measure": "range", "coverage": hits.coverage[1:].mean()}
        | {"value": drawn.point[i]}
        | common.limit_cells(max(low[i], 0), high[i], hits.n_clusters[i], _KIND)
        | {"by_chance": exchanged.mean[i], "p_value": exchanged.p_value[i]}
        for i in hits.labels
    ]


def _sd_rows(hits: common.Hits) -> list[Row]:
    """Return the variance components of appearances, where three units or more show the emotion."""
    return [
        hits.standing(i)
        | {"measure": "sd", "coverage": hits.coverage[1:].mean(), "value": np.sqrt(found.masks)}
        for i, found in components_of(hits)
    ]


def _range(totals: Floats) -> Floats:
    """Compute most minus fewest right answers over the conditions but the first, (B, 8)."""
    return np.asarray(np.ptp(common.accuracies(totals)[:, 1:], axis=1))


def _exchanged(hits: common.Hits, observed: Floats, seed: int) -> Randomized:
    """Compare ranges with those after shuffling each unit's conditions, but the plain one."""
    blocks = hits.totals.reshape(-1, len(hits.conditions) + 1, len(EMOTIONS))
    fixed, right = blocks[:, :2].sum(axis=0), blocks[:, 2:]
    n, k, _ = right.shape
    rows = right.reshape(n * k, -1)

    def ranges(order: Integers) -> Floats:
        shuffled = rows[order].reshape(len(order), n, k, -1).sum(axis=1)
        whole = [np.broadcast_to(fixed, (len(order), *fixed.shape)), shuffled]
        return _range(np.concatenate(whole, axis=1).reshape(len(order), -1))

    return randomize(observed, orders(np.repeat(np.arange(n), k), seed=seed), ranges)


def appearance_text(appearance: pd.DataFrame) -> str:
    """Describe how far the appearances of each group differ, and which cost least and most."""
    overall = appearance[appearance["label"] == "all"]
    ranges = overall[overall["measure"] == "range"]
    losses = overall[overall["measure"] == "loss"]
    lines = []
    for row in ranges.to_dict("records"):
        own = losses[
            (losses["classifier"] == row["classifier"]) & (losses["group"] == row["group"])
        ]
        least, most = own.iloc[int(own["value"].argmin())], own.iloc[int(own["value"].argmax())]
        lines.append(
            f"{row['classifier']}, {row['group']}: from {points(least['value'])} points lost "
            f"({least['condition']}) to {points(most['value'])} ({most['condition']}); range "
            f"{percent(row['value'])} {common.limits_text(row, signed=False)}, by chance "
            f"{percent(row['by_chance'])}{_sd_text(overall, row)}"
        )
    return "\n".join(lines)


def _sd_text(overall: pd.DataFrame, row: common.TextRow) -> str:
    same = overall["measure"] == "sd"
    for key in ("dataset", "classifier", "group"):
        same &= overall[key] == row[key]
    found = overall[same]["value"]
    return f"; standard deviation beyond chance {percent(found.iloc[0])}" if len(found) else ""
