"""Two things on a face, each there or not: what both do together, for one answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from maskface.analyses._answers import Given, answer_values, count_given
from maskface.analyses._exchange import exchange_p
from maskface.analyses._hits import groups
from maskface.analyses._limits import interval_cells
from maskface.analyses._schemas_answers import (
    CELLS,
    EFFECTS,
    FACTORIAL,
    MEASURES,
    OTHERS,
    SHOWN,
)
from maskface.arrays import Floats, Row
from maskface.stats import bootstrap, holm, interval
from maskface.tables import PLAIN
from maskface.text import p_text, percent
from maskface.types import EMOTIONS

Rows = dict[tuple[str, str, str], Any]
"""By measure, label and quantity."""

_WEIGHTS: Final = np.vstack(
    [np.eye(4), [(-1, 1, 0, 0), (0, 0, -1, 1), (-1, 0, 1, 0), (1, -1, -1, 1)]]
)
"""Cells, then effects, as sums of the cells."""
_EXCHANGES: Final = ((1, 0, 2, 3), (0, 1, 3, 2), (2, 1, 0, 3), (1, 0, 3, 2))
"""Which cells change places in the test of each effect."""


class Cells(NamedTuple):
    """Four conditions: neither of two things, each alone, and both."""

    neither: str
    first: str
    second: str
    both: str


def crossed(first: str, second: str) -> Cells:
    """Conditions with and without two occluders, the first next to the skin."""
    return Cells(PLAIN, first, second, f"{first}+{second}")


def factorial_table(
    trials: pd.DataFrame,
    designs: Sequence[Cells],
    answer: str = "sadness",
    *,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Measure how one answer depends on two things that are on the face or not.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    designs
        Each four conditions.
    answer
        The answer that is counted: to faces that show it and, as false alarms, to all others.
    seed
        Of the bootstrap and the permutations.
    n_resamples
        Resamples of the bootstrap over subjects.

    Returns
    -------
    pandas.DataFrame
        In the schema of `FACTORIAL`. An effect is tested by exchanging its conditions within
        whole subjects; the interaction by taking the first thing off where it is and putting it
        on where it is not, with and without the second. For shares and probabilities that only
        changes the sign of a subject's own interaction; for d' and criterion, which are not sums
        over subjects, it is an approximation where the first thing alone has an effect.

    Raises
    ------
    MaskfaceError
        If the trials lack a condition, or no picture has an answer under all four.
    """
    rows: list[Row] = []
    for head, part in groups(trials):
        for cells in designs:
            given = count_given(part, cells, answer)
            names = dict(zip(("first", "second"), given.conditions[1:3], strict=True))
            fixed = head | names | {"answer": answer, "clustered_by": given.clustered_by}
            rows += [fixed | row for row in _rows(given, seed, n_resamples)]
    return FACTORIAL.check(_with_holm(FACTORIAL.frame(rows)))


def _rows(given: Given, seed: int, n_resamples: int) -> list[Row]:
    answer = EMOTIONS.index(given.answer)

    def values(totals: Floats, weights: Floats = _WEIGHTS) -> Floats:
        return np.asarray(weights @ answer_values(totals, answer)).reshape(len(totals), -1)

    places, n, units = _places(given)
    drawn = bootstrap(
        given.totals, values, seed=seed, n_clusters=np.tile(units, 8), n_resamples=n_resamples
    )
    found = np.stack([drawn.point, *interval(drawn)]).reshape(3, 8, -1)
    p = np.full((8, len(places)), np.nan)
    for e, order in enumerate(_EXCHANGES, start=len(CELLS)):
        effect = partial(values, weights=_WEIGHTS[e : e + 1])
        p[e] = exchange_p(given.totals, given.reordered(order), effect, seed=seed)
    return [
        {"measure": measure, "label": label, "quantity": quantity}
        | {"n": n[i], "n_clusters": units[i]}
        | interval_cells(found[:, q, i])
        | {"p_value": p[q, i]}
        for q, quantity in enumerate((*CELLS, *EFFECTS))
        for i, (measure, label) in enumerate(places)
        if n[i]
    ]


def _places(given: Given) -> tuple[list[tuple[str, str]], Floats, Floats]:
    """Measure and label, pictures and units of each place in the last axis of `answer_values`."""
    by_label = [(measure, label) for measure in MEASURES[:2] for label in SHOWN]
    pair = [EMOTIONS.index(given.answer), SHOWN.index(OTHERS)]
    whole = given.n[pair].sum() if given.n[pair].all() else 0
    n = np.concatenate([given.n, given.n, [whole, whole]])
    least = given.n_clusters[pair].min()
    units = np.concatenate([given.n_clusters, given.n_clusters, [least, least]])
    return [*by_label, *((measure, given.answer) for measure in MEASURES[2:])], n, units


def _with_holm(table: pd.DataFrame) -> pd.DataFrame:
    own = table["label"] == table["answer"]
    for _, family in table.groupby([table["answer"], table["measure"], own]):
        table.loc[family.index, "p_adjusted"] = holm(family["p_value"].to_numpy(float))
    return table.round({"p_adjusted": 12})


def factorial_text(table: pd.DataFrame) -> str:
    """Say for each classifier and pair of things what the first does, without and with the second.

    Parameters
    ----------
    table
        In the schema of `FACTORIAL`.
    """
    heads = ["classifier", "first", "second", "answer"]
    return "\n".join(
        _sentence(dict(zip(heads, map(str, names), strict=True)), rows)
        for names, rows in table.groupby(heads)
    )


def _sentence(head: dict[str, str], rows: pd.DataFrame) -> str:
    by = {(r["measure"], r["label"], r["quantity"]): r for r in rows.to_dict("records")}
    answer = head["answer"]
    parts = [
        _change(by, answer, "neither", "first", "first alone"),
        _change(by, answer, "second", "both", "first given second"),
    ]
    return (
        f"{head['classifier']}, {head['first']}: '{answer}' {parts[0]}; "
        f"under {head['second']} {parts[1]}"
    )


def _change(by: Rows, answer: str, before: str, after: str, effect: str) -> str:
    shares = [
        f"{percent(by['share', label, before]['value'])} to "
        f"{percent(by['share', label, after]['value'])} % of {what} faces"
        for label, what in ((answer, answer), (OTHERS, "other"))
        if ("share", label, before) in by
    ]
    told = by.get(("dprime", answer, effect))
    if told is None:
        return " and ".join(shares)
    limits = "no interval"
    if not math.isnan(told["ci_low"]):
        limits = f"{told['ci_low']:+.2f} to {told['ci_high']:+.2f}"
    p = p_text(told["p_adjusted"])
    return f"{' and '.join(shares)}, d' {told['value']:+.2f} [{limits}], p {p}"
