"""From trials to the summary table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from maskface.errors import MaskfaceError
from maskface.stats._bootstrap import N_RESAMPLES, cluster_bootstrap
from maskface.stats._paired import N_EMOTIONS, PairedTrials, pair_trials, scores
from maskface.tables import SUMMARY
from maskface.types import EMOTIONS

_N_SCORES = 2 + N_EMOTIONS
Row = dict[str, Any]


def summarize(
    trials: pd.DataFrame, *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> pd.DataFrame:
    """Measure accuracy under each condition, and what is lost against the plain face.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    seed
        Seed of the bootstrap.
    n_resamples
        Resamples of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.SUMMARY`: for each data set, classifier and condition
        the accuracy, balanced accuracy, recall by emotion and counts of answers by emotion. Losses
        are over pictures that have an answer both plain and under the condition. Intervals are
        95 % percentile bootstrap intervals over subjects, or over pictures where a subject id is
        missing. Accuracy and recall are tested by exact McNemar, with Holm's correction over all
        tests of the same metric in the table (Holm 1979).

    Raises
    ------
    MaskfaceError
        If no picture has an answer under ``none``.
    """
    plain = trials[(trials["condition"] == "none") & (trials["status"] == "ok")]
    if plain.empty:
        raise MaskfaceError(
            "No picture has an answer without an occluder, so there is nothing to compare with. "
            "Read the column `message` of the trials to see why."
        )
    rows: list[Row] = []
    for (run_id, dataset, classifier), group in trials.groupby(
        ["run_id", "dataset", "classifier"], sort=True
    ):
        head: Row = {"run_id": run_id, "dataset": dataset, "classifier": classifier}
        for condition in sorted(group["condition"].unique()):
            part = group[group["condition"] == condition]
            rows += [
                head | {"condition": condition} | row
                for row in _condition_rows(group, part, str(condition), seed, n_resamples)
            ]
    return SUMMARY.check(_with_holm(SUMMARY.frame(rows)))


def _condition_rows(
    group: pd.DataFrame, part: pd.DataFrame, condition: str, seed: int, n_resamples: int
) -> list[Row]:
    by_subject = bool((group["subject_id"] != "").all())
    pairs = pair_trials(group, condition, by_subject=by_subject)
    planned = part["label"].value_counts()
    labels = [i for i, emotion in enumerate(EMOTIONS) if planned.get(emotion, 0)]
    units = {"n_clusters": pairs.n_clusters, "clustered_by": "subject" if by_subject else "image"}
    rows = _score_rows(pairs, labels, seed, n_resamples, occluded=condition != "none")
    rows += _answer_rows(pairs, labels)
    planned["all"] = len(part)
    return [row | units | {"n_missing": int(planned[row["label"]]) - row["n"]} for row in rows]


def _score_rows(
    pairs: PairedTrials, labels: list[int], seed: int, n_resamples: int, *, occluded: bool
) -> list[Row]:
    totals = pairs.cluster_totals()
    point = scores(totals.sum(axis=0, keepdims=True))[0]
    low = high = np.full(3 * _N_SCORES, np.nan)
    if pairs.n_clusters > 1:  # one cluster says nothing about how clusters differ
        low, high = cluster_bootstrap(totals, scores, seed=seed, n_resamples=n_resamples)
    emotions: list[int | None] = [None, None, *labels]
    places = [0, 1, *(2 + i for i in labels)]
    metrics = ["accuracy", "balanced_accuracy", *["recall"] * len(labels)]
    rows = []
    for metric, emotion, place in zip(metrics, emotions, places, strict=True):
        row = _score_row(point, low, high, place, occluded=occluded)
        row |= {"metric": metric, "label": "all" if emotion is None else EMOTIONS[emotion]}
        row["n"] = int(np.sum(pairs.label == emotion)) if emotion is not None else len(pairs.label)
        if occluded and metric != "balanced_accuracy" and row["n"]:
            row |= {"p_value": pairs.mcnemar_p(emotion), "test": "exact McNemar"}
        rows.append(row)
    return rows


def _score_row(
    point: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    place: int,
    *,
    occluded: bool,
) -> Row:
    value, loss = place + _N_SCORES, place + 2 * _N_SCORES
    row: Row = {"value": point[value], "value_ci_low": low[value], "value_ci_high": high[value]}
    if occluded:
        row |= {"baseline": point[place], "loss": point[loss]}
        row |= {"ci_low": low[loss], "ci_high": high[loss]}
    return row


def _answer_rows(pairs: PairedTrials, labels: list[int]) -> list[Row]:
    plain, occluded = pairs.confusion()
    return [
        {
            "metric": f"answered_{EMOTIONS[answer]}",
            "label": EMOTIONS[label],
            "n": int(occluded[label].sum()),
            "baseline": float(plain[label, answer]),
            "value": float(occluded[label, answer]),
        }
        for label in labels
        for answer in range(N_EMOTIONS)
    ]


def _with_holm(summary: pd.DataFrame) -> pd.DataFrame:
    for _, family in summary[summary["p_value"].notna()].groupby("metric"):
        adjusted = multipletests(family["p_value"].astype(float), method="holm")[1]
        summary.loc[family.index, "p_adjusted"] = adjusted
    return SUMMARY.tidy(summary)


def loss_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Pick the rows that answer the question: accuracy lost, overall and by emotion.

    Parameters
    ----------
    summary
        In the schema of `maskface.tables.SUMMARY`.

    Returns
    -------
    pandas.DataFrame
        One row per classifier, condition and emotion (``all`` first), with the columns
        classifier, condition, emotion, n, clean, occluded, loss, ci_low, ci_high, p_adjusted.
    """
    chosen = summary[
        summary["metric"].isin(["accuracy", "recall"]) & (summary["condition"] != "none")
    ]
    order = {name: i for i, name in enumerate(("all", *EMOTIONS))}
    chosen = chosen.assign(order=chosen["label"].map(order))
    chosen = chosen.sort_values(["classifier", "condition", "order"])
    names = {"label": "emotion", "baseline": "clean", "value": "occluded"}
    columns = ["classifier", "condition", "emotion", "n", "clean", "occluded", "loss"]
    return chosen.rename(columns=names)[[*columns, "ci_low", "ci_high", "p_adjusted"]].reset_index(
        drop=True
    )
