"""Answers of people and of classifiers, plain and covered, in one form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.findings._claims import kind_of
from maskface.findings._table import load_findings
from maskface.findings._tallies import of_choices, of_observers
from maskface.humans import HUMAN, is_yes_no
from maskface.tables import PLAIN, RESPONSES
from maskface.types import EMOTIONS

_FEWEST: Final = 4
"""Emotions for which a published study must give figures."""


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Who answered, and what.

    Attributes
    ----------
    run_id, dataset, classifier, condition
        As in the tables.
    emotions
        (7,) bool: which emotions were shown, and could be answered.
    counts
        (C, 2, 2, 7, 7) by unit: answers and chances to give them, plain and covered, by shown
        emotion and answer. A published study is one unit, whose chances are 1 (or 0: not known).
    n
        Pictures, or trials, with an answer.
    units
        ``subject``, ``image``, ``observer``, or empty where units are not known.
    observers
        Number of human observers; 0 for classifiers.
    """

    run_id: str
    dataset: str
    classifier: str
    condition: str
    emotions: NDArray[np.bool_]
    counts: Floats
    n: int
    units: str
    observers: int = 0


def classifier_reader(trials: pd.DataFrame, condition: str, emotions: NDArray[np.bool_]) -> Reader:
    """Answers of one classifier that may only answer some emotions, and is only shown those.

    People who could not answer `neutral` never did. So that both choose among the same answers,
    the classifier's is the most probable of them.
    """
    names = [emotion for emotion, there in zip(EMOTIONS, emotions, strict=True) if there]
    rows = trials[(trials["status"] == "ok") & trials["label"].isin(names)]
    rows = rows[rows["condition"].isin([PLAIN, condition])]
    rows = rows[rows.groupby("image_id")["image_id"].transform("size") == 2]
    p = rows[[f"p_{emotion}" for emotion in names]].to_numpy(np.float64)
    known = (rows["subject_id"] != "").all()
    unit = rows["subject_id" if known else "image_id"]
    answer = [names[i] for i in p.argmax(axis=1)] if len(p) else []
    side = _sides(rows["condition"] == PLAIN)
    counts = of_choices(unit, side, rows["label"], pd.Series(answer), n_sides=2)
    first = trials.iloc[0]
    shown = np.isin(EMOTIONS, rows["label"].unique())
    return Reader(
        str(first["run_id"]), str(first["dataset"]), str(first["classifier"]), condition,
        emotions & shown, counts, len(rows) // 2, "subject" if known else "image",
    )  # fmt: skip


def human_reader(folder: Path, mask: str | None = None) -> Reader:
    """Answers of the observers of a study that `maskface humans` read.

    Parameters
    ----------
    folder
        Of the study, with responses.csv.
    mask
        The condition that is compared with ``none``; found by its name if None.

    Raises
    ------
    MaskfaceError
        If there is no responses.csv, or it is not clear which condition is meant.

    Notes
    -----
    Choices: the share of each answer to each emotion. Yes/no: the share of yes to each question
    about each emotion; shares to one emotion do not sum to 1, and correlations do not need it.
    """
    path = folder / f"{RESPONSES.name}.csv"
    if not path.is_file():
        raise MaskfaceError(
            f"{folder} holds no {path.name}. Name the folder that `maskface humans` wrote to."
        )
    rows = RESPONSES.read(path)
    rows = rows[rows["status"] == "ok"]
    condition = _which(sorted(rows["condition"].unique()), mask)
    rows = rows[rows["condition"].isin([PLAIN, condition])]
    both = rows.groupby("observer_id")["condition"].transform("nunique") == 2
    rows = rows[both]
    side = _sides(rows["condition"] == PLAIN)
    counts = of_observers(rows, side, n_sides=2)
    answers = set(rows["question" if is_yes_no(rows) else "predicted"])
    emotions = np.isin(EMOTIONS, sorted(answers & set(rows["label"])))
    first = rows.iloc[0]
    return Reader(
        str(first["run_id"]), str(first["dataset"]), HUMAN, condition, emotions, counts, len(rows),
        "observer", rows["observer_id"].nunique(),
    )  # fmt: skip


def published_readers() -> list[Reader]:
    """Studies among the published findings with hits of four emotions or more, plain and masked."""
    table = load_findings()
    table = table[table["measure"].isin(["accuracy", "hit_rate"]) & (table["emotion"] != "all")]
    found = []
    for study, rows in table.groupby("study", sort=True):
        wide = rows.pivot_table("value", "emotion", "condition").reindex(list(EMOTIONS))
        if {PLAIN, "mask"} <= set(wide.columns):
            hits = wide[[PLAIN, "mask"]].to_numpy(np.float64).T
            known = ~np.isnan(hits).any(axis=0)
            if known.sum() >= _FEWEST:
                found.append(_published(str(study), hits, known, int(rows["n"].iloc[0])))
    return found


def _published(study: str, hits: Floats, known: NDArray[np.bool_], observers: int) -> Reader:
    counts = np.zeros((1, 2, 2, len(EMOTIONS), len(EMOTIONS)))
    at = np.flatnonzero(known)
    counts[0, :, 0, at, at] = hits[:, known].T
    counts[0, :, 1, at, at] = 1
    return Reader("", study, HUMAN, "mask", known, counts, 0, "", observers)


def _which(there: list[str], mask: str | None) -> str:
    masks = [mask] if mask else [name for name in there if kind_of(name) == "mask"]
    if len(masks) == 1 and masks[0] in there and masks[0] != PLAIN:
        return masks[0]
    covers = [name for name in there if name != PLAIN]
    raise MaskfaceError(
        f"Which condition of the human study is the mask? It has {', '.join(covers)}. Name one "
        f"with --mask, for example --mask {covers[0] if covers else 'mask'}."
    )


def _sides(plain: pd.Series) -> NDArray[np.int64]:
    return np.where(plain, 0, 1).astype(np.int64)


def restricted(reader: Reader, emotions: NDArray[np.bool_]) -> Reader:
    """The same reader, to be looked at for these emotions alone."""
    return replace(reader, emotions=reader.emotions & emotions)
