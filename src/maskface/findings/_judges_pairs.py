"""How a run is judged on claims about two kinds of covers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from maskface.findings._claims import LEVEL, SAME, Claim
from maskface.findings._contrasts import Drawn, loss
from maskface.findings._judging import NO_TRIALS, NOT_TOLD, result_of
from maskface.findings._result import SUMMARY_ALONE, TRIALS, Result
from maskface.findings._run import Interval, RunTables
from maskface.findings._verdicts import above, all_within, apart

Pair = tuple[str, str]
"""Two conditions."""


def judge_window(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    """Whether happiness is read better with a window than with a mask."""
    masks, windows = run.conditions("mask"), run.conditions("window")
    pairs = [(window, mask) for mask in masks for window in windows]
    yield from _between(run, claim, reader, pairs, label="happiness", seed=seed)


def judge_sunglasses(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    """Whether faces are read better with sunglasses than with a mask."""
    masks, sunglasses = run.conditions("mask"), run.conditions("sunglasses")
    pairs = [(one, mask) for mask in masks for one in sunglasses]
    yield from _between(run, claim, reader, pairs, label="all", seed=seed)


def _between(
    run: RunTables, claim: Claim, reader: str, pairs: list[Pair], *, label: str, seed: int
) -> Iterator[Result]:
    """Whether the first of two conditions is read better than the second."""
    answers = run.answers(reader)
    if answers is None:
        yield from _between_of_summary(run, claim, reader, pairs, label)
        return
    emotion = None if label == "all" else label
    drawn = Drawn([loss(answers.right(*pair), emotion) for pair in pairs], seed)
    for pair, found in _defined(pairs, drawn.intervals(LEVEL)).items():
        told = (found, above(found), TRIALS)
        yield result_of(run, claim, (reader, pair), told, labels=(label,))


def _between_of_summary(
    run: RunTables, claim: Claim, reader: str, pairs: list[Pair], label: str
) -> Iterator[Result]:
    for pair in pairs:
        values = [_value(run, reader, condition, label) for condition in pair]
        if values[0] and values[1]:
            (first, *_), (second, *_) = values[0], values[1]
            shown = (first - second, float("nan"), float("nan"))
            verdict = (shown, apart(values[0], values[1]), SUMMARY_ALONE)
            note = "judged by whether the two intervals overlap"
            yield result_of(run, claim, (reader, pair), verdict, note=note, labels=(label,))


def _value(run: RunTables, reader: str, condition: str, label: str) -> Interval | None:
    if label == "all":
        return run.hits(reader, condition, "value")
    return run.from_summary(reader, condition, "recall", label, "value")


def judge_style(run: RunTables, claim: Claim, reader: str, seed: int) -> Iterator[Result]:
    """Whether all masks are read alike."""
    masks = run.conditions("mask")
    if len(masks) < 2:
        return
    answers = run.answers(reader)
    if answers is None:
        yield result_of(run, claim, (reader, masks), NOT_TOLD, note=NO_TRIALS)
        return
    pairs = list(combinations(masks, 2))
    drawn = Drawn([loss(answers.right(*pair)) for pair in pairs], seed)
    found = _defined(pairs, drawn.intervals(LEVEL))
    if not found:
        return
    strict = drawn.intervals(1 - (1 - LEVEL) / len(found))
    simultaneous = list(_defined(pairs, strict).values())
    verdict = all_within(list(found.values()), simultaneous, SAME)
    pair = max(found, key=lambda name: abs(found[name][0]))
    yield result_of(run, claim, (reader, pair), (found[pair], verdict, TRIALS))


def _defined(pairs: list[Pair], intervals: list[Interval | None]) -> dict[Pair, Interval]:
    return {pair: one for pair, one in zip(pairs, intervals, strict=True) if one is not None}
