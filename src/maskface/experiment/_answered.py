"""Trials of classifiers that learnt, beside those that needed not to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.experiment._harvest import UNANSWERED
from maskface.experiment._parts import Parts, joined
from maskface.experiment._spilled import Matrix
from maskface.schema import Table
from maskface.types import EMOTIONS

_EMOTIONS = np.array(EMOTIONS, object)


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What a classifier answered.

    Attributes
    ----------
    name
        The classifier's.
    measures
        What its rows are called while it has no answer.
    probabilities
        (n, 7) for its n measured faces, by picture and condition; NaN where its model failed.
    fold
        (n,) which of its models was asked.
    messages
        What went wrong with models, by their number.
    """

    name: str
    measures: str
    probabilities: Matrix
    fold: NDArray[np.int16]
    messages: Mapping[int, str]

    def fill(self, rows: pd.DataFrame, start: int) -> pd.DataFrame:
        """Put answers into rows without, those from number `start` into the first with status ok.

        Parameters
        ----------
        rows
            By picture and condition; see `maskface.tables.TRIALS`.
        start
            How many were asked for before.
        """
        ok = (rows["status"] == "ok").to_numpy(bool)
        places = np.arange(start, start + ok.sum())
        found = np.full((len(rows), len(EMOTIONS)), np.nan)
        found[ok] = self.probabilities.rows(places)
        message = rows["message"].to_numpy(object, copy=True)
        message[ok] = [
            self.messages.get(fold, said)
            for fold, said in zip(self.fold[places], message[ok], strict=True)
        ]
        known = ~np.isnan(found[:, 0])
        predicted = np.full(len(rows), "", object)
        predicted[known] = _EMOTIONS[found[known].argmax(axis=1)]
        correct = pd.array((predicted == rows["label"]).astype(int), "Int64")
        correct[~known] = pd.NA
        return rows.assign(
            classifier=self.name, predicted=predicted, correct=correct, message=message,
            status=rows["status"].where(known | ~ok, "error"),
            **{f"p_{emotion}": found[:, number] for number, emotion in enumerate(EMOTIONS)},
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Parts of a run, with the trials of classifiers that learnt from them.

    Attributes
    ----------
    parts
        What was read of the pictures.
    taught
        Who answered.
    """

    parts: Parts
    taught: Sequence[Taught]

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their rows of the trials."""
        asked = dict.fromkeys((one.name for one in self.taught), 0)
        unanswered = self.parts.frames(table, UNANSWERED)
        for (images, ready), (_, rows) in zip(self.parts.frames(table), unanswered, strict=True):
            ordered = rows.sort_values(["image_id", "condition"], kind="stable")
            frames = [ready]
            for one in self.taught:
                own = ordered[ordered["classifier"] == one.measures]
                frames.append(one.fill(own, asked[one.name]))
                asked[one.name] += int((own["status"] == "ok").sum())
            yield images, joined(frames, ready)
