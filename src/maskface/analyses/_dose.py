"""Right answers by how much of the face is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from maskface.analyses._hits import Hits, accuracies, count_hits, find_condition, groups
from maskface.analyses._limits import KIND
from maskface.analyses._schemas import DOSE
from maskface.arrays import Floats, Row
from maskface.stats import bootstrap, interval
from maskface.tables import PLAIN

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
    for head, part in groups(trials):
        for name, conditions in series.items():
            hits = hits_of_series(part, conditions)
            fixed = head | {"series": name, "interval": KIND}
            rows += [fixed | row for row in _rows(hits, seed, n_resamples)]
    table = DOSE.frame(rows)
    table.loc[table["ci_low"].isna(), "interval"] = ""
    return DOSE.check(table)


def hits_of_series(trials: pd.DataFrame, conditions: Sequence[str]) -> Hits:
    """Right answers under ``none`` and the conditions, by increasing mean coverage."""
    coverage = trials[trials["status"] == "ok"].groupby("condition")["coverage"].mean()
    found = [find_condition(trials, name) for name in conditions]
    return count_hits(trials, [PLAIN, *sorted(found, key=lambda name: coverage.get(name, 0))])


def losses(totals: Floats) -> Floats:
    """Right answers under the first condition minus those under each: (B, K, 8)."""
    right = accuracies(totals)
    return right[:, :1] - right


def _rows(hits: Hits, seed: int, n_resamples: int) -> list[Row]:
    k = len(hits.conditions)

    def both(totals: Floats) -> Floats:
        return np.hstack([accuracies(totals), losses(totals)]).reshape(len(totals), -1)

    drawn = bootstrap(
        hits.totals,
        both,
        seed=seed,
        n_clusters=np.tile(hits.n_clusters, 2 * k),
        n_resamples=n_resamples,
    )
    found = np.stack([drawn.point, *interval(drawn)]).reshape(3, 2, k, -1)
    rows = []
    for c, condition in enumerate(hits.conditions):
        for i in hits.labels:
            (value, loss), (low, loss_low), (high, loss_high) = found[:, :, c, i].tolist()
            row = {"condition": condition, "coverage": hits.coverage[c]}
            row |= {"value": value, "value_ci_low": low, "value_ci_high": high}
            row |= {"loss": loss, "ci_low": loss_low, "ci_high": loss_high}
            rows.append(row | hits.standing(i))
    return rows
