"""What a set of answers adds to the sums from which every measure is computed.

A row of totals has `N_SUMS` numbers: the confusion counts, sums over the probabilities by true
emotion, and the calibration gap by bin of confidence. Rows add up, so a bootstrap resample of
clusters is one matrix product, whatever the measure.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
