"""When a result cannot bear its claim: what to look for in the trials, and how to say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from maskface.classifiers import is_control
from maskface.stats._comparison import PLAIN
from maskface.stats._guards_answers import dominant, floor, plain_guards
from maskface.stats._guards_pictures import confounded, failures, missing_emotion
from maskface.tables import GUARDS

FEW_SUBJECTS: Final = 10
"""Fewer people say little about people, however sure the numbers are about them."""
_ALL: Final = "all"
Row = dict[str, Any]


def find_guards(trials: pd.DataFrame) -> pd.DataFrame:
    """Look for reasons why the results of trials may not mean what they seem to.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.

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
    rows: list[Row] = []
    for (run_id, dataset), of_set in trials.groupby(["run_id", "dataset"], sort=True):
        found: list[Row] = [
            {"classifier": _ALL, "condition": _ALL} | row for row in _subjects(of_set)
        ]
        for classifier, group in of_set.groupby("classifier", sort=True):
            if is_control(str(classifier)):
                continue  # it is meant to be at chance
            found += [{"classifier": classifier} | row for row in _of_classifier(group)]
        rows += [{"run_id": run_id, "dataset": dataset, "label": _ALL} | row for row in found]
    return GUARDS.check(GUARDS.frame(rows))


def _subjects(trials: pd.DataFrame) -> Iterator[Row]:
    people = trials.drop_duplicates("image_id")["subject_id"]
    unknown = int((people == "").sum())
    n = people.nunique()
    if unknown:
        yield {
            "guard": "no_subjects",
            "detail": f"{unknown} of {len(people)} pictures have no subject id, so images are "
            "treated as independent: if they show the same people, intervals are too narrow and "
            "p values too small.",
        }
    elif n < FEW_SUBJECTS:
        yield {
            "guard": "few_subjects",
            "detail": f"Only {n} subject{'s are' if n != 1 else ' is'} shown: the results hold "
            "for them, and say little about other people.",
        }


def _of_classifier(group: pd.DataFrame) -> Iterator[Row]:
    conditions = sorted(group["condition"].unique(), key=lambda name: (name != PLAIN, name))
    parts = {str(name): group[group["condition"] == name] for name in conditions}
    answered = {name: part[part["status"] == "ok"] for name, part in parts.items()}
    yield from plain_guards(answered.get(PLAIN, group.iloc[:0]))
    for name, part in parts.items():
        for row in _of_condition(name, part, answered, parts):
            yield {"condition": name} | row


def _of_condition(
    name: str,
    part: pd.DataFrame,
    answered: dict[str, pd.DataFrame],
    parts: dict[str, pd.DataFrame],
) -> Iterator[Row]:
    plain = answered.get(PLAIN, part.iloc[:0])
    if name != PLAIN:
        yield from confounded(name, plain, answered[name])
        yield from floor(name, answered[name])
    yield from missing_emotion(name, plain, answered[name])
    before = parts.get(PLAIN, part.iloc[:0])
    if name == PLAIN or _failed(before) != _failed(part):  # what fails plain, fails in all
        yield from failures(name, part)
    yield from dominant(name, answered[name])


def _failed(part: pd.DataFrame) -> set[str]:
    return set(part.loc[part["status"] != "ok", "image_id"])
