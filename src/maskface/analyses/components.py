"""Variance components of a loss: people, masks and people x masks, from the same masks on everyone.

Y = mu + a_p + b_m + (ab)_pm for the loss of person p under mask m, both drawn at random. The mean
over P people and M masks has the variance s2_a / P + s2_b / M + s2_ab / (P M) (Judd, Westfall &
Kenny 2012, doi:10.1037/a0028347), whose degrees of freedom are Satterthwaite's; Yarkoni 2022
(doi:10.1017/S0140525X20001685) has why the variance of stimuli belongs into the interval. More
people do not make the share s2_b / M smaller (Westfall, Kenny & Judd 2014, doi:10.1037/xge0000014).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

from maskface.analyses import common
from maskface.arrays import Bools, Floats, Row
from maskface.errors import MaskfaceError
from maskface.occluders import find_masks
from maskface.schema import Column, Table
from maskface.stats import get_metrics
from maskface.stats.aggregate import N_SUMS, AnswerCounts, PictureAnswers
from maskface.stats.metrics import evaluate, places
from maskface.tables import PLAIN
from maskface.text import percent, points
from maskface.types import EMOTIONS

FEWEST: Final = 3
"""Least number of people and of masks."""
_LEVEL: Final = 0.95
_METRICS: Final = ("accuracy", "recall", "dprime")
_HEAD: Final = (
    *common.HEAD,
    Column("masks", "text", "Exemplars of one population, without their numbers"),
    Column("metric", "text", "What is lost", allowed=_METRICS),
    common.LABEL,
)
_KEY: Final = ("dataset", "classifier", "masks", "metric", "label")


def _sd(of: str) -> Column:
    return Column(f"sd_{of}", "real", f"Standard deviation of the loss between {of}", low=0)


COMPONENTS: Final = Table(
    "components",
    (
        *_HEAD,
        *common.STANDING,
        Column("n_masks", "whole", "Exemplars", low=FEWEST),
        Column("value", "real", "Mean loss over people and masks"),
        Column("ci_low", "real", "Lower end of its 95 % interval for new people and new masks"),
        Column("ci_high", "real", "Upper end of it"),
        Column("df", "real", "Satterthwaite's degrees of freedom of that interval", low=0),
        Column("new_mask_low", "real", "Lower end of the 95 % prediction interval of the mean loss "
               "of people under one new mask"),
        Column("new_mask_high", "real", "Upper end of it"),
        _sd("people"),
        _sd("masks"),
        Column("sd_people_masks", "real", "That of people x masks, with these pictures", low=0),
        Column("sd_residual", "real", "That of pictures x masks, of one picture", low=0),
    ),
    key=_KEY,
)  # fmt: skip
"""Variance components of the loss under exemplars of a population of masks."""

DECISION: Final = Table(
    "decision_study",
    (
        *_HEAD,
        Column("n_people", "whole", "People of a study", low=FEWEST),
        Column("n_masks", "whole", "Masks of a study, each on everyone", low=2),
        Column("half_width", "real", "Half the 95 % interval of its mean loss", low=0),
    ),
    key=(*_KEY, "n_people", "n_masks"),
)
"""How exact other numbers of people and masks would be, with the variances found (Brennan 2001)."""
STUDIES: Final = (2, 4, 8, 12, 16, 24, 48)
"""Numbers of masks in a decision study."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Variance components of a crossed design of P people and M masks, one number in each cell.

    Examples
    --------
    >>> found = Components.of(np.array([[1.0, 2, 4], [2, 3, 5], [4, 6, 7], [0, 1, 4]]))
    >>> round(found.mean, 3), round(found.masks, 3), round(found.people_masks, 3)
    (3.25, 2.667, 0.25)
    """

    mean: float
    people: float  # variances; 0 where the estimate is below
    masks: float
    people_masks: float  # with the residual
    n_people: int
    n_masks: int

    @classmethod
    def of(cls, values: Floats) -> Components:
        """Estimate them from values (P, M), by mean squares of a two-way analysis of variance."""
        p, m = values.shape
        mean = float(values.mean())
        by_person, by_mask = values.mean(axis=1), values.mean(axis=0)
        rest = values - by_person[:, None] - by_mask + mean
        both = float((rest**2).sum() / ((p - 1) * (m - 1)))
        people = max(float(by_person.var(ddof=1)) - both / m, 0.0)
        return cls(mean, people, max(float(by_mask.var(ddof=1)) - both / p, 0.0), both, p, m)

    def error(self, n_people: int, n_masks: int) -> tuple[float, float]:
        """Return standard error and degrees of freedom of the mean of a study.

        The mean squares that would be expected with so many people and masks stand for observed
        ones, so with the numbers of the study itself it is Satterthwaite's approximation.
        """
        p, m, both = n_people, n_masks, self.people_masks
        squares = m * self.people + both, p * self.masks + both, both
        total = squares[0] + squares[1] - squares[2]
        below = (
            squares[0] ** 2 / (p - 1) + squares[1] ** 2 / (m - 1)
            + squares[2] ** 2 / ((p - 1) * (m - 1))
        )  # fmt: skip
        df = total**2 / below if below else np.inf
        return float(np.sqrt(total / (p * m))), float(df)

    def half_width(self, n_people: int, n_masks: int) -> float:
        """Return half the 95 % interval of the mean of a study."""
        error, df = self.error(n_people, n_masks)
        return float(student.ppf((1 + _LEVEL) / 2, df) * error) if error else 0.0

    @property
    def new_mask(self) -> float:
        """Half the 95 % prediction interval of the mean of people under one new mask."""
        error, _ = self.error(self.n_people, self.n_masks)
        reach = np.sqrt(error**2 + self.masks)
        return float(student.ppf((1 + _LEVEL) / 2, self.n_masks - 1) * reach)


def exemplar_sets(conditions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return sets of conditions that differ by the exemplar only, by name, of `FEWEST` or more.

    Examples
    --------
    >>> exemplar_sets(["none", *(f"masks:exemplar={n}" for n in (1, 2, 3))])
    {'masks': ('masks:exemplar=1', 'masks:exemplar=2', 'masks:exemplar=3')}
    """
    found: dict[str, list[str]] = {}
    for name in conditions:
        masks = find_masks(name) if "exemplar" in name else None
        if masks is not None and masks.exemplar:
            shared = re.sub(r"exemplar=\d+,?", "", name)
            found.setdefault(re.sub(r"[:,]($|\+)", r"\1", shared), []).append(name)
    return {name: tuple(own) for name, own in found.items() if len(own) >= FEWEST}


def components_table(trials: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the variance components of the loss under exemplars of a population of masks.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`, with conditions such as ``masks:exemplar=1``,
        as ``masks:exemplars=12`` makes them.

    Returns
    -------
    components, decision : pandas.DataFrame
        In the schemas of `COMPONENTS` and `DECISION`: accuracy, recall and d' of every emotion.
        A person's loss is the jackknife pseudo-value, which for accuracy is the loss of their own
        pictures; for d', which few pictures do not define, it is what they add to that of all.

    Raises
    ------
    MaskfaceError
        If there are fewer than three exemplars, or people.
    """
    rows: list[Row] = []
    studies: list[Row] = []
    for head, part in common.groups(trials):
        sets = exemplar_sets(sorted(map(str, part["condition"].unique())))
        if not sets:
            raise MaskfaceError(
                f"Variance components need {FEWEST} exemplars or more. Give the occluder "
                "masks:exemplars=12."
            )
        for name, conditions in sets.items():
            answers = common.complete_answers(part, [PLAIN, *conditions])
            by = common.unit_name(common.unit_column(part))
            for row, found in _components(answers):
                fixed = head | {"masks": name}
                rows.append(fixed | row | {"clustered_by": by} | _cells(found))
                fixed |= {"metric": row["metric"], "label": row["label"]}
                studies += [fixed | cells for cells in _studies(found)]
    return COMPONENTS.check(COMPONENTS.frame(rows)), DECISION.check(DECISION.frame(studies))


def _components(answers: PictureAnswers) -> list[tuple[Row, Components]]:
    found = []
    counts = answers.counts()
    for metric, label, people, values in _pseudo_values(counts):
        row: Row = {"metric": metric, "label": label, "n_clusters": int(people.sum())}
        row["n"] = int(_own(counts, label).sum())
        row["sd_residual"] = np.nan if metric == "dprime" else _residual(answers, label)
        found.append((row, Components.of(values)))
    if not found:
        raise MaskfaceError(
            f"Variance components need {FEWEST} people or more who show an emotion, got "
            f"{len(counts.given)}. Without the column subject each picture counts as one."
        )
    return found


def components_of(hits: common.Hits) -> list[tuple[int, Components]]:
    """Estimate components of accuracy and recall over any conditions, by number of the label.

    None of fewer than two conditions beside plain faces.
    """
    if len(hits.conditions) < 3:
        return []
    found = _pseudo_values(hits.counts, ("accuracy", "recall"))
    return [(common.LABELS.index(label), Components.of(values)) for _, label, _, values in found]


def _own(counts: AnswerCounts, label: str) -> Floats:
    """Count the pictures of each unit, (C,), that show an emotion, or all."""
    shown = counts.shown[:, 0]
    return np.asarray(shown.sum(axis=1) if label == "all" else shown[:, EMOTIONS.index(label)])


def _pseudo_values(
    counts: AnswerCounts, names: Sequence[str] = _METRICS
) -> Iterator[tuple[str, str, Bools, Floats]]:
    """Yield metric, label, units that show it (C,), and their losses (P, M) under M conditions.

    The first condition is the plain face. Measures that fewer than `FEWEST` units define are left
    out.
    """
    sums = np.zeros((*counts.given.shape[:2], N_SUMS))
    sums[..., : len(EMOTIONS) ** 2] = counts.given.reshape(*counts.given.shape[:2], -1)
    metrics = [metric for name in names for metric in get_metrics(name)]
    whole = sums.sum(axis=0)
    without = evaluate(metrics, (whole - sums).reshape(-1, N_SUMS))
    without = without.reshape(*sums.shape[:2], -1)
    values = evaluate(metrics, whole)
    for i, (metric, label) in enumerate(places(metrics)):
        there = _own(counts, label) > 0
        p = int(there.sum())
        if p < FEWEST or np.isnan(without[there][..., i]).any():
            continue
        pseudo = p * values[:, i] - (p - 1) * without[there][..., i]
        yield metric.name, label, there, pseudo[:, :1] - pseudo[:, 1:]


def _residual(answers: PictureAnswers, label: str) -> float:
    """Return the standard deviation of pictures x masks within people; NaN if none has two."""
    chosen = np.ones(len(answers.label), bool)
    if label != "all":
        chosen = answers.label == EMOTIONS.index(label)
    right = (answers.answer[chosen, 1:] == answers.label[chosen, None]).astype(np.float64)
    total, freedom = 0.0, 0
    unit = answers.unit[chosen]
    for person in np.unique(unit):
        own = right[unit == person]
        rest = own - own.mean(axis=1, keepdims=True) - own.mean(axis=0) + own.mean()
        total += float((rest**2).sum())
        freedom += (len(own) - 1) * (own.shape[1] - 1)
    return float(np.sqrt(total / freedom)) if freedom else np.nan


def _cells(found: Components) -> Row:
    half, new = found.half_width(found.n_people, found.n_masks), found.new_mask
    return {
        "n_masks": found.n_masks,
        "value": found.mean,
        "ci_low": found.mean - half,
        "ci_high": found.mean + half,
        "df": found.error(found.n_people, found.n_masks)[1],
        "new_mask_low": found.mean - new,
        "new_mask_high": found.mean + new,
        "sd_people": np.sqrt(found.people),
        "sd_masks": np.sqrt(found.masks),
        "sd_people_masks": np.sqrt(found.people_masks),
    }


def _studies(found: Components) -> list[Row]:
    return [
        {"n_people": p, "n_masks": m, "half_width": found.half_width(p, m)}
        for p in (found.n_people, 2 * found.n_people, 4 * found.n_people)
        for m in STUDIES
    ]


def components_text(components: pd.DataFrame, decision: pd.DataFrame) -> str:
    """Describe the overall loss over people and masks, its components and a larger study."""
    lines = []
    for row in components[components["metric"] == "accuracy"].to_dict("records"):
        same = decision["metric"].eq("accuracy") & decision["n_people"].eq(row["n_clusters"])
        for key in ("dataset", "classifier", "masks"):
            same &= decision[key].eq(row[key])
        width = decision[same].set_index("n_masks")["half_width"]
        drawn = find_masks(str(row["masks"]))
        over = "" if drawn is None else f" as in {drawn.file_name}"
        units = {"subject": "people", "image": "pictures"}[str(row["clustered_by"])]
        lines.append(
            f"{row['classifier']}, over {row['n_masks']} masks{over} and {row['n_clusters']} "
            f"{units}: {points(row['value'])} points lost {common.limits_text(row)} for new "
            f"{units} and new masks; under one new mask [{points(row['new_mask_low'])}, "
            f"{points(row['new_mask_high'])}]. Standard deviation between {units} "
            f"{percent(row['sd_people'])}, masks {percent(row['sd_masks'])}, {units} x masks "
            f"{percent(row['sd_people_masks'])}; half the interval would be "
            f"{', '.join(f'{percent(width[m])} with {m} masks' for m in (4, 12, 48))}."
        )
    return "\n".join(lines)
