"""What people lost under a mask in published studies, and how sure that is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from maskface.arrays import Floats
from maskface.findings._table import LOSSES, WITHIN, load_findings
from maskface.stats import wilson_interval
from maskface.tables import PLAIN

_HITS: Final = ("accuracy", "hit_rate")
_NAMES: Final = ["study", "emotion"]
BOOTSTRAP: Final = "bootstrap over observers"
BOUND: Final = "bound by the number of observers"
_COLUMNS: Final = [
    "study", "n", "population", "emotion", "measure", "loss", "ci_low", "ci_high", "interval",
    "no_interval", "how_known",
]  # fmt: skip


def published_losses(findings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Losses under a mask of the studies that report right answers plain and masked, or the loss.

    Parameters
    ----------
    findings
        From `load_findings`; loaded if None.

    Returns
    -------
    pandas.DataFrame
        A row for each study and emotion (or ``all``), with the columns study, n, population,
        emotion, measure (``accuracy``, ``hit_rate``, ``loss`` or ``loss of hits``), loss (a share:
        plain minus masked), its 95 % interval in ci_low and ci_high (NaN where there is none),
        interval (its kind, or empty), no_interval (why there is none, or empty) and how_known.

    Notes
    -----
    An interval is that of the observers' own losses where the table has it (``bootstrap over
    observers``), otherwise `widest_interval` (``bound by the number of observers``), which needs
    both shares, and observers of a known number who saw both plain and masked faces.
    """
    table = load_findings() if findings is None else findings
    masked = table[table["condition"] == "mask"]
    told = masked[masked["measure"].isin(LOSSES)]
    told = told.assign(loss=told["value"], interval=np.where(told["ci_low"].isna(), "", BOOTSTRAP))
    both = _of_both(table, masked)
    again = both.set_index(_NAMES).index.isin(told.set_index(_NAMES).index)
    found = pd.concat([both[~again], told], ignore_index=True)
    found["no_interval"] = [_why_none(row) for row in found.to_dict("records")]
    return found[_COLUMNS].sort_values(_NAMES, ignore_index=True)


def _of_both(table: pd.DataFrame, masked: pd.DataFrame) -> pd.DataFrame:
    """Losses of the studies with right answers both plain and masked."""
    names = [*_NAMES, "measure"]
    hits = table[table["measure"].isin(_HITS) & (table["condition"] == PLAIN)].set_index(names)
    hits = hits.join(masked.set_index(names)["value"].rename("masked"), how="inner").reset_index()
    known = (hits["design"] == WITHIN) & hits["n"].notna()
    plain, covered = (hits[name].to_numpy(np.float64) for name in ("value", "masked"))
    n = hits["n"].where(known).to_numpy(np.float64, na_value=np.nan)
    low, high = widest_interval(plain, covered, n)
    kind = np.where(known, BOUND, "")
    return hits.assign(loss=plain - covered, ci_low=low, ci_high=high, interval=kind)


def widest_interval(plain: Floats, masked: Floats, n: Floats) -> tuple[Floats, Floats]:
    """95 % limits of a loss of which only both shares and the number of observers are known.

    Parameters
    ----------
    plain, masked
        Mean shares of right answers, 0 to 1, any shape.
    n
        Observers who gave answers under both; NaN where unknown.

    Returns
    -------
    low, high
        NaN where `n` is unknown.

    Notes
    -----
    Limits of a difference of two shares of n independent answers each, from Wilson's limits of
    both shares (method 10 of Newcombe 1998, Statistics in Medicine 17, 873-890,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I): as if each observer had
    given one answer plain, and one masked that has nothing to do with it. Observers whose mean
    share is p differ most if each is always right or always wrong, with variance p (1 - p), which
    is that of one answer; and who is better with plain faces is, if anything, better with masked
    ones, too, which narrows the interval of a difference. So an interval of the observers' own
    losses is narrower. That shares plain and masked do not go against each other is an
    assumption; in Williams 2023, study 1, they correlate by .39 to .64.
    """
    n = np.nan_to_num(n)
    low_plain, high_plain = wilson_interval(plain * n, n)
    low_masked, high_masked = wilson_interval(masked * n, n)
    loss = plain - masked
    low = loss - np.hypot(plain - low_plain, high_masked - masked)
    high = loss + np.hypot(high_plain - plain, masked - low_masked)
    return np.asarray(low), np.asarray(high)


def _why_none(row: Mapping[Hashable, Any]) -> str:
    if row["interval"]:
        return ""
    if pd.isna(row["n"]):
        return "number of observers not given"
    if row["measure"] in LOSSES:
        return "share of right answers under the mask not given"
    return "not known whether the same observers saw both"
