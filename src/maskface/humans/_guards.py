"""Reasons why the results of human observers may not mean what they seem to."""

from __future__ import annotations

from typing import Final

import pandas as pd

from maskface.humans._recode import congruent, is_yes_no
from maskface.humans._study import HUMAN, Study
from maskface.stats import find_guards
from maskface.tables import PLAIN

_NOT_FOR_HUMANS: Final = ("no_subjects",)
_ONLY_CHOICES: Final = ("ceiling", "floor", "chance", "dominant_answer")


def human_guards(study: Study) -> pd.DataFrame:
    """Look for reasons why the results may not mean what they seem to.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.GUARDS`. Those that need the names of the people shown
        are left out where the files have none; those about choices, in yes/no designs.
    """
    trials = congruent(study.responses)
    trials = trials[trials["status"] != "excluded"].assign(classifier=HUMAN)
    found = find_guards(trials)
    left_out = set(_NOT_FOR_HUMANS)
    if is_yes_no(study.responses):
        left_out |= set(_ONLY_CHOICES)
    if (trials["subject_id"] == "").any():
        left_out |= {"confounded"}
    # Which emotions a study shows is its design.
    design = (found["guard"] == "missing_emotion") & (found["condition"] == PLAIN)
    return found[~found["guard"].isin(left_out) & ~design].reset_index(drop=True)
