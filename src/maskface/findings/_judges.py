"""How a run is judged on each claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

import numpy as np

from maskface.findings._claims import LEAST_LOSS, LEVEL, MOST_LOSS, SAME, Claim, Verdict
from maskface.findings._contrasts import loss_of, loss_over_others
from maskface.findings._result import SUMMARY, SUMMARY_ALONE, TRIALS, Result
from maskface.findings._run import PLAIN, Interval, RunTables
from maskface.findings._verdicts import above, all_above, all_within, apart, within
from maskface.types import EMOTIONS

NO_TRIALS: Final = "the folder has no trials"

Judge = Callable[[RunTables, Claim, str, int], Iterator[Result]]


def _result(
    run: RunTables,
    claim: Claim,
    who: tuple[str, tuple[str, ...]],
    found: tuple[Interval | None, Verdict, str],
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


def _overall(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    del seed
    for mask in run.conditions("mask"):
        found = run.hits(reader, mask)
        if found:
            verdict = within(found, LEAST_LOSS, MOST_LOSS)
            yield _result(run, claim, (reader, (mask,)), (found, verdict, SUMMARY))


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
        yield _result(run, claim, (reader, (mask,)), (found, "disputed", SUMMARY), note=note)


def _disgust(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    for mask in run.conditions("mask"):
        comparison = run.comparison(reader, PLAIN, mask)
        who = (reader, (mask,))
        if comparison is None:
            yield from _disgust_of_summary(run, claim, reader, mask)
            continue
        others = loss_over_others(comparison, "disgust", seed=seed, level=LEVEL)
        if not others:
            continue
        strict = 1 - (1 - LEVEL) / len(others)
        simultaneous = loss_over_others(comparison, "disgust", seed=seed, level=strict)
        verdict = all_above(list(others.values()), list(simultaneous.values()))
        nearest = min(others, key=lambda name: others[name][0])
        found = (others[nearest], verdict, TRIALS)
        yield _result(run, claim, who, found, note=f"against {nearest}", labels=("disgust",))


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
    yield _result(run, claim, (reader, (mask,)), found, note=note, labels=("disgust",))


def _read_as(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    source, target = claim.id.split("-as-")
    for mask in run.conditions("mask"):
        who = (reader, (mask,))
        comparison = run.comparison(reader, PLAIN, mask, read_as=(source, target))
        if comparison is None:
            yield _result(run, claim, who, (None, "cannot tell", SUMMARY_ALONE), note=NO_TRIALS)
            continue
        if not len(comparison.totals):
            continue
        loss = loss_of(comparison, "answer_share", target, seed=seed)
        if loss is not None:
            found = (0.0 - loss[0], 0.0 - loss[2], 0.0 - loss[1])  # no minus zero
            yield _result(run, claim, who, (found, above(found), TRIALS))


def _window(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    for mask in run.conditions("mask"):
        for window in run.conditions("window"):
            yield from _between(run, claim, reader, (window, mask), label="happiness", seed=seed)


def _sunglasses(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    for mask in run.conditions("mask"):
        for sunglasses in run.conditions("sunglasses"):
            yield from _between(run, claim, reader, (sunglasses, mask), label="all", seed=seed)


def _between(
    run: RunTables, claim: Claim, reader: str, pair: tuple[str, str], *, label: str, seed: int
) -> Iterator[Result]:
    """Whether the first of two conditions is read better than the second."""
    metric = "accuracy" if label == "all" else "recall"
    comparison = run.comparison(reader, *pair)
    if comparison is not None:
        found = loss_of(comparison, metric, label, seed=seed)
        if found is not None:
            verdict = (found, above(found), TRIALS)
            yield _result(run, claim, (reader, pair), verdict, labels=(label,))
        return
    values = [_value(run, reader, condition, label) for condition in pair]
    if values[0] and values[1]:
        (first, *_), (second, *_) = values[0], values[1]
        shown = (first - second, float("nan"), float("nan"))
        verdict = (shown, apart(values[0], values[1]), SUMMARY_ALONE)
        note = "judged by whether the two intervals overlap"
        yield _result(run, claim, (reader, pair), verdict, note=note, labels=(label,))


def _value(run: RunTables, reader: str, condition: str, label: str) -> Interval | None:
    if label == "all":
        return run.hits(reader, condition, "value")
    return run.from_summary(reader, condition, "recall", label, "value")


def _style(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    masks = run.conditions("mask")
    if len(masks) < 2:
        return
    if not run.has_trials:
        who = (reader, masks)
        yield _result(run, claim, who, (None, "cannot tell", SUMMARY_ALONE), note=NO_TRIALS)
        return
    pairs = list(combinations(masks, 2))
    found = _differences(run, reader, pairs, seed, LEVEL)
    if not found:
        return
    strict = 1 - (1 - LEVEL) / len(found)
    simultaneous = _differences(run, reader, pairs, seed, strict)
    verdict = all_within(list(found.values()), list(simultaneous.values()), SAME)
    pair = max(found, key=lambda name: abs(found[name][0]))
    yield _result(run, claim, (reader, pair), (found[pair], verdict, TRIALS))


def _differences(
    run: RunTables, reader: str, pairs: list[tuple[str, str]], seed: int, level: float
) -> dict[tuple[str, str], Interval]:
    out = {}
    for pair in pairs:
        comparison = run.comparison(reader, *pair)
        if comparison is not None:
            found = loss_of(comparison, "accuracy", seed=seed, level=level)
            if found is not None:
                out[pair] = found
    return out


_JUDGES: Final[dict[str, Judge]] = {
    "overall-loss": _overall,
    "disgust-most": _disgust,
    "anger": _anger,
    "window-happiness": _window,
    "mask-over-sunglasses": _sunglasses,
    "mask-style": _style,
}


def judge(run: RunTables, claim: Claim, reader: str, seed: int) -> list[Result]:
    """Judge one reader on one claim; nothing if the run lacks what the claim is about."""
    return list(_JUDGES.get(claim.id, _read_as)(run, claim, reader, seed))
