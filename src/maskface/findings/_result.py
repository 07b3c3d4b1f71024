"""What a run says to a claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maskface.findings._claims import Claim, Verdict

TRIALS: Final = "trials"
SUMMARY: Final = "summary"
SUMMARY_ALONE: Final = "summary alone"


@dataclass(frozen=True, slots=True)
class Result:
    """What a run says to a claim.

    Attributes
    ----------
    claim
        The claim.
    reader, condition
        Who read which covered faces; the condition names two where two are compared.
    value, low, high
        The run's number and its interval, as shares; NaN where there is none.
    verdict
        ``agrees``, ``differs``, ``cannot tell``, ``disputed`` or ``not measured``.
    basis
        ``trials``, ``summary`` where it holds the answer, or ``summary alone`` where trials would
        have been better.
    note
        What else to know.
    """

    claim: Claim
    reader: str
    condition: str
    value: float
    low: float
    high: float
    verdict: Verdict
    basis: str
    note: str = ""
