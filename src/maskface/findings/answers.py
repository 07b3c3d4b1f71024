"""Answers of classifiers and of human observers, counted by unit, condition and shown emotion.

`RunTables` holds the tables of a run or of a study; its `answers` tell how often an answer was
given under two conditions (`Counts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.classifiers import is_control
from maskface.errors import MaskfaceError
from maskface.findings.claims import Interval, Kind, kind_of
from maskface.humans import HUMAN, check_study, is_yes_no
from maskface.schema import numbered
from maskface.stats.aggregate import NO_ANSWER, AnswerCounts, count_answers
from maskface.table_files import find_table
from maskface.tables import GUARDS, PLAIN, RESPONSES, SUMMARY, TRIALS
from maskface.types import EMOTIONS

_E: Final = len(EMOTIONS)
NUMBER: Final = {emotion: i for i, emotion in enumerate(EMOTIONS)}


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Numbers of times that an answer was given under two conditions."""

    # (C, 2, 2, E): unit; reference and condition; times given, and chances to give it; shown
    # emotion.
    totals: Floats
    there: NDArray[np.bool_]  # (C,) bool: units with answers under both. The others have no counts.
    observers: bool = False  # units are human observers


class Answers(Protocol):
    """Answers of one classifier, or of human observers."""

    def right(self, reference: str, condition: str) -> Counts:
        """Count right answers to each emotion, E = 7."""

    def taken_for(self, reference: str, condition: str, source: str, target: str) -> Counts:
        """Count faces that show one emotion and are taken for another, E = 1."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureAnswers:
    """Answers to each picture under each condition; the same pictures are paired."""

    conditions: Mapping[str, int]  # number of each
    unit: NDArray[np.int64]  # (n,) number of the subject, or of the picture if one has no subject
    label: NDArray[np.int8]  # (n,) index into `EMOTIONS`
    answer: NDArray[np.int8]  # (n, conditions) index into `EMOTIONS`; -1 where there is none

    def right(self, reference: str, condition: str) -> Counts:
        """Count right answers to each emotion, E = 7."""
        return self._given(reference, condition, np.ones(len(self.label), bool), self.label)

    def taken_for(self, reference: str, condition: str, source: str, target: str) -> Counts:
        """Count faces that show one emotion and are taken for another, E = 1."""
        wanted = np.full(len(self.label), NUMBER[target], np.int8)
        shows = self.label == NUMBER[source]
        found = self._given(reference, condition, shows, wanted)
        return Counts(found.totals.sum(axis=-1, keepdims=True), found.there)

    def _given(
        self, reference: str, condition: str, rows: NDArray[np.bool_], wanted: NDArray[np.int8]
    ) -> Counts:
        sides = [self.answer[:, at] for at in _places(self.conditions, reference, condition)]
        both = rows & (sides[0] >= 0) & (sides[1] >= 0)
        cell = self.unit * _E + self.label
        n = int(self.unit.max(initial=-1) + 1)
        shown = _tally(cell[both], n)
        given = [_tally(cell[both & (side == wanted)], n) for side in sides]
        totals = np.stack([np.stack([one, shown], axis=1) for one in given], axis=1)
        return Counts(totals, np.asarray(shown.any(axis=1)))


def _tally(cell: NDArray[np.int64], n: int) -> Floats:
    return np.bincount(cell, minlength=n * _E).reshape(n, _E).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ObserverAnswers:
    """Answers of human observers, who may have seen other pictures under each condition."""

    conditions: Mapping[str, int]  # number of each
    counts: Floats  # (C, conditions, 2, 7, 7), as from `count_observers`

    def right(self, reference: str, condition: str) -> Counts:
        """Count right answers to each emotion, E = 7."""
        return self._of(np.diagonal(self._pair(reference, condition), axis1=-2, axis2=-1))

    def taken_for(self, reference: str, condition: str, source: str, target: str) -> Counts:
        """Count faces that show one emotion and are taken for another, E = 1."""
        pair = self._pair(reference, condition)
        return self._of(pair[..., NUMBER[source], [NUMBER[target]]])

    def _pair(self, reference: str, condition: str) -> Floats:
        return self.counts[:, _places(self.conditions, reference, condition)]

    @staticmethod
    def _of(totals: Floats) -> Counts:
        there = (totals[:, :, 1].sum(axis=-1) > 0).all(axis=1)
        return Counts(np.where(there[:, None, None, None], totals, 0.0), there, observers=True)


def _places(conditions: Mapping[str, int], *names: str) -> list[int]:
    missing = [name for name in names if name not in conditions]
    if missing:
        raise MaskfaceError(
            f"The summary has a condition {missing[0]}, but the trials do not. Type `maskface "
            "summarize` to update the summary."
        )
    return [conditions[name] for name in names]


def count_choices(
    unit: pd.Series, side: NDArray[np.int64], label: pd.Series, answer: pd.Series, *, n_sides: int
) -> Floats:
    """Count answers that are choices among all emotions, (C, sides, 2, 7, 7).

    The axes are unit (in the order of their names), condition, times given and chances to give it
    (which are the same for all answers), shown emotion, and answer. Of n answers, `unit` names the
    independent units, and `side` (n,) numbers the conditions from 0. An `answer` that is no emotion
    is not counted.
    """
    given = np.asarray(answer.map(NUMBER).fillna(NO_ANSWER), np.int64)
    shown = numbered(label, EMOTIONS)
    return _stacked(count_answers(unit, side, shown, given, n_cells=n_sides))


def count_observers(rows: pd.DataFrame, side: NDArray[np.int64], *, n_sides: int) -> Floats:
    """Count answers of human observers, who are the units, as `count_choices` does.

    `rows` are answered ones in the schema of `maskface.tables.RESPONSES`. Of yes/no questions, the
    numbers of yes and of questions are counted, with the emotion in the question in place of the
    answer.
    """
    unit = rows["observer_id"]
    if not is_yes_no(rows):
        return count_choices(unit, side, rows["label"], rows["predicted"], n_sides=n_sides)
    shown, question = (numbered(rows[name], EMOTIONS) for name in ("label", "question"))
    yes = rows["answer_yes"].to_numpy(np.float64)
    return _stacked(count_answers(unit, side, shown, question, n_cells=n_sides, said=yes))


def _stacked(counts: AnswerCounts) -> Floats:
    """Stack given answers and chances; one unit without answers if there is none."""
    both = np.stack([counts.given, counts.chances], axis=2)
    return both if len(both) else np.zeros((1, *both.shape[1:]))


COLUMNS: Final = (
    "image_id", "subject_id", "label", "condition", "classifier", "predicted", "status",
)  # fmt: skip
"""Columns of the trials for `picture_answers`."""


@dataclass
class _Codes:
    """Numbers of names, in order of appearance."""

    known: dict[str, int] = field(default_factory=dict)

    def of(self, names: pd.Series) -> NDArray[np.int64]:
        where, unique = pd.factorize(names)
        if (where < 0).any():
            raise MaskfaceError(
                f"A row of the table has no {names.name}. Fill in every cell of that column."
            )
        numbers = [self.known.setdefault(str(name), len(self.known)) for name in unique]
        return np.array(numbers, np.int64)[where]


@dataclass
class _Pictures:
    """Pictures of all classifiers, in order of appearance."""

    images: _Codes = field(default_factory=_Codes)
    subjects: list[str] = field(default_factory=list)
    nameless: set[str] = field(default_factory=set)
    """Classifiers with a trial without a subject, answered or not."""
    label: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def add(self, piece: pd.DataFrame) -> NDArray[np.int64]:
        """Number the pictures of a piece, and note their subjects and labels."""
        image = self.images.of(piece["image_id"])
        new, first = np.unique(image, return_index=True)
        subjects = piece["subject_id"].iloc[first].to_numpy(object)
        self.subjects += [""] * (len(self.images.known) - len(self.subjects))
        for number, name in zip(new, subjects, strict=True):
            self.subjects[number] = self.subjects[number] or str(name)
        self.label = _grown(self.label, len(self.subjects))
        self.label[image] = numbered(piece["label"], EMOTIONS)
        return image

    def note_nameless(self, piece: pd.DataFrame) -> None:
        """Note the classifiers with a trial without a subject, answered or not."""
        unknown = (piece["subject_id"] == "").to_numpy(bool)
        self.nameless.update(map(str, piece["classifier"][unknown].unique()))

    def units(self, classifier: str) -> NDArray[np.int64]:
        """Return the number of the subject of each picture, or else that of the picture."""
        names = list(self.images.known) if classifier in self.nameless else self.subjects
        return pd.factorize(np.array(names, object), sort=True)[0].astype(np.int64)


@dataclass
class _Given:
    """Answers of one classifier so far, by picture and condition, a byte each."""

    answers: NDArray[np.int8] = field(default_factory=lambda: np.full((0, 0), -1, np.int8))

    def add(
        self, image: NDArray[np.int64], condition: NDArray[np.int64], answer: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Add answers, and return which of them were given before."""
        if not len(image):
            return np.zeros(0, bool)
        self.answers = _grown(self.answers, int(image.max()) + 1, int(condition.max()) + 1)
        cell = pd.Series(image * self.answers.shape[1] + condition)
        again = cell.duplicated().to_numpy(bool) | (self.answers[image, condition] >= 0)
        self.answers[image, condition] = answer
        return again

    def finish(self, n: int, m: int) -> NDArray[np.int8]:
        """Return the answers to n pictures under m conditions."""
        return _grown(self.answers, n, m)[:n, :m]


def _refuse_second(rows: pd.DataFrame) -> None:
    """Raise `MaskfaceError` if there are rows, of answers that were given before."""
    if len(rows):
        one = rows.iloc[0]
        raise MaskfaceError(
            f"The trials hold two answers of {one['classifier']} to the picture {one['image_id']} "
            f"under {one['condition']}. Delete one of these rows, then type `maskface summarize` "
            "with the folder."
        )


def _grown(array: NDArray[np.int8], *shape: int) -> NDArray[np.int8]:
    """Return an array of at least this shape; what is new is -1."""
    if all(there >= wanted for there, wanted in zip(array.shape, shape, strict=True)):
        return array
    # Half as much again, or every piece would copy all the earlier ones.
    first = max(shape[0], array.shape[0] * 3 // 2)
    larger = np.full((first, *np.maximum(shape[1:], array.shape[1:])), -1, np.int8)
    larger[tuple(map(slice, array.shape))] = array
    return larger


def observer_answers(responses: pd.DataFrame) -> ObserverAnswers:
    """Collect the answers in a table of `maskface.tables.RESPONSES`."""
    rows = responses[responses["status"] == "ok"]
    conditions = _Codes()
    conditions.of(responses["condition"])
    side = conditions.of(rows["condition"])
    counts = count_observers(rows, side, n_sides=len(conditions.known))
    return ObserverAnswers(conditions.known, counts)


def picture_answers(pieces: Iterable[pd.DataFrame]) -> dict[str, PictureAnswers]:
    """Collect the answers of each classifier.

    Parameters
    ----------
    pieces
        Trials, whole or in pieces, with the columns `COLUMNS`.

    Raises
    ------
    MaskfaceError
        If a picture was answered twice under one condition.
    """
    conditions, pictures = _Codes(), _Pictures()
    found: dict[str, _Given] = {}
    for piece in pieces:
        condition = conditions.of(piece["condition"])  # also of those without any answer
        ok = (piece["status"] == "ok").to_numpy(bool)
        answered = piece[ok]
        pictures.note_nameless(piece)
        image, answer = pictures.add(answered), numbered(answered["predicted"], EMOTIONS)
        codes, names = pd.factorize(piece["classifier"])
        for number, name in enumerate(names):
            own = codes[ok] == number
            given = found.setdefault(str(name), _Given())
            again = given.add(image[own], condition[ok][own], answer[own])
            _refuse_second(answered[own][again])
    known, n = conditions.known, len(pictures.subjects)
    return {
        name: PictureAnswers(
            known, pictures.units(name), pictures.label[:n], found[name].finish(n, len(known))
        )
        for name in sorted(found)
    }


@dataclass(frozen=True)
class RunTables:
    """Tables of a run or of a study: the summary, and trials or responses if there are any."""

    folder: Path  # of the run
    masks: tuple[str, ...] = ()  # conditions that count as masks whatever their names

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Summary in the schema of `maskface.tables.SUMMARY`."""
        path = self.folder / f"{SUMMARY.name}.csv"
        if not path.is_file():
            raise MaskfaceError(
                f"{self.folder} holds no {path.name}. Name the folder that `maskface run` or "
                "`maskface humans` wrote to."
            )
        from maskface.experiment import require_complete  # loads OpenCV

        require_complete(self.folder)
        check_study(self.folder)
        summary = SUMMARY.read(path)
        unknown = sorted(set(self.masks) - set(summary["condition"]))
        if unknown:
            raise MaskfaceError(
                f"There is no condition {', '.join(unknown)}. The run has: "
                f"{', '.join(sorted(set(summary['condition'])))}."
            )
        return summary

    @cached_property
    def respondents(self) -> tuple[str, ...]:
        """Classifiers but controls with shuffled labels, or ``human``."""
        names = map(str, self.summary["classifier"].unique())
        return tuple(sorted(name for name in names if not is_control(name)))

    def conditions(self, kind: Kind) -> tuple[str, ...]:
        """Return the conditions of a kind."""
        names = sorted(self.summary["condition"].unique())
        return tuple(name for name in names if kind_of(name, self.masks) == kind)

    @cached_property
    def _answers(self) -> Mapping[str, Answers] | None:
        responses, trials = (find_table(self.folder, table) for table in (RESPONSES, TRIALS))
        if responses.is_file():
            return {HUMAN: observer_answers(RESPONSES.read(responses))}
        if trials.is_file():
            return picture_answers(TRIALS.pieces(trials, COLUMNS))
        return None

    def answers(self, respondent: str) -> Answers | None:
        """Return the answers of a classifier or of ``human``; None if there is only the summary."""
        return None if self._answers is None else self._answers.get(respondent)

    @cached_property
    def guards(self) -> pd.DataFrame:
        """Guards in the schema of `maskface.tables.GUARDS`; empty if the folder has none."""
        path = self.folder / f"{GUARDS.name}.csv"
        return GUARDS.read(path) if path.is_file() else GUARDS.frame([])

    def from_summary(
        self, respondent: str, condition: str, metric: str, label: str, column: str = "loss"
    ) -> Interval | None:
        """Return a number with its interval; None if the summary lacks it."""
        s = self.summary
        at = (s["classifier"] == respondent) & (s["condition"] == condition)
        found = s[at & (s["metric"] == metric) & (s["label"] == label)]
        if found.empty:
            return None
        low, high = ("ci_low", "ci_high") if column == "loss" else ("value_ci_low", "value_ci_high")
        if column == "baseline":
            low = high = column
        row = found.iloc[0]
        return float(row[column]), float(row[low]), float(row[high])

    def hits(self, respondent: str, condition: str, column: str = "loss") -> Interval | None:
        """Return the accuracy over all emotions; of yes/no questions, the hit rate."""
        for metric in ("hit_rate", "accuracy"):
            found = self.from_summary(respondent, condition, metric, "all", column)
            if found is not None:
                return found
        return None

    @property
    def of_humans(self) -> bool:
        """True if the folder is that of a study with human observers."""
        return HUMAN in self.respondents

    def doubt(self, respondent: str, conditions: tuple[str, ...], labels: tuple[str, ...]) -> str:
        """Return the guard that forbids a verdict; empty if there is none."""
        g = self.guards
        of = g["classifier"].isin([respondent, "all"]) & g["condition"].isin([PLAIN, *conditions])
        chance = (g["guard"] == "chance") | (g["guard"] == "confounded")
        floor = (g["guard"] == "floor") & g["label"].isin(labels) & (g["condition"] == PLAIN)
        found = g[of & (chance | floor)]
        return str(found.iloc[0]["guard"]) if len(found) else ""

    def doubt_of_agreement(
        self, respondent: str, conditions: tuple[str, ...], answer: str = ""
    ) -> str:
        """Return the guard that forbids agreement; empty if there is none.

        Where most answers are one emotion, no more are right than by guessing, or `answer` is
        given to other emotions too, an effect on one emotion is not told from bias.
        """
        g = self.guards
        of = g["classifier"].isin([respondent, "all"]) & g["condition"].isin(conditions)
        floor = (g["guard"] == "floor") & (g["label"] == "all")
        alarms = (g["guard"] == "false_alarms") & (g["label"] == answer)
        found = g[of & ((g["guard"] == "dominant_answer") | floor | alarms)]
        return str(found.iloc[0]["guard"]) if len(found) else ""
