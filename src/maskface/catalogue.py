"""Lists of occluders, classifiers and data sets, with a line on each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from maskface.classifiers import CLASSIFIERS
from maskface.datasets import DATASET_READERS, DATASETS
from maskface.errors import MaskfaceError
from maskface.occluders import OCCLUDERS
from maskface.registry import Registry, unknown_name
from maskface.specs import described_parameters
from maskface.text import glossary


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list."""

    name: str  # name as typed
    description: str  # first line of the docstring
    # Default and other choices of each parameter.
    parameters: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return the entry as plain values."""
        about = {"name": self.name, "description": self.description}
        return {**about, "parameters": dict(self.parameters)}


KINDS: Final = ("occluders", "classifiers", "datasets")


def catalogue(kind: str) -> list[Entry]:
    """List the occluders, classifiers or data sets (`kind`, one of `KINDS`), sorted by name.

    Raises MaskfaceError if `kind` is another text.
    """
    if kind not in KINDS:
        raise MaskfaceError(unknown_name("list", kind, list(KINDS)))
    if kind == "datasets":
        return [*_entries(DATASETS), *_entries(DATASET_READERS, "--dataset ")]
    return list(_entries(CLASSIFIERS if kind == "classifiers" else OCCLUDERS))


def _entries(registry: Registry[Any], before: str = "") -> Iterator[Entry]:
    for name in registry.names():
        made = registry.get(name)
        about = (inspect.getdoc(made) or "").partition("\n")[0]
        parameters = described_parameters(made) if isinstance(made, type) else {}
        yield Entry(before + name, about, parameters)


def catalogue_text(entries: Sequence[Entry]) -> str:
    """Format a list for a terminal: a line for each entry, and for each of its parameters."""
    return glossary(
        (
            entry.name,
            [entry.description, *(f"  {key}: {said}" for key, said in entry.parameters.items())],
        )
        for entry in entries
    )
