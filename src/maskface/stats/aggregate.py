"""Answers added up by independent unit.

`AnswerCounts` counts answers by unit, condition, shown emotion and answer; analyses take their
numbers from its marginals. `Comparison` holds, for each unit and plain against one condition, the
sums that every measure is a function of. Such a row of totals has `N_SUMS` numbers: the confusion
counts, sums over the probabilities by true emotion, and the calibration gap by bin of confidence.
Rows add up, so a bootstrap resample of clusters is one matrix product, whatever the measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Bools, Floats, Integers
from maskface.errors import MaskfaceError
from maskface.schema import numbered
from maskface.tables import P_COLUMNS, PLAIN
from maskface.types import EMOTIONS

N_EMOTIONS: Final = len(EMOTIONS)
N_BINS: Final = 15
"""Bins of confidence, of equal width (as Guo et al. 2017, arXiv:1706.04599)."""
P_FLOOR: Final = 1e-6
"""Least probability in the log loss: probabilities are written with six decimals."""

_N_COUNTS: Final = N_EMOTIONS**2
_BY_LABEL: Final = 4
N_SUMS: Final = _N_COUNTS + _BY_LABEL * N_EMOTIONS + N_BINS
"""Length of a row of totals."""
# Sums over a short axis, as matrix products: ten times as quick.
_ROWS: Final = np.kron(np.eye(N_EMOTIONS), np.ones((N_EMOTIONS, 1)))
_COLUMNS: Final = np.kron(np.ones((N_EMOTIONS, 1)), np.eye(N_EMOTIONS))

NO_ANSWER: Final = -1
"""Stands for the number of an answer where there is none."""


def sums_by(code: Integers, values: Floats, n: int | None = None) -> Floats:
    """Sum values (n, ...) by code: (codes, ...), as many as the largest code asks for if None."""
    sums = np.zeros((int(code.max(initial=-1)) + 1 if n is None else n, *values.shape[1:]))
    np.add.at(sums, code, values)
    return sums


def with_overall(values: Floats) -> Floats:
    """Put the sum over all emotions before each: (..., 7) to (..., 8)."""
    return np.concatenate([values.sum(axis=-1, keepdims=True), values], axis=-1)


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN where the divisor is 0."""
    out: Floats = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class AnswerCounts:
    """Answers of C units in K cells, which are conditions, or conditions by group of pictures."""

    # (C, K, 7, 7): by unit, cell, shown emotion and answer, how often the answer was given.
    given: Floats
    # (C, K, 7, 7): how often it could have been given. Among all emotions that is how often the
    # emotion was shown, whatever the answer; of answers to "is it ...?" it is how often that was
    # asked.
    chances: Floats

    @property
    def hits(self) -> Floats:
        """Right answers, (C, K, 7)."""
        return np.diagonal(self.given, axis1=-2, axis2=-1)

    @property
    def shown(self) -> Floats:
        """Chances of a right answer, (C, K, 7): pictures of each emotion."""
        return np.diagonal(self.chances, axis1=-2, axis2=-1)

    @property
    def answered(self) -> Floats:
        """Answers of each emotion, whatever was shown, (C, K, 7)."""
        return np.asarray(self.given.sum(axis=-2))


def count_answers(
    unit: pd.Series | pd.Index,
    cell: Integers,
    label: Integers,
    answer: Integers,
    *,
    n_cells: int,
    said: Floats | None = None,
) -> AnswerCounts:
    """Count n answers by unit, cell, shown emotion and answer.

    `unit` (n,) are names of the independent units, which are numbered in their order; `cell` (n,)
    numbers the `n_cells` cells; `label` and `answer` (n,) index `EMOTIONS`, and an answer that is
    no emotion is `NO_ANSWER`. Of answers to "is it ...?", `said` (n,) is 1 for yes and 0 for no,
    and `answer` names the emotion in question; None if answers were chosen among all emotions.
    """
    codes = pd.factorize(unit, sort=True)[0].astype(np.int64)
    n = (int(codes.max(initial=-1)) + 1) * n_cells
    key = (codes * n_cells + cell) * N_EMOTIONS + label

    def table(key: Integers, width: int, weights: Floats | None = None) -> Floats:
        counts = np.bincount(key, weights, n * width).astype(np.float64)
        return counts.reshape(-1, n_cells, N_EMOTIONS, width // N_EMOTIONS)

    both = key * N_EMOTIONS + answer
    if said is not None:
        return AnswerCounts(table(both, _N_COUNTS, said), table(both, _N_COUNTS))
    given, shown = table(both[answer != NO_ANSWER], _N_COUNTS), table(key, N_EMOTIONS)
    return AnswerCounts(given, np.broadcast_to(shown, given.shape))


@dataclass(frozen=True, slots=True, eq=False)
class PictureAnswers:
    """Answers of one classifier to n pictures under K conditions."""

    conditions: tuple[str, ...]  # the K conditions
    # Table of the n pictures: image_id, unit (who is shown, or the picture itself) and label.
    pictures: pd.DataFrame
    answer: Integers  # (n, K) index into `EMOTIONS`; `NO_ANSWER` where there is none

    def answered(self) -> PictureAnswers:
        """Return the pictures that have an answer under all conditions."""
        return self.take((self.answer != NO_ANSWER).all(axis=1))

    def take(self, rows: Bools) -> PictureAnswers:
        """Return some of the pictures, (n,)."""
        return PictureAnswers(self.conditions, self.pictures[rows], self.answer[rows])

    @property
    def label(self) -> Integers:
        """Shown emotions, (n,) index into `EMOTIONS`."""
        return numbered(self.pictures["label"], EMOTIONS)

    @property
    def unit(self) -> Integers:
        """Numbers of the units, (n,), in the order of their names."""
        return pd.factorize(self.pictures["unit"], sort=True)[0].astype(np.int64)

    def counts(self, group: Integers | int = 0, n_groups: int = 1) -> AnswerCounts:
        """Count the answers, by group of pictures if `group` (n,) numbers those of `n_groups`.

        Cells are conditions within groups, so K n_groups.
        """
        k = len(self.conditions)
        cell = np.asarray(group).reshape(-1, 1) * k + np.arange(k)
        return count_answers(
            self.pictures["unit"].repeat(k),
            np.broadcast_to(cell, self.answer.shape).ravel(),
            self.label.repeat(k),
            self.answer.ravel(),
            n_cells=n_groups * k,
        )


def picture_answers(trials: pd.DataFrame, conditions: Sequence[str], *, by: str) -> PictureAnswers:
    """Bring together the answers of one data set and classifier to each picture.

    `conditions` are named as in `trials`; `by` is the column of the independent units. Raises
    MaskfaceError if a picture was answered twice under one condition.
    """
    rows = trials[(trials["status"] == "ok") & trials["condition"].isin(conditions)]
    pictures = pd.DataFrame(
        {"image_id": rows["image_id"], "unit": rows[by], "label": rows["label"]}
    ).astype("str")
    groups = pictures.groupby(["image_id", "unit", "label"], sort=True)
    names = list(dict.fromkeys(conditions))  # one may be asked for twice
    where = np.asarray(groups.ngroup(), np.int64), numbered(rows["condition"], names)
    twice = pd.MultiIndex.from_arrays(where).duplicated()
    if twice.any():
        raise _answered_twice(rows["image_id"].iloc[int(twice.argmax())])
    answer = np.full((groups.ngroups, len(names)), NO_ANSWER, np.int64)
    answer[where] = numbered(rows["predicted"], EMOTIONS)
    answer = answer[:, [names.index(name) for name in conditions]]
    return PictureAnswers(tuple(conditions), groups.size().index.to_frame(index=False), answer)


def _answered_twice(picture: Any) -> MaskfaceError:
    return MaskfaceError(
        f"Picture {picture} was answered more than once under one condition. Compare one "
        "classifier at a time, or observers with paired=False."
    )


class Answers(NamedTuple):
    """Label and answer (n,), as indices into `EMOTIONS`, and probabilities (n, 7) or NaN."""

    label: NDArray[np.int64]
    answer: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def add_by_cell(answers: Answers, cell: NDArray[np.int64], totals: NDArray[np.float64]) -> None:
    """Add n answers to the totals (cells, N_SUMS), in place; `cell` (n,) is the cell of each."""
    flat = totals.reshape(-1)

    def add(rows: NDArray[np.int64], column: NDArray[np.int64], what: NDArray[Any] | float) -> None:
        np.add.at(flat, rows * N_SUMS + column, what)

    add(cell, answers.label * N_EMOTIONS + answers.answer, 1.0)
    known = ~np.isnan(answers.probabilities).any(axis=1)
    label, where, p = answers.label[known], cell[known], answers.probabilities[known]
    for number, weight in enumerate(_by_label(p, label)):
        add(where, _N_COUNTS + number * N_EMOTIONS + label, weight)
    confidence = p.max(axis=1, initial=0)
    gap = (answers.answer == answers.label)[known] - confidence
    add(where, N_SUMS - N_BINS + _bins(confidence), gap)


def _by_label(
    p: NDArray[np.float64], label: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Count, log loss, Brier score and probability of the true emotion of each picture."""
    true = p[np.arange(len(p)), label]
    brier = (p**2).sum(axis=1) - 2 * true + 1  # sum over emotions of (p - [emotion is true])^2
    return np.ones(len(p)), -np.log(np.clip(true, P_FLOOR, 1)), brier, true


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the numbers of bins: bin m of M is ((m - 1) / M, m / M]."""
    place: NDArray[np.float64] = np.ceil(confidence * N_BINS) - 1
    return np.clip(place, 0, N_BINS - 1).astype(np.int64)


def confusion(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return counts of label (rows) by answer (columns): (..., N_SUMS) to (..., 7, 7)."""
    return totals[..., :_N_COUNTS].reshape(*totals.shape[:-1], N_EMOTIONS, N_EMOTIONS)


class ProbabilitySums(NamedTuple):
    """Sums by true emotion, (..., 7) each, over the `n` pictures with probabilities."""

    n: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    brier: NDArray[np.float64]
    p_true: NDArray[np.float64]


def shown(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pictures by true emotion, (..., 7)."""
    return totals[..., :_N_COUNTS] @ _ROWS


class Sums:
    """Sums (B, N_SUMS) that all measures are made of, each computed when it is first needed."""

    def __init__(self, totals: Floats, at_most: Floats | None = None) -> None:
        """Take sums; `at_most` (B, 7) are numbers of pictures by emotion that `z_rates` equals."""
        self._totals, self._at_most = totals, at_most

    @cached_property
    def confusion(self) -> NDArray[np.float64]:
        """Counts of label (rows) by answer (columns), (B, 7, 7)."""
        return confusion(self._totals)

    @cached_property
    def hits(self) -> NDArray[np.float64]:
        """Right answers by emotion, (B, 7)."""
        return self._totals[:, : _N_COUNTS : N_EMOTIONS + 1]

    @cached_property
    def shown(self) -> NDArray[np.float64]:
        """Pictures by true emotion, (B, 7)."""
        return shown(self._totals)

    @cached_property
    def answered(self) -> NDArray[np.float64]:
        """Answers by the emotion that was answered, (B, 7)."""
        return self._totals[:, :_N_COUNTS] @ _COLUMNS

    @cached_property
    def probabilities(self) -> ProbabilitySums:
        """Sums over the probabilities."""
        block = self._totals[:, _N_COUNTS : _N_COUNTS + _BY_LABEL * N_EMOTIONS]
        block = block.reshape(len(block), _BY_LABEL, N_EMOTIONS)
        return ProbabilitySums(*(block[:, i] for i in range(_BY_LABEL)))

    @property
    def calibration_gaps(self) -> NDArray[np.float64]:
        """Right answers minus confidence, summed within each bin of confidence, (B, N_BINS)."""
        return self._totals[:, -N_BINS:]

    @cached_property
    def z_rates(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Normal quantiles of hit and false alarm rate, log-linear correction (Hautus 1995).

        (B, 7) each, each emotion against the rest; NaN where one of the two was not shown.
        """
        others = self.shown.sum(axis=1, keepdims=True) - self.shown
        false = self.answered - self.hits
        signal, noise = self.shown, others
        if self._at_most is not None:
            signal = np.minimum(signal, self._at_most)
            rest = self._at_most.sum(axis=1, keepdims=True) - self._at_most
            noise = np.minimum(noise, rest)
        defined = (signal > 0) & (noise > 0)
        hit, alarm = _mean_z(self.hits, self.shown, signal), _mean_z(false, others, noise)
        return np.where(defined, hit, np.nan), np.where(defined, alarm, np.nan)


def _mean_z(hits: Floats, n: Floats, m: Floats) -> Floats:
    """Return the mean normal quantile of the corrected rate over all choices of m of n trials."""
    from scipy.special import ndtri
    from scipy.stats import hypergeom

    z = np.asarray(ndtri((hits + 0.5) / (n + 1)))
    for cell in zip(*np.nonzero((m < n) & (m > 0)), strict=True):
        k = np.arange(int(m[cell]) + 1)
        weight = hypergeom.pmf(k, int(n[cell]), int(hits[cell]), int(m[cell]))
        z[cell] = weight @ ndtri((k + 0.5) / (k[-1] + 1))
    return z


_AT_ONCE: Final = 2**12  # answers that are summed at a time


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Answers of every independent unit, plain and under one condition."""

    condition: str  # what is compared with none
    # Columns that name the units: one, or two that are crossed (every observer saw every person,
    # say).
    by: tuple[str, ...]
    # (C, 2, N_SUMS) sums of each cluster, or of each cell of crossed factors: plain, occluded.
    totals: NDArray[np.float64]
    levels: NDArray[np.int64]  # (C, F) number of each cell's level of each of the F columns `by`
    # (7, 2) pictures of each emotion that went from right to wrong, and from wrong to right; None
    # where the answers are not paired picture by picture.
    changed: NDArray[np.int64] | None

    @property
    def n_clusters(self) -> int:
        """Number of independent units; of the rarer kind if two are crossed."""
        return int(self.levels.max(axis=0).min()) + 1 if len(self.levels) else 0

    @property
    def flat(self) -> NDArray[np.float64]:
        """Totals (C, 2 N_SUMS), plain beside occluded."""
        return self.totals.reshape(len(self.totals), 2 * N_SUMS)

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (7, 7) counts of label (rows) by answer (columns): plain, occluded."""
        plain, occluded = confusion(self.totals.sum(axis=0)).astype(np.int64)
        return plain, occluded

    def changed_pictures(self) -> Floats:
        """Return what one more picture of each emotion that was shown adds to the totals.

        (14, 2 N_SUMS): one that is right plain and wrong under the condition, and the reverse; a
        wrong answer is each of the others a sixth of the time.
        """
        right = np.eye(N_EMOTIONS)
        cells = np.stack([right, (1 - right) / (N_EMOTIONS - 1)])[:, :, None] * right[..., None]
        sides = np.zeros((2, N_EMOTIONS, N_SUMS))  # right, wrong
        sides[..., :_N_COUNTS] = cells.reshape(2, N_EMOTIONS, -1)
        there = shown(self.totals.sum(axis=0)).min(axis=0) > 0
        lost, gained = (np.concatenate(pair, axis=1) for pair in (list(sides), list(sides[::-1])))
        rows: Floats = np.concatenate([lost, gained]) * np.tile(there, 2)[:, None]
        return rows

    def by_first(self) -> Comparison:
        """Sum over the second kind of unit, so that clusters are the levels of the first."""
        if len(self.by) == 1:
            return self
        totals = sums_by(self.levels[:, 0], self.totals)
        levels = np.arange(len(totals))[:, None]
        return Comparison(self.condition, self.by[:1], totals, levels, self.changed)


def compare(
    trials: pd.DataFrame,
    condition: str,
    *,
    by: str | Sequence[str] = "subject_id",
    paired: bool = True,
) -> Comparison:
    """Bring together the answers under ``none`` and under a condition.

    Parameters
    ----------
    trials
        Rows of one data set and one classifier (or of one set of observers): at least the
        columns image_id, label, condition, predicted, status and `by`; the probabilities are
        used where they are there.
    condition
        The condition to compare with ``none``.
    by
        Column that names the independent units, such as ``subject_id``, ``image_id`` or a column
        of observers; two columns where both are drawn from a population and crossed.
    paired
        Whether the same pictures were answered under both; only such pictures count. Otherwise
        units are what is paired: they need not have seen the same pictures under both, and only
        units (of the first kind) with answers under both count.

    Returns
    -------
    Comparison
        Without clusters if nothing was answered under both.

    Raises
    ------
    MaskfaceError
        If a column is missing, a label or an answer is none of `EMOTIONS`, more than two columns
        are named in `by`, or `paired` and a picture was answered twice under one condition.
    """
    units = (by,) if isinstance(by, str) else tuple(by)
    _check_columns(trials, ("image_id", "label", "condition", "predicted", "status", *units))
    plain, occluded = (trials[trials["condition"] == name] for name in (PLAIN, condition))
    return compare_sides(plain, occluded, condition, by=units, paired=paired)


def compare_sides(
    plain: pd.DataFrame,
    occluded: pd.DataFrame,
    condition: str,
    *,
    by: tuple[str, ...],
    paired: bool = True,
) -> Comparison:
    """Compare like `compare`, but take the trials under ``none`` and under the condition apart."""
    if not 1 <= len(by) <= 2:
        raise MaskfaceError(f"`by` must name one or two columns, got {len(by)}.")
    for trials in (plain, occluded):
        _check_columns(trials, ("image_id", "label", "predicted", "status", *by))
    answered = [np.flatnonzero(side["status"] == "ok") for side in (plain, occluded)]
    sides = [_Side(side, at) for side, at in zip((plain, occluded), answered, strict=True)]
    if paired:
        sides = _same_pictures(sides)
        return _sum_sides(condition, by, sides, _changes(*sides))
    names = [side.column(by[0]) for side in sides]
    both = set(names[0]) & set(names[1])
    kept = [
        _Side(side.trials, side.places[name.isin(both)])
        for side, name in zip(sides, names, strict=True)
    ]
    return _sum_sides(condition, by, kept, None)


def _check_columns(trials: pd.DataFrame, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in trials]
    if missing:
        raise MaskfaceError(f"The trials lack the columns {', '.join(missing)}.")


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Some rows of a table, in an order, without a copy of all its columns."""

    trials: pd.DataFrame
    places: NDArray[np.int64]

    def column(self, name: str) -> pd.Series:
        return self.trials[name].iloc[self.places]

    def emotions(self, name: str) -> NDArray[np.int64]:
        return numbered(self.column(name), EMOTIONS)

    def blocks(self) -> Iterator[tuple[slice, Answers]]:
        """Yield the answers, some at a time."""
        graded = set(P_COLUMNS) <= set(self.trials.columns)
        for start in range(0, len(self.places), _AT_ONCE):
            piece = _Side(self.trials, self.places[start : start + _AT_ONCE])
            p = np.full((len(piece.places), N_EMOTIONS), np.nan)
            if graded:
                rows = self.trials[P_COLUMNS].iloc[piece.places]
                p = rows.to_numpy(np.float64, na_value=np.nan)
            answers = Answers(piece.emotions("label"), piece.emotions("predicted"), p)
            yield slice(start, start + len(piece.places)), answers


def _same_pictures(sides: Sequence[_Side]) -> list[_Side]:
    plain, occluded = (pd.Index(side.column("image_id")) for side in sides)
    for index in (plain, occluded):
        if index.has_duplicates:
            raise _answered_twice(index[index.duplicated()][0])
    both = plain.intersection(occluded).sort_values()
    return [
        _Side(side.trials, side.places[index.get_indexer(both)])
        for side, index in zip(sides, (plain, occluded), strict=True)
    ]


def _changes(plain: _Side, occluded: _Side) -> NDArray[np.int64]:
    label = plain.emotions("label")
    before = plain.emotions("predicted") == label
    after = occluded.emotions("predicted") == occluded.emotions("label")
    lost = np.bincount(label[before & ~after], minlength=N_EMOTIONS)
    gained = np.bincount(label[~before & after], minlength=N_EMOTIONS)
    return np.column_stack([lost, gained])


def _sum_sides(
    condition: str,
    units: tuple[str, ...],
    sides: Sequence[_Side],
    changed: NDArray[np.int64] | None,
) -> Comparison:
    codes = [_codes(sides, name) for name in units]
    width = int(codes[-1].max(initial=0)) + 1
    key = codes[0] * width + codes[1] if len(codes) == 2 else codes[0]
    cells, cell = np.unique(key, return_inverse=True)
    levels = np.column_stack([cells // width, cells % width]) if len(codes) == 2 else cells[:, None]
    totals = np.zeros((len(cells), 2, N_SUMS))
    parts = np.split(cell.astype(np.int64), [len(sides[0].places)])
    for number, (side, part) in enumerate(zip(sides, parts, strict=True)):
        for rows, answers in side.blocks():
            add_by_cell(answers, 2 * part[rows] + number, totals.reshape(-1, N_SUMS))
    return Comparison(condition, units, totals, levels, changed)


def _codes(sides: Sequence[_Side], name: str) -> NDArray[np.int64]:
    names = pd.concat([side.column(name) for side in sides], ignore_index=True)
    return pd.factorize(names, sort=True, use_na_sentinel=False)[0].astype(np.int64)
