"""Answers plain and under one condition, summed by independent unit.

What a set of answers adds to the sums from which every measure is computed.

A row of totals has `N_SUMS` numbers: the confusion counts, sums over the probabilities by true
emotion, and the calibration gap by bin of confidence. Rows add up, so a bootstrap resample of
clusters is one matrix product, whatever the measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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


class Answers(NamedTuple):
    """Answers to n pictures.

    Attributes
    ----------
    label, answer
        (n,) index into `EMOTIONS`.
    probabilities
        (n, 7) in the order of `EMOTIONS`; NaN where the reader gives none.
    """

    label: NDArray[np.int64]
    answer: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def add_by_cell(answers: Answers, cell: NDArray[np.int64], totals: NDArray[np.float64]) -> None:
    """Add answers to the totals of cells, one after the other.

    Parameters
    ----------
    answers
        n answers.
    cell
        (n,) number of the cell of each.
    totals
        (cells, N_SUMS), changed in place.
    """
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
    """Bin m of M is ((m - 1) / M, m / M]."""
    place: NDArray[np.float64] = np.ceil(confidence * N_BINS) - 1
    return np.clip(place, 0, N_BINS - 1).astype(np.int64)


def confusion(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts of label (rows) by answer (columns): (..., N_SUMS) to (..., 7, 7)."""
    return totals[..., :_N_COUNTS].reshape(*totals.shape[:-1], N_EMOTIONS, N_EMOTIONS)


class ProbabilitySums(NamedTuple):
    """Sums by true emotion, (..., 7) each, over the `n` pictures with probabilities."""

    n: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    brier: NDArray[np.float64]
    p_true: NDArray[np.float64]


def shown(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pictures by true emotion: (..., 7)."""
    return totals[..., :_N_COUNTS] @ _ROWS


class Sums:
    """What all measures are made of; each part is computed once, when it is first asked for.

    Parameters
    ----------
    totals
        (B, N_SUMS).
    """

    def __init__(self, totals: NDArray[np.float64]) -> None:
        self._totals = totals

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
        from scipy.special import ndtri

        others = self.shown.sum(axis=1, keepdims=True) - self.shown
        false = self.answered - self.hits
        defined = (self.shown > 0) & (others > 0)
        hit = np.where(defined, (self.hits + 0.5) / (self.shown + 1), np.nan)
        alarm = np.where(defined, (false + 0.5) / (others + 1), np.nan)
        return ndtri(hit), ndtri(alarm)


_AT_ONCE: Final = 2**12
"""Answers that are summed at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What every independent unit answered, plain and under one condition.

    Attributes
    ----------
    condition
        What is compared with ``none``.
    by
        Columns that name the units: one, or two that are crossed (every observer saw every
        person, say).
    totals
        (C, 2, N_SUMS) sums of each cluster, or of each cell of crossed factors: plain, occluded.
    levels
        (C, F) number of each cell's level of each of the F columns `by`.
    changed
        (7, 2) pictures of each emotion that went from right to wrong, and from wrong to right;
        None where the answers are not paired picture by picture.
    """

    condition: str
    by: tuple[str, ...]
    totals: NDArray[np.float64]
    levels: NDArray[np.int64]
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

    def by_first(self) -> Comparison:
        """Sum over all units but the first kind, so that clusters are its levels."""
        if len(self.by) == 1:
            return self
        totals = np.zeros((int(self.levels[:, 0].max(initial=-1)) + 1, 2, N_SUMS))
        np.add.at(totals, self.levels[:, 0], self.totals)
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
    """Do what `compare` does with trials that are divided by condition already.

    Parameters
    ----------
    plain, occluded
        Trials under ``none`` and under the condition.
    condition
        Its name.
    by, paired
        See `compare`.
    """
    if not 1 <= len(by) <= 2:
        raise MaskfaceError(f"`by` must name one or two columns, but it names {len(by)}.")
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
    """Some trials of a table, in an order: copies of all their columns would take much memory."""

    trials: pd.DataFrame
    places: NDArray[np.int64]

    def column(self, name: str) -> pd.Series:
        return self.trials[name].iloc[self.places]

    def emotions(self, name: str) -> NDArray[np.int64]:
        return numbered(self.column(name), EMOTIONS)

    def blocks(self) -> Iterator[tuple[slice, Answers]]:
        """Answers, some at a time."""
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
            twice = index[index.duplicated()][0]
            raise MaskfaceError(
                f"Picture {twice} was answered more than once under one condition. Compare one "
                "classifier at a time, or observers with paired=False."
            )
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
