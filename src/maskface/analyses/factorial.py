"""One answer under two occluders, each present or absent: main effects and interaction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from maskface.analyses import common
from maskface.arrays import Floats, Integers, Row
from maskface.errors import MaskfaceError
from maskface.schema import Column, Table, interval_columns, p_column
from maskface.stats.aggregate import PictureAnswers, ratio, sums_by
from maskface.stats.randomization import swap_test
from maskface.stats.tests import holm_within
from maskface.tables import PLAIN
from maskface.text import p_text, percent
from maskface.types import EMOTIONS

OTHERS: Final = "others"
SHOWN: Final = (*EMOTIONS, OTHERS)
"""Groups of faces for an answer: faces that show an emotion, and all that do not show it."""
MEASURES: Final = ("share", "probability", "dprime", "criterion")
CELLS: Final = ("neither", "first", "second", "both")
EFFECTS: Final = ("first alone", "first given second", "second alone", "interaction")
FACTORIAL: Final = Table(
    "factorial",
    (
        *common.HEAD,
        Column("first", "text", "The condition of the first thing alone"),
        Column("second", "text", "The condition of the second thing alone"),
        Column("answer", "text", "The answer that is counted", allowed=EMOTIONS),
        Column(
            "measure", "text", "share: of such answers; probability: mean given to the answer; "
            "dprime and criterion: sensitivity and bias of the answer, such faces against others",
            allowed=MEASURES,
        ),
        Column("label", "text", "The emotion shown; others: all but the answer", allowed=SHOWN),
        Column(
            "quantity", "text", "A cell, or an effect: first alone: first - neither; first given "
            "second: both - second; second alone: second - neither; interaction: first given "
            "second - first alone", allowed=(*CELLS, *EFFECTS),
        ),
        *common.STANDING,
        Column("value", "real", "The cell's value or the effect"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided permutation test that an effect is 0"),
        p_column(
            "p_adjusted", "p_value after Holm, over the tests of the same measure; for shares and "
            "probabilities faces that show the answer are a family of their own",
        ),
    ),
    key=("dataset", "classifier", "first", "second", "answer", "measure", "label", "quantity"),
)  # fmt: skip
"""Two by two conditions on the same pictures."""

_N: Final = len(EMOTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """One answer of C units under K conditions, on the same pictures.

    `totals` (C, 7 (1 + 2 K)) holds the pictures of each emotion, then for each condition the
    answers given to them and the sums of the answer's probability; `n` and `n_clusters` (8,) are
    the pictures, and the units that have any, for each of `SHOWN`.
    """

    answer: str
    conditions: tuple[str, ...]
    totals: Floats
    n: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    clustered_by: str

    @property
    def pictures(self) -> Floats:
        """What a picture of each emotion, given the answer under one condition only, adds.

        Its probabilities are the means, which leaves those of the answer as they are.
        """
        k, shown = len(self.conditions), self.totals[:, :_N].sum(axis=0)
        kinds = np.insert(np.kron(np.eye(k), [1.0, 0.0]), 0, 1, axis=1)
        rows = common.single_pictures(kinds, shown > 0).reshape(k * _N, -1, _N)
        means = ratio(self.totals.sum(axis=0).reshape(-1, _N), shown[None])[2::2]
        rows[:, 2::2] = np.nan_to_num(means) * rows[:, :1]
        return rows.reshape(k * _N, -1)

    def reordered(self, order: Sequence[int]) -> Floats:
        """Return the totals with the conditions in another order."""
        shown, blocks = self.totals[:, :_N], self.totals[:, _N:]
        blocks = blocks.reshape(len(blocks), len(self.conditions), -1)[:, list(order)]
        return np.hstack([shown, blocks.reshape(len(blocks), -1)])


def count_given(trials: pd.DataFrame, conditions: Sequence[str], answer: str) -> Given:
    """Count one answer by unit, over the pictures that were answered under all conditions.

    Raises MaskfaceError if there is no such answer, the trials lack a condition, or no picture has
    an answer under all of them.
    """
    if answer not in EMOTIONS:
        raise MaskfaceError(f"There is no answer {answer!r}. Choose one of {', '.join(EMOTIONS)}.")
    found = common.complete_answers(trials, conditions)
    counts = found.counts()
    p = _probabilities(trials, found, answer)[:, :, None] * np.eye(_N)[found.label][:, None]
    given = np.stack([counts.given[..., EMOTIONS.index(answer)], sums_by(found.unit, p)], axis=2)
    totals = np.hstack([counts.shown[:, 0], given.reshape(len(given), -1)])
    return _standing(answer, found.conditions, totals, common.unit_name(common.unit_column(trials)))


def _probabilities(trials: pd.DataFrame, found: PictureAnswers, answer: str) -> Floats:
    """Return the probabilities of an answer, (n, K); NaN where the classifier gives none."""
    p = trials.set_index(["image_id", "condition"])[f"p_{answer}"]
    wanted = pd.MultiIndex.from_product([found.pictures["image_id"], found.conditions])
    return p.reindex(wanted).to_numpy(np.float64).reshape(found.answer.shape)


def _standing(answer: str, conditions: tuple[str, ...], totals: Floats, by: str) -> Given:
    shown = _with_others(totals[:, :_N], EMOTIONS.index(answer))
    n, n_clusters = shown.sum(axis=0).astype(np.int64), (shown > 0).sum(axis=0)
    return Given(answer, conditions, totals, n, n_clusters, by)


def _with_others(values: Floats, answer: int) -> Floats:
    """Append to (..., 7) sums by emotion the sum over all but one."""
    others = values.sum(axis=-1, keepdims=True) - values[..., answer, None]
    return np.concatenate([values, others], axis=-1)


def answer_values(totals: Floats, answer: int) -> Floats:
    """Compute the values of totals (B, 7 (1 + 2 K)), as in `Given`: (B, K, 18).

    The last axis holds the shares of the answer and its mean probabilities for each of `SHOWN`,
    then sensitivity d' and criterion of the answer, from hits and false alarms with the
    log-linear correction (Hautus 1995, doi:10.3758/BF03203619). NaN where nothing was shown.
    """
    shown = _with_others(totals[:, None, :_N], answer)
    blocks = totals[:, _N:].reshape(len(totals), -1, 2, _N)
    sums = _with_others(blocks, answer)
    shares = ratio(sums, shown[:, :, None]).reshape(*sums.shape[:2], -1)
    pair = [answer, _N]
    rates = (sums[:, :, 0, pair] + 0.5) / (shown[:, :, pair] + 1)
    z = ndtri(np.where((shown[:, :, pair] > 0).all(axis=2, keepdims=True), rates, np.nan))
    sensitivity = z[..., :1] - z[..., 1:]
    criterion = -z.sum(axis=2, keepdims=True) / 2
    return np.concatenate([shares, sensitivity, criterion], axis=2)


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
    """Return the conditions with and without two occluders, the first next to the skin."""
    return Cells(PLAIN, first, second, f"{first}+{second}")


def factorial_table(
    trials: pd.DataFrame,
    designs: Sequence[Cells],
    answer: str = "sadness",
    *,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Measure how one answer depends on two occluders that are present or absent.

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
    for head, part in common.groups(trials):
        for cells in designs:
            given = count_given(part, cells, answer)
            names = dict(zip(("first", "second"), given.conditions[1:3], strict=True))
            fixed = head | names | {"answer": answer, "clustered_by": given.clustered_by}
            rows += [fixed | row for row in _rows(given, seed, n_resamples)]
    table = FACTORIAL.frame(rows)
    own = table["label"] == table["answer"]
    table = holm_within(table, [table["answer"], table["measure"], own])
    return FACTORIAL.check(FACTORIAL.tidy(table))


def _rows(given: Given, seed: int, n_resamples: int) -> list[Row]:
    answer = EMOTIONS.index(given.answer)

    def values(totals: Floats, weights: Floats = _WEIGHTS) -> Floats:
        return np.asarray(weights @ answer_values(totals, answer)).reshape(len(totals), -1)

    places, n, units = _places(given)
    tiled = np.tile(units, 8)
    found = common.estimates(
        given.totals, values, seed=seed, n_clusters=tiled, n_resamples=n_resamples,
        pictures=given.pictures, bounds=_bounds(),
    )  # fmt: skip
    found = found.reshape(3, 8, -1)
    p = np.full((8, len(places)), np.nan)
    for e, order in enumerate(_EXCHANGES, start=len(CELLS)):
        effect = partial(values, weights=_WEIGHTS[e : e + 1])
        p[e] = swap_test(given.totals, given.reordered(order), effect, seed=seed).p_value
    return [
        {"measure": measure, "label": label, "quantity": quantity}
        | {"n": n[i], "n_clusters": units[i]}
        | common.interval_cells(found[:, q, i], units[i])
        | {"p_value": p[q, i]}
        for q, quantity in enumerate((*CELLS, *EFFECTS))
        for i, (measure, label) in enumerate(places)
        if n[i]
    ]


def _bounds() -> tuple[Floats, Floats]:
    """Return least and largest values of cells and effects; only those of shares are finite."""
    free = np.arange(2 * len(SHOWN) + 2) >= 2 * len(SHOWN)
    low, high = (cut(_WEIGHTS, 0).sum(axis=1)[:, None] for cut in (np.minimum, np.maximum))
    return np.where(free, -np.inf, low).ravel(), np.where(free, np.inf, high).ravel()


def _places(given: Given) -> tuple[list[tuple[str, str]], Integers, Integers]:
    """Return measure and label, pictures and units of each place of `answer_values`."""
    by_label = [(measure, label) for measure in MEASURES[:2] for label in SHOWN]
    pair = [EMOTIONS.index(given.answer), SHOWN.index(OTHERS)]
    whole = given.n[pair].sum() if given.n[pair].all() else 0
    n = np.concatenate([given.n, given.n, [whole, whole]])
    least = given.n_clusters[pair].min()
    units = np.concatenate([given.n_clusters, given.n_clusters, [least, least]])
    return [*by_label, *((measure, given.answer) for measure in MEASURES[2:])], n, units


def factorial_text(table: pd.DataFrame) -> str:
    """Describe what the first occluder does to the answer, without and with the second.

    Parameters
    ----------
    table
        In the schema of `FACTORIAL`.
    """
    heads = ["classifier", "first", "second", "answer"]
    lines = [
        _sentence(dict(zip(heads, map(str, names), strict=True)), rows)
        for names, rows in table.groupby(heads)
    ]
    return "\n".join([*lines, common.SINGLE] if lines else [])


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
    effects = by.get(("dprime", answer, effect))
    if effects is None:
        return " and ".join(shares)
    limits = "no interval"
    if not math.isnan(effects["ci_low"]):
        limits = f"{effects['ci_low']:+.2f} to {effects['ci_high']:+.2f}"
    p = p_text(effects["p_adjusted"])
    return f"{' and '.join(shares)}, d' {effects['value']:+.2f} [{limits}], p {p}"
