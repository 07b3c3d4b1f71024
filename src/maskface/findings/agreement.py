"""Agreement of classifiers with people: correlations of their losses and of their confusions.

Answers of classifiers, of observers and of published studies have one form, `Respondent`;
`agreement_tables` correlates what they lose of each emotion and how their answers change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.arrays import Floats, Row
from maskface.errors import MaskfaceError
from maskface.findings.answers import count_choices, count_observers
from maskface.findings.claims import kind_of, load_findings
from maskface.humans import HUMAN, check_study, is_yes_no
from maskface.schema import Column, Table, p_column
from maskface.stats import Resampled, interval, interval_name, resample
from maskface.tables import PLAIN, RESPONSES
from maskface.text import p_text
from maskface.types import EMOTIONS

PATTERNS: Final = ("loss", "plain", "masked", "change")
_UNITS: Final = ("subject", "image", "observer", "")
_NAMES: Final = (
    Column("run_id", "text", "As in trials, or of the study"),
    Column("dataset", "text", "As in trials, or the study"),
    Column("classifier", "text", "As in trials; `human` for observers"),
    Column("condition", "text", "As in trials: the occluder"),
    Column("humans", "text", "The human study that the run is compared with"),
    Column(
        "pattern", "text",
        "loss: right answers to each emotion, plain minus masked; plain, masked: share of each "
        "wrong answer to each emotion; change: masked minus plain",
        allowed=PATTERNS,
    ),
)  # fmt: skip
_STANDING: Final = (
    Column("n", "whole", "Pictures (or trials) with an answer plain and masked", low=0),
    Column("n_clusters", "whole", "Independent units; empty if unknown", low=0),
    Column("clustered_by", "text", "Kind of unit", allowed=_UNITS),
)
_INTERVAL: Final = (
    Column("ci_low", "real", "Lower end of the 95 % interval of value"),
    Column("ci_high", "real", "Upper end of it"),
    Column("interval", "text", "Kind of interval; empty if there is none"),
)

AGREEMENT: Final = Table(
    "agreement",
    (
        *_NAMES,
        Column("statistic", "text", "Kind of correlation", allowed=("pearson", "spearman")),
        *_STANDING,
        Column("n_observers", "whole", "Human observers", low=0),
        Column("n_emotions", "whole", "Emotions that both were shown and could answer", low=0),
        Column("n_cells", "whole", "Numbers that are correlated", low=0),
        Column("value", "real", "The correlation; empty if one side is constant", low=-1, high=1),
        *_INTERVAL,
        p_column("p_value", "Two-sided, exact: all ways to exchange the names of emotions"),
    ),
    key=("dataset", "classifier", "condition", "humans", "pattern", "statistic"),
)  # fmt: skip
"""Correlations of the errors of a classifier with those of people."""

CELLS: Final = Table(
    "agreement_cells",
    (
        *_NAMES,
        Column("label", "text", "The shown emotion", allowed=EMOTIONS),
        Column("answer", "text", "The answer; the label in losses", allowed=EMOTIONS),
        *_STANDING,
        Column("value", "real", "A share, or a difference of shares", low=-1, high=1),
        *_INTERVAL,
    ),
    key=("humans", "dataset", "classifier", "condition", "pattern", "label", "answer"),
)
"""Numbers that are correlated, of classifiers and of people."""

_FEWEST_ITEMS: Final = 4  # least number of emotions for which a published study gives figures


@dataclass(frozen=True, slots=True, eq=False)
class Respondent:
    """Answers of a classifier, or of human observers, plain and masked."""

    # As in the tables.
    run_id: str
    dataset: str
    classifier: str
    condition: str
    emotions: NDArray[np.bool_]  # (7,) bool: emotions that were shown, and could be answered
    # (C, 2, 2, 7, 7) by unit, plain and masked, answers and chances to give them, shown emotion and
    # answer. A published study is one unit, with chances of 1 (or 0: unknown).
    counts: Floats
    n: int  # pictures, or trials, with an answer
    units: str  # subject, image, observer, or empty if units are unknown
    observers: int = 0  # number of human observers; 0 for classifiers


def classifier_answers(
    trials: pd.DataFrame, condition: str, emotions: NDArray[np.bool_]
) -> Respondent:
    """Count the answers of one classifier to some emotions, as the most probable of these.

    People who could not answer `neutral` never did: so both choose among the same answers.
    """
    names = [emotion for emotion, there in zip(EMOTIONS, emotions, strict=True) if there]
    rows = trials[(trials["status"] == "ok") & trials["label"].isin(names)]
    rows = rows[rows["condition"].isin([PLAIN, condition])]
    rows = rows[rows.groupby("image_id")["image_id"].transform("size") == 2]
    p = rows[[f"p_{emotion}" for emotion in names]].to_numpy(np.float64)
    known = (rows["subject_id"] != "").all()
    unit = rows["subject_id" if known else "image_id"]
    answer = [names[i] for i in p.argmax(axis=1)] if len(p) else []
    side = _sides(rows["condition"] == PLAIN)
    counts = count_choices(unit, side, rows["label"], pd.Series(answer), n_sides=2)
    first = trials.iloc[0]
    shown = np.isin(EMOTIONS, rows["label"].unique())
    return Respondent(
        str(first["run_id"]), str(first["dataset"]), str(first["classifier"]), condition,
        emotions & shown, counts, len(rows) // 2, "subject" if known else "image",
    )  # fmt: skip


def human_answers(folder: Path, mask: str | None = None) -> Respondent:
    """Read the answers of the observers of a study that `maskface humans` wrote to a folder.

    `mask` is the condition to compare with ``none``, found by its name if None. Of choices, the
    share of each answer to each emotion counts; of yes/no questions, the share of yes to each
    question about each emotion: shares to one emotion do not sum to 1, and correlations do not need
    it. Raises MaskfaceError if there is no responses.csv, or more than one condition may be the
    mask.
    """
    path = folder / f"{RESPONSES.name}.csv"
    if not path.is_file():
        raise MaskfaceError(
            f"{folder} holds no {path.name}. Name the folder that `maskface humans` wrote to."
        )
    check_study(folder)
    rows = RESPONSES.read(path)
    rows = rows[rows["status"] == "ok"]
    condition = _which(sorted(rows["condition"].unique()), mask)
    rows = rows[rows["condition"].isin([PLAIN, condition])]
    both = rows.groupby("observer_id")["condition"].transform("nunique") == 2
    rows = rows[both]
    side = _sides(rows["condition"] == PLAIN)
    counts = count_observers(rows, side, n_sides=2)
    answers = set(rows["question" if is_yes_no(rows) else "predicted"])
    emotions = np.isin(EMOTIONS, sorted(answers & set(rows["label"])))
    first = rows.iloc[0]
    return Respondent(
        str(first["run_id"]), str(first["dataset"]), HUMAN, condition, emotions, counts, len(rows),
        "observer", rows["observer_id"].nunique(),
    )  # fmt: skip


def published_answers() -> list[Respondent]:
    """Return the published studies with hits of four emotions or more, plain and masked."""
    table = load_findings()
    table = table[table["measure"].isin(["accuracy", "hit_rate"]) & (table["emotion"] != "all")]
    found = []
    for study, rows in table.groupby("study", sort=True):
        wide = rows.pivot_table("value", "emotion", "condition").reindex(list(EMOTIONS))
        if {PLAIN, "mask"} <= set(wide.columns):
            hits = wide[[PLAIN, "mask"]].to_numpy(np.float64).T
            known = ~np.isnan(hits).any(axis=0)
            if known.sum() >= _FEWEST_ITEMS:
                found.append(_published(str(study), hits, known, int(rows["n"].iloc[0])))
    return found


def _published(study: str, hits: Floats, known: NDArray[np.bool_], observers: int) -> Respondent:
    counts = np.zeros((1, 2, 2, len(EMOTIONS), len(EMOTIONS)))
    at = np.flatnonzero(known)
    counts[0, :, 0, at, at] = hits[:, known].T
    counts[0, :, 1, at, at] = 1
    return Respondent("", study, HUMAN, "mask", known, counts, 0, "", observers)


def _which(there: list[str], mask: str | None) -> str:
    masks = [mask] if mask else [name for name in there if kind_of(name) == "mask"]
    if len(masks) == 1 and masks[0] in there and masks[0] != PLAIN:
        return masks[0]
    covers = [name for name in there if name != PLAIN]
    raise MaskfaceError(
        f"Which condition of the human study is the mask? It has {', '.join(covers)}. Name one "
        f"with --mask, for example --mask {covers[0] if covers else 'mask'}."
    )


def _sides(plain: pd.Series) -> NDArray[np.int64]:
    return np.where(plain, 0, 1).astype(np.int64)


_FEWEST: Final = 3  # least number of emotions to correlate


def agreement_tables(
    trials: pd.DataFrame,
    humans: Sequence[Respondent],
    conditions: Sequence[str],
    *,
    seed: int = 0,
    n_resamples: int = 2000,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correlate the losses and confusions of classifiers with those of people.

    Parameters
    ----------
    trials
        Of one run, in the schema of `maskface.tables.TRIALS`.
    humans
        From `human_answers` or `published_answers`.
    conditions
        Masks of the run, each to compare with the one that the people saw.
    seed, n_resamples
        Of the bootstrap over the people shown, and, independently, over the observers.

    Returns
    -------
    agreement, cells
        In the schemas of `AGREEMENT` and `CELLS`, over the emotions that both were shown and could
        answer. Intervals hold for other faces and other observers, not for other emotions, and are
        biased towards 0, because resampling adds noise to both sides. P values are exact over all
        k! permutations of the names of k emotions on one side; in confusions, rows and columns
        together (as in Mantel 1967, Cancer Research 27, 209-220).
    """
    rows: list[Row] = []
    cells: list[Row] = []
    for human in humans:
        for respondent in (
            classifier_answers(part, condition, human.emotions)
            for _, part in trials.groupby("classifier", sort=True)
            for condition in conditions
        ):
            own = replace(human, emotions=human.emotions & respondent.emotions)
            rows += _agreement_rows(respondent, own, human.dataset, seed, n_resamples)
            cells += _cell_rows(respondent, human.dataset, seed, n_resamples)
        cells += _cell_rows(human, human.dataset, seed, n_resamples)
    return AGREEMENT.check(AGREEMENT.frame(rows)), CELLS.check(CELLS.frame(cells))


def _classifiers(
    trials: pd.DataFrame, human: Respondent, conditions: Sequence[str]
) -> Iterator[Respondent]:
    for _, part in trials.groupby("classifier", sort=True):
        for condition in conditions:
            yield classifier_answers(part, condition, human.emotions)


def _agreement_rows(
    classifier: Respondent, human: Respondent, study: str, seed: int, n_resamples: int
) -> Iterator[Row]:
    at = np.flatnonzero(classifier.emotions & human.emotions)
    if len(at) < _FEWEST:
        return
    sides = [_patterns(_shares(r.counts.sum(axis=0)[None], at)) for r in (classifier, human)]
    drawn = [
        _patterns(_shares(_resampled(r, seed + i, n_resamples), at))
        for i, r in enumerate((classifier, human))
    ]
    fixed = _names(classifier, study) | {"n_observers": human.observers, "n_emotions": len(at)}
    for pattern in PATTERNS:
        pair = [side[pattern] for side in sides]
        if np.isnan(pair[0]).any() or np.isnan(pair[1]).any():
            continue  # published figures have no confusions
        ways = _patterns(_exchanged(_shares(human.counts.sum(axis=0)[None], at)))[pattern]
        resampled = [side[pattern] for side in drawn]
        for statistic, correlate in _STATISTICS.items():
            value = correlate(*pair)
            chance = correlate(np.broadcast_to(pair[0], ways.shape), ways)
            units = np.array(
                [min(len(classifier.counts), len(human.counts) if human.units else 10**6)]
            )
            found = Resampled(
                value, correlate(*resampled)[:, None], units, lambda: np.zeros((0, 1))
            )
            yield fixed | {
                "pattern": pattern, "statistic": statistic, "n_cells": pair[0].shape[1],
                "value": value[0], "p_value": _share_as_far(chance, value[0]),
            } | _limits(found)  # fmt: skip


def _limits(found: Resampled) -> Row:
    low, high = (float(side[0]) for side in interval(found))
    name = "" if np.isnan(low) else interval_name(int(found.n_clusters[0]))
    return {"ci_low": low, "ci_high": high, "interval": name}


def _share_as_far(chance: Floats, value: float) -> float:
    return float("nan") if np.isnan(value) else float((np.abs(chance) >= abs(value) - 1e-10).mean())


def _resampled(respondent: Respondent, seed: int, n: int) -> Floats:
    """Return counts (n, 2, 2, 7, 7) of resampled units, or n copies if units are unknown."""
    shape = respondent.counts.shape[1:]
    if not respondent.units:
        return np.asarray(np.broadcast_to(respondent.counts, (n, *shape)))
    flat = respondent.counts.reshape(len(respondent.counts), -1)
    levels = np.arange(len(flat))[:, None]
    drawn = np.concatenate(list(resample(flat, levels, seed=seed, n=n)))
    return np.asarray(drawn.reshape(n, *shape))


def _units(respondent: Respondent, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of units (k,) with each of the emotions."""
    there = respondent.counts[:, :, 1].sum(axis=(1, 3)) > 0
    return np.asarray(there.sum(axis=0)[at], np.int64)


def _shares(counts: Floats, at: NDArray[np.int64]) -> Floats:
    """Turn counts (B, 2, 2, 7, 7) into shares (B, 2, k, k) of k emotions."""
    own = counts[..., at[:, None], at]
    given, chances = own[:, :, 0], own[:, :, 1]
    empty = np.full(given.shape, np.nan)
    return np.asarray(np.divide(given, chances, out=empty, where=chances > 0))


def _patterns(shares: Floats) -> Mapping[str, Floats]:
    """Return the numbers to correlate, (B, cells) each, of shares (B, 2, k, k)."""
    plain, masked = shares[:, 0], shares[:, 1]
    off = ~np.eye(shares.shape[-1], dtype=bool)
    hits = np.diagonal(shares, axis1=2, axis2=3)
    return {
        "loss": hits[:, 0] - hits[:, 1],
        "plain": plain[:, off],
        "masked": masked[:, off],
        "change": masked[:, off] - plain[:, off],
    }


def _exchanged(shares: Floats) -> Floats:
    """Return shares (1, 2, k, k) under all k! permutations of the emotions."""
    ways = np.array(list(permutations(range(shares.shape[-1]))))
    return np.asarray(shares[0][:, ways[:, :, None], ways[:, None, :]].swapaxes(0, 1))


def pearson(first: Floats, second: Floats) -> Floats:
    """Return product-moment correlations (B,) of rows (B, cells); NaN if one side is constant."""
    a, b = (side - side.mean(axis=1, keepdims=True) for side in (first, second))
    above = (a * b).sum(axis=1)
    below = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    r = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 1e-15)
    return np.asarray(np.clip(r, -1, 1))


def spearman(first: Floats, second: Floats) -> Floats:
    """Return rank correlations (B,) of rows (B, cells), with mean ranks of ties (Spearman 1904)."""
    from scipy.stats import rankdata

    # Equal losses may differ in the last digit.
    ranks = [rankdata(side.round(12), axis=1, nan_policy="propagate") for side in (first, second)]
    return pearson(*ranks)


_STATISTICS: Final = {"pearson": pearson, "spearman": spearman}


def _names(respondent: Respondent, study: str) -> Row:
    return {
        "run_id": respondent.run_id, "dataset": respondent.dataset,
        "classifier": respondent.classifier, "condition": respondent.condition,
        "humans": study, "n": respondent.n or np.nan,
        "n_clusters": len(respondent.counts) if respondent.units else np.nan,
        "clustered_by": respondent.units,
    }  # fmt: skip


def _cell_rows(respondent: Respondent, study: str, seed: int, n_resamples: int) -> Iterator[Row]:
    at = np.flatnonzero(respondent.emotions)
    points = _patterns(_shares(respondent.counts.sum(axis=0)[None], at))
    drawn = _patterns(_shares(_resampled(respondent, seed, n_resamples), at))
    k = len(at)
    off = [(i, j) for i in range(k) for j in range(k) if i != j]
    places = {"loss": [(i, i) for i in range(k)]} | dict.fromkeys(PATTERNS[1:], off)
    for pattern in PATTERNS if respondent.units else ("loss",):
        units = _units(respondent, at)[[i for i, _ in places[pattern]]]
        found = Resampled(points[pattern][0], drawn[pattern], units, lambda: np.zeros((0, 1)))
        low, high = interval(found)
        for c, (i, j) in enumerate(places[pattern]):
            if np.isnan(found.point[c]):
                continue
            yield _names(respondent, study) | {
                "pattern": pattern, "label": EMOTIONS[at[i]], "answer": EMOTIONS[at[j]],
                "value": found.point[c], "ci_low": low[c], "ci_high": high[c],
                "interval": "" if np.isnan(low[c]) else interval_name(units[c]),
            }  # fmt: skip


def agreement_text(agreement: pd.DataFrame) -> str:
    """Describe the rank correlations of losses and of changes of confusions."""
    lines = ["Intervals: other faces and observers, the same emotions. p: the names of emotions."]
    shown = agreement[agreement["statistic"] == "spearman"]
    for row in shown[shown["pattern"].isin(["loss", "change"])].to_dict("records"):
        what = "losses" if row["pattern"] == "loss" else "changes of confusions"
        limits = "(no interval)"
        if not np.isnan(row["ci_low"]):
            limits = f"[{row['ci_low']:+.2f}, {row['ci_high']:+.2f}]"
        lines.append(
            f"{row['classifier']}, {row['condition']}, and {row['humans']}: {what}, rank "
            f"correlation {row['value']:+.2f} {limits} over {row['n_emotions']} emotions, exact p "
            f"{p_text(row['p_value'])}"
        )
    return "\n".join(lines)
