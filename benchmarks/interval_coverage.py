"""How often 95 % intervals of the loss hold the true loss, when people differ.

Draws data sets from a population that is known: every person has a readability and a loss of his
own, so that pictures of one person are alike. Counts how often each kind of interval holds the
population's loss; between 93 and 97 % is asked of the default (``auto``).

- Large sets: each kind of interval, and ``naive``, the percentile interval that takes images as
  independent.
- Observers crossed with faces, both of whom differ: intervals that resample both, and those that
  resample one kind and take the other as given.
- Few people, emotions that few show, one picture each, near ceiling and floor: the default beside
  ``plain``, quantiles of the resamples as they were used before, from two people on. `zero`: share
  of intervals without width.

    python benchmarks/interval_coverage.py --simulations 4000
    python benchmarks/interval_coverage.py --few --simulations 300
    python benchmarks/interval_coverage.py --gee --simulations 300
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, expit, ndtr, stdtrit

from maskface.errors import MaskfaceError
from maskface.stats import (
    Comparison,
    Interval,
    Resampled,
    bootstrap,
    evaluate,
    gee_logistic,
    get_metrics,
    interval,
    least_error,
)
from maskface.stats.aggregate import N_SUMS, Answers, add_by_cell
from maskface.stats.intervals import quantiles
from maskface.stats.summary import both_and_loss
from maskface.types import EMOTIONS

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
EASE: Final = np.array([0.8, 1.2, 0.2, 2.5, 0.8, 1.8, 1.5])
"""Log odds that a person of average readability is read right, by emotion."""
LOSS: Final = np.array([0.4, 2.0, 0.6, 0.8, 1.2, 1.0, 0.2])
"""What the occluder takes from them on average."""
MISTAKEN_FOR: Final = np.array([1, 0, 5, 6, 6, 2, 4])
"""The wrong answer to each emotion: anger for disgust, disgust for anger, ..."""
SD_PERSON: Final = 0.8
SD_LOSS: Final = 0.8
SD_PICTURE: Final = 1.0
PICTURES: Final = 3
"""Mean pictures of a person and emotion; from 1 to 5."""
CLUSTERS: Final = (10, 20, 30, 50)
CROSSED: Final = ((20, 20), (40, 20), (40, 40))
KINDS: Final[tuple[Interval, ...]] = ("percentile", "expanded", "bca", "t")
DISGUST: Final = EMOTIONS.index("disgust")
OVERALL: Final = get_metrics("accuracy")
OF_DISGUST: Final = (*get_metrics("recall"), *get_metrics("hu"), *get_metrics("dprime"))
MEASURES: Final = tuple(metric.name for metric in (*OVERALL, *OF_DISGUST))


class Data(NamedTuple):
    """Pictures: person, emotion, answer when plain, answer when occluded."""

    person: Whole
    emotion: Whole
    plain: Whole
    occluded: Whole


class Case(NamedTuple):
    """Log odds of right answers, loss, pictures, share of people who show most emotions."""

    ease: Array = EASE
    loss: Array = LOSS
    pictures: int = PICTURES
    showing: float = 1.0  # of all emotions but the first two


USUAL: Final = Case()
CASES: Final = {
    "usual": USUAL,
    "one picture": Case(pictures=1),
    "rare": Case(showing=0.3),
    "ceiling": Case(EASE + 3.5, LOSS / 2),
    "floor": Case(EASE - 4, LOSS / 2),
    "mask floor": Case(EASE + 1, LOSS + 5),
}
FEW: Final = (2, 3, 5, 10, 20, 50)
OF_EACH: Final = (*OVERALL, *get_metrics("recall"), *get_metrics("dprime"))
OF_EACH_LABELS: Final = [label for metric in OF_EACH for label in metric.labels]


def draw(rng: np.random.Generator, people: int, case: Case = USUAL) -> Data:
    numbers = rng.integers(1, 2 * case.pictures, (people, len(EASE)))
    numbers[:, 2:] *= rng.random((people, len(EASE) - 2)) < case.showing
    numbers = numbers.ravel()
    person, emotion = (np.repeat(axis.ravel(), numbers) for axis in np.indices((people, len(EASE))))
    readable = rng.normal(0, SD_PERSON, people)[person]
    loss = case.loss[emotion] + rng.normal(0, SD_LOSS, people)[person]
    logit = case.ease[emotion] + readable + rng.normal(0, SD_PICTURE, len(person))
    plain, occluded = (
        np.where(rng.random(len(person)) < expit(x), emotion, MISTAKEN_FOR[emotion])
        for x in (logit, logit - loss)
    )
    return Data(person, emotion, plain, occluded)


def totals(data: Data, unit: Whole) -> Array:
    """Sums by unit, plain beside occluded."""
    unknown = np.full((len(unit), len(EMOTIONS)), np.nan)
    sides = [Answers(data.emotion, answer, unknown) for answer in (data.plain, data.occluded)]
    totals = [np.zeros((int(unit.max()) + 1, N_SUMS)) for _ in sides]
    for side, cells in zip(sides, totals, strict=True):
        add_by_cell(side, unit, cells)
    return np.hstack(totals)


def losses(sums: Array) -> Array:
    """Losses of accuracy, and of recall, hu and d' of disgust: (B, 4)."""
    sides = []
    for half in (sums[:, :N_SUMS], sums[:, N_SUMS:]):
        of_disgust = [evaluate([metric], half)[:, DISGUST] for metric in OF_DISGUST]
        sides.append(np.column_stack([evaluate(OVERALL, half), *of_disgust]))
    return np.asarray(sides[0] - sides[1])


def truth() -> Array:
    """Compute the losses of so many people that they are the population's."""
    data = draw(np.random.default_rng(1), 200_000)
    return np.asarray(losses(totals(data, 0 * data.person))[0])


def holds(resampled: Resampled, kind: Interval, true: Array) -> NDArray[np.bool_]:
    low, high = interval(resampled, kind)
    return np.asarray((low <= true) & (true <= high))


def coverage(people: int, simulations: int, resamples: int, true: Array) -> dict[str, Array]:
    """Share of data sets whose interval holds the truth, by kind: (4,) each."""
    found: dict[str, list[NDArray[np.bool_]]] = {kind: [] for kind in (*KINDS, "naive")}
    for number in range(simulations):
        data = draw(np.random.default_rng([people, number]), people)
        sums = totals(data, data.person)
        clustered = bootstrap(sums, losses, seed=number, n_resamples=resamples)
        for kind in KINDS:
            found[kind].append(holds(clustered, kind, true))
        images = totals(data, np.arange(len(data.person)))
        naive = bootstrap(images, losses, seed=number, n_resamples=resamples)
        found["naive"].append(holds(naive, "percentile", true))
    return {kind: np.mean(rows, axis=0) for kind, rows in found.items()}


def plain_limits(drawn: Resampled) -> tuple[Array, Array]:
    """Quantiles moved outwards by Student's t, from two units on, whatever their width."""
    n = np.maximum(drawn.n_clusters, 2)
    tail = ndtr(-np.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.975))
    low, high = quantiles(drawn.values, np.stack([tail, 1 - tail]))
    return np.where(drawn.n_clusters >= 2, low, np.nan), high


def few_coverage(
    people: int, case: Case, simulations: int, resamples: int, true: Array
) -> dict[str, Array]:
    """Coverage, share without width and median width of losses, by kind: (3, 15) each."""
    found: dict[str, list[Array]] = {"plain": [], "auto": []}
    measure = partial(both_and_loss, OF_EACH)
    for number in range(simulations):
        data = draw(np.random.default_rng([people, number, 7]), people, case)
        sums = totals(data, np.unique(data.person, return_inverse=True)[1])
        sides = sums.reshape(len(sums), 2, N_SUMS)
        made = Comparison("m", ("who",), sides, np.arange(len(sums))[:, None], None)
        shown = np.stack([np.bincount(data.person[data.emotion == e], minlength=people) > 0
                          for e in range(len(EMOTIONS))]).sum(axis=1)  # fmt: skip
        units = np.tile([len(sums), *shown, *shown], 3)
        least = least_error(sums.sum(axis=0), made.changed_pictures(), measure)
        drawn = bootstrap(
            sums, measure, seed=number, n_clusters=units, least=least, n_resamples=resamples
        )
        for kind, (low, high) in (("plain", plain_limits(drawn)), ("auto", interval(drawn))):
            width = np.where(np.isnan(low), np.nan, high - low)[-len(true) :]
            inside = ((low <= measure_of(true)) & (measure_of(true) <= high))[-len(true) :]
            found[kind].append(np.stack([np.where(np.isnan(width), np.nan, inside), width]))
    out = {}
    for kind, rows in found.items():
        held, width = np.stack(rows, axis=1)
        there = (~np.isnan(held)).sum(axis=0)
        with np.errstate(invalid="ignore"):
            out[kind] = np.stack([
                np.nansum(held, axis=0) / there, np.nansum(width < 1e-9, axis=0) / there,
                there / simulations,
            ])  # fmt: skip
    return out


def measure_of(true: Array) -> Array:
    """Put true losses (m,) in the places of plain, occluded and loss, (3 m,)."""
    return np.tile(true, 3)


def print_few(simulations: int, resamples: int) -> None:
    print("case          people  measure    kind   coverage  worst emotion   zero   with interval")
    groups = {"accuracy": slice(0, 1), "recall": slice(1, 8), "d'": slice(8, 15)}
    for name, case in CASES.items():
        many = draw(np.random.default_rng(1), 100_000, case)
        true = both_and_loss(OF_EACH, totals(many, 0 * many.person))[0, -len(OF_EACH_LABELS) :]
        for people in FEW:
            shares = few_coverage(people, case, simulations, resamples, true)
            for measure, part in groups.items():
                for kind, (held, zero, there) in shares.items():
                    if not there[part].any():
                        print(f"{name:12}  {people:6}  {measure:9}  {kind:5}  (no interval)")
                        continue
                    mean = np.average(np.nan_to_num(held[part]), weights=there[part])
                    none = np.average(np.nan_to_num(zero[part]), weights=there[part])
                    numbers = f"{mean:8.3f}  {np.nanmin(held[part]):13.3f}  {none:5.3f}"
                    head = f"{name:12}  {people:6}  {measure:9}  {kind:5}"
                    print(f"{head}  {numbers}  {there[part].mean():14.3f}", flush=True)


def print_gee(simulations: int) -> None:
    """Shares of true hypotheses that joint tests of GEE models reject at .05."""
    print("clusters  emotions  hypothesis        F   chi-square   fitted")
    for clusters, emotions in ((10, 7), (12, 7), (20, 7), (40, 7), (100, 7), (10, 3), (29, 3)):
        p: dict[str, list[tuple[float, float]]] = {"condition": [], "interaction": []}
        for number in range(simulations):
            rng = np.random.default_rng([clusters, emotions, number])
            who, label, side, _ = (x.ravel() for x in np.indices((clusters, emotions, 2, 4)))
            logit = EASE[label] + rng.normal(0, SD_PERSON, clusters)[who]
            logit += side * rng.normal(0, SD_LOSS, (clusters, emotions))[who, label]
            data = pd.DataFrame({"who": who, "label": label.astype(str)})
            data["condition"] = np.where(side, "mask", "none")
            data["correct"] = (rng.random(len(who)) < expit(logit)).astype(int)
            try:
                found = gee_logistic(data, cluster="who", emotion="label")
            except MaskfaceError:  # too few clusters, or a cell without a wrong answer
                continue
            for name, kept in p.items():
                test = getattr(found, name)
                wald = test.f * test.df * (clusters - 1) / test.df_error
                kept.append((test.p_value, float(chdtrc(test.df, wald))))
        for name, kept in p.items():
            f, chi = np.mean(np.array(kept) < 0.05, axis=0) if kept else (np.nan, np.nan)
            print(f"{clusters:8}  {emotions:8}  {name:11}  {f:7.3f}  {chi:11.3f}  {len(kept):7}",
                  flush=True)  # fmt: skip


def draw_crossed(rng: np.random.Generator, observers: int, faces: int) -> Array:
    """Every observer reads every face, plain and occluded: (observers, faces, 3) sums."""
    readable = rng.normal(0, SD_PERSON, (observers, 1)) + rng.normal(0, SD_PERSON, faces)
    loss = 1 + rng.normal(0, SD_LOSS, (observers, 1)) + rng.normal(0, SD_LOSS, faces)
    right = [rng.random((observers, faces)) < expit(1 + readable - part) for part in (0, loss)]
    return np.stack([np.ones((observers, faces)), *right], axis=-1).astype(np.float64)


def loss_of_sums(sums: Array) -> Array:
    return (sums[:, 1:2] - sums[:, 2:3]) / sums[:, :1]


def true_crossed_loss() -> Array:
    """Average many independent pairs of an observer and a face."""
    rng = np.random.default_rng(1)
    sums = np.mean([draw_crossed(rng, 500, 500).sum(axis=(0, 1)) for _ in range(40)], axis=0)
    return np.asarray(loss_of_sums(sums[None])[0])


def crossed_coverage(observers: int, faces: int, simulations: int, resamples: int) -> list[float]:
    """Share of data sets whose default interval holds the truth: both, observers, faces."""
    levels = np.column_stack([axis.ravel() for axis in np.indices((observers, faces))])
    true, found = true_crossed_loss(), []
    for number in range(simulations):
        sums = draw_crossed(np.random.default_rng([observers, faces, number]), observers, faces)
        both = bootstrap(
            sums.reshape(-1, 3), loss_of_sums, seed=number, levels=levels, n_resamples=resamples
        )
        one = [
            bootstrap(sums.sum(axis=axis), loss_of_sums, seed=number, n_resamples=resamples)
            for axis in (1, 0)
        ]
        found.append([holds(resampled, "expanded", true)[0] for resampled in (both, *one)])
    return [float(share) for share in np.mean(found, axis=0)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=4000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--few", action="store_true", help="few people, ceiling and floor alone")
    parser.add_argument("--gee", action="store_true", help="joint tests of GEE models alone")
    asked = parser.parse_args()
    if asked.gee:
        print_gee(asked.simulations)
        return
    if asked.few:
        print_few(asked.simulations, asked.resamples)
        return
    true = truth()
    named = zip(MEASURES, true, strict=True)
    print("true losses: " + ", ".join(f"{name} {loss:.3f}" for name, loss in named))
    print("people  measure   " + "".join(f"{kind:>12}" for kind in (*KINDS, "naive")))
    for people in CLUSTERS:
        shares = coverage(people, asked.simulations, asked.resamples, true)
        for i, name in enumerate(MEASURES):
            cells = "".join(f"{share[i]:12.3f}" for share in shares.values())
            print(f"{people:6}  {name:10}{cells}", flush=True)
    print("observers  faces        both   observers       faces")
    for observers, faces in CROSSED:
        shares_of = crossed_coverage(observers, faces, asked.simulations, asked.resamples)
        cells = "".join(f"{share:12.3f}" for share in shares_of)
        print(f"{observers:9}  {faces:5}{cells}", flush=True)
    error = 1.96 * np.sqrt(0.95 * 0.05 / asked.simulations)
    print(f"simulation error of a share of .95: {error:.3f}")


if __name__ == "__main__":
    main()
