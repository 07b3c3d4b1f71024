"""Logistic regression of correlated answers by generalised estimating equations (GEE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from maskface.errors import MaskfaceError
from maskface.tables import PLAIN


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Design of a logistic regression in which each emotion has its own odds ratios.

    `design` (n, E + K E) holds the level of each emotion, then its change under each of K
    conditions; `emotions` and `conditions` (without the reference) are in the order of the columns;
    `member` maps condition and emotion to the rows (n,) of the cell.
    """

    design: NDArray[np.float64]
    emotions: tuple[str, ...]
    conditions: tuple[str, ...]
    member: dict[tuple[str, str], NDArray[np.bool_]]


def make_cells(conditions: pd.Series, emotions: pd.Series, reference: str) -> Cells:
    """Make the design of rows with these conditions and emotions."""
    others = tuple(sorted(set(conditions) - {reference}))
    names = tuple(sorted(set(emotions)))
    of_condition = {name: (conditions == name).to_numpy() for name in (reference, *others)}
    of_emotion = {name: (emotions == name).to_numpy() for name in names}
    member = {(c, e): of_condition[c] & of_emotion[e] for c in of_condition for e in names}
    columns = [of_emotion[e] for e in names] + [member[c, e] for c in others for e in names]
    return Cells(np.column_stack(columns).astype(float), names, others, member)


def check_columns(
    data: pd.DataFrame, columns: Sequence[str], reference: str, condition: str
) -> None:
    """Raise if the data lack a column, the reference, or another condition."""
    missing = [name for name in columns if name not in data]
    if missing:
        raise MaskfaceError(f"The data lack the columns {', '.join(missing)}.")
    found = sorted(set(data[condition].dropna().astype(str)))
    if reference not in found or len(found) < 2:
        raise MaskfaceError(
            f"The model needs the condition {reference!r} and at least one other, but the data "
            f"hold {', '.join(found) or 'none'}. Name the reference with reference=."
        )


def check_cells(cells: Cells, right: NDArray[np.float64]) -> None:
    """Raise if a cell has only right or only wrong answers: the fit would diverge."""
    for (condition, emotion), member in cells.member.items():
        n, hits = int(member.sum()), int(right[member].sum())
        if hits in (0, n):
            raise MaskfaceError(
                f"{hits} of {n} answers are right for condition {condition!r}, emotion "
                f"{emotion!r}: odds ratios are not finite there. Leave it out, or use the "
                "permutation test."
            )


Covariance = Literal["auto", "robust", "bias_reduced"]
FEW_CLUSTERS: Final = 50
"""With fewer, the sandwich covariance is too small and is corrected (Mancl & DeRouen 2001)."""
_EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """Odds of a right answer under a condition by those under the reference.

    Attributes
    ----------
    condition, emotion
        Of which; the emotion is ``all`` in a model without emotions.
    odds_ratio, low, high
        Below 1: fewer right answers. With limits by Student's t of `Gee.n_clusters` - 1 degrees
        of freedom.
    t, p_value
        Test that the odds ratio is 1, two-sided: log odds ratio by its standard error.
    """

    condition: str
    emotion: str
    odds_ratio: float
    low: float
    high: float
    t: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Wald:
    """Joint test of q coefficients on C clusters.

    Attributes
    ----------
    f
        Wald's chi-square W, scaled: F = W (C - q) / (q (C - 1)).
    df, df_error
        Degrees of freedom q and C - q of F.
    p_value
        Of F.
    """

    f: float
    df: int
    df_error: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Gee:
    """A fitted logistic regression with correlated answers.

    Attributes
    ----------
    odds_ratios
        For each condition but the reference, and each emotion if these are in the model.
    condition
        Joint test that no condition changes anything (for any emotion).
    interaction
        Joint test that conditions have the same odds ratio for every emotion; None in a model
        without emotions.
    n, n_clusters
        Answers, and clusters of them.
    correlation
        Working correlation of two answers of one cluster.
    covariance
        ``robust`` or ``bias_reduced``.
    reference
        The condition that the others are compared with.
    level
        Confidence level of the limits.
    """

    odds_ratios: tuple[OddsRatio, ...]
    condition: Wald
    interaction: Wald | None
    n: int
    n_clusters: int
    correlation: float
    covariance: str
    reference: str
    level: float


def gee_logistic(
    data: pd.DataFrame,
    *,
    cluster: str,
    outcome: str = "correct",
    condition: str = "condition",
    emotion: str | None = None,
    reference: str = PLAIN,
    covariance: Covariance = "auto",
    level: float = 0.95,
) -> Gee:
    """Fit correct ~ condition, or correct ~ condition x emotion, with clustered answers.

    Parameters
    ----------
    data
        One row for each answer; rows without an outcome are left out.
    cluster
        Column of the independent units: subjects or observers.
    outcome
        Column of 0 and 1.
    condition, emotion
        Columns of the conditions and of the true emotions. With emotions, each has its own odds
        ratio under each condition (the model with all interactions).
    reference
        The condition that the others are compared with.
    covariance
        ``robust`` (sandwich), ``bias_reduced`` (Mancl & DeRouen 2001,
        doi:10.1111/j.0006-341X.2001.00126.x), or ``auto``: the latter with fewer than
        `FEW_CLUSTERS` clusters.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Gee
        Tests allow for the clusters that the covariance is estimated from; a joint test of q
        coefficients on C clusters takes W (C - q) / (q (C - 1)) as F on (q, C - q), which is what
        Hotelling's T squared of C vectors follows (1931, doi:10.1214/aoms/1177732979). Chi-square
        rejects true hypotheses far too often; Pan & Wall (2002, doi:10.1002/sim.1142) propose t
        and F tests with estimated degrees of freedom for the same reason.

        Binomial family, logit link, exchangeable working correlation (Liang & Zeger 1986,
        doi:10.1093/biomet/73.1.13). The odds ratios are population-averaged: nearer to 1 than
        those of a mixed model, which are those of one cluster.

    Raises
    ------
    MaskfaceError
        If a column is missing, the reference does not occur, there are no more than q + 2 clusters
        for the q odds ratios, or a cell of the design has no answer, only right or only wrong ones.
    """
    columns = [cluster, outcome, condition, *([emotion] if emotion else [])]
    check_columns(data, columns, reference, condition)
    rows = data[columns].dropna().sort_values(cluster, kind="stable")
    right = rows[outcome].to_numpy(np.float64)
    emotions = rows[emotion].astype(str) if emotion else pd.Series(_EVERYTHING, rows.index)
    cells = make_cells(rows[condition].astype(str), emotions, reference)
    check_cells(cells, right)
    groups = pd.factorize(rows[cluster])[0]
    n_clusters = int(groups.max()) + 1
    q = len(cells.conditions) * len(cells.emotions)
    if n_clusters <= q + 2:
        raise MaskfaceError(
            f"A model with {q} odds ratio{'s' if q > 1 else ''} needs {q + 3} clusters or more, "
            f"got {n_clusters}. Leave out conditions or emotions, or use permutation_test."
        )
    chosen = _covariance(covariance, n_clusters)
    fit = _fit(right, cells.design, groups, chosen)
    ratios, joint, interaction = _effects(fit, cells, level, n_clusters)
    correlation = float(np.asarray(fit.model.cov_struct.dep_params))
    return Gee(
        ratios, joint, interaction, len(right), n_clusters, correlation, chosen, reference, level
    )


def _covariance(covariance: Covariance, n_clusters: int) -> str:
    if covariance == "auto":
        return "bias_reduced" if n_clusters < FEW_CLUSTERS else "robust"
    return covariance


def _fit(
    right: NDArray[np.float64],
    design: NDArray[np.float64],
    groups: NDArray[np.int64],
    covariance: str,
) -> Any:
    import statsmodels.api as sm

    model = sm.GEE(
        right,
        design,
        groups=groups,
        family=sm.families.Binomial(),
        cov_struct=sm.cov_struct.Exchangeable(),
    )
    return model.fit(cov_type=covariance)


def _effects(
    fit: Any, cells: Cells, level: float, n_clusters: int
) -> tuple[tuple[OddsRatio, ...], Wald, Wald | None]:
    n_emotions = len(cells.emotions)
    effects = np.asarray(fit.params)[n_emotions:]
    cov = np.asarray(fit.cov_params())[n_emotions:, n_emotions:]
    names = [(c, e) for c in cells.conditions for e in cells.emotions]
    ratios = tuple(
        _odds_ratio(name, float(effect), float(se), level, n_clusters - 1)
        for name, effect, se in zip(names, effects, np.sqrt(np.diag(cov)), strict=True)
    )
    # One emotion's effect minus the next one's, within each condition.
    differences = np.eye(n_emotions)[:-1] - np.eye(n_emotions)[1:]
    contrast = np.kron(np.eye(len(cells.conditions)), differences)
    interaction = None
    if n_emotions > 1:
        interaction = _joint(contrast @ effects, contrast @ cov @ contrast.T, n_clusters)
    return ratios, _joint(effects, cov, n_clusters), interaction


def _odds_ratio(
    name: tuple[str, str], effect: float, se: float, level: float, df: int
) -> OddsRatio:
    half = float(stdtrit(df, (1 + level) / 2)) * se
    low, ratio, high = np.exp([effect - half, effect, effect + half])
    t = effect / se
    return OddsRatio(*name, float(ratio), float(low), float(high), t, 2 * float(stdtr(df, -abs(t))))


def _joint(effects: NDArray[np.float64], cov: NDArray[np.float64], n_clusters: int) -> Wald:
    """Test that all effects (q,) are 0, as Hotelling's T squared of `n_clusters` vectors."""
    q = len(effects)
    wald = float(effects @ np.linalg.solve(cov, effects))
    f = wald * (n_clusters - q) / (q * (n_clusters - 1))
    return Wald(f, q, n_clusters - q, float(fdtrc(q, n_clusters - q, f)))
