"""Accuracy by how much of the face is hidden, and where half of the loss is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from maskface.analyses import common
from maskface.arrays import Floats, Row
from maskface.schema import Column, Table, interval_columns, share
from maskface.stats import bootstrap, interval
from maskface.stats.intervals import half_reached, monotone
from maskface.tables import PLAIN
from maskface.text import percent, points

DOSE: Final = Table(
    "dose",
    (
        *common.HEAD,
        Column("series", "text", "How more and more of the face is hidden"),
        Column("condition", "text", "As in trials; each series begins with `none`"),
        common.LABEL,
        *common.STANDING,
        share("coverage", "Mean hidden fraction of the face oval"),
        share("value", "Share of right answers"),
        Column("value_ci_low", "real", "Lower end of the 95 % interval of value"),
        Column("value_ci_high", "real", "Upper end of it"),
        Column("loss", "real", "Share of right answers under `none` minus value"),
        *interval_columns("loss"),
    ),
    key=("dataset", "classifier", "series", "label", "coverage", "condition"),
)
"""Right answers by how much of the face is hidden."""

HALF_POINTS: Final = Table(
    "half_points",
    (
        *common.HEAD,
        Column("series", "text", "As in dose"),
        common.LABEL,
        *common.STANDING,
        share("end_coverage", "Mean coverage at the end of the series"),
        Column("end_loss", "real", "Loss there, on the monotone curve"),
        Column(
            "half_point", "real",
            "Coverage at which half of end_loss is reached; empty if nothing is lost there",
            low=0, high=1,
        ),
        *interval_columns("half_point"),
        share("defined", "Share of the resamples that lose something at the end"),
    ),
    key=("dataset", "classifier", "series", "label"),
)  # fmt: skip
"""Coverage at which a dose curve reaches half of its final loss."""

Series = Mapping[str, Sequence[str]]
"""Conditions that hide more and more of a face, by the name of the series."""


def dose_table(
    trials: pd.DataFrame, series: Series, *, seed: int = 0, n_resamples: int = 5000
) -> pd.DataFrame:
    """Measure right answers and losses along series of coverage.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    series
        By name: conditions that hide more and more. ``none`` is put in front of each.
    seed, n_resamples
        Of the bootstrap over subjects.

    Returns
    -------
    pandas.DataFrame
        In the schema of `DOSE`, over the pictures answered under all conditions of the series.
    """
    rows: list[Row] = []
    for head, part in common.groups(trials):
        for name, conditions in series.items():
            hits = hits_of_series(part, conditions)
            fixed = head | {"series": name}
            rows += [fixed | row for row in _rows(hits, seed, n_resamples)]
    return DOSE.check(DOSE.frame(rows))


def hits_of_series(trials: pd.DataFrame, conditions: Sequence[str]) -> common.Hits:
    """Count right answers under ``none`` and the conditions, by increasing mean coverage."""
    coverage = trials[trials["status"] == "ok"].groupby("condition")["coverage"].mean()
    found = [common.find_condition(trials, name) for name in conditions]
    return common.count_hits(
        trials, [PLAIN, *sorted(found, key=lambda name: coverage.get(name, 0))]
    )


def losses(totals: Floats) -> Floats:
    """Subtract right answers under each condition from those under the first, (B, K, 8)."""
    right = common.accuracies(totals)
    return right[:, :1] - right


def _rows(hits: common.Hits, seed: int, n_resamples: int) -> list[Row]:
    k = len(hits.conditions)

    def both(totals: Floats) -> Floats:
        return np.hstack([common.accuracies(totals), losses(totals)]).reshape(len(totals), -1)

    units = np.tile(hits.n_clusters, 2 * k)
    found = common.estimates(
        hits.totals, both, seed=seed, n_clusters=units, n_resamples=n_resamples,
        pictures=hits.pictures,
    )  # fmt: skip
    found = found.reshape(3, 2, k, -1)
    found[:, 0] = np.clip(found[:, 0], 0, 1)
    found[1:, 1, 0] = 0  # the first condition loses nothing against itself
    rows = []
    for c, condition in enumerate(hits.conditions):
        for i in hits.labels:
            (value, loss), (low, loss_low), (high, loss_high) = found[:, :, c, i].tolist()
            row = {"condition": condition, "coverage": hits.coverage[c]}
            row |= {"value": value, "value_ci_low": low, "value_ci_high": high}
            row |= {"loss": loss} | common.limit_cells(loss_low, loss_high, hits.n_clusters[i])
            rows.append(row | hits.standing(i))
    return rows


_ENOUGH: Final = 0.95
"""Least share of the resamples that must have a half-point for it to have an interval."""


def half_point_table(
    trials: pd.DataFrame, series: Series, *, seed: int = 0, n_resamples: int = 5000
) -> pd.DataFrame:
    """Find the coverage at which each dose curve reaches half of its final loss.

    Parameters
    ----------
    trials, series, seed, n_resamples
        As in `dose_table`.

    Returns
    -------
    pandas.DataFrame
        In the schema of `HALF_POINTS`. Losses are first made monotone in coverage
        (`monotone`), in every resample anew; then the curve is read where it reaches half of its
        end, linear between the mean coverages. Where the end loses nothing there is no half-point,
        and where over 5 % of the resamples lose nothing there is no interval.
    """
    rows = [
        head | {"series": name} | row
        for head, part in common.groups(trials)
        for name, conditions in series.items()
        for row in _half_point_rows(hits_of_series(part, conditions), seed, n_resamples)
    ]
    return HALF_POINTS.check(HALF_POINTS.frame(rows))


def _half_point_rows(hits: common.Hits, seed: int, n_resamples: int) -> list[Row]:
    def half_points(totals: Floats) -> Floats:
        return half_reached(hits.coverage, monotone(losses(totals)))

    drawn = bootstrap(
        hits.totals, half_points, seed=seed, n_clusters=hits.n_clusters, n_resamples=n_resamples
    )
    ends = monotone(losses(hits.totals.sum(axis=0, keepdims=True)))[0, -1]
    defined = (~np.isnan(drawn.values)).mean(axis=0)
    low, high = (np.clip(limit, 0, hits.coverage[-1]) for limit in interval(drawn))
    rows = []
    for i in hits.labels:
        row = hits.standing(i) | {"end_coverage": hits.coverage[-1], "end_loss": ends[i]}
        row |= {"half_point": drawn.point[i], "defined": defined[i]}
        if defined[i] >= _ENOUGH and not np.isnan([drawn.point[i], low[i]]).any():
            row |= common.limit_cells(low[i], high[i], hits.n_clusters[i])
        rows.append(row)
    return rows


def half_point_text(half_points: pd.DataFrame) -> str:
    """Describe where the curves over all emotions reach half of their final loss."""
    overall = half_points[half_points["label"] == "all"]
    return "\n".join(_sentence(row) for row in overall.to_dict("records"))


def _sentence(row: Any) -> str:
    loss = f"{points(row['end_loss'])} points lost at {percent(row['end_coverage'])} % coverage"
    head = f"{row['classifier']}, {row['series']}: {loss}"
    if np.isnan(row["half_point"]):
        return f"{head}: no half-point"
    limits = common.limits_text(row, signed=False)
    return f"{head}, half of it by {percent(row['half_point'])} % {limits}"
