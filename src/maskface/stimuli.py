"""Sets of composite faces made from the photographs of a data set."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.cells import safe_cell
from maskface.composites import compose
from maskface.datasets import Dataset, load_dataset
from maskface.errors import MaskfaceError, os_errors_explained
from maskface.files import write_atomically
from maskface.images import decode_image, read_bytes, write_image
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
from maskface.seeds import derived_seed
from maskface.types import EMOTIONS, FaceLandmarks, ImageArray, Sample


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photographs of one person."""

    name: str  # of its pictures
    # With the one and the other emotion.
    first: Sample
    second: Sample


def draw_pairs(dataset: Dataset, upper: str, lower: str, pairs: int, seed: int) -> list[Pair]:
    """Draw up to so many pairs of each person, the first of everyone before the second.

    Raises MaskfaceError if these are not two emotions, or nobody shows both.
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


RECIPE: Final = "recipe.json"
INDEX: Final = "index.csv"
FAILURES: Final = "failures.csv"
HEADER: Final = (
    "path", "emotion", "subject", "kind", "upper", "lower", "pair", "upper_image", "lower_image",
)  # fmt: skip
FAILURES_HEADER: Final = ("subject", "upper_image", "lower_image", "message")


@dataclass(frozen=True, slots=True)
class SetFolder:
    """Names and files of one set."""

    path: Path  # the folder

    def claim(self, recipe: Mapping[str, Any]) -> None:
        """Make sure that the set of this recipe may be written here.

        Raises MaskfaceError if something else is in the folder.
        """
        data = json.dumps(recipe, indent=2, ensure_ascii=False).encode() + b"\n"
        target = self.path / RECIPE
        self.path.mkdir(parents=True, exist_ok=True)
        if not target.exists() and any(self.path.iterdir()):
            raise MaskfaceError(f"{self.path} holds other files. Choose a new or empty folder.")
        if target.exists() and target.read_bytes() != data:
            raise MaskfaceError(
                f"{self.path} holds faces that were made in another way ({RECIPE} says how). "
                "Choose a new or empty folder, or delete this one."
            )
        write_atomically(target, data)

    def write(self, rows: Sequence[Sequence[str]], failures: Sequence[Sequence[str]]) -> None:
        """Write what was made, and what could not be."""
        for name, header, lines in ((INDEX, HEADER, rows), (FAILURES, FAILURES_HEADER, failures)):
            cells = [[safe_cell(text) for text in line] for line in lines]
            table = pd.DataFrame(cells, columns=list(header))
            data = table.to_csv(index=False, lineterminator="\n").encode()
            write_atomically(self.path / name, data)


KINDS: Final = ("whole", "composite", "misaligned")
"""Photographs as they are; two halves that fit; the same halves, the lower one moved aside."""
_MADE: Final = (
    ("whole", 0, 0), ("whole", 1, 1), ("composite", 0, 1), ("misaligned", 0, 1),
    ("composite", 1, 0),
)  # fmt: skip
"""The pictures of a pair: kind, and which photograph gives the upper and the lower half."""
Photograph = tuple[ImageArray, FaceLandmarks | None]


def make_composites(
    dataset: Dataset,
    folder: str | Path,
    *,
    upper: str = "sadness",
    lower: str = "happiness",
    pairs: int = 1,
    limit: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Make a set of composite faces, with the whole faces that they are made of.

    Of each person with photographs of both emotions, up to `pairs` pairs are drawn, no photograph
    twice. Each pair gives five pictures: both photographs as they are; the upper half of the first
    on the lower half of the second; the same two halves misaligned (Calder, Young, Keane & Dean
    2000, doi:10.1037/0096-1523.26.2.527); and the upper half of the second on the lower half of
    the first.

    Parameters
    ----------
    dataset
        Photographs with subjects.
    folder
        A new folder, or one that an earlier call with the same arguments made or began to make:
        its finished pictures are kept.
    upper, lower
        Two of `EMOTIONS`.
    pairs
        Pairs of each person, 1 or more. Frames of one recording are near-copies: more of them
        add little, and people remain the independent units.
    limit
        At most so many pictures in all, but one pair at least; all if None.
    seed
        Another seed draws other pairs.

    Returns
    -------
    Dataset
        The pictures in `folder`, named after the folder. A picture's label is the emotion of its
        upper half; its attributes are kind (one of `KINDS`), upper and lower (emotions of the
        halves), pair, upper_image and lower_image. Pairs whose halves cannot be joined are left
        out whole and listed in ``failures.csv``.

    Raises
    ------
    MaskfaceError
        If the emotions are not two, nobody has photographs of both, no pair could be joined, or
        the folder holds something else or cannot be written to.
    """
    chosen = draw_pairs(dataset, upper, lower, pairs, seed)
    chosen = chosen if limit is None else chosen[: max(limit // len(_MADE), 1)]
    recipe = {"set": dataset.name, "pictures": dataset.index_hash, "upper": upper, "lower": lower}
    target = SetFolder(Path(folder))
    with os_errors_explained(f"write to {folder}", "Choose another folder."):
        target.claim(recipe | {"pairs": pairs, "limit": limit, "seed": seed})
        with CachedDetector(MediaPipeDetector(), LandmarkCache()) as detector:
            messages = [_make(pair, target.path, detector) for pair in chosen]
        results = list(zip(chosen, messages, strict=True))
        failures = [(*_sources(pair), message) for pair, message in results if message]
        made = [row for pair, message in results if not message for row in _rows(pair)]
        target.write(made, failures)
    if not made:
        raise MaskfaceError(
            f"None of {len(chosen)} pairs of photographs could be joined. The first: "
            f"{messages[0]} All are listed in {target.path / FAILURES}."
        )
    return load_dataset(target.path)


def _make(pair: Pair, root: Path, detector: CachedDetector) -> str:
    """Write the pictures of a pair that are not there yet; say why that is not possible."""
    paths = [root / path for path in _paths(pair)]
    if all(path.exists() for path in paths):
        return ""
    try:
        two = [_photograph(sample, detector) for sample in (pair.first, pair.second)]
        images = [_picture(kind, two[above], two[below]) for kind, above, below in _MADE]
    except MaskfaceError as error:
        return str(error)
    for path, image in zip(paths, images, strict=True):
        write_image(path, image)
    return ""


def _photograph(sample: Sample, detector: CachedDetector) -> Photograph:
    data = read_bytes(sample.path)
    image = decode_image(data)
    return image, next(iter(detector.detect(image, data)), None)


def _picture(kind: str, above: Photograph, below: Photograph) -> ImageArray:
    if kind == "whole":
        return above[0]
    return compose(*above, *below, aligned=kind == "composite").image


def _paths(pair: Pair) -> list[str]:
    both = (pair.first, pair.second)
    return [
        f"{kind}_{both[above].label}_{both[below].label}/{pair.name}.png"
        for kind, above, below in _MADE
    ]


def _rows(pair: Pair) -> list[tuple[str, ...]]:
    both = (pair.first, pair.second)
    return [
        (
            path,
            both[above].label,
            pair.first.subject_id,
            kind,
            both[above].label,
            both[below].label,
            pair.name,
            both[above].image_id,
            both[below].image_id,
        )
        for path, (kind, above, below) in zip(_paths(pair), _MADE, strict=True)
    ]


def _sources(pair: Pair) -> tuple[str, str, str]:
    return pair.first.subject_id, pair.first.image_id, pair.second.image_id
