"""Answers from a file: of any other system, such as a language model or a commercial service."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from maskface.classifiers.base import Rebuilt
from maskface.classifiers.registry import CLASSIFIERS
from maskface.csv_files import read_csv
from maskface.errors import MaskfaceError, os_errors_explained
from maskface.specs import FilePath
from maskface.types import EMOTIONS, Face

KEY: Final = ("image_id", "condition")
PREDICTED: Final = "predicted"
PROBABILITIES: Final = tuple(f"p_{emotion}" for emotion in EMOTIONS)
SUM_TOLERANCE: Final = 0.02
"""Largest deviation of the sum of seven probabilities from 1: they may be rounded to two digits."""

Answer = NDArray[np.float64] | None
"""Probabilities (7,); None for a row that has none."""


@CLASSIFIERS.register("table")
@dataclass(frozen=True)
class Table(Rebuilt):
    """Answers of any other system from a CSV file: table:answers.csv.

    The columns are named as in ``trials.csv``: `image_id`, `condition` (``none`` for plain faces)
    and either `predicted` or the seven probabilities, `p_anger` to `p_neutral`, which sum to 1
    within `SUM_TOLERANCE` and are divided by their sum. An emotion without probabilities counts as
    certain. Other columns are not read. A row with an empty answer is the same as no row: its trial
    has the status error, and no answer.

    Parameters
    ----------
    file
        Path of the file, in UTF-8, with commas, semicolons or tabs.

    Raises
    ------
    MaskfaceError
        If the file cannot be read, a column is missing or named twice, an answer is none, or a
        picture has two answers under one condition; the message names the line.
    """

    positional: ClassVar[str] = "file"
    needs: ClassVar[frozenset[str]] = frozenset({"trial"})

    file: FilePath = ""

    def __post_init__(self) -> None:
        if not self.file:
            raise MaskfaceError("Name a file with answers: table:answers.csv.")
        _ = self._answers, self.fingerprint  # raises any error before the work begins

    @property
    def name(self) -> str:
        """``table:`` and the file's name without its folder and ending."""
        return f"table:{self._path.stem}"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the file; 64 hexadecimal digits."""
        with os_errors_explained(f"read {self._path}"):
            return hashlib.sha256(self._path.read_bytes()).hexdigest()

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return the answers to faces that have one (`gap`); see `Classifier`."""
        found = [self._answers.get((face.image_id, face.condition)) for face in faces]
        return np.array(found, np.float64).reshape(len(faces), len(EMOTIONS))

    def gap(self, face: Face) -> str:
        """Return why there is no answer to a face; empty if there is one."""
        known = self._answers.get((face.image_id, face.condition)) is not None
        return "" if known else f"{self._path.name} has no answer to this picture and condition"

    def require(self, image_ids: Sequence[str], conditions: Sequence[str]) -> None:
        """Raise `MaskfaceError` if the file has no answer at all under one of the conditions."""
        answered = [key for key, answer in self._answers.items() if answer is not None]
        known = set(image_ids)
        there = {condition for image_id, condition in answered if image_id in known}
        if lacking := [condition for condition in conditions if condition not in there]:
            example = answered[0] if answered else ("", "")
            own = sorted({condition for _, condition in answered})
            raise MaskfaceError(
                f"{self._path} has no answer to any of the {len(known)} pictures under "
                f"{lacking[0]!r}. It has answers under {', '.join(own[:8]) or 'nothing'}, for "
                f"example to {example[0]!r}; the first picture of the set is {image_ids[0]!r}. "
                "Write image_id and condition as in trials.csv, or leave the condition out."
            )

    @property
    def _path(self) -> Path:
        return Path(self.file).expanduser()

    @cached_property
    def _answers(self) -> dict[tuple[str, str], Answer]:
        places, rows = read_csv(self._path, self._columns)
        answers: dict[tuple[str, str], Answer] = {}
        lines: dict[tuple[str, str], int] = {}
        for line, row in rows:
            cells = {name: row[place].strip() for name, place in places.items()}
            key = cells["image_id"].replace("\\", "/"), cells["condition"]
            if not all(key):
                raise self._error(line, f"{KEY[bool(key[0])]} is empty", "Fill it in")
            if key in lines:
                raise self._error(
                    line, f"{key[0]} under {key[1]} has an answer in line {lines[key]} already",
                    "Leave one out, or write one file for each system",
                )  # fmt: skip
            lines[key] = line
            answers[key] = self._answer(line, cells)
        return answers

    def _columns(self, header: Sequence[str]) -> dict[str, int]:
        """Return the places of the columns that are read."""
        header = [name.strip().lower() for name in header]
        some = [name for name in PROBABILITIES if name in header]
        wanted = (*KEY, *(PROBABILITIES if some else ()), *(PREDICTED,) * (PREDICTED in header))
        missing = [name for name in wanted if name not in header]
        twice = [name for name in wanted if header.count(name) > 1]
        if missing or twice or len(wanted) == len(KEY):
            got = ", ".join(name[:80] for name in header if name)
            wrong = (
                f"{twice[0]} twice" if twice else f"no {' and no '.join(missing or [PREDICTED])}"
            )
            raise MaskfaceError(
                f"{self._path} has {wrong} among its columns ({got}). It needs image_id, condition "
                f"and either {PREDICTED} or {PROBABILITIES[0]} to {PROBABILITIES[-1]}, once each."
            )
        return {name: header.index(name) for name in wanted}

    def _answer(self, line: int, cells: dict[str, str]) -> Answer:
        predicted = cells.get(PREDICTED, "").lower()
        if predicted and predicted not in EMOTIONS:
            raise self._error(
                line, f"{predicted[:80]!r} is no emotion", f"Write one of {', '.join(EMOTIONS)}"
            )
        texts = [cells.get(name, "") for name in PROBABILITIES]
        if not any(texts):
            return np.array([float(predicted == one) for one in EMOTIONS]) if predicted else None
        try:
            values = np.array([float(text) for text in texts])
        except ValueError:
            values = np.full(len(EMOTIONS), np.nan)
        total = values.sum()
        # This excludes NaN too, which compares as false.
        if not ((values >= 0).all() and abs(total - 1) <= SUM_TOLERANCE):
            raise self._error(
                line, f"the probabilities are {', '.join(text[:20] or 'empty' for text in texts)}",
                "Write seven numbers of 0 to 1 that sum to 1, with a decimal point",
            )  # fmt: skip
        if predicted and values[EMOTIONS.index(predicted)] < values.max():
            raise self._error(
                line, f"predicted is {predicted}, but another emotion has the largest probability",
                "Correct one of them, or leave the column predicted out",
            )  # fmt: skip
        return np.asarray(values / total)

    def _error(self, line: int, wrong: str, advice: str) -> MaskfaceError:
        return MaskfaceError(f"{self._path}, line {line}: {wrong}. {advice}.")
