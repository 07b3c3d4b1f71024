"""Which of two emotions loses more, and whether that depends on the pictures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.analyses._cells import only_condition
from maskface.analyses._group_hits import GroupHits, count_groups, rates, resample_groups
from maskface.analyses._grouping import Moderator, group_pictures
from maskface.analyses._hits import LABELS, groups
from maskface.analyses._limits import interval_cells, limits
from maskface.analyses._schemas_moderators import GAPS
from maskface.analyses._words import limits_text
from maskface.arrays import Floats, Row
from maskface.text import points

Pair = tuple[str, str]


def gap_table(
    trials: pd.DataFrame,
    attributes: pd.DataFrame,
    moderator: Moderator,
    emotions: Pair,
    *,
    condition: str | None = None,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Compare the losses of two emotions within each group, and that between groups.

    Parameters
    ----------
    trials, attributes, condition, seed, n_resamples
        As in `moderator_table`.
    moderator
        What pictures are grouped by.
    emotions
        Which two; the first minus the second.

    Returns
    -------
    pandas.DataFrame
        In the schema of `GAPS`; of groups that show both emotions.
    """
    condition = only_condition(trials, condition)
    grouping = group_pictures(trials, attributes, moderator)
    rows: list[Row] = []
    for head, part in groups(trials):
        hits = count_groups(part, grouping, condition)
        drawn = resample_groups(hits, seed=seed, n_resamples=n_resamples)
        fixed = head | {"attribute": moderator.name, "condition": condition}
        fixed |= {"clustered_by": hits.clustered_by, "first": emotions[0], "second": emotions[1]}
        rows += [fixed | row for row in _rows(hits, drawn, emotions)]
    return GAPS.check(GAPS.frame(rows))


def _rows(hits: GroupHits, drawn: Floats, emotions: Pair) -> list[Row]:
    places = [LABELS.index(emotion) for emotion in emotions]
    shown = [g for g in range(len(hits.names)) if hits.n[g, places].all()]
    found, again = (rates(s)[:, :, 2][:, :, places] for s in (hits.totals.sum(axis=0)[None], drawn))
    gap, gaps = found[..., 0] - found[..., 1], again[..., 0] - again[..., 1]
    units = hits.units[:, :, places]
    rows = []
    for g in shown:
        cells = _standing(hits, [g], units, places) | {"place": g, "group": hits.names[g]}
        cells |= {"loss_first": found[0, g, 0], "loss_second": found[0, g, 1]}
        around = limits(gap[:, [g]], gaps[:, [g]], np.array([cells["n_fewest"]]))
        rows.append(cells | interval_cells(around[:, 0]))
    for reference, g in combinations(shown, 2):
        cells = _standing(hits, [g, reference], units, places)
        cells |= {"place": g, "group": hits.names[g], "reference": hits.names[reference]}
        around = limits(
            gap[:, [g]] - gap[:, [reference]], gaps[:, [g]] - gaps[:, [reference]],
            np.array([cells["n_fewest"]]),
        )  # fmt: skip
        rows.append(cells | interval_cells(around[:, 0]))
    return rows


def _standing(hits: GroupHits, of: list[int], units: NDArray[np.bool_], places: list[int]) -> Row:
    return {
        "n": int(hits.n[np.ix_(of, places)].sum()),
        "n_clusters": int(units[:, of].any(axis=(1, 2)).sum()),
        "n_fewest": int(units[:, of].sum(axis=0).min()),
    }


def gap_text(gaps: pd.DataFrame) -> str:
    """Say which of the two emotions loses more in each group."""
    lines = []
    for row in gaps.to_dict("records"):
        what = f"{row['first']} minus {row['second']}"
        where = f"{row['attribute']} {row['group']}"
        number = f"{points(row['value'])} points {limits_text(row)}"
        if row["reference"]:
            lines.append(
                f"{row['classifier']}: {what}, {where} against {row['reference']}: {number}"
            )
        else:
            losses = f"{points(row['loss_first'])} and {points(row['loss_second'])}"
            lines.append(f"{row['classifier']}: {what} lost, {where}: {number} ({losses})")
    return "\n".join(lines)
