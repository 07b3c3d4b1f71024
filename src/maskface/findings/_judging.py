"""What all judges of claims share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from maskface.findings._claims import Claim, Verdict
from maskface.findings._result import SUMMARY_ALONE, Result
from maskface.findings._run import Interval, RunTables

NO_TRIALS: Final = "the folder has no trials"
Found = tuple[Interval | None, Verdict, str]
"""A number with its interval, the verdict, and what it was made from."""
NOT_TOLD: Final[Found] = (None, "cannot tell", SUMMARY_ALONE)

Judge = Callable[[RunTables, Claim, str, int], Iterator[Result]]
"""Judges one reader on one claim; the number is the seed of the bootstrap."""


def result_of(
    run: RunTables,
    claim: Claim,
    who: tuple[str, tuple[str, ...]],
    found: Found,
    *,
    note: str = "",
    labels: tuple[str, ...] = (),
) -> Result:
    """Put a result together; a guard against it takes the verdict away."""
    (reader, conditions), (interval, verdict, basis) = who, found
    doubt = run.doubt(reader, conditions, labels)
    if doubt and verdict in ("agrees", "differs"):
        verdict, note = "cannot tell", f"guard: {doubt}; see guards.csv"
    value, low, high = interval or (np.nan, np.nan, np.nan)
    named = " and ".join(conditions)
    return Result(claim, reader, named, value, low, high, verdict, basis, note)
