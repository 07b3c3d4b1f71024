"""The synthetic faces in surgical masks, which ship with the package; see ``CARD.md`` here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from maskface.datasets.base import Dataset
from maskface.datasets.csv import read_index
from maskface.datasets.example import example_dataset
from maskface.datasets.registry import DATASETS

FOLDER: Final = Path(__file__).parent


@DATASETS.register("example_worn")
def worn_dataset() -> Dataset:
    """Pairs of synthetic faces, plain and in rendered surgical masks: never evidence.

    Returns
    -------
    Dataset
        Frontal faces of full intensity, for `maskface.compare_worn`. Beside those of the set
        ``example``, pictures have the attributes ``pair`` and ``wearing`` (``plain`` or the mask),
        and those with masks ``alpha``, what the mask hides.
    """
    worn = read_index(FOLDER / "index.csv").samples
    pairs = {dict(sample.attributes)["pair"] for sample in worn}
    example = example_dataset()
    plain = [
        replace(sample, attributes=tuple(sorted((*sample.attributes, *own.items()))))
        for sample in example
        if (own := {"pair": sample.path.stem, "wearing": "plain"})["pair"] in pairs
    ]
    return replace(example, name="example_worn", samples=(*plain, *worn))
