"""The rows of a summary that answer the question."""

from __future__ import annotations

import pandas as pd

from maskface.tables import PLAIN
from maskface.types import EMOTIONS


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
        summary["metric"].isin(["accuracy", "recall"]) & (summary["condition"] != PLAIN)
    ]
    order = {name: i for i, name in enumerate(("all", *EMOTIONS))}
    chosen = chosen.assign(order=chosen["label"].map(order))
    chosen = chosen.sort_values(["classifier", "condition", "order"])
    names = {"label": "emotion", "baseline": "clean", "value": "occluded"}
    columns = ["classifier", "condition", "emotion", "n", "clean", "occluded", "loss"]
    return chosen.rename(columns=names)[[*columns, "ci_low", "ci_high", "p_adjusted"]].reset_index(
        drop=True
    )
