"""Logistic regression of correlated answers by generalised estimating equations (GEE)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

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
        Below 1: fewer right answers. With Wald confidence limits.
    z, p_value
        Wald test that the odds ratio is 1, two-sided.
    """

    condition: str
    emotion: str
    odds_ratio: float
    low: float
    high: float
    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Wald:
    """Joint Wald test: chi-square, degrees of freedom and p value."""

    statistic: float
    df: int
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
        Binomial family, logit link, exchangeable working correlation (Liang & Zeger 1986,
        doi:10.1093/biomet/73.1.13). The odds ratios are population-averaged: nearer to 1 than
        those of a mixed model, which are those of one cluster.

    Raises
    ------
    MaskfaceError
        If a column is missing, the reference does not occur, there are fewer than two clusters,
        or a cell of the design has no answer, only right or only wrong ones.
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
    if n_clusters < 2:
        raise MaskfaceError(f"A clustered model needs two clusters or more, got {n_clusters}.")
    chosen = _covariance(covariance, n_clusters)
    fit = _fit(right, cells.design, groups, chosen)
    ratios, joint, interaction = _effects(fit, cells, level)
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
    fit: Any, cells: Cells, level: float
) -> tuple[tuple[OddsRatio, ...], Wald, Wald | None]:
    n_emotions = len(cells.emotions)
    effects = np.asarray(fit.params)[n_emotions:]
    cov = np.asarray(fit.cov_params())[n_emotions:, n_emotions:]
    names = [(c, e) for c in cells.conditions for e in cells.emotions]
    ratios = tuple(
        _odds_ratio(name, float(effect), float(se), level)
        for name, effect, se in zip(names, effects, np.sqrt(np.diag(cov)), strict=True)
    )
    # One emotion's effect minus the next one's, within each condition.
    differences = np.eye(n_emotions)[:-1] - np.eye(n_emotions)[1:]
    contrast = np.kron(np.eye(len(cells.conditions)), differences)
    interaction = _wald(contrast @ effects, contrast @ cov @ contrast.T) if n_emotions > 1 else None
    return ratios, _wald(effects, cov), interaction


def _odds_ratio(name: tuple[str, str], effect: float, se: float, level: float) -> OddsRatio:
    half = float(ndtri((1 + level) / 2)) * se
    low, ratio, high = np.exp([effect - half, effect, effect + half])
    return OddsRatio(*name, float(ratio), float(low), float(high), effect / se, _p(effect / se))


def _p(z: float) -> float:
    return float(chdtrc(1, z**2))


def _wald(effects: NDArray[np.float64], cov: NDArray[np.float64]) -> Wald:
    statistic = float(effects @ np.linalg.solve(cov, effects))
    return Wald(statistic, len(effects), float(chdtrc(len(effects), statistic)))
