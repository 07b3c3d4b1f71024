"""What all judges of claims share.

From intervals to verdicts: the rules of docs/findings.md.

How a run is judged on each claim.

How a run is judged on claims about two kinds of covers.

Numbers that claims are about, with their bootstrap intervals, drawn together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.findings.answers import Counts, Interval, RunTables
from maskface.findings.claims import (
    LEAST_LOSS,
    LEVEL,
    MOST_LOSS,
    SAME,
    SUMMARY,
    SUMMARY_ALONE,
    TRIALS,
    Claim,
    Result,
    Verdict,
)
from maskface.stats import Resampled, bootstrap, interval
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

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


_LOSS: Final = np.array([1.0, -1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """A sum of shares, each with a sign, such as one share minus another.

    Attributes
    ----------
    shares
        (C, R, 2): what each unit adds to what each of R shares divides, and to what it is
        divided by.
    signs
        (R,).
    there
        (C,) bool: units that are resampled.
    n_units
        Units that the number stands on.
    """

    shares: Floats
    signs: Floats
    there: NDArray[np.bool_]
    n_units: int


def loss(counts: Counts, emotion: str | None = None) -> Contrast:
    """Share of an answer under the reference minus that under the condition.

    Parameters
    ----------
    counts
        Of a pair of conditions. Over observers, the share is the mean of each one's own; over
        subjects or pictures, that of all answers together.
    emotion
        The shown emotion, where `counts` has all of them; all together if None.
    """
    at = slice(None) if emotion is None else [EMOTIONS.index(emotion)]
    totals = counts.totals[..., at].sum(axis=-1)
    on = counts.there if emotion is None else (totals[:, :, 1] > 0).all(axis=1)
    shares = _own_losses(totals) if counts.observers else totals
    return Contrast(shares, _LOSS, counts.there, int(on.sum()))


def _own_losses(totals: Floats) -> Floats:
    """Each unit's own loss, as shares whose difference is the mean over the units that have one."""
    given, chances = totals[:, :, 0], totals[:, :, 1]
    defined = (chances > 0).all(axis=1)
    own = np.divide(given, chances, out=np.zeros_like(given), where=chances > 0)
    lost = np.where(defined, own[:, 0] - own[:, 1], 0)
    counted = defined.astype(np.float64)
    return np.stack([np.stack([lost, counted], 1), np.stack([0 * lost, counted], 1)], axis=1)


def loss_beyond(counts: Counts, emotion: str, other: str) -> Contrast:
    """Loss of one emotion minus that of another, each as from `loss`.

    It stands on no more units than the one of the two losses that has fewer.
    """
    one, two = loss(counts, emotion), loss(counts, other)
    shares = np.concatenate([one.shares, two.shares], axis=1)
    signs = np.concatenate([one.signs, -two.signs])
    return Contrast(shares, signs, counts.there, min(one.n_units, two.n_units))


class Drawn:
    """Contrasts whose units were resampled together.

    Contrasts over the same units share their resamples, so that they may be judged together; it
    also takes no longer to draw for many than for one.

    Parameters
    ----------
    contrasts
        Of one reader: units have the same numbers in all.
    seed
        Of the bootstrap.
    """

    def __init__(self, contrasts: Sequence[Contrast], seed: int) -> None:
        self._n = len(contrasts)
        groups: dict[bytes, list[int]] = {}
        for place, contrast in enumerate(contrasts):
            if contrast.there.any():
                groups.setdefault(contrast.there.tobytes(), []).append(place)
        self._drawn = [
            (places, _draw([contrasts[place] for place in places], seed))
            for places in groups.values()
        ]

    def intervals(self, level: float) -> list[Interval | None]:
        """Number and limits of each contrast; None where it is not defined.

        Parameters
        ----------
        level
            Confidence level, between 0 and 1.
        """
        found: list[Interval | None] = [None] * self._n
        for places, drawn in self._drawn:
            limits = interval(drawn, level=level)
            for place, point, low, high in zip(places, drawn.point, *limits, strict=True):
                if not np.isnan(low):
                    found[place] = (float(point), float(low), float(high))
        return found


def _draw(contrasts: Sequence[Contrast], seed: int) -> Resampled:
    # Pairs of conditions have most of their sums in common: each is held once.
    known: dict[bytes, int] = {}
    places = [
        [known.setdefault(column.tobytes(), len(known)) for column in _columns(one)]
        for one in contrasts
    ]
    columns = np.frombuffer(b"".join(known)).reshape(len(known), -1).T
    different, where = np.unique(columns, axis=1, return_inverse=True)
    parts = [where.ravel()[of_one] for of_one in places]

    def statistic(sums: Floats) -> Floats:
        return np.column_stack([
            _shares(sums[:, part]) @ one.signs for part, one in zip(parts, contrasts, strict=True)
        ])  # fmt: skip

    n_units = np.array([one.n_units for one in contrasts])
    return bootstrap(different, statistic, seed=seed, n_clusters=n_units)


def _columns(contrast: Contrast) -> Floats:
    """What each unit that is there adds to each sum, (2 R, C)."""
    return contrast.shares[contrast.there].reshape(contrast.there.sum(), -1).T


def _shares(sums: Floats) -> Floats:
    """Shares (B, R) of sums (B, 2 R); NaN where the divisor is 0."""
    above, below = sums[:, ::2], sums[:, 1::2]
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


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
