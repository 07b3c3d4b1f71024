"""From text to scored responses: what each value means, and whether the answer is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from maskface.datasets._labels import emotion_of
from maskface.errors import MaskfaceError
from maskface.humans._harmless import harmless, harmless_text
from maskface.humans._map import NO_ANSWER, SKIP, ColumnMap
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

_PLAIN_TOO: Final = ("none", "unmasked", "no mask", "no_mask", "nomask", "uncovered", "unoccluded")
_YES: Final = ("yes", "y", "true", "1")
_NO: Final = ("no", "n", "false", "0")
_MISSING: Final = ("", "null", "none", "nan", "na", "n/a", "undefined")
_SHOWN: Final = 8


def score(rows: pd.DataFrame, column_map: ColumnMap) -> pd.DataFrame:
    """Give rows their meaning.

    Parameters
    ----------
    rows
        From `read_rows`: only rows that are trials.
    column_map
        Says what values mean.

    Returns
    -------
    pandas.DataFrame
        Index of `rows`; columns of `maskface.tables.RESPONSES` but those that are the same for
        the whole study, and ``skipped`` (bool): the map says to leave the trial out.

    Raises
    ------
    MaskfaceError
        If a value is not known, a trial has no observer, or no trial shows the face as it is.
    """
    nobody = int((rows["observer"] == "").sum())
    if nobody:
        raise MaskfaceError(
            f"{nobody} of {len(rows)} trials do not say who answered. Name another column for the "
            'observer in the map, or write observer = "@file" if there is a file for each.'
        )
    values = _Values(rows, column_map)
    label = values.read("emotion", _emotion)
    condition = values.read("condition", _condition)
    out = pd.DataFrame({"label": label, "condition": condition}, index=rows.index)
    out["observer_id"] = rows["observer"]
    out["image_id"], out["subject_id"] = harmless(rows["image"]), harmless(rows["identity"])
    out["rt_ms"] = _numbers(rows["rt"]) * (1000 if column_map.rt_unit == "s" else 1)
    out["confidence"] = _numbers(rows["confidence"])
    scored = _score_yes_no if column_map.design == "yes_no" else _score_choice
    out = scored(out, values)
    coded = ["label", "condition", "question" if column_map.design == "yes_no" else "predicted"]
    out["skipped"] = (out[coded] == SKIP).any(axis=1) | (values.answers == SKIP)
    _check_plain(out)
    return out


class _Values:
    """The values of a field, by the map's own table or else by what is usual."""

    def __init__(self, rows: pd.DataFrame, column_map: ColumnMap) -> None:
        self.rows = rows
        self.tables = {
            str(field): {_key(old): new for old, new in table.items()}
            for field, table in dict(column_map.values).items()
        }
        self.answers = pd.Series("", index=rows.index)

    def read(self, field: str, usual: Callable[[str], str | None]) -> pd.Series:
        column = self.rows[field]
        table = self.tables.get(field, {})
        meaning = {text: self._meaning(text, table, usual) for text in column.unique()}
        unknown = sorted(text for text, value in meaning.items() if value is None)
        if unknown:
            raise MaskfaceError(_unknown(field, unknown))
        return column.map(meaning)

    def _meaning(
        self, text: str, table: dict[str, str], usual: Callable[[str], str | None]
    ) -> str | None:
        mapped = table.get(_key(text), text)
        return mapped if mapped == SKIP else usual(mapped)


def _key(text: str) -> str:
    """Case, blanks and a trailing .0 do not matter."""
    return text.strip().lower().removesuffix(".0")


def _emotion(text: str) -> str | None:
    return emotion_of(text)


def _condition(text: str) -> str | None:
    if _key(text) in _PLAIN_TOO:
        return PLAIN
    return harmless_text(text.strip()) or None


def _choice(text: str) -> str | None:
    return NO_ANSWER if _key(text) in (NO_ANSWER, *_MISSING) else emotion_of(text)


def _yes_or_no(text: str) -> str | None:
    for meaning, words in ((NO_ANSWER, (NO_ANSWER, *_MISSING)), ("yes", _YES), ("no", _NO)):
        if _key(text) in words:
            return meaning
    return None


def _unknown(field: str, unknown: list[str]) -> str:
    shown = ", ".join(map(repr, unknown[:_SHOWN])) + (", ..." if unknown[_SHOWN:] else "")
    means = {
        "emotion": f"one of {', '.join(EMOTIONS)}, or skip to leave such trials out",
        "question": f"one of {', '.join(EMOTIONS)}, or skip to leave such trials out",
        "condition": "none for the face as it is, or a name",
        "response": f"one of {', '.join(EMOTIONS)} (yes or no in yes/no designs), no_answer "
        "or skip",
    }
    example = unknown[0].replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"It is not known what these values of {field} mean: {shown}. Say so in the map "
        f'({means[field]}) and add --map map.toml:\n\n[values.{field}]\n"{example}" = "..."'
    )


def _score_choice(out: pd.DataFrame, values: _Values) -> pd.DataFrame:
    answers = values.answers = values.read("response", _choice)
    given = answers != NO_ANSWER
    right = (answers == out["label"]).astype(float).where(given)
    return out.assign(
        predicted=answers.where(given, ""), question="", answer_yes=np.nan, correct=right,
        status=np.where(given, "ok", "no_answer"), message="",
    )  # fmt: skip


def _score_yes_no(out: pd.DataFrame, values: _Values) -> pd.DataFrame:
    question = values.read("question", _emotion)
    answers = values.answers = values.read("response", _yes_or_no)
    given = answers != NO_ANSWER
    yes = answers == "yes"
    right = (yes == (question == out["label"])).astype(float).where(given)
    return out.assign(
        predicted="", question=question, answer_yes=yes.astype(float).where(given), correct=right,
        status=np.where(given, "ok", "no_answer"), message="",
    )  # fmt: skip


def _numbers(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts, errors="coerce").replace([np.inf, -np.inf], np.nan)


def _check_plain(out: pd.DataFrame) -> None:
    found = sorted(set(out["condition"]) - {SKIP})
    if PLAIN not in found:
        raise MaskfaceError(
            "No trial shows the face as it is, so there is nothing to compare with. The "
            f"conditions are: {', '.join(found)}. Say which one is none, and add --map map.toml:"
            f'\n\n[values.condition]\n"{found[0] if found else "..."}" = "none"'
        )
