"""Trials as records of a fixed size: numbers in the place of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.stats._source import People
from maskface.tables import P_COLUMNS, STATUSES
from maskface.types import EMOTIONS

NEEDED: Final = (
    "run_id", "dataset", "image_id", "subject_id", "label", "condition", "classifier",
    "predicted", "correct", *P_COLUMNS, "status",
)  # fmt: skip
"""Columns of the trials that are kept; the longest texts are not among them."""
RECORD: Final = np.dtype(
    [
        ("image_id", np.int32), ("subject_id", np.int32), ("label", np.int8),
        ("predicted", np.int8), ("correct", np.int8), ("status", np.int8),
        ("p", np.float64, len(EMOTIONS)),
    ]
)  # fmt: skip
# In the order of the alphabet, in which counts of texts are sorted.
_ANSWERS: Final = ("", *sorted(EMOTIONS))
_STATUSES: Final = tuple(sorted(STATUSES))
_TEXTS: Final = {"label": _ANSWERS, "predicted": _ANSWERS, "status": _STATUSES}
_UNKNOWN: Final = -1


class IrregularTrialsError(ValueError):
    """Trials are not as a run writes them: of one run and data set, once each, by picture."""


class Key(NamedTuple):
    """Which trials of a data set."""

    classifier: str
    condition: str


class Encoder:
    """Numbers pictures and people as their trials come.

    Attributes
    ----------
    run, dataset
        Whose trials these are.
    subjects
        Numbers of people by name, in the order in which they came.
    nameless
        Classifiers with trials that do not say who is shown.
    """

    def __init__(self) -> None:
        self.run, self.dataset = "", ""
        self.subjects: dict[str, int] = {}
        self.nameless: set[str] = set()
        self._keys: dict[Key, int] = {}
        self._last = ""
        self._n_pictures = self._n_unknown = 0
        self._shown: set[int] = set()

    def encode(self, trials: pd.DataFrame) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """Make records of the trials of whole pictures.

        Returns
        -------
        records, keys
            (n,) in the order of the trials; `names` says what a number in `keys` stands for.

        Raises
        ------
        IrregularTrialsError
            If they do not come after the trials before, or lack what a run writes.
        """
        self._check_run(trials)
        records = np.empty(len(trials), RECORD)
        picture, is_new = self._pictures(trials["image_id"])
        records["image_id"] = picture
        for name, texts in _TEXTS.items():
            records[name] = _codes(trials[name], {text: i for i, text in enumerate(texts)})
        records["correct"] = trials["correct"].to_numpy(np.int64, na_value=_UNKNOWN)
        records["p"] = trials[P_COLUMNS].to_numpy(np.float64)
        records["subject_id"] = _codes(trials["subject_id"], self.subjects, grow=True)
        keys = self._numbers(trials, picture)
        self._count_people(trials, records, is_new)
        _check_answers(records)
        return records, keys

    def names(self) -> list[Key]:
        """Classifiers and conditions, by number."""
        return list(self._keys)

    def people(self) -> People:
        """Who is shown."""
        return People(self._n_pictures, self._n_unknown, len(self._shown))

    def _check_run(self, trials: pd.DataFrame) -> None:
        for name in ("run_id", "dataset"):
            if (trials[name] != trials[name].iloc[0]).any():
                raise IrregularTrialsError(name)
        named = str(trials["run_id"].iloc[0]), str(trials["dataset"].iloc[0])
        if self._n_pictures and named != (self.run, self.dataset):
            raise IrregularTrialsError("run_id")
        self.run, self.dataset = named

    def _pictures(self, names: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Number of each trial's picture, and whether it is the picture's first trial."""
        codes, pictures = _factorized(names)
        is_new = np.diff(codes, prepend=-1) > 0
        in_order = (np.diff(codes) >= 0).all() and pictures.is_monotonic_increasing
        if not in_order or (self._n_pictures and str(pictures[0]) <= self._last):
            raise IrregularTrialsError("image_id")
        numbers = codes + self._n_pictures
        self._last = str(pictures[-1])
        self._n_pictures += len(pictures)
        return numbers, is_new

    def _numbers(self, trials: pd.DataFrame, picture: NDArray[np.int64]) -> NDArray[np.int64]:
        pairs = [_factorized(trials[name]) for name in ("classifier", "condition")]
        (who, readers), (what, conditions) = pairs
        both, where = np.unique(who * len(conditions) + what, return_inverse=True)
        found = [divmod(int(pair), len(conditions)) for pair in both]
        names = [Key(str(readers[r]), str(conditions[c])) for r, c in found]
        numbers = [self._keys.setdefault(name, len(self._keys)) for name in names]
        keys = np.array(numbers, np.int64)[where]
        if len(np.unique(picture * len(self._keys) + keys)) < len(keys):
            raise IrregularTrialsError("two answers")
        return keys

    def _count_people(
        self, trials: pd.DataFrame, records: NDArray[np.void], is_new: NDArray[np.bool_]
    ) -> None:
        unknown = (trials["subject_id"] == "").to_numpy()
        self._n_unknown += int((unknown & is_new).sum())
        self._shown.update(np.unique(records["subject_id"][is_new]).tolist())
        if unknown.any():
            self.nameless.update(map(str, trials["classifier"][unknown].unique()))


def _factorized(texts: pd.Series) -> tuple[NDArray[np.int64], pd.Index]:
    codes, unique = pd.factorize(texts)
    if (codes < 0).any():  # a missing text, whose number would stand for the last one
        raise IrregularTrialsError(str(texts.name))
    return codes, pd.Index(unique)


def _codes(
    texts: pd.Series, known: Mapping[str, int] | dict[str, int], *, grow: bool = False
) -> NDArray[np.int64]:
    codes, unique = _factorized(texts)
    numbers = np.empty(len(unique), np.int64)
    for place, text in enumerate(map(str, unique)):
        if grow and isinstance(known, dict):
            known.setdefault(text, len(known))
        numbers[place] = known.get(text, _UNKNOWN)
    if (numbers == _UNKNOWN).any():
        raise IrregularTrialsError(str(texts.name))
    return numbers[codes]


def _check_answers(records: NDArray[np.void]) -> None:
    ok = records["status"] == _STATUSES.index("ok")
    answered = (records["predicted"] > 0) & np.isin(records["correct"], (0, 1))
    if not (answered | ~ok).all() or not records["label"].all():
        raise IrregularTrialsError("predicted")


def frame_of(records: NDArray[np.void], subjects: Sequence[str]) -> pd.DataFrame:
    """Make a table of records.

    Parameters
    ----------
    records
        (n,) of the kind `RECORD`.
    subjects
        Names of people, by number.

    Returns
    -------
    pandas.DataFrame
        With pictures as numbers, other texts as categories in the order of the alphabet.
    """
    p = np.ascontiguousarray(records["p"].T)
    frame = pd.DataFrame(p.T, columns=P_COLUMNS, copy=False)
    order = np.argsort(np.array(subjects, object), kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    people = [subjects[place] for place in order]
    frame["image_id"] = records["image_id"].copy()
    frame["correct"] = records["correct"].copy()
    frame["subject_id"] = pd.Categorical.from_codes(
        rank[records["subject_id"]], pd.Index(people, dtype="str")
    )
    for name, texts in _TEXTS.items():
        frame[name] = pd.Categorical.from_codes(records[name], pd.Index(texts))
    return frame
