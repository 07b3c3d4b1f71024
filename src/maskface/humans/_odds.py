"""Odds of a right answer, with answers of one observer correlated."""

from __future__ import annotations

import pandas as pd

from maskface.humans._recode import congruent
from maskface.stats import Gee, gee_logistic

OBSERVER = "observer_id"


def odds_ratios(responses: pd.DataFrame) -> Gee:
    """Odds of a right answer under each condition by those to plain faces.

    Parameters
    ----------
    responses
        In the schema of `maskface.tables.RESPONSES`; of yes/no trials, those that asked for the
        shown emotion.

    Returns
    -------
    Gee
        Logistic regression with correlated answers of one observer.

    Raises
    ------
    MaskfaceError
        If there are fewer than two observers, or a condition has only right or wrong answers.
    """
    trials = congruent(responses[responses["status"] == "ok"])
    data = trials[[OBSERVER, "condition", "correct"]].astype({"correct": float})
    return gee_logistic(data, cluster=OBSERVER)
