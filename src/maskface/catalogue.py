"""What can be named on the command line, with a line on each."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from maskface.classifiers import CLASSIFIERS
from maskface.datasets import DATASETS
from maskface.errors import MaskfaceError
from maskface.occluders import OCCLUDERS
from maskface.registry import Registry, unknown_name
from maskface.specs import described_parameters
from maskface.text import glossary


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be named.

    Attributes
    ----------
    name
        As it is typed.
    description
        The first line of what is said about it.
    parameters
        Each with its default, and what else it may be.
    """

    name: str
    description: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """The same as plain values."""
        about = {"name": self.name, "description": self.description}
        return {**about, "parameters": dict(self.parameters)}


KINDS: Final = ("occluders", "classifiers", "datasets")
_LAYOUTS = (
    Entry("DIR", "Any folder with an index.csv (path,emotion[,subject])."),
    Entry("DIR", "Any folder with one folder per emotion."),
)


def catalogue(kind: str) -> list[Entry]:
    """List what there is, sorted by name.

    Parameters
    ----------
    kind
        One of `KINDS`.

    Raises
    ------
    MaskfaceError
        If it is another.
    """
    if kind not in KINDS:
        raise MaskfaceError(unknown_name("list", kind, list(KINDS)))
    if kind == "datasets":
        return [*(Entry(name, _about(DATASETS, name)) for name in DATASETS.names()), *_LAYOUTS]
    registry: Registry[Any] = CLASSIFIERS if kind == "classifiers" else OCCLUDERS
    return [
        Entry(name, _about(registry, name), described_parameters(registry.get(name)))
        for name in registry.names()
    ]


def catalogue_text(entries: Sequence[Entry]) -> str:
    """Set a catalogue for a terminal: a line for each entry, and for each parameter."""
    return glossary(
        (
            entry.name,
            [entry.description, *(f"  {key}: {said}" for key, said in entry.parameters.items())],
        )
        for entry in entries
    )


def _about(registry: Registry[Any], name: str) -> str:
    return (inspect.getdoc(registry.get(name)) or "").partition("\n")[0]
