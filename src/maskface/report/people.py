"""A run beside the published findings on people, claim by claim."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from maskface.errors import MaskfaceError
from maskface.findings import Claim, Result, compare_run, humans_of, kind_of, load_findings
from maskface.report.run_data import RunData
from maskface.text import points

_MOST: Final = 1000  # most comparisons of a page; more are left to `maskface compare`
_OF_A_MASK: Final = 5
_MEANING: Final = {
    "agrees": "the run agrees",
    "differs": "the run differs",
    "cannot tell": "the run cannot tell",
    "disputed": "people's results go both ways",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A `maskface.findings.Claim` beside the run."""

    statement: str
    verdict: str  # how often the run agrees, differs and cannot tell
    people: tuple[str, ...]  # findings on people, a line per study
    measured: str
    rule: str
    # Classifier, condition, number, interval, verdict and note of each comparison.
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class People:
    """All claims."""

    judged: tuple[Judged, ...] = ()  # claims that the run is judged on
    not_measured: tuple[str, ...] = ()  # the others, with what the run lacks
    reason: str = ""  # why no claim is judged, if so
    claims: frozenset[str] = frozenset()  # names of the claims that are judged


def beside_people(material: RunData) -> People:
    """Judge a run on the claims of the literature; see `maskface.findings.compare_run`."""
    if material.partial:
        return People(reason="An incomplete run is not compared with people.")
    if _comparisons(material) > _MOST:
        return People(
            reason="Comparing so many masks and classifiers takes long: type "
            f"maskface compare {material.folder.path.name}."
        )
    try:
        results = compare_run(material.folder.path, seed=int(material.manifest["seed"]))
    except MaskfaceError as error:
        return People(reason=str(error))
    findings = load_findings()
    judged, missing = [], []
    for claim, group in groupby(results, key=lambda result: result.claim):
        of_claim = list(group)
        if of_claim[0].verdict == "not measured":
            missing.append(f"{_sentence(claim.statement)}: {of_claim[0].note}.")
        else:
            judged.append(judge_claim(claim, of_claim, tuple(humans_of(claim, findings))))
    claims = frozenset(r.claim.id for r in results if r.verdict != "not measured")
    return People(tuple(judged), tuple(missing), claims=claims)


def _comparisons(material: RunData) -> int:
    """Count the comparisons of two conditions, roughly; of two masks too."""
    masks = sum(kind_of(name) == "mask" for name in material.conditions)
    return len(material.classifiers) * masks * (_OF_A_MASK + masks - 1)


def judge_claim(claim: Claim, results: list[Result], people: tuple[str, ...]) -> Judged:
    """Sum up the results of a run on a claim."""
    rows = tuple(_cells(result) for result in results)
    return Judged(
        _sentence(claim.statement), _verdict(results), people, claim.measured, claim.rule, rows
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _verdict(results: list[Result]) -> str:
    counted = Counter(result.verdict for result in results)
    if len(results) == 1:
        return _MEANING.get(results[0].verdict, results[0].verdict)
    if set(counted) == {"disputed"}:
        return _MEANING["disputed"]
    counts = (f"{verdict} in {n}" for verdict, n in counted.most_common())
    return f"the run {', '.join(counts)} of {len(results)} comparisons"


def _cells(result: Result) -> tuple[str, ...]:
    number = "-" if math.isnan(result.value) else points(result.value)
    limits = "-"
    if not math.isnan(result.low):
        limits = f"{points(result.low)} to {points(result.high)}"
    return (result.respondent, result.condition, number, limits, result.verdict, result.note)
