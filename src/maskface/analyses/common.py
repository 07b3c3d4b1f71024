"""Columns that the tables of analyses share.

Numbers as sentences.

Numbers with their limits, as cells of a table.

Right answers of every independent unit under several conditions, picture by picture.

What an analysis hands back.

The tables that analyses write: what their columns mean.

Tables that count one answer: what their columns mean.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.occluders import get_occluder, occluder_name
from maskface.plots import save_figure
from maskface.schema import Column, Table
from maskface.stats import INTERVAL_NAMES, Resampled, interval
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


def share(name: str, description: str) -> Column:
    """Column of a share, 0 to 1."""
    return Column(name, "real", description, low=0, high=1)


def p_column(name: str, description: str) -> Column:
    """Column of a p value."""
    return Column(name, "real", description, low=0, high=1, decimals=12)


def interval_columns(of: str) -> tuple[Column, Column, Column]:
    """Columns of a 95 % interval and its kind."""
    return (
        Column("ci_low", "real", f"Lower end of the 95 % interval of {of}"),
        Column("ci_high", "real", "Upper end of it"),
        Column("interval", "text", "What kind of interval that is; empty if there is none"),
    )


Row = Mapping[Hashable, Any]


def limits_text(row: Row, *, signed: bool = True) -> str:
    """Set ``[low, high]`` in points, or why there is no interval."""
    if math.isnan(row["ci_low"]):
        return "(no interval)"
    set_as = points if signed else percent
    return f"[{set_as(row['ci_low'])}, {set_as(row['ci_high'])}]"


def difference_text(row: Row) -> str:
    """Say how a condition differs from its reference; `row` is one of `CONTRASTS`."""
    covers = f"{percent(row['coverage'])} and {percent(row['reference_coverage'])} % covered"
    label = "" if row["label"] == "all" else f", {row['label']}"
    return (
        f"{row['classifier']}: {row['condition']} minus {row['reference']}{label}: "
        f"{points(row['difference'])} points {limits_text(row)} ({covers})"
    )


KIND: Final = INTERVAL_NAMES["expanded"]
"""The default kind of interval, as tables name it."""


def limits(point: Floats, values: Floats, n_clusters: NDArray[np.int64]) -> Floats:
    """Points and limits (3, ...) of numbers (1, ...) and their resamples (B, ...).

    `n_clusters` says how many units each stands on, in a shape that can be broadcast.
    """
    shape = point.shape[1:]
    drawn = Resampled(
        point.ravel(),
        values.reshape(len(values), -1),
        np.broadcast_to(n_clusters, shape).ravel(),
        lambda: np.zeros((1, point.size)),
    )
    return np.stack([drawn.point, *interval(drawn)]).reshape(3, *shape)


def interval_cells(found: Floats, kind: str = KIND) -> dict[str, Any]:
    """Cells for a value and its limits (3,)."""
    value, low, high = found.tolist()
    return {"value": value} | limit_cells(low, high, kind)


def limit_cells(low: float, high: float, kind: str = KIND) -> dict[str, Any]:
    """Cells for limits, which may be NaN."""
    return {"ci_low": low, "ci_high": high, "interval": "" if np.isnan(high) else kind}


LABELS: Final = ("all", *EMOTIONS)
"""What every number is computed for, in this order."""
_NAMES: Final = {"subject_id": "subject", "image_id": "image"}


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Right answers of C units under K conditions, over the pictures answered under all of them.

    Attributes
    ----------
    conditions
        The K conditions.
    totals
        (C, 7 (K + 1)): pictures of each emotion, then the right answers under each condition.
    coverage
        (K,) mean hidden fraction of the face oval.
    n
        (8,) pictures over all and of each emotion.
    n_clusters
        (8,) units that showed any, and each, emotion.
    clustered_by
        ``subject``, or ``image`` where a picture does not say who is shown.
    """

    conditions: tuple[str, ...]
    totals: Floats
    coverage: Floats
    n: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    clustered_by: str

    def standing(self, i: int) -> dict[str, Any]:
        """Cells that say what the number for label `i` stands on."""
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
    """Split trials by run, data set and classifier; give the cells that name each part."""
    heads = ["run_id", "dataset", "classifier"]
    for names, part in trials.groupby(heads, sort=True):
        yield dict(zip(heads, map(str, names), strict=True)), part


def unit_column(trials: pd.DataFrame) -> str:
    """Column that names the independent units: subjects, or pictures where one names none."""
    return "subject_id" if (trials["subject_id"] != "").all() else "image_id"


def unit_name(column: str) -> str:
    """What `clustered_by` calls the units of a column."""
    return _NAMES[column]


def find_condition(trials: pd.DataFrame, name: str) -> str:
    """Find the condition of an occluder, which may have been written in another way.

    Raises
    ------
    MaskfaceError
        If the trials do not hold it.
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

    Parameters
    ----------
    trials
        Of one data set and classifier, in the schema of `maskface.tables.TRIALS`.
    conditions
        Which conditions, in any order, as in `find_condition`.

    Raises
    ------
    MaskfaceError
        If the trials lack one, or no picture has an answer under all of them.
    """
    conditions = [find_condition(trials, name) for name in conditions]
    by = unit_column(trials)
    answered = trials[(trials["status"] == "ok") & trials["condition"].isin(conditions)]
    names = list(dict.fromkeys(["image_id", by, "label"]))
    right = answered.pivot_table("correct", names, "condition")
    right = right.reindex(columns=list(conditions)).dropna()
    if right.empty:
        raise MaskfaceError(
            f"No picture has an answer under all of {', '.join(conditions)}. Read the column "
            "`message` of trials.csv to see why."
        )
    shows = (right.index.get_level_values("label").to_numpy()[:, None] == EMOTIONS).astype(float)
    hits = right.to_numpy(np.float64)[:, :, None] * shows[:, None, :]
    unit = pd.factorize(right.index.get_level_values(by), sort=True)[0]
    totals = np.zeros((int(unit.max()) + 1, len(EMOTIONS) * (len(conditions) + 1)))
    np.add.at(totals, unit, np.hstack([shows, hits.reshape(len(hits), -1)]))
    shown = totals[:, : len(EMOTIONS)]
    n = np.concatenate([[shown.sum()], shown.sum(axis=0)]).astype(np.int64)
    n_clusters = np.concatenate([[len(shown)], (shown > 0).sum(axis=0)]).astype(np.int64)
    coverage = answered.groupby("condition")["coverage"].mean().reindex(list(conditions))
    return Hits(
        tuple(conditions), totals, coverage.to_numpy(np.float64), n, n_clusters, unit_name(by)
    )


def accuracies(totals: Floats) -> Floats:
    """Shares of right answers: totals (B, 7 (K + 1)) as in `Hits` to (B, K, 8).

    The last axis is all emotions, then each; NaN for one that was not shown.
    """
    blocks = totals.reshape(len(totals), -1, len(EMOTIONS))
    shown, hits = blocks[:, :1], blocks[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0: not shown, NaN
        overall = hits.sum(axis=2, keepdims=True) / shown.sum(axis=2, keepdims=True)
        return np.concatenate([overall, hits / shown], axis=2)


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


_CONTRAST: Final = (
    *HEAD,
    Column("condition", "text", "As in trials"),
    Column("reference", "text", "The condition that it is compared with"),
    LABEL,
    *STANDING,
    share("coverage", "Mean hidden fraction of the face oval under the condition"),
    share("reference_coverage", "The same under the reference"),
    share("value", "Share of right answers under the condition"),
    share("reference_value", "The same under the reference, for the same pictures"),
    Column("difference", "real", "value - reference_value; below 0: the condition hides more"),
    *interval_columns("difference"),
)
_CONTRAST_KEY: Final = ("dataset", "classifier", "condition", "reference", "label")

CONTRASTS: Final = Table(
    "contrasts",
    (
        *_CONTRAST,
        p_column("p_value", "Two-sided cluster permutation test that there is no difference"),
        p_column("p_adjusted", "p_value after Holm; accuracy and the emotions are two families"),
    ),
    key=_CONTRAST_KEY,
)
"""Two occluded conditions on the same pictures, one row for each classifier, pair and emotion."""

STYLES: Final = Table(
    "styles",
    (
        *_CONTRAST,
        Column("bound", "real", "Differences within -bound to +bound do not matter", low=0),
        Column("equivalence_low", "real", "Lower end of the 90 % t interval over units"),
        Column("equivalence_high", "real", "Upper end of it"),
        p_column("equivalence_p", "TOST: small if the difference lies within the bound"),
        p_column("equivalence_p_adjusted", "The same after Holm; accuracy and the emotions apart"),
        Column("equivalent", "whole", "1 if equivalence_p_adjusted < .05, else 0", low=0, high=1),
    ),
    key=_CONTRAST_KEY,
)
"""Contrasts with a test of equivalence."""

DOSE: Final = Table(
    "dose",
    (
        *HEAD,
        Column("series", "text", "How the face is covered more and more"),
        Column("condition", "text", "As in trials; each series begins with `none`"),
        LABEL,
        *STANDING,
        share("coverage", "Mean hidden fraction of the face oval"),
        share("value", "Share of right answers"),
        Column("value_ci_low", "real", "Lower end of the 95 % interval of value"),
        Column("value_ci_high", "real", "Upper end of it"),
        Column("loss", "real", "Share of right answers under `none` minus value"),
        *interval_columns("loss"),
    ),
    key=("dataset", "classifier", "series", "label", "coverage", "condition"),
)
"""Right answers by how much of the face is hidden."""

HALF_POINTS: Final = Table(
    "half_points",
    (
        *HEAD,
        Column("series", "text", "As in dose"),
        LABEL,
        *STANDING,
        share("end_coverage", "Mean coverage at the end of the series"),
        Column("end_loss", "real", "Loss there, on the monotone curve"),
        Column(
            "half_point", "real",
            "Coverage at which half of end_loss is reached; empty if nothing is lost there",
            low=0, high=1,
        ),
        *interval_columns("half_point"),
        share("defined", "Share of the resamples that lose something at the end"),
    ),
    key=("dataset", "classifier", "series", "label"),
)  # fmt: skip
"""Where a dose curve has come half of its way."""

APPEARANCE: Final = Table(
    "appearance",
    (
        *HEAD,
        Column("group", "text", "Appearances that belong together"),
        Column("measure", "text", "What value is", allowed=("loss", "range")),
        Column("condition", "text", "As in trials; empty for the range of a group"),
        LABEL,
        *STANDING,
        share("coverage", "Mean hidden fraction of the face oval"),
        Column(
            "value", "real",
            "loss: right answers under `none` minus under the condition; range: most minus fewest "
            "right answers in the group",
        ),
        *interval_columns("value"),
        Column("by_chance", "real", "Mean range if appearances were exchangeable within units"),
        p_column("p_value", "Share of exchanges with at least this range"),
        p_column("p_adjusted", "p_value after Holm; accuracy and the emotions are two families"),
    ),
    key=("dataset", "classifier", "measure", "group", "condition", "label"),
)  # fmt: skip
"""What appearances of the same shape cost, and how far they lie apart."""

OTHERS: Final = "others"
SHOWN: Final = (*EMOTIONS, OTHERS)
"""What an answer can be given to: faces that show an emotion, and all that do not show it."""
MEASURES: Final = ("share", "probability", "dprime", "criterion")
CELLS: Final = ("neither", "first", "second", "both")
EFFECTS: Final = ("first alone", "first given second", "second alone", "interaction")
FACTORIAL: Final = Table(
    "factorial",
    (
        *HEAD,
        Column("first", "text", "The condition of the first thing alone"),
        Column("second", "text", "The condition of the second thing alone"),
        Column("answer", "text", "The answer that is counted", allowed=EMOTIONS),
        Column(
            "measure", "text", "share: of such answers; probability: mean given to the answer; "
            "dprime and criterion: sensitivity and bias of the answer, such faces against others",
            allowed=MEASURES,
        ),
        Column("label", "text", "The emotion shown; others: all but the answer", allowed=SHOWN),
        Column(
            "quantity", "text", "A cell, or an effect: first alone: first - neither; first given "
            "second: both - second; second alone: second - neither; interaction: first given "
            "second - first alone", allowed=(*CELLS, *EFFECTS),
        ),
        *STANDING,
        Column("value", "real", "The cell's value or the effect"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided permutation test that an effect is 0"),
        p_column("p_adjusted", "p_value after Holm, over the tests of the same measure; for shares "
                 "and probabilities faces that show the answer are a family of their own"),
    ),
    key=("dataset", "classifier", "first", "second", "answer", "measure", "label", "quantity"),
)  # fmt: skip
"""Two by two conditions on the same pictures."""

QUANTITIES: Final = (
    "plain", "masked", "change",
    "plain against upper", "plain against lower", "masked against upper", "masked against lower",
)  # fmt: skip
CONCEALED: Final = Table(
    "concealed",
    (
        *HEAD,
        Column("kind", "text", "How the face was made, as in attributes"),
        Column("upper", "text", "The emotion of its upper half", allowed=EMOTIONS),
        Column("lower", "text", "The emotion of its lower half", allowed=EMOTIONS),
        Column("mask", "text", "The condition that counts as masked"),
        Column("answer", "text", "The answer that is counted", allowed=EMOTIONS),
        Column(
            "quantity", "text", "plain, masked: share of the answer; change: masked - plain; "
            "against upper (lower): the share minus that of whole faces with the emotion of the "
            "upper (lower) half, both plain or both masked", allowed=QUANTITIES,
        ),
        *STANDING,
        Column("value", "real", "The share or the difference"),
        *interval_columns("value"),
        p_column("p_value", "Two-sided permutation test that a difference is 0"),
        p_column("p_adjusted", "p_value after Holm, over the same quantity, kind and answer"),
    ),
    key=("dataset", "classifier", "kind", "upper", "lower", "mask", "answer", "quantity"),
)  # fmt: skip
"""What composite faces, and the whole faces that they are made of, are taken for."""
