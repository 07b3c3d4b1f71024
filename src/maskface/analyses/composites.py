"""Answers to composite faces: whether a mask over one expression reveals the hidden one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from maskface.analyses import common
from maskface.arrays import Floats, Row
from maskface.errors import MaskfaceError
from maskface.schema import Column, Table, interval_columns, numbered, p_column
from maskface.stats.aggregate import count_answers, ratio
from maskface.stats.randomization import swap_test
from maskface.tables import PLAIN
from maskface.text import p_text, percent, points
from maskface.types import EMOTIONS

QUANTITIES: Final = (
    "plain", "masked", "change",
    "plain against upper", "plain against lower", "masked against upper", "masked against lower",
)  # fmt: skip
CONCEALED: Final = Table(
    "concealed",
    (
        *common.HEAD,
        Column("kind", "text", "How the face was made, as in attributes"),
        Column("upper", "text", "The emotion of its upper half", allowed=EMOTIONS),
        Column("lower", "text", "The emotion of its lower half", allowed=EMOTIONS),
        Column("mask", "text", "The condition that counts as masked"),
        Column("answer", "text", "The answer that is counted", allowed=EMOTIONS),
        Column(
            "quantity", "text", "plain, masked: share of the answer; change: masked - plain; "
            "against upper (lower): the share minus that of whole faces with the emotion of the "
            "upper (lower) half, both plain or both masked", allowed=QUANTITIES,
        ),
        *common.STANDING,
        Column("value", "real", "The share or the difference"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided permutation test that a difference is 0"),
        p_column(
            "p_adjusted", "p_value after Holm, over the same quantity, kind and answer"
        ),
    ),
    key=("dataset", "classifier", "kind", "upper", "lower", "mask", "answer", "quantity"),
)  # fmt: skip
"""Answers to composite faces, and to the whole faces that they are made of."""

Made = tuple[str, str, str]
"""Kind of a face, and the emotions of its upper and lower half."""

WHOLE: Final = "whole"
MADE: Final = ["kind", "upper", "lower"]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Answers of C units to faces of F kinds, plain and masked.

    `sums` (C, 2 F, 1 + A) holds for each kind, plain and then masked, the number of pictures and
    how often each of the A answers was given.
    """

    faces: tuple[Made, ...]
    sums: Floats

    @property
    def totals(self) -> Floats:
        """(C, 2 F (1 + A)) the same, flat."""
        return self.sums.reshape(len(self.sums), -1)

    @property
    def pictures(self) -> Floats:
        """What a picture of each kind adds that gets one answer plain only, or masked only."""
        n_answers = self.sums.shape[2] - 1
        one = np.insert(np.eye(n_answers), 0, 1, axis=1)
        none = np.insert(np.zeros_like(one[:, 1:]), 0, 1, axis=1)
        kinds = np.block([[one, none], [none, one]])
        return np.kron(np.eye(len(self.faces)), kinds)

    def exchanged(self, a: int, b: int) -> Floats:
        """Return the totals with two of the 2 F cells exchanged."""
        order = np.arange(self.sums.shape[1])
        order[[a, b]] = order[[b, a]]
        return self.sums[:, order].reshape(len(self.sums), -1)


def how_made(attributes: pd.DataFrame) -> pd.DataFrame:
    """Return kind, upper, lower and pair of each picture, by its id; raise if not known."""
    said = attributes[attributes["source"] == "index"]
    wide = said.pivot_table("value", "image_id", "attribute", aggfunc="first")
    missing = [name for name in (*MADE, "pair") if name not in wide]
    if missing:
        raise MaskfaceError(
            f"The attributes do not say {', '.join(missing)} of the pictures. Run the experiment "
            "on faces from maskface.stimuli.make_composites."
        )
    return wide[[*MADE, "pair"]].dropna()


def count_made(joined: pd.DataFrame, mask: str, answers: Sequence[str]) -> Counts:
    """Count answers by subject, over the pairs whose pictures were all answered plain and masked.

    Raises MaskfaceError if there is no such pair.
    """
    rows = joined[joined["condition"].isin([PLAIN, mask])]
    ok = rows["status"] == "ok"
    whole = rows[ok.groupby(rows["pair"]).transform("all")]
    if whole.empty:
        raise MaskfaceError(
            "No pair of photographs has an answer to all of its faces, plain and masked. Read the "
            "column `message` of trials.csv to see why."
        )
    faces = tuple(sorted({(str(k), str(u), str(w)) for k, u, w in whole[MADE].to_numpy()}))
    number = {face: 2 * i for i, face in enumerate(faces)}
    face = [number[k, u, w] for k, u, w in whole[MADE].itertuples(index=False, name=None)]
    cell = np.array(face) + (whole["condition"] == mask).to_numpy(int)
    label, answer = (numbered(whole[name], EMOTIONS) for name in ("label", "predicted"))
    counts = count_answers(whole["subject_id"], cell, label, answer, n_cells=2 * len(faces))
    chosen = counts.answered[..., [EMOTIONS.index(name) for name in answers]]
    return Counts(faces, np.concatenate([counts.shown.sum(axis=-1)[..., None], chosen], axis=-1))


Difference = tuple[int, str, int, int]
"""Number of the face, quantity, and two cells: the first minus the second."""


def concealed_table(
    trials: pd.DataFrame,
    attributes: pd.DataFrame,
    *,
    mask: str = "surgical",
    answers: Sequence[str] = ("happiness", "sadness", "neutral"),
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Measure how often answers are given to composite and whole faces, plain and masked.

    Parameters
    ----------
    trials
        Of faces from `maskface.stimuli.make_composites`, in the schema of
        `maskface.tables.TRIALS`.
    attributes
        Of the same run, in the schema of `maskface.tables.ATTRIBUTES`.
    mask
        The condition that counts as masked.
    answers
        Answers that are counted, of `maskface.types.EMOTIONS`.
    seed
        Of the bootstrap and the permutations.
    n_resamples
        Resamples of the bootstrap over subjects.

    Returns
    -------
    pandas.DataFrame
        In the schema of `CONCEALED`, over the pairs of photographs of which every picture has an
        answer both plain and masked. A difference is tested by exchanging its two conditions, or
        kinds of face, within whole subjects.

    Raises
    ------
    MaskfaceError
        If the attributes do not say how the faces were made, the trials lack the mask, or no pair
        is answered whole.
    """
    made = how_made(attributes)
    rows: list[Row] = []
    for head, part in common.groups(trials):
        condition = common.find_condition(part, mask)
        counts = count_made(part.join(made, on="image_id", how="inner"), condition, answers)
        fixed = head | {"mask": condition, "clustered_by": "subject"}
        rows += [fixed | row for row in _rows(counts, answers, seed, n_resamples)]
    return common.with_holm(CONCEALED, rows, "quantity", "kind", "answer")


def _differences(faces: Sequence[Made]) -> list[Difference]:
    whole = {upper: 2 * i for i, (kind, upper, _) in enumerate(faces) if kind == WHOLE}
    found = [(f, "change", 2 * f + 1, 2 * f) for f in range(len(faces))]
    return found + [
        (f, f"{shown} against {half}", 2 * f + masked, whole[emotion] + masked)
        for f, (kind, *halves) in enumerate(faces)
        for half, emotion in zip(("upper", "lower"), halves, strict=True)
        for masked, shown in enumerate(QUANTITIES[:2])
        if kind != WHOLE and emotion in whole
    ]


def _rows(counts: Counts, answers: Sequence[str], seed: int, n_resamples: int) -> list[Row]:
    shape, n_cells = counts.sums.shape[1:], counts.sums.shape[1]
    differences = _differences(counts.faces)

    def values(totals: Floats, weights: Floats) -> Floats:
        sums = totals.reshape(len(totals), *shape)
        shares = ratio(sums[..., 1:], sums[..., :1])
        return np.asarray(weights @ shares).reshape(len(totals), -1)

    weights = np.vstack([np.eye(n_cells), _weights(differences, n_cells)])
    weighted = partial(values, weights=weights)
    present = (counts.sums[..., 0] > 0).sum(axis=0)
    units = [*present, *(min(present[a], present[b]) for _, _, a, b in differences)]
    lowest = np.repeat(weights.min(axis=1), len(answers))  # of a share 0, of a difference -1
    found = common.estimates(
        counts.totals, weighted, seed=seed, n_clusters=np.repeat(units, len(answers)),
        n_resamples=n_resamples, pictures=counts.pictures, bounds=(lowest, 1),
    )  # fmt: skip
    found = found.reshape(3, len(weights), -1)
    p = np.full(found.shape[1:], np.nan)
    for d, (_, _, a, b) in enumerate(differences, start=n_cells):
        statistic = partial(values, weights=weights[d : d + 1])
        exchanged = counts.exchanged(a, b)
        p[d] = swap_test(counts.totals, exchanged, statistic, seed=seed).p_value
    names = [(c // 2, QUANTITIES[c % 2]) for c in range(n_cells)]
    names += [(face, name) for face, name, _, _ in differences]
    return [
        dict(zip(MADE, counts.faces[face], strict=True))
        | {"quantity": quantity, "answer": answer, "n_clusters": int(units[q])}
        | {"n": int(counts.sums[:, 2 * face, 0].sum()), "p_value": p[q, i]}
        | common.interval_cells(found[:, q, i], units[q])
        for q, (face, quantity) in enumerate(names)
        for i, answer in enumerate(answers)
    ]


def _weights(differences: Sequence[Difference], n_cells: int) -> Floats:
    """Return each difference as weights of the cells, (D, n_cells)."""
    weights = np.zeros((len(differences), n_cells))
    for row, (_, _, a, b) in zip(weights, differences, strict=True):
        row[[a, b]] = 1, -1
    return weights


def concealed_text(table: pd.DataFrame, upper: str, lower: str) -> str:
    """Describe for each classifier whether a mask over one expression reveals the hidden one.

    Parameters
    ----------
    table
        In the schema of `CONCEALED`.
    upper, lower
        Emotions of the composite's halves: what is hidden, and what is worn.
    """
    of = table[(table["kind"] == "composite") & (table["upper"] == upper)]
    of = of[of["lower"] == lower]
    lines = [
        _sentence(str(classifier), rows, upper, lower)
        for classifier, rows in of.groupby("classifier")
    ]
    return "\n".join([*lines, common.SINGLE] if lines else [])


def _sentence(classifier: str, rows: pd.DataFrame, upper: str, lower: str) -> str:
    by = {(row["answer"], row["quantity"]): row for row in rows.to_dict("records")}
    worn, hidden = (
        f"'{answer}' to {percent(by[answer, 'plain']['value'])} % plain and "
        f"{percent(by[answer, 'masked']['value'])} % masked"
        for answer in (lower, upper)
    )
    change = by[upper, "change"]
    against = "; ".join(
        f"{points(row['value'])} points {common.limits_text(row)} from the whole {emotion} face"
        for half, emotion in (("upper", upper), ("lower", lower))
        if (row := by.get((upper, f"masked against {half}")))
    )
    return (
        f"{classifier}: {upper} above, {lower} below is called {hidden} ("
        f"{points(change['value'])} points {common.limits_text(change)}, p "
        f"{p_text(change['p_adjusted'])}), {worn}. Masked, '{upper}' is {against}"
    )
