"""Measures of recognition as functions of `Sums`, with their names and sources in `METRICS`.

A new measure is one function and one `Metric` here: summaries, tests and the manifest follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.stats.aggregate import Sums, ratio
from maskface.types import EMOTIONS


def _mean_of_defined(values: Floats) -> Floats:
    """Return the mean over the last axis of what is not NaN; NaN if nothing is."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))


def accuracy(sums: Sums) -> Floats:
    """Return the share of right answers, (B,)."""
    return ratio(sums.hits.sum(axis=-1), sums.shown.sum(axis=-1))


def recall(sums: Sums) -> Floats:
    """Return the share of right answers to the pictures of each emotion (raw hit rate), (B, 7)."""
    return ratio(sums.hits, sums.shown)


def precision(sums: Sums) -> Floats:
    """Return the share of right ones among the answers of each emotion, (B, 7)."""
    return ratio(sums.hits, sums.answered)


def balanced_accuracy(sums: Sums) -> Floats:
    """Return the mean recall of the emotions that were shown, (B,)."""
    return _mean_of_defined(recall(sums))


def macro_f1(sums: Sums) -> Floats:
    """Return the mean over the emotions that were shown of 2 hits / (shown + answered), (B,).

    An emotion that was answered but never shown is left out, so that plain and occluded faces
    are averaged over the same emotions.
    """
    f1 = ratio(2 * sums.hits, sums.shown + sums.answered)
    return _mean_of_defined(np.where(sums.shown > 0, f1, np.nan))


def kappa(sums: Sums) -> Floats:
    """Return the agreement of answer and label beyond chance, (B,) (Cohen 1960)."""
    n = sums.shown.sum(axis=-1)
    expected = ratio((sums.shown * sums.answered).sum(axis=-1), n**2)
    return ratio(accuracy(sums) - expected, 1 - expected)


def unbiased_hit_rate(sums: Sums) -> Floats:
    """Return hits^2 / (shown x answered), (B, 7) (Wagner 1993); 0 if shown but never answered."""
    below = sums.shown * sums.answered
    rate = ratio(sums.hits**2, below)
    return np.where((sums.shown > 0) & (sums.answered == 0), 0.0, rate)


def chance_hit_rate(sums: Sums) -> Floats:
    """Return the unbiased hit rate of answers that know nothing: shown x answered / n^2, (B, 7)."""
    n = sums.shown.sum(axis=-1, keepdims=True)
    return ratio(sums.shown * sums.answered, n**2)


def dprime(sums: Sums) -> Floats:
    """Return sensitivity z(hit rate) - z(false alarm rate), emotion against rest, (B, 7)."""
    hit, alarm = sums.z_rates
    return np.asarray(hit - alarm)


def criterion(sums: Sums) -> Floats:
    """Return bias -(z(hit rate) + z(false alarm rate)) / 2, (B, 7); below 0: too ready."""
    hit, alarm = sums.z_rates
    return np.asarray(-(hit + alarm) / 2)


def answer_share(sums: Sums) -> Floats:
    """Return the share of all answers that are this emotion, (B, 7)."""
    return ratio(sums.answered, sums.answered.sum(axis=-1, keepdims=True))


def log_loss(sums: Sums) -> Floats:
    """Return the mean of -ln(probability of the true emotion), at least 1e-6, (B,)."""
    p = sums.probabilities
    return ratio(p.log_loss.sum(axis=-1), p.n.sum(axis=-1))


def brier(sums: Sums) -> Floats:
    """Return the mean squared distance of the probabilities from the truth, 0 to 2, (B,)."""
    p = sums.probabilities
    return ratio(p.brier.sum(axis=-1), p.n.sum(axis=-1))


def expected_calibration_error(sums: Sums) -> Floats:
    """Return the mean distance of confidence from accuracy over bins of confidence, (B,)."""
    gap = np.abs(sums.calibration_gaps).sum(axis=-1)
    return ratio(gap, sums.probabilities.n.sum(axis=-1))


def p_true(sums: Sums) -> Floats:
    """Return the mean probability of the true emotion, (B,)."""
    p = sums.probabilities
    return ratio(p.p_true.sum(axis=-1), p.n.sum(axis=-1))


def p_true_by_emotion(sums: Sums) -> Floats:
    """Return the mean probability of the true emotion, by emotion, (B, 7)."""
    p = sums.probabilities
    return ratio(p.p_true, p.n)


Scope = Literal["all", "emotion", "answer"]
_EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of answers.

    Attributes
    ----------
    name
        As in the column ``metric`` of the summary.
    scope
        ``all``: one number; ``emotion``: one for each true emotion; ``answer``: one for each
        emotion that can be answered.
    function
        Maps sums of B rows to (B,), or to (B, 7) unless the scope is ``all``. NaN where it is
        not defined.
    description
        One line.
    source
        Where it was described.
    tested
        True if the summary tests its loss.
    folded
        True if it is a sum of absolute values, which noise can only raise. Percentiles of
        resamples would then lie above the estimate, so the interval is the symmetric one.
    graded
        True if it needs probabilities, which human answers do not have.
    share
        True if it lies between 0 and 1, and so do its limits.
    """

    name: str
    scope: Scope
    function: Callable[[Sums], NDArray[np.float64]]
    description: str
    source: str
    tested: bool = False
    folded: bool = False
    graded: bool = False
    share: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that it has a number for."""
        return (_EVERYTHING,) if self.scope == "all" else EMOTIONS


_STANDARD: Final = "Sokolova & Lapalme 2009, doi:10.1016/j.ipm.2009.03.002"
_WAGNER: Final = "Wagner 1993, doi:10.1007/BF00987006"
_HAUTUS: Final = "Hautus 1995, doi:10.3758/BF03203619"
_GNEITING: Final = "Gneiting & Raftery 2007, doi:10.1198/016214506000001437"

METRICS: Final[tuple[Metric, ...]] = (
    Metric("accuracy", "all", accuracy, "Share of right answers", _STANDARD, tested=True,
           share=True),
    Metric(
        "balanced_accuracy", "all", balanced_accuracy,
        "Mean recall of the emotions that were shown",
        "Brodersen et al. 2010, doi:10.1109/ICPR.2010.764", share=True,
    ),
    Metric("macro_f1", "all", macro_f1, "Mean F1 of the emotions that were shown", _STANDARD,
           share=True),
    Metric(
        "kappa", "all", kappa, "Agreement of answer and label beyond chance",
        "Cohen 1960, doi:10.1177/001316446002000104",
    ),
    Metric("log_loss", "all", log_loss, "Mean of -ln(probability of the truth)", _GNEITING,
           graded=True),
    Metric(
        "brier", "all", brier, "Mean squared error of the probabilities, 0 to 2",
        "Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2", graded=True,
    ),
    Metric(
        "ece", "all", expected_calibration_error,
        "Mean distance of confidence from accuracy, 15 bins",
        "Guo et al. 2017, arXiv:1706.04599", folded=True, graded=True,
    ),
    Metric("p_true", "all", p_true, "Mean probability of the true emotion", _GNEITING,
           tested=True, graded=True, share=True),
    Metric("recall", "emotion", recall, "Share of right answers (raw hit rate)", _STANDARD,
           tested=True, share=True),
    Metric("precision", "emotion", precision, "Share of right ones among such answers",
           _STANDARD, share=True),
    Metric("hu", "emotion", unbiased_hit_rate, "Unbiased hit rate: recall x precision",
           _WAGNER, tested=True, share=True),
    Metric("hu_chance", "emotion", chance_hit_rate, "Unbiased hit rate by chance", _WAGNER,
           share=True),
    Metric("dprime", "emotion", dprime, "Sensitivity, the emotion against the rest", _HAUTUS,
           tested=True),
    Metric("criterion", "emotion", criterion, "Bias; below 0: answered too readily", _HAUTUS),
    Metric("p_true", "emotion", p_true_by_emotion, "Mean probability of the true emotion",
           _GNEITING, tested=True, graded=True, share=True),
    Metric("answer_share", "answer", answer_share, "Share of all answers that are `label`",
           _WAGNER, share=True),
)  # fmt: skip
"""All measures of the summary, in its order."""


def get_metrics(name: str) -> tuple[Metric, ...]:
    """Return the measures of a name (`p_true` exists over all emotions and by emotion).

    Raises
    ------
    MaskfaceError
        If there is none.
    """
    found = tuple(metric for metric in METRICS if metric.name == name)
    if not found:
        names = ", ".join(dict.fromkeys(metric.name for metric in METRICS))
        raise MaskfaceError(f"There is no metric {name!r}. Choose one of {names}.")
    return found


def places(metrics: Sequence[Metric]) -> list[tuple[Metric, str]]:
    """Return metric and label of each column of `evaluate`."""
    return [(metric, label) for metric in metrics for label in metric.labels]


def evaluate(metrics: Sequence[Metric], totals: Floats, at_most: Floats | None = None) -> Floats:
    """Compute all numbers of some measures: totals (B, N_SUMS) to (B, m).

    d' and criterion are those of `at_most` (B, 7) pictures of each emotion, if these are given.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0: not defined, NaN
        sums = Sums(totals, at_most)
        return np.column_stack([metric.function(sums) for metric in metrics])
