"""Faces that are not found under an occluder, and what dropping them does to accuracy."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.analyses import common
from maskface.arrays import Floats, Row
from maskface.schema import Column, Table, interval_columns, numbered, share
from maskface.stats import wilson_interval
from maskface.stats.aggregate import ratio, sums_by, with_overall
from maskface.tables import PLAIN
from maskface.text import percent, points
from maskface.types import EMOTIONS

OTHERS: Final = "others"
"""Stands for the mean over all other emotions."""
_WHERE: Final = (
    Column("condition", "text", "As in trials"),
    Column("search", "text", "As in detections", allowed=("never", "scenes")),
    Column("face_px", "whole", "As in detections; 0: the picture as it is", "pixel", 0),
)
_AT: Final = ("condition", "search", "face_px")

DETECTION: Final = Table(
    "detection",
    (
        *common.HEAD[:2],
        Column(
            "measure", "text",
            "found: share of faces found; drift_visible, drift_hidden: mean distance of landmarks "
            "from where they are in the plain picture, by that between the eyes' outer corners",
            allowed=("found", "drift_visible", "drift_hidden"),
        ),
        *_WHERE,
        common.LABEL,
        *common.STANDING,
        Column("value", "real", "The measure", low=0),
        *interval_columns("value"),
    ),
    key=("dataset", "measure", *_AT, "label"),
)  # fmt: skip
"""How often faces are found, and how far their landmarks drift."""

DETECTION_BIAS: Final = Table(
    "detection_bias",
    (
        *common.HEAD[:2],
        *_WHERE,
        Column("label", "text", "An emotion", allowed=EMOTIONS),
        Column(
            "reference", "text", "Another one; others: the mean over all others",
            allowed=(*EMOTIONS, OTHERS),
        ),
        *common.STANDING,
        share("value", "Share of faces with the emotion that are found"),
        share("reference_value", "The same of the reference"),
        Column("difference", "real", "value - reference_value; above 0: found more often"),
        *interval_columns("difference"),
    ),
    key=("dataset", *_AT, "label", "reference"),
)  # fmt: skip
"""Differences of how often faces with one emotion and with others are found."""

DROPPING: Final = Table(
    "dropping",
    (
        *common.HEAD,
        *_WHERE,
        common.LABEL,
        *common.STANDING,
        Column("n_found", "whole", "Those of the pictures whose face is found", "picture", 0),
        share("value", "Share of right answers, of all pictures"),
        share("found_value", "The same of those whose face is found"),
        Column("difference", "real", "found_value - value: what dropping the others pretends"),
        *interval_columns("difference"),
    ),
    key=("dataset", "classifier", *_AT, "label"),
)
"""Accuracy with and without the pictures whose face is not found."""

Pair = tuple[str, str]
EVERY_EMOTION: Final[tuple[Pair, ...]] = tuple((emotion, OTHERS) for emotion in EMOTIONS)
_N: Final = len(EMOTIONS)


def detection_table(
    detections: pd.DataFrame, *, seed: int = 0, n_resamples: int = 2000
) -> pd.DataFrame:
    """Measure how often faces are found and how far landmarks drift, by emotion.

    Parameters
    ----------
    detections
        In the schema of `maskface.tables.DETECTIONS`.
    seed, n_resamples
        Of the bootstrap over subjects.

    Returns
    -------
    pandas.DataFrame
        In the schema of `DETECTION`, for each condition, search and size. Where all faces are
        found, or none, resamples cannot differ; the interval is then Wilson's for as many
        independent answers as there are subjects.
    """
    rows: list[Row] = []
    for fixed, part, by in _cells(detections):
        for measure in ("found", "drift_visible", "drift_hidden"):
            known = part[part[measure].notna()]
            if len(known):
                sums = _unit_sums(known, by, known[measure], np.ones(len(known)))
                found = _drawn_rows(sums, seed, n_resamples, wilson=measure == "found")
                rows += [fixed | {"measure": measure} | row for row in found]
    return DETECTION.check(DETECTION.frame(rows))


def detection_bias_table(
    detections: pd.DataFrame,
    pairs: Sequence[Pair] = EVERY_EMOTION,
    *,
    seed: int = 0,
    n_resamples: int = 2000,
) -> pd.DataFrame:
    """Measure how much more often faces with one emotion are found than with another.

    Parameters
    ----------
    detections, seed, n_resamples
        As in `detection_table`.
    pairs
        Emotions, each with its reference: another emotion, or ``others``.

    Returns
    -------
    pandas.DataFrame
        In the schema of `DETECTION_BIAS`. There is no interval where no resample differs, as
        where every face is found.
    """
    rows: list[Row] = []
    for fixed, part, by in _cells(detections):
        sums = _unit_sums(part, by, part["found"], np.ones(len(part)))
        shown = {e for e, n in zip(EMOTIONS, sums[:, _N:].sum(axis=0), strict=True) if n}
        there = [p for p in pairs if p[0] in shown and (p[1] in shown or p[1] == OTHERS)]
        if len(shown) > 1:
            rows += [fixed | row for row in _bias_rows(sums, there, seed, n_resamples)]
    return DETECTION_BIAS.check(DETECTION_BIAS.frame(rows))


def dropping_table(
    trials: pd.DataFrame, detections: pd.DataFrame, *, seed: int = 0, n_resamples: int = 2000
) -> pd.DataFrame:
    """Measure how dropping the pictures whose face is not found changes accuracy.

    Parameters
    ----------
    trials
        Of the same run, in the schema of `maskface.tables.TRIALS`: faces were placed by the plain
        picture, so that all were read.
    detections, seed, n_resamples
        As in `detection_table`.

    Returns
    -------
    pandas.DataFrame
        In the schema of `DROPPING`. Answers are those to pictures as they are; at a smaller size
        only the choice of pictures is that of a study of such pictures.
    """
    rows: list[Row] = []
    read = trials[trials["status"] == "ok"][["classifier", "image_id", "condition", "correct"]]
    for fixed, part, by in _cells(detections):
        joined = part.merge(read, on=["image_id", "condition"])
        for classifier, own in joined.groupby("classifier", sort=True):
            head = fixed | {"classifier": str(classifier)}
            rows += [head | row for row in _drop_rows(own, by, seed, n_resamples)]
    return DROPPING.check(DROPPING.frame(rows))


def _cells(detections: pd.DataFrame) -> Iterator[tuple[Row, pd.DataFrame, str]]:
    """Yield parts of one condition, search and size: cells that name them, rows, and units."""
    looked = detections[detections["status"] == "ok"]
    for head, run in common.groups(looked.assign(classifier="")):
        by = common.unit_column(run)
        for names, part in run.groupby(["condition", "search", "face_px"], sort=True):
            cells = dict(zip(("condition", "search", "face_px"), names, strict=True))
            own = {"run_id": head["run_id"], "dataset": head["dataset"]}
            yield (
                own | cells | {"clustered_by": common.unit_name(by)},
                part.drop(columns="classifier"),
                by,
            )


def _unit_sums(part: pd.DataFrame, by: str, *values: Any) -> Floats:
    """Sum k values by unit, each by emotion: (C, 7 k)."""
    unit, names = pd.factorize(part[by], sort=True)
    cell = unit * _N + numbered(part["label"], EMOTIONS)
    each = np.column_stack([np.asarray(value, np.float64) for value in values])
    sums = sums_by(cell, each, len(names) * _N).reshape(len(names), _N, -1)
    return np.moveaxis(sums, 2, 1).reshape(len(names), -1)


def _ratios(above: Floats, below: Floats) -> Floats:
    """Divide over all emotions and for each: (B, 7) and (B, 7) to (B, 8)."""
    return ratio(with_overall(above), with_overall(below))


def _standing(weights: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count pictures and units, over all emotions and for each, (8,)."""
    shown = with_overall(weights)
    return shown.sum(axis=0).astype(np.int64), (shown > 0).sum(axis=0)


def _drawn_rows(sums: Floats, seed: int, n_resamples: int, *, wilson: bool) -> Iterator[Row]:
    n, n_clusters = _standing(sums[:, _N:])
    found = common.estimates(
        sums, lambda s: _ratios(s[:, :_N], s[:, _N:]), seed=seed, n_clusters=n_clusters,
        n_resamples=n_resamples,
    )  # fmt: skip
    for i in np.flatnonzero(n):
        value, low, high = found[:, i].tolist()
        limits = common.limit_cells(low, high, n_clusters[i])
        if wilson and value in (0, 1):
            units = np.array([n_clusters[i]], np.float64)
            low_w, high_w = wilson_interval(value * units, units)
            limits = common.limit_cells(float(low_w[0]), float(high_w[0]), 0, "Wilson")
        yield {
            "label": common.LABELS[i], "n": int(n[i]), "n_clusters": int(n_clusters[i]),
            "value": value,
        } | limits  # fmt: skip


def _bias_rows(sums: Floats, pairs: Sequence[Pair], seed: int, n_resamples: int) -> Iterator[Row]:
    shown = sums[:, _N:].sum(axis=0) > 0
    mixes = [_mix(pair, shown) for pair in pairs]

    def statistic(totals: Floats) -> Floats:
        rates = _ratios(totals[:, :_N], totals[:, _N:])[:, 1:]
        # An emotion nobody in the resample shows is left out only where no pair names it.
        rates = np.where(shown, rates, 0)
        first, second = (np.stack([mix[k] for mix in mixes], axis=1) for k in (0, 1))
        return np.hstack([rates @ (first - second), rates @ first, rates @ second])

    k = len(pairs)
    units = [int((sums[:, _N:][:, (a + b) > 0].sum(axis=1) > 0).sum()) for a, b in mixes]
    tiled = np.tile(units, 3)
    found = common.estimates(sums, statistic, seed=seed, n_clusters=tiled, n_resamples=n_resamples)
    for i, ((label, reference), (a, b)) in enumerate(zip(pairs, mixes, strict=True)):
        yield {
            "label": label, "reference": reference, "n_clusters": units[i],
            "n": int(sums[:, _N:][:, (a + b) > 0].sum()), "value": found[0, k + i],
            "reference_value": found[0, 2 * k + i],
        } | _difference(found[:, i], units[i])  # fmt: skip


def _difference(found: Floats, n_clusters: int) -> Row:
    """Return the cells of a difference and its limits (3,)."""
    value, low, high = found.tolist()
    return {"difference": value} | common.limit_cells(low, high, n_clusters)


def _mix(pair: Pair, shown: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return weights (7,) of the emotions in both sides of a pair."""
    first = np.array([emotion == pair[0] for emotion in EMOTIONS], float)
    if pair[1] == OTHERS:
        rest = shown & (first == 0)
        return first, rest / rest.sum()
    return first, np.array([emotion == pair[1] for emotion in EMOTIONS], float)


def _drop_rows(part: pd.DataFrame, by: str, seed: int, n_resamples: int) -> Iterator[Row]:
    right, kept = (part[name].to_numpy(np.float64) for name in ("correct", "found"))
    sums = _unit_sums(part, by, right, np.ones(len(part)), right * kept, kept)
    n, n_clusters = _standing(sums[:, _N : 2 * _N])
    n_found = with_overall(sums[:, 3 * _N :]).sum(axis=0)

    def statistic(totals: Floats) -> Floats:
        a, b, c, d = np.split(totals, 4, axis=1)
        every, kept = _ratios(a, b), _ratios(c, d)
        return np.hstack([kept - every, every, kept])

    units = np.tile(n_clusters, 3)
    found = common.estimates(sums, statistic, seed=seed, n_clusters=units, n_resamples=n_resamples)
    for i in np.flatnonzero(n):
        yield {
            "label": common.LABELS[i], "n": int(n[i]), "n_clusters": int(n_clusters[i]),
            "n_found": int(n_found[i]), "value": found[0, 8 + i], "found_value": found[0, 16 + i],
        } | _difference(found[:, i], n_clusters[i])  # fmt: skip


TextRow = Mapping[Hashable, Any]


def detection_text(bias: pd.DataFrame, dropping: pd.DataFrame) -> str:
    """Describe where emotions are found unequally often, and what dropping lost faces does.

    Parameters
    ----------
    bias
        From `maskface.analyses.detection_bias_table`; pairs of two emotions are said.
    dropping
        From `maskface.analyses.dropping_table`; where faces are lost.
    """
    occluded = bias[(bias["condition"] != PLAIN) & (bias["reference"] != "others")]
    same = occluded["ci_low"].isna()
    lost = dropping[(dropping["condition"] != PLAIN) & (dropping["label"] == "all")]
    lost = lost[lost["n_found"] < lost["n"]]
    lines = [_bias_line(row) for row in occluded[~same].to_dict("records")]
    if same.any():
        lines.append(
            f"In {same.sum()} of {len(same)} ways to look for occluded faces of these emotions "
            "there is no difference to estimate: all were found, or none."
        )
    lines += [_drop_line(row) for row in lost.to_dict("records")]
    return "\n".join(lines)


def _where(row: TextRow) -> str:
    size = f"faces of {row['face_px']} px" if row["face_px"] else "pictures as they are"
    search = "MediaPipe alone" if row["search"] == "never" else "with fallbacks"
    return f"{row['condition']}, {size}, {search}"


def _bias_line(row: TextRow) -> str:
    return (
        f"{_where(row)}: found {row['label']} {percent(row['value'])} %, {row['reference']} "
        f"{percent(row['reference_value'])} %, difference {points(row['difference'])} "
        f"{common.limits_text(row)}"
    )


def _drop_line(row: TextRow) -> str:
    return (
        f"{_where(row)}: dropping the {row['n'] - row['n_found']} lost of {row['n']} faces moves "
        f"the accuracy of {row['classifier']} from {percent(row['value'])} to "
        f"{percent(row['found_value'])} %: {points(row['difference'])} {common.limits_text(row)}"
    )
