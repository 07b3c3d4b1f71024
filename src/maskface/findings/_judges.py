"""How a run is judged on each claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from maskface.findings._claims import LEAST_LOSS, LEVEL, MOST_LOSS, Claim, Verdict
from maskface.findings._contrasts import Drawn, loss, loss_beyond
from maskface.findings._judges_pairs import judge_style, judge_sunglasses, judge_window
from maskface.findings._judging import NO_TRIALS, NOT_TOLD, Judge, result_of
from maskface.findings._result import SUMMARY, SUMMARY_ALONE, TRIALS, Result
from maskface.findings._run import Interval, RunTables
from maskface.findings._verdicts import above, all_above, apart, within
from maskface.tables import PLAIN
from maskface.types import EMOTIONS


def _overall(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    del seed
    for mask in run.conditions("mask"):
        found = run.hits(reader, mask)
        if found:
            verdict = within(found, LEAST_LOSS, MOST_LOSS)
            yield result_of(run, claim, (reader, (mask,)), (found, verdict, SUMMARY))


def _anger(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    del seed
    for mask in run.conditions("mask"):
        found = run.from_summary(reader, mask, "recall", "anger")
        if found is None:
            continue
        dprime = run.from_summary(reader, mask, "dprime", "anger")
        here = {
            "agrees": "fewer hits",
            "differs": "more hits",
            "cannot tell": "hits may be the same",
        }
        note = here[above(found)]
        if dprime:
            note += f"; d' falls by {dprime[0]:.2f} [{dprime[1]:.2f}, {dprime[2]:.2f}]"
        yield result_of(run, claim, (reader, (mask,)), (found, "disputed", SUMMARY), note=note)


def _disgust(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    answers, masks = run.answers(reader), run.conditions("mask")
    if answers is None:
        for mask in masks:
            yield from _disgust_of_summary(run, claim, reader, mask)
        return
    others = [emotion for emotion in EMOTIONS if emotion != "disgust"]
    right = {mask: answers.right(PLAIN, mask) for mask in masks}
    drawn = Drawn(
        [loss_beyond(right[m], "disgust", other) for m in masks for other in others], seed
    )
    table = _by_mask(masks, others, drawn.intervals(LEVEL))
    strict = {
        n: _by_mask(masks, others, drawn.intervals(1 - (1 - LEVEL) / n))
        for n in {len(found) for found in table.values()} - {0}
    }
    for mask, found in table.items():
        if not found:
            continue
        simultaneous = list(strict[len(found)][mask].values())
        verdict = all_above(list(found.values()), simultaneous)
        nearest = min(found, key=lambda name: found[name][0])
        told = (found[nearest], verdict, TRIALS)
        note = f"against {nearest}"
        yield result_of(run, claim, (reader, (mask,)), told, note=note, labels=("disgust",))


def _by_mask(
    masks: Sequence[str], others: Sequence[str], found: Sequence[Interval | None]
) -> dict[str, dict[str, Interval]]:
    """What is defined of intervals that are in the order of masks, then emotions."""
    table: dict[str, dict[str, Interval]] = {mask: {} for mask in masks}
    for (mask, other), one in zip(product(masks, others), found, strict=True):
        if one is not None:
            table[mask][other] = one
    return table


def _disgust_of_summary(run: RunTables, claim: Claim, reader: str, mask: str) -> Iterator[Result]:
    losses = {e: run.from_summary(reader, mask, "recall", e) for e in EMOTIONS}
    disgust = losses.pop("disgust")
    others = {e: loss for e, loss in losses.items() if loss}
    if disgust is None or not others:
        return
    verdicts = {apart(disgust, loss) for loss in others.values()}
    verdict: Verdict = "differs" if "differs" in verdicts else "cannot tell"
    verdict = "agrees" if verdicts == {"agrees"} else verdict
    note = "the loss of disgust; judged by whether its interval overlaps the others'"
    found = (disgust, verdict, SUMMARY_ALONE)
    yield result_of(run, claim, (reader, (mask,)), found, note=note, labels=("disgust",))


def _read_as(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    source, target = claim.id.split("-as-")
    masks, answers = run.conditions("mask"), run.answers(reader)
    if answers is None:
        for mask in masks:
            yield result_of(run, claim, (reader, (mask,)), NOT_TOLD, note=NO_TRIALS)
        return
    taken = [loss(answers.taken_for(PLAIN, mask, source, target)) for mask in masks]
    for mask, one in zip(masks, Drawn(taken, seed).intervals(LEVEL), strict=True):
        if one is not None:
            found = (0.0 - one[0], 0.0 - one[2], 0.0 - one[1])  # no minus zero
            yield result_of(run, claim, (reader, (mask,)), (found, above(found), TRIALS))


_JUDGES: Final[dict[str, Judge]] = {
    "overall-loss": _overall,
    "disgust-most": _disgust,
    "anger": _anger,
    "window-happiness": judge_window,
    "mask-over-sunglasses": judge_sunglasses,
    "mask-style": judge_style,
}


def judge(run: RunTables, claim: Claim, reader: str, seed: int) -> list[Result]:
    """Judge one reader on one claim; nothing if the run lacks what the claim is about."""
    return list(_JUDGES.get(claim.id, _read_as)(run, claim, reader, seed))
