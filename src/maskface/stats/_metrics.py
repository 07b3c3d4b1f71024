"""The measures as values: what each is called, what it means, who described it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.stats import _formulas as f
from maskface.stats._totals import Sums
from maskface.types import EMOTIONS

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
        Whether the summary tests its loss.
    folded
        Whether it is a sum of absolute values, which noise can only raise. Percentiles of
        resamples would then lie above the estimate, so the interval is the symmetric one.
    graded
        Whether it needs probabilities, which human answers do not have.
    """

    name: str
    scope: Scope
    function: Callable[[Sums], NDArray[np.float64]]
    description: str
    source: str
    tested: bool = False
    folded: bool = False
    graded: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it has a number for."""
        return (_EVERYTHING,) if self.scope == "all" else EMOTIONS


_STANDARD: Final = "Sokolova & Lapalme 2009, doi:10.1016/j.ipm.2009.03.002"
_WAGNER: Final = "Wagner 1993, doi:10.1007/BF00987006"
_HAUTUS: Final = "Hautus 1995, doi:10.3758/BF03203619"
_GNEITING: Final = "Gneiting & Raftery 2007, doi:10.1198/016214506000001437"

METRICS: Final[tuple[Metric, ...]] = (
    Metric("accuracy", "all", f.accuracy, "Share of right answers", _STANDARD, tested=True),
    Metric(
        "balanced_accuracy", "all", f.balanced_accuracy,
        "Mean recall of the emotions that were shown",
        "Brodersen et al. 2010, doi:10.1109/ICPR.2010.764",
    ),
    Metric("macro_f1", "all", f.macro_f1, "Mean F1 of the emotions that were shown", _STANDARD),
    Metric(
        "kappa", "all", f.kappa, "Agreement of answer and label beyond chance",
        "Cohen 1960, doi:10.1177/001316446002000104",
    ),
    Metric("log_loss", "all", f.log_loss, "Mean of -ln(probability of the truth)", _GNEITING,
           graded=True),
    Metric(
        "brier", "all", f.brier, "Mean squared error of the probabilities, 0 to 2",
        "Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2", graded=True,
    ),
    Metric(
        "ece", "all", f.expected_calibration_error,
        "Mean distance of confidence from accuracy, 15 bins",
        "Guo et al. 2017, arXiv:1706.04599", folded=True, graded=True,
    ),
    Metric("p_true", "all", f.p_true, "Mean probability of the true emotion", _GNEITING,
           tested=True, graded=True),
    Metric("recall", "emotion", f.recall, "Share of right answers (raw hit rate)", _STANDARD,
           tested=True),
    Metric("precision", "emotion", f.precision, "Share of right ones among such answers",
           _STANDARD),
    Metric("hu", "emotion", f.unbiased_hit_rate, "Unbiased hit rate: recall x precision",
           _WAGNER, tested=True),
    Metric("hu_chance", "emotion", f.chance_hit_rate, "Unbiased hit rate by chance", _WAGNER),
    Metric("dprime", "emotion", f.dprime, "Sensitivity, the emotion against the rest", _HAUTUS,
           tested=True),
    Metric("criterion", "emotion", f.criterion, "Bias; below 0: answered too readily", _HAUTUS),
    Metric("p_true", "emotion", f.p_true_by_emotion, "Mean probability of the true emotion",
           _GNEITING, tested=True, graded=True),
    Metric("answer_share", "answer", f.answer_share, "Share of all answers that are `label`",
           _WAGNER),
)  # fmt: skip
"""All measures of the summary, in its order."""


def get_metrics(name: str) -> tuple[Metric, ...]:
    """Find the measures of a name (`p_true` exists over all emotions and by emotion).

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
    """Metric and label of each column of `evaluate`."""
    return [(metric, label) for metric in metrics for label in metric.labels]


def evaluate(metrics: Sequence[Metric], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute all numbers of some measures: totals (B, N_SUMS) to (B, m)."""
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0: not defined, NaN
        sums = Sums(totals)
        return np.column_stack([metric.function(sums) for metric in metrics])
