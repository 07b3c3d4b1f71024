"""Where statistics take trials from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol

import pandas as pd

HEADS: Final = ("run_id", "dataset", "classifier")
"""Columns that trials are divided by before they are compared."""


class Head(NamedTuple):
    """Who read which faces."""

    run_id: str
    dataset: str
    classifier: str


class People(NamedTuple):
    """Who is shown in the pictures of a data set.

    Attributes
    ----------
    n_pictures, n_unknown
        Pictures, and those without a subject id.
    n_subjects
        Different subject ids; none counts as one.
    """

    n_pictures: int
    n_unknown: int
    n_subjects: int


class TrialSource(Protocol):
    """Trials of one or more classifiers, a classifier and condition at a time."""

    def heads(self) -> Sequence[Head]:
        """Data sets and classifiers, sorted."""

    def conditions(self, head: Head) -> Sequence[str]:
        """Names of the conditions, sorted."""

    def rows(self, head: Head, condition: str) -> pd.DataFrame:
        """Trials under a condition, also those without an answer; none if it has not been shown.

        At least the columns image_id (the picture's name, or a number in the order of the names),
        subject_id, label, predicted, correct, status and the seven probabilities.
        """

    def named(self, head: Head) -> bool:
        """Whether every trial says who is shown."""

    def people(self, run_id: str, dataset: str) -> People:
        """Count who is shown."""


class FrameSource:
    """Trials in memory.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`; further columns are kept.
    """

    def __init__(self, trials: pd.DataFrame) -> None:
        self._trials = trials

    @cached_property
    def _places(self) -> dict[tuple[Head, str], Any]:
        indices: dict[Any, Any] = self._trials.groupby([*HEADS, "condition"]).indices
        return {(Head(*names[:3]), names[3]): at for names, at in indices.items()}

    def heads(self) -> Sequence[Head]:
        """Data sets and classifiers, sorted."""
        return sorted({head for head, _ in self._places})

    def conditions(self, head: Head) -> Sequence[str]:
        """Names of the conditions, sorted."""
        return sorted(name for of, name in self._places if of == head)

    def rows(self, head: Head, condition: str) -> pd.DataFrame:
        """Trials under a condition; none if it has not been shown."""
        found: pd.DataFrame = self._trials.iloc[self._places.get((head, condition), [])]
        return found

    def named(self, head: Head) -> bool:
        """Whether every trial says who is shown."""
        parts = (self.rows(head, name)["subject_id"] for name in self.conditions(head))
        return all((part != "").all() for part in parts)

    def people(self, run_id: str, dataset: str) -> People:
        """Count who is shown."""
        t = self._trials
        of_set = t[(t["run_id"] == run_id) & (t["dataset"] == dataset)]
        people = of_set.drop_duplicates("image_id")["subject_id"]
        return People(len(people), int((people == "").sum()), people.nunique())
