"""When a result cannot bear its claim: what to look for in the trials, and how to say it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import pandas as pd

from maskface.arrays import Row
from maskface.classifiers import is_control
from maskface.stats._guards_answers import dominant, floor, plain_guards
from maskface.stats._guards_pictures import confounded, failures, missing_emotion
from maskface.stats._source import FrameSource, Head, People, TrialSource
from maskface.tables import GUARDS, PLAIN

FEW_SUBJECTS: Final = 10
"""Fewer people say little about people, however sure the numbers are about them."""
_ALL: Final = "all"
_NEEDED: Final = ("image_id", "subject_id", "label", "predicted", "correct")


def find_guards(trials: pd.DataFrame | TrialSource) -> pd.DataFrame:
    """Look for reasons why the results of trials may not mean what they seem to.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`, or from `maskface.stats.trial_source`.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.GUARDS`, one row for each reason, in plain words:
        ``confounded`` (the condition shows other people than ``none``), ``missing_emotion``,
        ``many_failures``, ``failures_by_emotion`` (chi-square over tables with the same margins,
        Monte Carlo p below .01; Hope 1968, doi:10.1111/j.2517-6161.1968.tb00759.x),
        ``few_subjects``, ``no_subjects``, ``ceiling``, ``floor``, ``chance``,
        ``dominant_answer``. Empty if there is none. Classifiers that learnt from shuffled
        labels are left out. docs/statistics.md has the limits.
    """
    source = FrameSource(trials) if isinstance(trials, pd.DataFrame) else trials
    rows: list[Row] = []
    for (run_id, dataset), heads in groupby(source.heads(), lambda head: (head[0], head[1])):
        found: list[Row] = [
            {"classifier": _ALL, "condition": _ALL} | row
            for row in _subjects(source.people(run_id, dataset))
        ]
        for head in heads:
            if is_control(head.classifier):
                continue  # it is meant to be at chance
            found += [{"classifier": head.classifier} | row for row in _of_head(source, head)]
        rows += [{"run_id": run_id, "dataset": dataset, "label": _ALL} | row for row in found]
    return GUARDS.check(GUARDS.frame(rows))


def _subjects(people: People) -> Iterator[Row]:
    n = people.n_subjects
    if people.n_unknown:
        yield {
            "guard": "no_subjects",
            "detail": f"{people.n_unknown} of {people.n_pictures} pictures have no subject id, so "
            "images are treated as independent: if they show the same people, intervals are too "
            "narrow and p values too small. Say who is shown in the column subject of an "
            "index.csv.",
        }
    elif n < FEW_SUBJECTS:
        yield {
            "guard": "few_subjects",
            "detail": f"Only {n} subject{'s are' if n != 1 else ' is'} shown: the results hold "
            "for them, and say little about other people.",
        }


def _of_head(source: TrialSource, head: Head) -> Iterator[Row]:
    before = source.rows(head, PLAIN)
    plain = _answered(before)
    yield from plain_guards(plain)
    for name in sorted(source.conditions(head), key=lambda name: (name != PLAIN, name)):
        part = before if name == PLAIN else source.rows(head, name)
        for row in _of_condition(name, part, before, plain):
            yield {"condition": name} | row


def _of_condition(
    name: str, part: pd.DataFrame, before: pd.DataFrame, plain: pd.DataFrame
) -> Iterator[Row]:
    answered = _answered(part)
    if name != PLAIN:
        yield from confounded(name, plain, answered)
        yield from floor(name, answered)
    yield from missing_emotion(name, plain, answered)
    if name == PLAIN or _failed(before) != _failed(part):  # what fails plain, fails in all
        yield from failures(name, part)
    yield from dominant(name, answered)


def _answered(part: pd.DataFrame) -> pd.DataFrame:
    return part.loc[part["status"] == "ok", list(_NEEDED)]


def _failed(part: pd.DataFrame) -> set[Any]:
    return set(part.loc[part["status"] != "ok", "image_id"])
