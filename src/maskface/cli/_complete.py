"""What a shell may complete: what stands after options. Nothing that is slow is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from maskface.cli import _parameters
from maskface.cli._parameters import ANY_OCCLUDER, Values

FIGURES: Final = (
    "strip", "readers", "loss", "grid", "people", "accuracy", "flows", "confusions",
    "probabilities",
)  # fmt: skip
"""`maskface.report.KINDS`, which loads Matplotlib."""
FIGURE_FORMATS: Final = ("svg", "png", "pdf")
TABLE_FORMATS: Final = ("csv", "parquet")
BACKENDS: Final = ("loky", "dask")
LISTS: Final = ("occluders", "classifiers", "datasets")
ONNX: Final = "onnx:"
"""What stands before the name of a network that can be downloaded."""
EMOTIONS: Final = (
    "all", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral",
)  # fmt: skip


def one_of(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Complete one of a few names."""

    def complete(incomplete: str) -> list[str]:
        return _starting(names, incomplete)

    return complete


def occluder_names(incomplete: str) -> list[str]:
    """Complete an occluder and its parameters, also after the plus sign of a stack."""

    def names() -> list[str]:
        from maskface.occluders import OCCLUDERS

        return OCCLUDERS.names()

    before, plus, last = incomplete.rpartition("+")
    return [before + plus + spec for spec in _specs(last, _parameters.OCCLUDERS, names)]


def classifier_names(incomplete: str) -> list[str]:
    """Complete a classifier and its parameters."""

    def names() -> list[str]:
        from maskface.classifiers import CLASSIFIERS

        return CLASSIFIERS.names()

    networks = [f"{ONNX}{name}" for name in card_names("")]
    found = _starting(networks, incomplete) if incomplete.startswith(ONNX) else []
    return found + _specs(incomplete, _parameters.CLASSIFIERS, names)


def _specs(
    incomplete: str, known: Mapping[str, Mapping[str, Values]], names: Callable[[], list[str]]
) -> list[str]:
    name, colon, rest = incomplete.partition(":")
    if not colon:
        return _starting(names(), incomplete)
    before, comma, last = rest.rpartition(",")
    given = {part.partition("=")[0] for part in before.split(",")}
    left = {key: values for key, values in known.get(name, {}).items() if key not in given}
    key, equals, _ = last.partition("=")
    keys = [key] if equals else _starting(sorted(left), key)
    pairs = [f"{one}=" for one in keys]
    if len(keys) == 1:
        values = left.get(keys[0], ())
        more = [pairs[0] + value for value in (names() if values == ANY_OCCLUDER else values)]
        # Of a single way to go on a shell thinks that nothing can follow it, and adds a blank.
        pairs = more if equals or len(more) > 1 else [*pairs, *(more or [f"{pairs[0]}..."])]
    return [name + colon + before + comma + pair for pair in _starting(pairs, last)]


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
