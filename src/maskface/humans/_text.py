"""Results of human observers as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import Any, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.humans._guards import human_guards
from maskface.humans._odds import odds_ratios
from maskface.humans._recode import is_yes_no
from maskface.humans._study import Study
from maskface.humans._summary import FALSE_ALARMS
from maskface.tables import PLAIN
from maskface.text import align, guards_text, percent, points
from maskface.types import EMOTIONS

FEW_OBSERVERS: Final = 10
_RATES: Final = ("condition", "emotion", "observers", "plain", "covered", "loss", "95 % CI")
_ALARMS: Final = ("false", "covered")
_DPRIME: Final = ("d'", "covered", "fall", "95 % CI")

Found = dict[tuple[str, str, str], dict[Hashable, Any]]


def study_text(study: Study, summary: pd.DataFrame) -> str:
    """Say how the files were read, what was excluded, and what a cover costs.

    Parameters
    ----------
    study
        From `read_study`.
    summary
        From `summarize_humans`.

    Returns
    -------
    str
        Several lines.
    """
    rows = [(e["rule"], str(e["n_trials"]), str(e["n_observers"])) for e in _steps(study)]
    parts = [
        _read(study),
        align([("left out", "trials", "observers"), *rows]) if rows else "Nothing was left out.",
        _table(summary),
        _footnote(study, summary),
        _odds(study),
        guards_text(human_guards(study)),
    ]
    return "\n\n".join(part for part in parts if part)


def _steps(study: Study) -> list[dict[Hashable, Any]]:
    return [row for row in study.exclusions.to_dict("records") if row["n_trials"]]


def _read(study: Study) -> str:
    trials = study.counted
    ready = study.column_map.platform
    how = "no ready-made map" if ready == "plain" else f"the ready-made map for {ready}"
    n_files = len(study.sources)
    return (
        f"{n_files} file{'s' if n_files > 1 else ''} read with {how}: {len(trials)} trials of "
        f"{trials['observer_id'].nunique()} observers count."
    )


def _table(summary: pd.DataFrame) -> str:
    keys = zip(summary["condition"], summary["label"], summary["metric"], strict=True)
    found: Found = dict(zip(keys, summary.to_dict("records"), strict=True))
    yes_no = FALSE_ALARMS in set(summary["metric"])
    lines = list(_lines(found, sorted(set(summary["condition"]) - {PLAIN}), yes_no=yes_no))
    if not lines:
        return "Only plain faces were shown: nothing is lost."
    # Crossed, the number is that of the fewer: observers, or people shown.
    crossed = " x " in summary["clustered_by"].iloc[0]
    names = tuple("clusters" if crossed and name == "observers" else name for name in _RATES)
    return align([(*names, *(_ALARMS if yes_no else ()), *_DPRIME), *lines])


def _lines(found: Found, conditions: list[str], *, yes_no: bool) -> Iterator[tuple[str, ...]]:
    for condition in conditions:
        for label in ("all", *EMOTIONS):
            rates = [found[key] for key in _keys(condition, label) if key in found]
            alarms = _alarm_cells(found.get((condition, label, FALSE_ALARMS))) if yes_no else ()
            dprime = _dprime_cells(found.get((condition, label, "dprime")))
            if rates:
                yield (condition, label, *_rate_cells(rates[0]), *alarms, *dprime)


def _keys(condition: str, label: str) -> list[tuple[str, str, str]]:
    # In yes/no designs accuracy counts right noes, too: shown is the hit rate.
    return [(condition, label, metric) for metric in ("recall", "hit_rate", "accuracy")]


def _rate_cells(row: dict[Hashable, Any]) -> tuple[str, ...]:
    interval = f"[{points(row['ci_low'])}, {points(row['ci_high'])}]"
    shares = (percent(row["baseline"]), percent(row["value"]), points(row["loss"]))
    return (str(row["n_clusters"]), *shares, interval)


def _alarm_cells(row: dict[Hashable, Any] | None) -> tuple[str, ...]:
    return ("-", "-") if row is None else (percent(row["baseline"]), percent(row["value"]))


def _dprime_cells(row: dict[Hashable, Any] | None) -> tuple[str, ...]:
    if row is None:
        return ("-", "-", "-", "")
    limits = f"[{_signed(row['ci_low'])}, {_signed(row['ci_high'])}]"
    return f"{row['baseline']:.2f}", f"{row['value']:.2f}", _signed(row["loss"]), limits


def _signed(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:+.2f}"


def _footnote(study: Study, summary: pd.DataFrame) -> str:
    crossed = " x " in summary["clustered_by"].iloc[0]
    hits = "% yes to the question about the shown emotion (false: about another one)"
    what = hits if is_yes_no(study.responses) else "% right"
    means = "all answers together" if crossed else "means over observers"
    units = "observers and people shown (clusters: whichever are fewer)" if crossed else "observers"
    n = study.counted["observer_id"].nunique()
    few = f"\nOnly {n} observers: they say little about others." if n < FEW_OBSERVERS else ""
    return (
        f"plain, covered: {what}, {means};\n"
        "loss: percentage points; d': sensitivity, log-linear correction; "
        f"intervals: bootstrap over {units}.{few}"
    )


def _odds(study: Study) -> str:
    try:
        fit = odds_ratios(study.responses)
    except MaskfaceError as error:
        return f"No odds ratio: {error}"
    lines = [
        f"  {one.condition}: {one.odds_ratio:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for one in fit.odds_ratios
    ]
    head = f"Odds of a right answer by those to plain faces (GEE, {fit.n} answers):"
    return "\n".join([head, *lines])
