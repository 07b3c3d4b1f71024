"""How often 95 % intervals of the loss hold the true loss, when people differ.

Draws data sets from a population that is known: every person has a readability and a loss of his
own, so that pictures of one person are alike. Counts how often each kind of interval holds the
population's loss. A good interval does so in 95 % of the data sets; between 93 and 97 % is asked
of the default (``expanded``). ``naive`` is the percentile interval that takes images as
independent. Then the same for observers crossed with faces, both of whom differ: intervals that
resample both, and those that resample one kind and take the other as given.

    python benchmarks/interval_coverage.py --simulations 4000
"""

from __future__ import annotations

import argparse
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from maskface.stats import Interval, Resampled, bootstrap, evaluate, get_metrics, interval
from maskface.stats.aggregate import N_SUMS, Answers, add_by_cell
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


def draw(rng: np.random.Generator, people: int) -> Data:
    numbers = rng.integers(1, 2 * PICTURES, (people, len(EASE))).ravel()
    person, emotion = (np.repeat(axis.ravel(), numbers) for axis in np.indices((people, len(EASE))))
    readable = rng.normal(0, SD_PERSON, people)[person]
    loss = LOSS[emotion] + rng.normal(0, SD_LOSS, people)[person]
    logit = EASE[emotion] + readable + rng.normal(0, SD_PICTURE, len(person))
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
    asked = parser.parse_args()
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
