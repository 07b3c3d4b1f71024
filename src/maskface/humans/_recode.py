"""Yes/no answers as choices, so that the same measures apply to both designs."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from maskface.types import EMOTIONS

_OTHER: Final = {e: next(other for other in EMOTIONS[::-1] if other != e) for e in EMOTIONS}
"""Stands for "not this emotion" where a face shows just that emotion."""


def of_question(responses: pd.DataFrame, emotion: str) -> pd.DataFrame:
    """Answers to "is it <emotion>?", as choices: yes is that emotion, no is not.

    Parameters
    ----------
    responses
        Yes/no responses.
    emotion
        The emotion asked for.

    Returns
    -------
    pandas.DataFrame
        The trials with that question, with ``predicted`` filled: of the confusion matrix only
        "this emotion" against "not this emotion" has a meaning, so hit rate, d' and criterion
        hold for that emotion alone.
    """
    asked = responses[responses["question"] == emotion]
    denied = asked["label"].where(asked["label"] != emotion, _OTHER[emotion])
    return asked.assign(predicted=np.where(asked["answer_yes"] == 1, emotion, denied))


def of_right(responses: pd.DataFrame) -> pd.DataFrame:
    """Right and wrong answers as choices: right is the shown emotion, wrong another one."""
    wrong = responses["label"].map(_OTHER)
    return responses.assign(predicted=responses["label"].where(responses["correct"] == 1, wrong))


def congruent(responses: pd.DataFrame) -> pd.DataFrame:
    """Yes/no trials that asked for the shown emotion: a yes is a hit. Choices as they are."""
    if not is_yes_no(responses):
        return responses
    return of_right(responses[responses["question"] == responses["label"]])


def is_yes_no(responses: pd.DataFrame) -> bool:
    """Whether the study asked yes/no questions."""
    return bool((responses["question"] != "").any())
