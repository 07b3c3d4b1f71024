"""Classifiers of one family, each trained on something and tested on plain and masked faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from maskface.analyses._hits import Hits, count_hits, find_condition, unit_column
from maskface.arrays import Floats
from maskface.classifiers import get_reader
from maskface.errors import MaskfaceError
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

Family = Mapping[str, str]
"""Classifiers by what they learnt from: clean, masked, and maybe both and permuted."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Answers of a family to the pictures that all of its cells answered.

    Attributes
    ----------
    names
        The K cells: what was learnt from, what was read.
    answers
        Trials; the cell, as ``train/test``, is in the place of the condition.
    hits
        Right answers; its conditions are the cells.
    n_missing
        Pictures without an answer in some cell.
    """

    names: tuple[tuple[str, str], ...]
    answers: pd.DataFrame
    hits: Hits
    n_missing: int

    def of(self, train: str, test: str) -> pd.DataFrame:
        """Answers in one cell."""
        return self.answers[self.answers["condition"] == f"{train}/{test}"]


def trained_family(spec: str, *, control_folds: int | None = None) -> dict[str, str]:
    """Name the classifiers that differ only in what they learn from.

    Parameters
    ----------
    spec
        A classifier that is trained, such as ``hog``, with its parameters but these.
    control_folds
        Folds of the control that learns from shuffled labels; no control if None. Pictures of one
        fold are read by one model, and so share the luck of one shuffle; with as many folds as
        people the bootstrap over people knows of it.

    Returns
    -------
    dict
        Classifiers, as named in the results, by what they learn from: clean, masked, both,
        permuted.

    Raises
    ------
    MaskfaceError
        If the name or a parameter is not allowed.
    """
    joint = "," if ":" in spec else ":"
    parameters = {"clean": "", "masked": "train=masked", "both": "train=both"}
    if control_folds is not None:
        parameters["permuted"] = f"permuted=true,folds={control_folds}"
    return {
        learnt: get_reader(f"{spec}{joint}{more}" if more else spec).name
        for learnt, more in parameters.items()
    }


def only_condition(trials: pd.DataFrame, condition: str | None) -> str:
    """Find the occluded condition, which may be left out if there is only one.

    Raises
    ------
    MaskfaceError
        If the trials lack it, or the choice is not clear.
    """
    others = sorted(set(map(str, trials["condition"])) - {PLAIN})
    if condition is not None:
        return find_condition(trials, condition)
    if len(others) != 1:
        raise MaskfaceError(
            f"The trials hold the occluded conditions {', '.join(others) or '(none)'}. "
            "Name one with condition=."
        )
    return others[0]


def find_cells(trials: pd.DataFrame, family: Family, condition: str) -> Cells:
    """Bring together the answers of a family.

    Parameters
    ----------
    trials
        Of one data set, in the schema of `maskface.tables.TRIALS`.
    family
        Classifiers by what they learnt from.
    condition
        What ``masked`` faces are read under.

    Raises
    ------
    MaskfaceError
        If the trials lack a classifier, or no picture was answered in all cells.
    """
    there = sorted(set(map(str, trials["classifier"])))
    missing = sorted(set(family.values()) - set(there))
    if missing:
        raise MaskfaceError(
            f"The trials do not hold the classifiers {', '.join(missing)}, only {', '.join(there)}."
        )
    tests = (("plain", PLAIN), ("masked", condition))
    names = tuple((train, test) for train in family for test, _ in tests)
    rows = pd.concat(
        trials[(trials["classifier"] == classifier) & (trials["condition"] == shown)].assign(
            condition=f"{train}/{test}"
        )
        for train, classifier in family.items()
        for test, shown in tests
    )
    answered = rows[rows["status"] == "ok"].groupby("image_id")["condition"].nunique()
    complete = answered.index[answered == len(names)]
    kept = rows[rows["image_id"].isin(complete)]
    hits = count_hits(kept, ["/".join(name) for name in names])
    return Cells(names, kept, hits, rows["image_id"].nunique() - len(complete))


def answer_totals(answers: pd.DataFrame) -> Floats:
    """Sum by unit (C, 21): pictures of each emotion, right answers to it, answers of it."""
    codes = [
        answers[column].to_numpy(str)[:, None] == np.array(EMOTIONS)
        for column in ("label", "predicted")
    ]
    shown, said = (code.astype(np.float64) for code in codes)
    unit = pd.factorize(answers[unit_column(answers)], sort=True)[0]
    totals = np.zeros((int(unit.max()) + 1, 3 * len(EMOTIONS)))
    np.add.at(totals, unit, np.hstack([shown, shown * said, said]))
    return totals


def chances(totals: Floats) -> Floats:
    """Shares right by chance: totals (B, 21) as in `answer_totals` to (B, 8), all emotions first.

    As if the answers had been dealt to the pictures at random, as in Cohen's kappa (1960,
    doi:10.1177/001316446002000104): the sum over emotions of the share of pictures that show it
    times the share of answers that name it. It is 1/7 for a reader that uses all answers equally
    or is asked equally, the sum of squared shares for one that answers as often as is shown, and
    the largest share for one that always gives the commonest answer.
    """
    shown, _, said = np.moveaxis(totals.reshape(len(totals), 3, len(EMOTIONS)), 1, 0)
    n = np.maximum(shown.sum(axis=1, keepdims=True), 1)
    named = said / n
    return np.hstack([(shown / n * named).sum(axis=1, keepdims=True), named])
