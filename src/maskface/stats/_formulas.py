"""The measures, each a function of `Sums` (B rows); NaN where a measure is not defined."""

from __future__ import annotations

import numpy as np

from maskface.arrays import Floats
from maskface.stats._totals import Sums


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN where the divisor is 0."""
    out: Floats = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _mean_of_defined(values: Floats) -> Floats:
    """Mean over the last axis of what is not NaN; NaN if nothing is."""
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))


def accuracy(sums: Sums) -> Floats:
    """Share of right answers, (B,)."""
    return _ratio(sums.hits.sum(axis=-1), sums.shown.sum(axis=-1))


def recall(sums: Sums) -> Floats:
    """Share of right answers to the pictures of each emotion (raw hit rate), (B, 7)."""
    return _ratio(sums.hits, sums.shown)


def precision(sums: Sums) -> Floats:
    """Share of right ones among the answers of each emotion, (B, 7)."""
    return _ratio(sums.hits, sums.answered)


def balanced_accuracy(sums: Sums) -> Floats:
    """Mean recall of the emotions that were shown, (B,)."""
    return _mean_of_defined(recall(sums))


def macro_f1(sums: Sums) -> Floats:
    """Mean over the emotions that were shown of 2 hits / (shown + answered), (B,).

    An emotion that was answered but never shown is left out, so that plain and occluded faces
    are averaged over the same emotions.
    """
    f1 = _ratio(2 * sums.hits, sums.shown + sums.answered)
    return _mean_of_defined(np.where(sums.shown > 0, f1, np.nan))


def kappa(sums: Sums) -> Floats:
    """Agreement of answer and label beyond chance, (B,) (Cohen 1960)."""
    n = sums.shown.sum(axis=-1)
    expected = _ratio((sums.shown * sums.answered).sum(axis=-1), n**2)
    return _ratio(accuracy(sums) - expected, 1 - expected)


def unbiased_hit_rate(sums: Sums) -> Floats:
    """hits^2 / (shown x answered), (B, 7) (Wagner 1993); 0 if shown but never answered."""
    below = sums.shown * sums.answered
    rate = _ratio(sums.hits**2, below)
    return np.where((sums.shown > 0) & (sums.answered == 0), 0.0, rate)


def chance_hit_rate(sums: Sums) -> Floats:
    """Unbiased hit rate of answers that know nothing: shown x answered / n^2, (B, 7)."""
    n = sums.shown.sum(axis=-1, keepdims=True)
    return _ratio(sums.shown * sums.answered, n**2)


def dprime(sums: Sums) -> Floats:
    """Sensitivity z(hit rate) - z(false alarm rate), each emotion against the rest, (B, 7)."""
    hit, alarm = sums.z_rates
    return np.asarray(hit - alarm)


def criterion(sums: Sums) -> Floats:
    """Bias -(z(hit rate) + z(false alarm rate)) / 2, (B, 7); below 0: answered too readily."""
    hit, alarm = sums.z_rates
    return np.asarray(-(hit + alarm) / 2)


def answer_share(sums: Sums) -> Floats:
    """Share of all answers that are this emotion, (B, 7)."""
    return _ratio(sums.answered, sums.answered.sum(axis=-1, keepdims=True))


def log_loss(sums: Sums) -> Floats:
    """Mean of -ln(probability of the true emotion), at least 1e-6, (B,)."""
    p = sums.probabilities
    return _ratio(p.log_loss.sum(axis=-1), p.n.sum(axis=-1))


def brier(sums: Sums) -> Floats:
    """Mean squared distance of the probabilities from the truth, 0 to 2, (B,)."""
    p = sums.probabilities
    return _ratio(p.brier.sum(axis=-1), p.n.sum(axis=-1))


def expected_calibration_error(sums: Sums) -> Floats:
    """Mean distance of confidence from accuracy over bins of confidence, (B,)."""
    gap = np.abs(sums.calibration_gaps).sum(axis=-1)
    return _ratio(gap, sums.probabilities.n.sum(axis=-1))


def p_true(sums: Sums) -> Floats:
    """Mean probability of the true emotion, (B,)."""
    p = sums.probabilities
    return _ratio(p.p_true.sum(axis=-1), p.n.sum(axis=-1))


def p_true_by_emotion(sums: Sums) -> Floats:
    """Mean probability of the true emotion, by emotion, (B, 7)."""
    p = sums.probabilities
    return _ratio(p.p_true, p.n)
