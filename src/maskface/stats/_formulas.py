"""The measures, each a function of totals (B, N_SUMS); NaN where a measure is not defined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from maskface.stats._totals import (
    answered,
    calibration_gaps,
    hits,
    probability_sums,
    shown,
)

Array = NDArray[np.float64]


def _ratio(above: Array, below: Array) -> Array:
    """Divide; NaN where the divisor is 0."""
    out: Array = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _mean_of_defined(values: Array) -> Array:
    """Mean over the last axis of what is not NaN; NaN if nothing is."""
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))


def accuracy(totals: Array) -> Array:
    """Share of right answers, (B,)."""
    return _ratio(hits(totals).sum(axis=-1), shown(totals).sum(axis=-1))


def recall(totals: Array) -> Array:
    """Share of right answers to the pictures of each emotion (raw hit rate), (B, 7)."""
    return _ratio(hits(totals), shown(totals))


def precision(totals: Array) -> Array:
    """Share of right ones among the answers of each emotion, (B, 7)."""
    return _ratio(hits(totals), answered(totals))


def balanced_accuracy(totals: Array) -> Array:
    """Mean recall of the emotions that were shown, (B,)."""
    return _mean_of_defined(recall(totals))


def macro_f1(totals: Array) -> Array:
    """Mean over the emotions that were shown of 2 hits / (shown + answered), (B,).

    An emotion that was answered but never shown is left out, so that plain and occluded faces
    are averaged over the same emotions.
    """
    f1 = _ratio(2 * hits(totals), shown(totals) + answered(totals))
    return _mean_of_defined(np.where(shown(totals) > 0, f1, np.nan))


def kappa(totals: Array) -> Array:
    """Agreement of answer and label beyond chance, (B,) (Cohen 1960)."""
    n = shown(totals).sum(axis=-1)
    expected = _ratio((shown(totals) * answered(totals)).sum(axis=-1), n**2)
    return _ratio(accuracy(totals) - expected, 1 - expected)


def unbiased_hit_rate(totals: Array) -> Array:
    """hits^2 / (shown x answered), (B, 7) (Wagner 1993); 0 if shown but never answered."""
    below = shown(totals) * answered(totals)
    rate = _ratio(hits(totals) ** 2, below)
    return np.where((shown(totals) > 0) & (answered(totals) == 0), 0.0, rate)


def chance_hit_rate(totals: Array) -> Array:
    """Unbiased hit rate of answers that know nothing: shown x answered / n^2, (B, 7)."""
    n = shown(totals).sum(axis=-1, keepdims=True)
    return _ratio(shown(totals) * answered(totals), n**2)


def _z_rates(totals: Array) -> tuple[Array, Array]:
    """Normal quantiles of hit and false alarm rate, log-linear correction (Hautus 1995)."""
    right, pictures = hits(totals), shown(totals)
    others = pictures.sum(axis=-1, keepdims=True) - pictures
    false = answered(totals) - right
    defined = (pictures > 0) & (others > 0)
    hit = np.where(defined, (right + 0.5) / (pictures + 1), np.nan)
    alarm = np.where(defined, (false + 0.5) / (others + 1), np.nan)
    return ndtri(hit), ndtri(alarm)


def dprime(totals: Array) -> Array:
    """Sensitivity z(hit rate) - z(false alarm rate), each emotion against the rest, (B, 7)."""
    hit, alarm = _z_rates(totals)
    return np.asarray(hit - alarm)


def criterion(totals: Array) -> Array:
    """Bias -(z(hit rate) + z(false alarm rate)) / 2, (B, 7); below 0: answered too readily."""
    hit, alarm = _z_rates(totals)
    return np.asarray(-(hit + alarm) / 2)


def answer_share(totals: Array) -> Array:
    """Share of all answers that are this emotion, (B, 7)."""
    return _ratio(answered(totals), answered(totals).sum(axis=-1, keepdims=True))


def log_loss(totals: Array) -> Array:
    """Mean of -ln(probability of the true emotion), at least 1e-6, (B,)."""
    sums = probability_sums(totals)
    return _ratio(sums.log_loss.sum(axis=-1), sums.n.sum(axis=-1))


def brier(totals: Array) -> Array:
    """Mean squared distance of the probabilities from the truth, 0 to 2, (B,)."""
    sums = probability_sums(totals)
    return _ratio(sums.brier.sum(axis=-1), sums.n.sum(axis=-1))


def expected_calibration_error(totals: Array) -> Array:
    """Mean distance of confidence from accuracy over bins of confidence, (B,)."""
    gap = np.abs(calibration_gaps(totals)).sum(axis=-1)
    return _ratio(gap, probability_sums(totals).n.sum(axis=-1))


def p_true(totals: Array) -> Array:
    """Mean probability of the true emotion, (B,)."""
    sums = probability_sums(totals)
    return _ratio(sums.p_true.sum(axis=-1), sums.n.sum(axis=-1))


def p_true_by_emotion(totals: Array) -> Array:
    """Mean probability of the true emotion, by emotion, (B, 7)."""
    sums = probability_sums(totals)
    return _ratio(sums.p_true, sums.n)
