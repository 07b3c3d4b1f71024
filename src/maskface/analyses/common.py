"""Shared parts of the analyses: table columns, right answers by unit, numbers with their limits."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats, Integers, Row
from maskface.errors import MaskfaceError
from maskface.occluders import get_occluder, occluder_name
from maskface.plots import save_figure
from maskface.schema import Column, Table, p_column
from maskface.stats import Resampled, bootstrap, interval, interval_name, least_error
from maskface.stats.aggregate import (
    AnswerCounts,
    PictureAnswers,
    picture_answers,
    ratio,
    with_overall,
)
from maskface.stats.intervals import Statistic
from maskface.stats.tests import holm_within
from maskface.text import percent, points
from maskface.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAD: Final = (
    Column("run_id", "text", "As in trials"),
    Column("dataset", "text", "As in trials"),
    Column("classifier", "text", "As in trials"),
)
LABEL: Final = Column(
    "label", "text", "The true emotion; `all` over all", allowed=("all", *EMOTIONS)
)
STANDING: Final = (
    Column("n", "whole", "Pictures with an answer under all conditions compared", "picture", 0),
    Column("n_clusters", "whole", "Independent units that showed the emotion", low=0),
    Column(
        "clustered_by", "text", "What these are; image: images treated as independent",
        allowed=("subject", "image"),
    ),
)  # fmt: skip


P_ADJUSTED: Final = p_column(
    "p_adjusted", "p_value after Holm; accuracy and the emotions are two families"
)


TextRow = Mapping[Hashable, Any]
"""A row of a table, as a sentence takes it."""


SINGLE: Final = (
    "p is corrected by Holm; each interval is for one number alone, so that it may exclude 0 where "
    "p is above .05."
)
"""Why p and interval may disagree, below texts that give both."""


def limits_text(row: TextRow, *, signed: bool = True) -> str:
    """Format ``[low, high]`` in points, or why there is no interval."""
    if math.isnan(row["ci_low"]):
        return "(no interval)"
    set_as = points if signed else percent
    return f"[{set_as(row['ci_low'])}, {set_as(row['ci_high'])}]"


def difference_text(row: TextRow) -> str:
    """Describe how a condition differs from its reference; `row` is one of `CONTRASTS`."""
    hidden = f"{percent(row['coverage'])} and {percent(row['reference_coverage'])} % hidden"
    label = "" if row["label"] == "all" else f", {row['label']}"
    return (
        f"{row['classifier']}: {row['condition']} minus {row['reference']}{label}: "
        f"{points(row['difference'])} points {limits_text(row)} ({hidden})"
    )


def limits(
    point: Floats, values: Floats, n_clusters: Integers, least: Floats | float = 0.0
) -> Floats:
    """Return points and limits (3, ...) of numbers (1, ...) and their resamples (B, ...).

    `n_clusters` is the number of units behind each, and `least` its `least_error`, in a shape that
    can be broadcast.
    """
    shape = point.shape[1:]
    drawn = Resampled(
        point.ravel(),
        values.reshape(len(values), -1),
        np.broadcast_to(n_clusters, shape).ravel(),
        lambda: np.zeros((1, point.size)),
        np.broadcast_to(least, shape).ravel(),
    )
    return np.stack([drawn.point, *interval(drawn)]).reshape(3, *shape)


def estimates(
    totals: Floats,
    statistic: Statistic,
    *,
    seed: int,
    n_resamples: int,
    n_clusters: Integers | None = None,
    pictures: Floats | None = None,
    bounds: tuple[Floats | float, Floats | float] = (-1, 1),
) -> Floats:
    """Return a statistic of sums over units and its 95 % limits, (3, m).

    `pictures` are single ones for `least_error`; limits are then cut at `bounds` of the statistic,
    which are those of a difference of shares unless given. See `bootstrap` for the rest.
    """
    least = 0.0 if pictures is None else least_error(totals.sum(axis=0), pictures, statistic)
    drawn = bootstrap(
        totals, statistic, seed=seed, n_clusters=n_clusters, least=least, n_resamples=n_resamples
    )
    found = np.stack([drawn.point, *interval(drawn)])
    return found if pictures is None else np.clip(found, *bounds)


def single_pictures(kinds: Floats, shown: NDArray[np.bool_]) -> Floats:
    """Return what a picture of each kind (J, k) and emotion shown (7,) adds, (7 J, 7 k)."""
    return np.asarray(np.kron(kinds, np.diag(shown)), np.float64)


def interval_cells(found: Floats, n_clusters: int, kind: str = "") -> Row:
    """Return the cells for a value and its limits (3,); see `limit_cells`."""
    value, low, high = found.tolist()
    return {"value": value} | limit_cells(low, high, n_clusters, kind)


def limit_cells(low: float, high: float, n_clusters: int, kind: str = "") -> Row:
    """Return the cells for limits, which may be NaN, of the default kind unless it is named."""
    name = "" if np.isnan(high) else kind or interval_name(n_clusters)
    return {"ci_low": low, "ci_high": high, "interval": name}


LABELS: Final = ("all", *EMOTIONS)
"""Labels that every number is computed for, in this order."""
_NAMES: Final = {"subject_id": "subject", "image_id": "image"}


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Right answers of C units under K conditions, over the pictures answered under all of them."""

    conditions: tuple[str, ...]  # the K conditions
    counts: AnswerCounts  # answers by unit and condition
    coverage: Floats  # (K,) mean hidden fraction of the face oval
    clustered_by: str  # subject, or image where a picture does not say who is shown

    @property
    def totals(self) -> Floats:
        """Pictures of each emotion, then right answers by condition, (C, 7 (K + 1))."""
        blocks = np.concatenate([self.counts.shown[:, :1], self.counts.hits], axis=1)
        return blocks.reshape(len(blocks), -1)

    @property
    def pictures(self) -> Floats:
        """What a picture of each emotion, right under one condition only, adds to the totals."""
        return single_pictures(np.insert(np.eye(len(self.conditions)), 0, 1, 1), self.n[1:] > 0)

    @property
    def n(self) -> Integers:
        """Pictures over all and of each emotion, (8,)."""
        return np.asarray(with_overall(self.counts.shown[:, 0]).sum(axis=0), np.int64)

    @property
    def n_clusters(self) -> Integers:
        """Units that showed any, and each, emotion, (8,)."""
        return np.asarray((with_overall(self.counts.shown[:, 0]) > 0).sum(axis=0), np.int64)

    def standing(self, i: int) -> Row:
        """Return the cells that describe what the number for label `i` is based on."""
        return {
            "label": LABELS[i],
            "n": int(self.n[i]),
            "n_clusters": int(self.n_clusters[i]),
            "clustered_by": self.clustered_by,
        }

    @property
    def labels(self) -> list[int]:
        """Numbers of the labels that were shown."""
        return [int(i) for i in np.flatnonzero(self.n)]


def groups(trials: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield the trials of each run, data set and classifier, with the cells that name them."""
    heads = ["run_id", "dataset", "classifier"]
    for names, part in trials.groupby(heads, sort=True):
        yield dict(zip(heads, map(str, names), strict=True)), part


def unit_column(trials: pd.DataFrame) -> str:
    """Return the column of the independent units: subjects, or pictures where one names none."""
    return "subject_id" if (trials["subject_id"] != "").all() else "image_id"


def unit_name(column: str) -> str:
    """Return what `clustered_by` calls the units of a column."""
    return _NAMES[column]


def find_condition(trials: pd.DataFrame, name: str) -> str:
    """Find the condition of an occluder, whose parameters may be written in another order.

    Raises MaskfaceError if the trials do not hold it.
    """
    there = sorted(map(str, trials["condition"].unique()))
    if name in there:
        return name
    canonical = occluder_name(get_occluder(name))
    if canonical not in there:
        raise MaskfaceError(f"The trials do not hold {canonical!r}, only {', '.join(there)}.")
    return canonical


def count_hits(trials: pd.DataFrame, conditions: Sequence[str]) -> Hits:
    """Sum right answers by unit, over the pictures answered under all conditions.

    `trials` are those of one data set and classifier; conditions are found by `find_condition`.
    Raises MaskfaceError if the trials lack one, or no picture has an answer under all of them.
    """
    answers = complete_answers(trials, conditions)
    ok = trials[trials["status"] == "ok"]
    coverage = ok.groupby("condition")["coverage"].mean().reindex(list(answers.conditions))
    by = unit_name(unit_column(trials))
    return Hits(answers.conditions, answers.counts(), coverage.to_numpy(np.float64), by)


def complete_answers(trials: pd.DataFrame, conditions: Sequence[str]) -> PictureAnswers:
    """Bring together the answers to the pictures that were answered under all conditions.

    Takes and raises what `count_hits` does.
    """
    conditions = [find_condition(trials, name) for name in conditions]
    found = picture_answers(trials, conditions, by=unit_column(trials)).answered()
    if not len(found.answer):
        raise MaskfaceError(
            f"No picture has an answer under all of {', '.join(conditions)}. Read the column "
            "`message` of trials.csv to see why."
        )
    return found


def accuracies(totals: Floats) -> Floats:
    """Compute shares of right answers: totals (B, 7 (K + 1)) as in `Hits` to (B, K, 8).

    The last axis is all emotions, then each; NaN for one that was not shown.
    """
    blocks = with_overall(totals.reshape(len(totals), -1, len(EMOTIONS)))
    return ratio(blocks[:, 1:], blocks[:, :1])


def with_holm(
    schema: Table,
    rows: Sequence[Row],
    *families: str,
    source: str = "p_value",
    target: str = "p_adjusted",
) -> pd.DataFrame:
    """Make a table of rows with its p values (`source`) corrected by Holm (`target`).

    `families` are columns that tell families of tests apart; if none, accuracy over all emotions is
    one family, and the single emotions are another.
    """
    table = schema.frame(rows)
    by: list[Any] = list(families) if families else [table["label"] == "all"]
    return schema.check(schema.tidy(holm_within(table, by, source, target)))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a script's question.

    Attributes
    ----------
    text
        In words, with intervals.
    tables
        Each with its schema, whose name is the file's.
    figures
        By file name.
    """

    text: str
    tables: Sequence[tuple[Table, pd.DataFrame]]
    figures: Mapping[str, Axes] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        """Write tables as CSV and the figures.

        Returns
        -------
        list of Path
            What was written.
        """
        paths = []
        for schema, table in self.tables:
            paths.append(folder / f"{schema.name}.csv")
            schema.write(table, paths[-1])
        for name, axes in self.figures.items():
            paths.append(folder / name)
            save_figure(axes, paths[-1])
        return paths
