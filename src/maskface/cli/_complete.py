"""What a shell may complete: names that stand after options. Nothing that is slow is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

FIGURES: Final = (
    "strip", "readers", "loss", "grid", "people", "accuracy", "flows", "confusions",
    "probabilities",
)  # fmt: skip
"""`maskface.report.KINDS`, which loads Matplotlib."""
FIGURE_FORMATS: Final = ("svg", "png", "pdf")
TABLE_FORMATS: Final = ("csv", "parquet")
BACKENDS: Final = ("loky", "dask")
LISTS: Final = ("occluders", "classifiers", "datasets")
EMOTIONS: Final = (
    "all", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral",
)  # fmt: skip


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Complete one of a few names."""

    def complete(incomplete: str) -> list[str]:
        return _starting(names, incomplete)

    return complete


def occluder_names(incomplete: str) -> list[str]:
    """Complete the name of an occluder, also after the plus sign of a stack."""
    from maskface.occluders import OCCLUDERS

    before, plus, last = incomplete.rpartition("+")
    return [before + plus + name for name in _starting(OCCLUDERS.names(), last)]


def classifier_names(incomplete: str) -> list[str]:
    """Complete the name of a classifier."""
    from maskface.classifiers import CLASSIFIERS

    return _starting(CLASSIFIERS.names(), incomplete)


def data_names(incomplete: str) -> list[str]:
    """Complete the name of a data set; where none fits, the shell completes folders itself."""
    from maskface.datasets import DATASETS

    return _starting(DATASETS.names(), incomplete)


def card_names(incomplete: str) -> list[str]:
    """Complete the name of a network that can be downloaded."""
    cards = Path(__file__).parents[1] / "classifiers" / "cards"
    return _starting(sorted(path.stem for path in cards.glob("*.toml")), incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
