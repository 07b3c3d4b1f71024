"""Which photographs of one person are joined."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maskface.datasets import Dataset
from maskface.errors import MaskfaceError
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS, Sample


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photographs of one person.

    Attributes
    ----------
    name
        Of its pictures.
    first, second
        With the one and the other emotion.
    """

    name: str
    first: Sample
    second: Sample


def draw_pairs(dataset: Dataset, upper: str, lower: str, pairs: int, seed: int) -> list[Pair]:
    """Draw up to so many pairs of each person, the first of everyone before the second.

    Raises
    ------
    MaskfaceError
        If these are not two emotions, or nobody shows both.
    """
    if upper == lower or not {upper, lower} <= set(EMOTIONS):
        raise MaskfaceError(
            f"A composite is made of two emotions of {', '.join(EMOTIONS)}; got {upper!r} and "
            f"{lower!r}. Write upper='sadness', lower='happiness'."
        )
    if pairs < 1:
        raise MaskfaceError(f"pairs is the number of pairs a person, 1 or more; got {pairs}.")
    people = sorted({sample.subject_id for sample in dataset} - {""})
    found: list[tuple[int, Pair]] = []
    for number, person in enumerate(people, start=1):
        own = [sample for sample in dataset if sample.subject_id == person]
        drawn = [_shuffled(own, emotion, seed) for emotion in (upper, lower)]
        stem = f"{number:03d}-{re.sub(r'[^A-Za-z0-9]+', '_', person)}"
        for rank, two in enumerate(list(zip(*drawn, strict=False))[:pairs]):
            found.append((rank, Pair(f"{stem}-{rank + 1}", *two)))
    if not found:
        raise MaskfaceError(_nobody(dataset, upper, lower))
    return [pair for _, pair in sorted(found, key=lambda item: (item[0], item[1].name))]


def _shuffled(samples: list[Sample], emotion: str, seed: int) -> list[Sample]:
    """Those with an emotion, in an order that depends on the seed and their own ids alone."""
    shown = [sample for sample in samples if sample.label == emotion]
    return sorted(shown, key=lambda sample: derived_seed(seed, sample.image_id))


def _nobody(dataset: Dataset, upper: str, lower: str) -> str:
    if not any(sample.subject_id for sample in dataset):
        return (
            f"The set {dataset.name!r} does not say who is shown, and composites are made of one "
            "person's photographs. Give its index a column subject."
        )
    there = sorted({sample.label for sample in dataset}, key=EMOTIONS.index)
    return (
        f"Nobody in the set {dataset.name!r} has photographs of both {upper} and {lower}; it shows "
        f"{', '.join(there)}. Choose two of these with upper and lower."
    )
