"""Guards on which pictures were answered: whose, of which emotions, and how many were not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import random_table

from maskface.arrays import Row
from maskface.stats._guards_answers import percent
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

LEAST_OVERLAP: Final = 0.9
"""Least share of answers of each condition whose person (or picture) is in the other too."""
MANY_FAILURES: Final = 0.1
_FAILURE_ALPHA: Final = 0.01
_N_TABLES: Final = 9_999


def confounded(name: str, plain: pd.DataFrame, occluded: pd.DataFrame) -> Iterator[Row]:
    """Other people, or other pictures, under the condition than under ``none``."""
    if plain.empty or occluded.empty:
        return
    known = (plain["subject_id"] != "").all() and (occluded["subject_id"] != "").all()
    column, what = ("subject_id", "people") if known else ("image_id", "pictures")
    here, there = (side[column].drop_duplicates() for side in (occluded, plain))
    overlap = min(occluded[column].isin(there).mean(), plain[column].isin(here).mean())
    if overlap >= LEAST_OVERLAP:
        return
    yield {
        "guard": "confounded",
        "detail": f"{name} and none show different {what}: {len(here)} under {name}, {len(there)} "
        f"under none, {here.isin(there).sum()} under both. {percent(plain['correct'].mean())} % of "
        f"the answers are right under none and {percent(occluded['correct'].mean())} % under "
        f"{name}, but that may be a difference between the {what}.",
    }


def missing_emotion(name: str, plain: pd.DataFrame, part: pd.DataFrame) -> Iterator[Row]:
    """Emotions that have no answer."""
    expected = set(EMOTIONS) if name == PLAIN else set(plain["label"].unique())
    missing = [e for e in EMOTIONS if e in expected - set(part["label"].unique())]
    if missing:
        yield {
            "guard": "missing_emotion",
            "detail": f"No picture of {_listed(missing)} has an answer {_under(name)}: nothing "
            "can be said about that, and averages over emotions leave it out.",
        }


def failures(name: str, part: pd.DataFrame) -> Iterator[Row]:
    """Many pictures without an answer, or more of some emotions than of others."""
    failed = (part["status"] != "ok").to_numpy()
    n, bad = len(failed), int(failed.sum())
    if n and bad / n > MANY_FAILURES:
        yield {
            "guard": "many_failures",
            "detail": f"{bad} of {n} pictures ({percent(bad / n)} %) have no answer "
            f"{_under(name)}: the others may be the easy ones.",
        }
    table = pd.crosstab(part["label"], failed)
    if table.shape[1] < 2 or table.shape[0] < 2:
        return
    statistic, p = _chi_square(table.to_numpy())
    if p < _FAILURE_ALPHA:
        shares = ", ".join(
            f"{label} {row[True]} of {row.sum()}" for label, row in table.sort_index().iterrows()
        )
        yield {
            "guard": "failures_by_emotion",
            "detail": f"Whether a picture has an answer {_under(name)} depends on its emotion "
            f"(without one: {shares}; chi-square {statistic:.1f}, Monte Carlo p = {p:.4f}): "
            "emotions are compared on different kinds of pictures.",
        }


def _under(name: str) -> str:
    return "without a cover" if name == PLAIN else f"under {name}"


def _chi_square(table: NDArray[np.int64]) -> tuple[float, float]:
    """Chi-square, and its p over tables that have the same margins."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / table.sum()
    drawn = random_table(rows, columns).rvs(_N_TABLES, random_state=np.random.default_rng(0))
    found, others = (((t - expected) ** 2 / expected).sum(axis=(-2, -1)) for t in (table, drawn))
    as_far = int((others >= found - 1e-9).sum())
    return float(found), (as_far + 1) / (_N_TABLES + 1)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
