"""Data sets, and the balanced sample that `--limit` draws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from maskface.datasets.labels import printable, quoted, require_printable
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS, Sample


@dataclass(frozen=True, slots=True)
class Dataset:
    """A named set of labelled face pictures.

    Attributes
    ----------
    name
        Name in the results.
    samples
        The pictures, sorted by `Sample.image_id`, each id once.
    licence
        Terms of use; empty if not known.
    citation
        Reference to cite; empty if not known.
    may_be_shown
        True if the terms allow pictures to be shown in a report.

    Raises
    ------
    MaskfaceError
        If there is no picture, two have the same id, or an id holds control characters.
    """

    name: str
    samples: tuple[Sample, ...]
    licence: str = ""
    citation: str = ""
    may_be_shown: bool = False

    def __post_init__(self) -> None:
        if not self.samples:
            raise MaskfaceError(f"The data set {self.name!r} holds no pictures.")
        require_printable(
            (sample.image_id for sample in self.samples), f"The data set {self.name!r}"
        )
        object.__setattr__(self, "name", printable(self.name).strip())
        ordered = tuple(sorted(self.samples, key=lambda sample: sample.image_id))
        twice = [a.image_id for a, b in pairwise(ordered) if a.image_id == b.image_id]
        if twice:
            raise MaskfaceError(
                f"The data set {self.name!r} names {len(twice)} pictures more than once, "
                f"for example {quoted(twice[0])}. Keep one row for each."
            )
        object.__setattr__(self, "samples", ordered)

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @property
    def index_hash(self) -> str:
        """SHA-256 of ids, labels, subjects and attributes, not of the pixels."""
        digest = hashlib.sha256()
        for sample in self.samples:
            attributes = (part for pair in sample.attributes for part in pair)
            row = (sample.image_id, sample.label, sample.subject_id, *attributes)
            digest.update("\x1f".join(row).encode() + b"\x1e")
        return digest.hexdigest()


def balanced_sample(samples: Sequence[Sample], limit: int, seed: int) -> tuple[Sample, ...]:
    """Draw up to `limit` pictures (1 or more) with label frequencies that are as equal as possible.

    They are sorted by image id. The rank of a picture depends only on the seed and its own id, so a
    larger limit only adds pictures.
    """

    def place(sample: Sample) -> str:
        return hashlib.sha256(f"{seed}\x1f{sample.image_id}".encode()).hexdigest()

    ranked: list[tuple[int, int, Sample]] = []
    for order, label in enumerate(EMOTIONS):
        group = sorted((s for s in samples if s.label == label), key=place)
        ranked.extend((rank, order, sample) for rank, sample in enumerate(group))
    ranked.sort(key=lambda item: item[:2])
    return tuple(sorted((item[2] for item in ranked[:limit]), key=lambda s: s.image_id))
