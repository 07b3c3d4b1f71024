"""Rules that judge a run on the claims of the literature; see docs/findings.md.

Each claim is about shares of answers and their differences (`Contrast`), with bootstrap intervals
that are drawn together (`Drawn`); `judge` turns the intervals into verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.findings.answers import Counts, RunTables
from maskface.findings.claims import (
    LEVEL,
    SAME,
    SUMMARY,
    SUMMARY_ALONE,
    TRIALS,
    Claim,
    Interval,
    Judgement,
    Kind,
    Result,
    Verdict,
    predicted_loss,
)
from maskface.stats import Resampled, bootstrap, interval
from maskface.tables import PLAIN
from maskface.text import points
from maskface.types import EMOTIONS

NO_TRIALS: Final = "the folder has no trials"
Found = tuple[Interval | None, Judgement, str]
"""A number with its interval, how it is judged, and its basis."""
NO_ANSWERS: Final[Found] = (None, lambda **_: "cannot tell", SUMMARY_ALONE)

Judge = Callable[[RunTables, Claim, str, int], Iterator[Result]]
"""Judge one classifier, or human observers, on one claim, given the seed of the bootstrap."""


def result_of(
    run: RunTables,
    claim: Claim,
    names: tuple[str, tuple[str, ...]],
    found: Found,
    *,
    note: str = "",
    labels: tuple[str, ...] = (),
    answer: str = "",
) -> Result:
    """Build a result; a guard against it withdraws the verdict.

    `labels` are the emotions that it is about, and `answer` is what one of them is taken for.
    """
    (respondent, conditions), (interval, at, basis) = names, found
    verdict = at(k=1.0)
    doubt = run.doubt(respondent, conditions, labels)
    if verdict == "agrees":
        doubt = doubt or run.doubt_of_agreement(respondent, conditions, answer)
    if doubt and verdict in ("agrees", "differs"):
        verdict, note = "cannot tell", f"guard: {doubt}; see guards.csv"
    value, low, high = interval or (np.nan, np.nan, np.nan)
    named = " and ".join(conditions)
    return Result(claim, respondent, named, value, low, high, verdict, basis, note, at)


def stretched(interval: Interval, k: float) -> Interval:
    """Return an interval whose limits are k times as far from the number."""
    value, low, high = interval
    return value, value - k * (value - low), value + k * (high - value)


def within(interval: Interval, least: float, most: float, *, k: float = 1.0) -> Verdict:
    """Return agrees if the whole interval lies within the bounds, differs if outside."""
    _, low, high = stretched(interval, k)
    if least <= low and high <= most:
        return "agrees"
    return "differs" if high < least or low > most else "cannot tell"


def above(interval: Interval, bound: float = 0.0, *, k: float = 1.0) -> Verdict:
    """Return agrees if the whole interval lies above the bound, differs if below."""
    _, low, high = stretched(interval, k)
    if low > bound:
        return "agrees"
    return "differs" if high < bound else "cannot tell"


def all_above(
    intervals: Sequence[Interval], simultaneous: Sequence[Interval], *, k: float = 1.0
) -> Verdict:
    """Return agrees if every interval lies above 0, differs if a simultaneous one lies below.

    All differences are above 0 if each one is at the level (Berger 1982, doi:10.2307/1267823); that
    some difference is below 0 needs a correction for several tests.
    """
    if intervals and all(above(one, k=k) == "agrees" for one in intervals):
        return "agrees"
    below = any(above(one, k=k) == "differs" for one in simultaneous)
    return "differs" if below else "cannot tell"


def all_within(
    intervals: Sequence[Interval],
    simultaneous: Sequence[Interval],
    bound: float,
    *,
    k: float = 1.0,
) -> Verdict:
    """Return agrees if every interval lies within ±bound, differs if a simultaneous one is not."""
    if intervals and all(within(one, -bound, bound, k=k) == "agrees" for one in intervals):
        return "agrees"
    out = any(within(one, -bound, bound, k=k) == "differs" for one in simultaneous)
    return "differs" if out else "cannot tell"


def apart(first: Interval, second: Interval, *, k: float = 1.0) -> Verdict:
    """Return agrees if the first interval lies above the second, differs if below.

    For summaries without trials: intervals that do not overlap differ, but those that do may too.
    """
    first, second = stretched(first, k), stretched(second, k)
    if first[1] > second[2]:
        return "agrees"
    return "differs" if first[2] < second[1] else "cannot tell"


def unanimous(judgements: Sequence[Judgement], *, k: float = 1.0) -> Verdict:
    """Return the verdict that all judgements share; cannot tell if they do not."""
    verdicts = {at(k=k) for at in judgements}
    return verdicts.pop() if len(verdicts) == 1 else "cannot tell"


def _always(verdict: Verdict) -> Judgement:
    return lambda **_: verdict


_LOSS: Final = np.array([1.0, -1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Sum of signed shares, such as one share minus another."""

    # (C, R, 2): what each unit adds to the numerator and denominator of each of R shares.
    shares: Floats
    signs: Floats  # (R,)
    there: NDArray[np.bool_]  # (C,) bool: units to resample
    n_units: int  # number of units behind the number
    least: float  # standard error from single answers; see `maskface.stats.least_error`
    relative: bool = False  # by the first share of each pair


def loss(counts: Counts, emotion: str | None = None) -> Contrast:
    """Contrast the share of an answer under the reference with that under the condition.

    Over observers, the share is the mean of their shares; over subjects or pictures, that of all
    answers together. `emotion` is the shown one, if `counts` has all of them; all together if None.
    """
    at = slice(None) if emotion is None else [EMOTIONS.index(emotion)]
    totals = counts.totals[..., at].sum(axis=-1)
    on = counts.there if emotion is None else (totals[:, :, 1] > 0).all(axis=1)
    shares = _own_losses(totals) if counts.observers else totals
    fewest = totals[:, :, 1].sum(axis=0).min()
    return Contrast(shares, _LOSS, counts.there, int(on.sum()), np.sqrt(2) / (fewest + 1))


def _own_losses(totals: Floats) -> Floats:
    """Return losses of units as shares, whose difference is the mean over units with a loss."""
    given, chances = totals[:, :, 0], totals[:, :, 1]
    defined = (chances > 0).all(axis=1)
    own = np.divide(given, chances, out=np.zeros_like(given), where=chances > 0)
    lost = np.where(defined, own[:, 0] - own[:, 1], 0)
    counted = defined.astype(np.float64)
    return np.stack([np.stack([lost, counted], 1), np.stack([0 * lost, counted], 1)], axis=1)


def loss_beyond(counts: Counts, emotion: str, other: str) -> Contrast:
    """Contrast the loss of one emotion with that of another, each as from `loss`.

    The number of units is the smaller one of the two.
    """
    one, two = loss(counts, emotion), loss(counts, other)
    shares = np.concatenate([one.shares, two.shares], axis=1)
    signs = np.concatenate([one.signs, -two.signs])
    least = float(np.hypot(one.least, two.least))
    return Contrast(shares, signs, counts.there, min(one.n_units, two.n_units), least)


def relative_loss_beyond(counts: Counts, emotion: str, other: str) -> Contrast:
    """Contrast the loss of one emotion, as a share of its hits, with that of another.

    Shares are of all answers together, of observers too.
    """
    pooled = replace(counts, observers=False)
    made = loss_beyond(pooled, emotion, other)
    above, below = made.shares.sum(axis=0)[::2].T
    hits = np.maximum(above, 1) / np.maximum(below, 1)
    each = [
        loss(pooled, name).least / share for name, share in zip((emotion, other), hits, strict=True)
    ]
    return replace(made, least=float(np.hypot(*each)), relative=True)


class Drawn:
    """Contrasts whose units are resampled together.

    Contrasts over the same units share their resamples, so that they can be judged together, and
    drawing for many takes no longer than for one. They are of one classifier or study: units have
    the same numbers in all.
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
        """Return number and limits of each contrast at a level, 0 to 1; None if not defined."""
        found: list[Interval | None] = [None] * self._n
        for places, drawn in self._drawn:
            limits = interval(drawn, level=level)
            for place, point, low, high in zip(places, drawn.point, *limits, strict=True):
                if not np.isnan(low):
                    found[place] = (float(point), float(low), float(high))
        return found


def _draw(contrasts: Sequence[Contrast], seed: int) -> Resampled:
    # Pairs of conditions have most sums in common: each is held once.
    known: dict[bytes, int] = {}
    places = [
        [known.setdefault(column.tobytes(), len(known)) for column in _columns(one)]
        for one in contrasts
    ]
    columns = np.frombuffer(b"".join(known)).reshape(len(known), -1).T
    different, where = np.unique(columns, axis=1, return_inverse=True)
    parts = [where.ravel()[of_one] for of_one in places]

    def statistic(sums: Floats) -> Floats:
        found = [_shares(sums[:, part]) for part in parts]
        with np.errstate(divide="ignore", invalid="ignore"):  # no hits at all: not defined
            found = [
                shares / shares[:, ::2].repeat(2, axis=1) if one.relative else shares
                for shares, one in zip(found, contrasts, strict=True)
            ]
        values = np.column_stack([
            shares @ one.signs for shares, one in zip(found, contrasts, strict=True)
        ])  # fmt: skip
        return np.where(np.isfinite(values), values, np.nan)

    n_units = np.array([one.n_units for one in contrasts])
    least = np.array([one.least for one in contrasts])
    return bootstrap(different, statistic, seed=seed, n_clusters=n_units, least=least)


def _columns(contrast: Contrast) -> Floats:
    """Return what each unit that is there adds to each sum, (2 R, C)."""
    return contrast.shares[contrast.there].reshape(contrast.there.sum(), -1).T


def _shares(sums: Floats) -> Floats:
    """Return shares (B, R) of sums (B, 2 R); NaN if the denominator is 0."""
    above, below = sums[:, ::2], sums[:, 1::2]
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


Pair = tuple[str, str]
"""Two conditions."""


def _between(
    run: RunTables, claim: Claim, respondent: str, seed: int, *, kind: Kind, label: str
) -> Iterator[Result]:
    """Judge whether conditions of a kind are read better than masks."""
    pairs = [(one, mask) for mask in run.conditions("mask") for one in run.conditions(kind)]
    answers = run.answers(respondent)
    if answers is None:
        yield from _between_of_summary(run, claim, respondent, pairs, label)
        return
    emotion = None if label == "all" else label
    drawn = Drawn([loss(answers.right(*pair), emotion) for pair in pairs], seed)
    for pair, found in _defined(pairs, drawn.intervals(LEVEL)).items():
        judged = (found, partial(above, found), TRIALS)
        yield result_of(run, claim, (respondent, pair), judged, labels=(label,))


def _between_of_summary(
    run: RunTables, claim: Claim, respondent: str, pairs: list[Pair], label: str
) -> Iterator[Result]:
    for pair in pairs:
        values = [_value(run, respondent, condition, label) for condition in pair]
        if values[0] and values[1]:
            (first, *_), (second, *_) = values[0], values[1]
            shown = (first - second, float("nan"), float("nan"))
            verdict = (shown, partial(apart, values[0], values[1]), SUMMARY_ALONE)
            note = "judged by whether the two intervals overlap"
            yield result_of(run, claim, (respondent, pair), verdict, note=note, labels=(label,))


def _value(run: RunTables, respondent: str, condition: str, label: str) -> Interval | None:
    if label == "all":
        return run.hits(respondent, condition, "value")
    return run.from_summary(respondent, condition, "recall", label, "value")


def _style(run: RunTables, claim: Claim, respondent: str, seed: int) -> Iterator[Result]:
    """Judge whether all masks are read alike."""
    masks = run.conditions("mask")
    if len(masks) < 2:
        return
    answers = run.answers(respondent)
    if answers is None:
        yield result_of(run, claim, (respondent, masks), NO_ANSWERS, note=NO_TRIALS)
        return
    pairs = list(combinations(masks, 2))
    drawn = Drawn([loss(answers.right(*pair)) for pair in pairs], seed)
    found = _defined(pairs, drawn.intervals(LEVEL))
    if not found:
        return
    strict = drawn.intervals(1 - (1 - LEVEL) / len(found))
    simultaneous = list(_defined(pairs, strict).values())
    at = partial(all_within, list(found.values()), simultaneous, SAME)
    pair = max(found, key=lambda name: abs(found[name][0]))
    yield result_of(run, claim, (respondent, pair), (found[pair], at, TRIALS))


def _defined(pairs: list[Pair], intervals: list[Interval | None]) -> dict[Pair, Interval]:
    return {pair: one for pair, one in zip(pairs, intervals, strict=True) if one is not None}


def _overall(run: RunTables, claim: Claim, respondent: str, seed: int) -> Iterator[Result]:
    del seed
    for mask in run.conditions("mask"):
        found = run.hits(respondent, mask)
        if found:
            _, low, high = predicted_loss()
            at = partial(within, found, least=max(low, 0.0), most=high)
            yield result_of(run, claim, (respondent, (mask,)), (found, at, SUMMARY))


def _anger(run: RunTables, claim: Claim, respondent: str, seed: int) -> Iterator[Result]:
    del seed
    for mask in run.conditions("mask"):
        found = run.from_summary(respondent, mask, "recall", "anger")
        if found is None:
            continue
        dprime = run.from_summary(respondent, mask, "dprime", "anger")
        here = {
            "agrees": "fewer hits",
            "differs": "more hits",
            "cannot tell": "hits may be the same",
        }
        note = here[above(found)]
        if dprime:
            note += f"; d' falls by {dprime[0]:.2f} [{dprime[1]:.2f}, {dprime[2]:.2f}]"
        judged = (found, _always("disputed"), SUMMARY)
        yield result_of(run, claim, (respondent, (mask,)), judged, note=note)


def _disgust(run: RunTables, claim: Claim, respondent: str, seed: int) -> Iterator[Result]:
    answers, masks = run.answers(respondent), run.conditions("mask")
    if answers is None:
        for mask in masks:
            yield from _disgust_of_summary(run, claim, respondent, mask)
        return
    others = [emotion for emotion in EMOTIONS if emotion != "disgust"]
    right = {mask: answers.right(PLAIN, mask) for mask in masks}
    drawn = Drawn(
        [
            contrast(right[mask], "disgust", other)
            for contrast in (loss_beyond, relative_loss_beyond)
            for mask in masks
            for other in others
        ],
        seed,
    )

    def tables(level: float) -> list[dict[str, dict[str, Interval]]]:
        found = drawn.intervals(level)
        half = len(found) // 2
        return [_by_mask(masks, others, part) for part in (found[:half], found[half:])]

    in_points, relative = tables(LEVEL)
    strict = {n: tables(1 - (1 - LEVEL) / n) for n in {len(of) for of in in_points.values()} - {0}}
    for mask, found in in_points.items():
        if not found:
            continue
        simultaneous = [list(table[mask].values()) for table in strict[len(found)]]
        at = partial(
            unanimous,
            [
                partial(all_above, list(table[mask].values()), several)
                for table, several in zip((in_points, relative), simultaneous, strict=True)
            ],
        )
        nearest = min(found, key=lambda name: found[name][0])
        note = f"against {nearest}"
        if share := relative[mask].get(nearest):
            note += f"; as shares of plain hits {points(share[0])}"
        judged = (found[nearest], at, TRIALS)
        yield result_of(run, claim, (respondent, (mask,)), judged, note=note, labels=("disgust",))


def _by_mask(
    masks: Sequence[str], others: Sequence[str], found: Sequence[Interval | None]
) -> dict[str, dict[str, Interval]]:
    """Return the intervals that are defined, by mask and emotion, given in that order."""
    table: dict[str, dict[str, Interval]] = {mask: {} for mask in masks}
    for (mask, other), one in zip(product(masks, others), found, strict=True):
        if one is not None:
            table[mask][other] = one
    return table


def _disgust_of_summary(
    run: RunTables, claim: Claim, respondent: str, mask: str
) -> Iterator[Result]:
    losses = {e: run.from_summary(respondent, mask, "recall", e) for e in EMOTIONS}
    plain = {e: run.from_summary(respondent, mask, "recall", e, "baseline") for e in EMOTIONS}
    disgust = losses.pop("disgust")
    others = {e: loss for e, loss in losses.items() if loss}
    if disgust is None or not others:
        return

    def judged(hits: dict[str, float], *, k: float = 1.0) -> Verdict:
        own, *rest = (
            (loss[0] / hits[e], loss[1] / hits[e], loss[2] / hits[e])
            for e, loss in (("disgust", disgust), *others.items())
            if hits[e]
        )
        verdicts = {apart(own, loss, k=k) for loss in rest}
        verdict: Verdict = "differs" if "differs" in verdicts else "cannot tell"
        return "agrees" if verdicts == {"agrees"} else verdict

    hits = {e: one[0] for e, one in plain.items() if one}
    at = partial(unanimous, [partial(judged, dict.fromkeys(EMOTIONS, 1.0)), partial(judged, hits)])
    note = "the loss of disgust; judged by whether its interval overlaps the others'"
    found = (disgust, at, SUMMARY_ALONE)
    yield result_of(run, claim, (respondent, (mask,)), found, note=note, labels=("disgust",))


def _read_as(run: RunTables, claim: Claim, respondent: str, seed: int) -> Iterator[Result]:
    source, target = claim.id.split("-as-")
    masks, answers = run.conditions("mask"), run.answers(respondent)
    if answers is None:
        for mask in masks:
            yield result_of(run, claim, (respondent, (mask,)), NO_ANSWERS, note=NO_TRIALS)
        return
    taken = [loss(answers.taken_for(PLAIN, mask, source, target)) for mask in masks]
    for mask, one in zip(masks, Drawn(taken, seed).intervals(LEVEL), strict=True):
        if one is not None:
            found = (0.0 - one[0], 0.0 - one[2], 0.0 - one[1])  # no minus zero
            judged = (found, partial(above, found), TRIALS)
            yield result_of(run, claim, (respondent, (mask,)), judged, answer=target)


_JUDGES: Final[dict[str, Judge]] = {
    "overall-loss": _overall,
    "disgust-most": _disgust,
    "anger": _anger,
    "window-happiness": partial(_between, kind="window", label="happiness"),
    "mask-over-sunglasses": partial(_between, kind="sunglasses", label="all"),
    "mask-style": _style,
}


def judge(run: RunTables, claim: Claim, respondent: str, seed: int) -> list[Result]:
    """Judge one classifier, or ``human``, on one claim, as far as the run is about it."""
    return list(_JUDGES.get(claim.id, _read_as)(run, claim, respondent, seed))
