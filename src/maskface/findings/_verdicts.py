"""From intervals to verdicts: the rules of docs/findings.md."""

from __future__ import annotations

from collections.abc import Sequence

from maskface.findings._claims import Verdict
from maskface.findings._run import Interval


def within(interval: Interval, least: float, most: float) -> Verdict:
    """Agrees if the whole interval lies within the bounds, differs if it lies outside of them."""
    _, low, high = interval
    if least <= low and high <= most:
        return "agrees"
    return "differs" if high < least or low > most else "cannot tell"


def above(interval: Interval, bound: float = 0.0) -> Verdict:
    """Agrees if the whole interval lies above the bound, differs if it lies below."""
    _, low, high = interval
    if low > bound:
        return "agrees"
    return "differs" if high < bound else "cannot tell"


def all_above(intervals: Sequence[Interval], simultaneous: Sequence[Interval]) -> Verdict:
    """Agrees if every interval lies above 0, differs if a simultaneous one lies below.

    Notes
    -----
    That all differences are above 0 is shown by showing each at the level (Berger 1982,
    doi:10.2307/1267823); that some difference is below 0, only with a correction for looking at
    several.
    """
    if intervals and all(low > 0 for _, low, _ in intervals):
        return "agrees"
    return "differs" if any(high < 0 for _, _, high in simultaneous) else "cannot tell"


def all_within(
    intervals: Sequence[Interval], simultaneous: Sequence[Interval], bound: float
) -> Verdict:
    """Agrees if every interval lies within +-bound, differs if a simultaneous one lies outside."""
    if intervals and all(within(one, -bound, bound) == "agrees" for one in intervals):
        return "agrees"
    out = any(within(one, -bound, bound) == "differs" for one in simultaneous)
    return "differs" if out else "cannot tell"


def apart(first: Interval, second: Interval) -> Verdict:
    """Agrees if all of the first interval lies above all of the second, differs if below.

    For summaries without trials: intervals that do not overlap differ, but those that do may too.
    """
    if first[1] > second[2]:
        return "agrees"
    return "differs" if first[2] < second[1] else "cannot tell"
