"""Comparison of a run with the published findings: verdicts, text and plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.special import ndtri

from maskface.findings.answers import RunTables
from maskface.findings.claims import (
    BOOTSTRAP,
    BOUND,
    CLAIMS,
    LEVEL,
    Claim,
    Result,
    load_findings,
    predicted_loss,
    published_losses,
)
from maskface.findings.rules import judge
from maskface.text import align, points


def compare_run(
    folder: str | Path, *, masks: tuple[str, ...] = (), seed: int = 0
) -> tuple[Result, ...]:
    """Judge a run of classifiers, or a study of human observers, on each claim of the literature.

    Verdicts are corrected for their number, over claims, classifiers and conditions (Bonferroni,
    with intervals as many times as wide as normal ones would be); the intervals are those of each
    number alone. Conditions in `masks` count as face masks whatever their names; `seed` is that of
    the bootstrap.
    Returns results in the order of `CLAIMS`; for each classifier, or human observers, and each
    condition that the claim is about, or one ``not measured``. Controls with shuffled labels are
    left out. Raises MaskfaceError if the folder has no summary, the run is incomplete, or it lacks
    a condition of `masks`.
    """
    run = RunTables(Path(folder), masks)
    results: list[Result] = []
    for claim in CLAIMS:
        found = [r for respondent in run.respondents for r in judge(run, claim, respondent, seed)]
        results += found or [_not_measured(run, claim)]
    return corrected(results)


def count_verdicts(results: Sequence[Result]) -> int:
    """Count the results that could get a verdict, which is corrected for as many."""
    return sum(r.verdict != "disputed" and not math.isnan(r.value) for r in results)


def _widening(n: int) -> float:
    """Return how much wider a normal interval is at Bonferroni's level of n."""
    return float(ndtri(1 - (1 - LEVEL) / 2 / n) / ndtri((1 + LEVEL) / 2))


def corrected(results: Sequence[Result]) -> tuple[Result, ...]:
    """Withdraw the verdicts that wider intervals, for all of them at once, would not give."""
    n = count_verdicts(results)
    k = _widening(max(n, 1))

    def withdrawn(r: Result) -> bool:
        return r.verdict in ("agrees", "differs") and r.at is not None and r.at(k=k) != r.verdict

    def why(r: Result) -> str:
        return "; ".join(filter(None, [r.note, f"{r.verdict} alone, not among {n} verdicts"]))

    return tuple(
        replace(r, verdict="cannot tell", note=why(r)) if withdrawn(r) else r for r in results
    )


def _not_measured(run: RunTables, claim: Claim) -> Result:
    nan = float("nan")
    missing = [kind for kind in claim.needs if not run.conditions(kind)]
    if not run.respondents:
        note = "all classifiers were trained on shuffled labels: add one without permuted=true"
    elif not missing and claim.id != "mask-style":
        note = "no such faces or answers in the run"
    elif run.of_humans:
        several = "two masks" if claim.id == "mask-style" else " and ".join(claim.needs)
        note = f"needs faces with {several}; --mask NAME says which condition is a mask"
    else:
        note = f"add {claim.add}"
    return Result(claim, "", "", nan, nan, nan, "not measured", "", note)


def humans_of(claim: Claim, findings: pd.DataFrame | None = None) -> list[str]:
    """Return what humans show on a claim, a line ``finding (study, source)`` per study."""
    table = load_findings() if findings is None else findings
    lines = []
    if claim.id == "overall-loss":
        mean, low, high = (points(x) for x in predicted_loss(table))
        lines = [
            *_losses(table),
            f"mean {mean} points; predicted for one more study: {low} to {high}",
        ]
    for row in table[table["claim"] == claim.id].to_dict("records"):
        finding = row["finding"] or f"{row['measure']} {points(row['value'])} points"
        lines.append(f"{finding} ({row['study']}, {row['how_known']})")
    return lines


def _losses(table: pd.DataFrame) -> Iterator[str]:
    """Return the losses over all emotions, of studies that report both sides."""
    rows = published_losses(table)
    for row in rows[(rows["emotion"] == "all") & (rows["measure"] != "loss")].to_dict("records"):
        limits = f"[{points(row['ci_low'])}, {points(row['ci_high'])}]"
        within = {BOOTSTRAP: "", BOUND: "within "}.get(row["interval"])
        known = "" if within is None else f", 95 % interval {within}{limits}"
        yield f"loss {points(row['loss'])} points{known} ({row['study']}, {row['how_known']})"


def comparison_text(results: Sequence[Result]) -> str:
    """Format for each claim the findings on humans, the results, verdicts and their rule."""
    findings = load_findings()
    blocks = []
    for claim, of_claim in groupby(results, key=lambda result: result.claim):
        humans = [f"    {line}" for line in humans_of(claim, findings)]
        lines = [f"    {line}" for line in align(_cells(r) for r in of_claim).splitlines()]
        head = claim.statement[0].upper() + claim.statement[1:]
        blocks.append("\n".join([head, "  humans:", *humans, f"  run ({claim.measured}):", *lines,
                                 f"  rule: {claim.rule}."]))  # fmt: skip
    n = count_verdicts(results)
    if n > 1:
        blocks.append(
            f"Intervals are 95 % each. Verdicts are corrected for {n} of them (Bonferroni): they "
            f"hold with intervals {_widening(n):.2f} x as wide."
        )
    return "\n\n".join(blocks)


def _cells(result: Result) -> tuple[str, ...]:
    if result.verdict == "not measured":
        return ("not measured:", result.note)
    number = "-" if math.isnan(result.value) else points(result.value)
    limits = "" if math.isnan(result.low) else f"[{points(result.low)}, {points(result.high)}]"
    notes = [result.note] if result.note else []
    if result.basis == "summary alone":
        notes.append("from the summary alone")
    note = f"({'; '.join(notes)})" if notes else ""
    return (result.respondent, result.condition, number, limits, result.verdict.upper(), note)


def comparison_values(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return a comparison as plain values, for JSON; missing numbers are None."""
    findings = load_findings()
    out = []
    for claim, of_claim in groupby(results, key=lambda result: result.claim):
        out.append(
            {
                "claim": claim.id,
                "statement": claim.statement,
                "measured": claim.measured,
                "rule": claim.rule,
                "n_verdicts": count_verdicts(results),
                "humans": humans_of(claim, findings),
                "results": [_values(result) for result in of_claim],
            }
        )
    return out


def _values(result: Result) -> dict[str, Any]:
    numbers = {"value": result.value, "ci_low": result.low, "ci_high": result.high}
    return {
        "reader": result.respondent,
        "condition": result.condition,
        **{name: None if math.isnan(number) else number for name, number in numbers.items()},
        "verdict": result.verdict,
        "basis": result.basis,
        "note": result.note,
    }
