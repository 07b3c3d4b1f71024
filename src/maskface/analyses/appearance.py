"""How much of a loss is only what the occluder looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from maskface.analyses.common import (
    APPEARANCE,
    Hits,
    accuracies,
    count_hits,
    groups,
    interval_cells,
    limits_text,
)
from maskface.analyses.contrasts import with_holm
from maskface.arrays import Floats, Row
from maskface.stats import INTERVAL_NAMES, Resampled, bootstrap, interval
from maskface.tables import PLAIN
from maskface.text import percent, points
from maskface.types import EMOTIONS

Groups = Mapping[str, Sequence[str]]
"""Conditions by the name of their group."""
N_EXCHANGES: Final = 2000
_CELLS_AT_ONCE: Final = 4_000_000
"""Numbers held in memory at a time (32 MB)."""


def appearance_table(
    trials: pd.DataFrame,
    appearances: Groups,
    *,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Measure what each appearance costs, and how far those of a group lie apart.

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
    for head, part in groups(trials):
        for group, conditions in appearances.items():
            hits = count_hits(part, [PLAIN, *conditions])
            fixed = head | {"group": group}
            rows += [fixed | row for row in _loss_rows(hits, seed, n_resamples)]
            rows += [fixed | row for row in _range_rows(hits, seed, n_resamples)]
    return APPEARANCE.check(with_holm(APPEARANCE.frame(rows), "p_value", "p_adjusted"))


def _loss_rows(hits: Hits, seed: int, n_resamples: int) -> list[Row]:
    def losses(totals: Floats) -> Floats:
        right = accuracies(totals)
        return (right[:, :1] - right[:, 1:]).reshape(len(totals), -1)

    k = len(hits.conditions) - 1
    n_clusters = np.tile(hits.n_clusters, k)
    drawn = bootstrap(
        hits.totals, losses, seed=seed, n_clusters=n_clusters, n_resamples=n_resamples
    )
    found = np.stack([drawn.point, *interval(drawn)]).reshape(3, k, -1)
    return [
        hits.standing(i)
        | {"measure": "loss", "condition": condition, "coverage": hits.coverage[c + 1]}
        | interval_cells(found[:, c, i])
        for c, condition in enumerate(hits.conditions[1:])
        for i in hits.labels
    ]


def _range_rows(hits: Hits, seed: int, n_resamples: int) -> list[Row]:
    drawn: Resampled = bootstrap(
        hits.totals, _range, seed=seed, n_clusters=hits.n_clusters, n_resamples=n_resamples
    )
    low, high = interval(drawn, "t")
    exchanged = _exchanged(hits.totals, seed)
    p = ((exchanged >= drawn.point - 1e-10).sum(axis=0) + 1) / (len(exchanged) + 1)
    return [
        hits.standing(i)
        | {"measure": "range", "coverage": hits.coverage[1:].mean()}
        | interval_cells(
            np.array([drawn.point[i], np.maximum(low[i], 0), high[i]]), INTERVAL_NAMES["t"]
        )
        | {"by_chance": exchanged[:, i].mean(), "p_value": p[i]}
        for i in hits.labels
    ]


def _range(totals: Floats) -> Floats:
    """Most minus fewest right answers over the conditions but the first: (B, 8)."""
    return np.asarray(np.ptp(accuracies(totals)[:, 1:], axis=1))


def _exchanged(totals: Floats, seed: int) -> Floats:
    """Ranges (N_EXCHANGES, 8) after shuffling the conditions of each unit, all but the first."""
    rng = np.random.default_rng(seed)
    blocks = totals.reshape(len(totals), -1, len(EMOTIONS))
    fixed, hits = blocks[:, :2].sum(axis=0), blocks[:, 2:]
    at_once = max(1, _CELLS_AT_ONCE // max(hits.size, 1))
    ranges = []
    for start in range(0, N_EXCHANGES, at_once):
        b = min(at_once, N_EXCHANGES - start)
        order = rng.random((b, *hits.shape[:2])).argsort(axis=2)
        shuffled = np.take_along_axis(hits[None], order[..., None], axis=2).sum(axis=1)
        whole = np.concatenate([np.broadcast_to(fixed, (b, *fixed.shape)), shuffled], axis=1)
        ranges.append(_range(whole.reshape(b, -1)))
    return np.concatenate(ranges)


def appearance_text(appearance: pd.DataFrame) -> str:
    """Say how far the appearances of each group lie apart, and which cost least and most."""
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
            f"{percent(row['value'])} {limits_text(row, signed=False)}, by chance "
            f"{percent(row['by_chance'])}"
        )
    return "\n".join(lines)
