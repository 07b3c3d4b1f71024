"""Sources of trials for statistics, which read one classifier and condition at a time.

`FrameSource` holds trials in memory; `SpilledSource` holds them on disk as records of a fixed size,
so that memory does not grow with a run.
"""

from __future__ import annotations

import tempfile
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.tables import P_COLUMNS, STATUSES
from maskface.types import EMOTIONS

HEADS: Final = ("run_id", "dataset", "classifier")
"""Columns that trials are divided by before they are compared."""


class Head(NamedTuple):
    """Classifier, and the data set and run of its trials."""

    run_id: str
    dataset: str
    classifier: str


class People(NamedTuple):
    """Numbers of people and pictures in a data set."""

    # Pictures, and those without a subject id.
    n_pictures: int
    n_unknown: int
    n_subjects: int  # different subject ids; none counts as one


class TrialSource(Protocol):
    """Trials of one or more classifiers, a classifier and condition at a time."""

    def heads(self) -> Sequence[Head]:
        """Return data sets and classifiers, sorted."""

    def conditions(self, head: Head) -> Sequence[str]:
        """Return the names of the conditions, sorted."""

    def rows(self, head: Head, condition: str) -> pd.DataFrame:
        """Return trials under a condition, answered or not; none if it has not been shown.

        At least the columns image_id (the picture's name, or a number in the order of the names),
        subject_id, label, predicted, correct, roll_deg, status and the seven probabilities.
        """

    def named(self, head: Head) -> bool:
        """Return True if every trial names the subject."""

    def people(self, run_id: str, dataset: str) -> People:
        """Count who is shown."""


class FrameSource:
    """Trials in memory, in the schema of `maskface.tables.TRIALS`; further columns are kept."""

    def __init__(self, trials: pd.DataFrame) -> None:
        self._trials = trials

    @cached_property
    def _places(self) -> dict[tuple[Head, str], Any]:
        indices: dict[Any, Any] = self._trials.groupby([*HEADS, "condition"]).indices
        return {(Head(*names[:3]), names[3]): at for names, at in indices.items()}

    def heads(self) -> Sequence[Head]:
        """Return data sets and classifiers, sorted."""
        return sorted({head for head, _ in self._places})

    def conditions(self, head: Head) -> Sequence[str]:
        """Return the names of the conditions, sorted."""
        return sorted(name for of, name in self._places if of == head)

    def rows(self, head: Head, condition: str) -> pd.DataFrame:
        """Return trials under a condition; none if it has not been shown."""
        found: pd.DataFrame = self._trials.iloc[self._places.get((head, condition), [])]
        return found

    def named(self, head: Head) -> bool:
        """Return True if every trial names the subject."""
        parts = (self.rows(head, name)["subject_id"] for name in self.conditions(head))
        return all((part != "").all() for part in parts)

    def people(self, run_id: str, dataset: str) -> People:
        """Count who is shown."""
        t = self._trials
        of_set = t[(t["run_id"] == run_id) & (t["dataset"] == dataset)]
        people = of_set.drop_duplicates("image_id")["subject_id"]
        return People(len(people), int((people == "").sum()), people.nunique())


NEEDED: Final = (
    "run_id", "dataset", "image_id", "subject_id", "label", "condition", "classifier",
    "predicted", "correct", *P_COLUMNS, "roll_deg", "status",
)  # fmt: skip
"""Columns of the trials that are kept; the longest texts are not among them."""
RECORD: Final = np.dtype(
    [
        ("image_id", np.int32), ("subject_id", np.int32), ("label", np.int8),
        ("predicted", np.int8), ("correct", np.int8), ("status", np.int8),
        ("roll_deg", np.float32), ("p", np.float64, len(EMOTIONS)),
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

    `run` and `dataset` are those of the trials; `subjects` numbers people by name, in the order in
    which they came; `nameless` are classifiers with trials that do not say who is shown.
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
        """Make records (n,) of the trials of whole pictures, and keys, which `names` explains.

        Raises IrregularTrialsError if they do not come after the trials before, or lack what a run
        writes.
        """
        self._check_run(trials)
        records = np.empty(len(trials), RECORD)
        picture, is_new = self._pictures(trials["image_id"])
        records["image_id"] = picture
        for name, texts in _TEXTS.items():
            records[name] = _codes(trials[name], {text: i for i, text in enumerate(texts)})
        records["correct"] = trials["correct"].to_numpy(np.int64, na_value=_UNKNOWN)
        records["roll_deg"] = trials["roll_deg"].to_numpy(np.float32, na_value=np.nan)
        records["p"] = trials[P_COLUMNS].to_numpy(np.float64)
        records["subject_id"] = _codes(trials["subject_id"], self.subjects, grow=True)
        keys = self._numbers(trials, picture)
        self._count_people(trials, records, is_new)
        _check_answers(records)
        return records, keys

    def names(self) -> list[Key]:
        """Return classifiers and conditions, by number."""
        return list(self._keys)

    def people(self) -> People:
        """Count the people shown."""
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
        (classifier, classifiers), (condition, conditions) = pairs
        both, where = np.unique(classifier * len(conditions) + condition, return_inverse=True)
        found = [divmod(int(pair), len(conditions)) for pair in both]
        names = [Key(str(classifiers[i]), str(conditions[j])) for i, j in found]
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
    """Make a table of records (n,) and the names of people by number.

    Pictures stay numbers; other texts become categories in alphabetical order.
    """
    p = np.ascontiguousarray(records["p"].T)
    frame = pd.DataFrame(p.T, columns=P_COLUMNS, copy=False)
    order = np.argsort(np.array(subjects, object), kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    people = [subjects[place] for place in order]
    frame["image_id"] = records["image_id"].copy()
    frame["correct"] = records["correct"].copy()
    frame["roll_deg"] = records["roll_deg"].copy()
    frame["subject_id"] = pd.Categorical.from_codes(
        rank[records["subject_id"]], pd.Index(people, dtype="str")
    )
    for name, texts in _TEXTS.items():
        frame[name] = pd.Categorical.from_codes(records[name], pd.Index(texts))
    return frame


class SpilledSource:
    """Trials that were read piece by piece, in a file without a name.

    The system takes the file away when it is closed or the process ends, however it ends. `pieces`
    hold at least what `NEEDED` names, by picture; `folder` is where the file is, or where the
    system keeps such files if it cannot be there. Raises IrregularTrialsError if the trials are not
    as a run writes them, and OSError if the disk is full.
    """

    def __init__(self, pieces: Iterable[pd.DataFrame], folder: Path) -> None:
        self._file = _nameless(folder)
        self.close = weakref.finalize(self, self._file.close)
        self._places: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
        self._encoder = Encoder()
        try:
            for trials in _whole_pictures(pieces):
                self._write(*self._encoder.encode(trials))
        except BaseException:
            self.close()
            raise

    def _write(self, records: NDArray[np.void], keys: NDArray[np.int64]) -> None:
        names = self._encoder.names()
        order = np.argsort(keys, kind="stable")
        bounds = np.flatnonzero(np.diff(keys[order])) + 1
        for rows in np.split(order, bounds):
            self._places[names[keys[rows[0]]]].append((self._file.tell(), len(rows)))
            self._file.write(records[rows].tobytes())

    def heads(self) -> Sequence[Head]:
        """Return data sets and classifiers, sorted."""
        encoder = self._encoder
        return sorted({Head(encoder.run, encoder.dataset, key.classifier) for key in self._places})

    def conditions(self, head: Head) -> Sequence[str]:
        """Return the names of the conditions, sorted."""
        return sorted(key.condition for key in self._places if key.classifier == head.classifier)

    def rows(self, head: Head, condition: str) -> pd.DataFrame:
        """Return trials under a condition; none if it has not been shown."""
        places = self._places.get(Key(head.classifier, condition), [])
        records = np.empty(sum(n for _, n in places), RECORD)
        at = 0
        for start, n in places:
            self._file.seek(start)
            piece = np.frombuffer(self._file.read(n * RECORD.itemsize), RECORD)
            records[at : at + n] = piece
            at += n
        return frame_of(records, list(self._encoder.subjects))

    def named(self, head: Head) -> bool:
        """Return True if every trial names the subject."""
        return head.classifier not in self._encoder.nameless

    def people(self, run_id: str, dataset: str) -> People:
        """Count who is shown; there is one data set."""
        del run_id, dataset
        return self._encoder.people()


@contextmanager
def trial_source(
    pieces: Callable[[], Iterable[pd.DataFrame]], folder: Path
) -> Iterator[TrialSource]:
    """Hold trials on disk as long as the block lasts, so that memory does not grow with them.

    Parameters
    ----------
    pieces
        Reads the trials, some rows at a time: at least the columns `NEEDED`. Trials that are not as
        a run writes them, sorted and once each, are read a second time, into memory.
    folder
        Where they are held, in a file without a name.
    """
    source: TrialSource
    try:
        source = SpilledSource(pieces(), folder)
    except IrregularTrialsError:
        source = FrameSource(
            pd.concat([piece for piece in pieces() if len(piece)], ignore_index=True)
        )
        yield source
        return
    with closing(source):
        yield source


def _nameless(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError:
        return tempfile.TemporaryFile()


def _whole_pictures(pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Keep the last picture of each piece for the next: it may go on there."""
    left: pd.DataFrame | None = None
    for piece in pieces:
        if piece.empty:
            continue
        trials = piece if left is None else pd.concat([left, piece], ignore_index=True)
        last = (trials["image_id"] == trials["image_id"].iloc[-1]).to_numpy()
        if not last.all():
            yield trials[~last]
        left = trials[last]
    if left is not None:
        yield left
