"""What can be named on the command line, with a line on each."""

from __future__ import annotations

import inspect
from typing import Any

from maskface.classifiers import CLASSIFIERS
from maskface.datasets import DATASETS
from maskface.occluders import OCCLUDERS
from maskface.registry import Registry
from maskface.specs import described_parameters

_LAYOUTS = [
    ("DIR", ["Any folder with an index.csv (path,emotion[,subject])."]),
    ("DIR", ["Any folder with one folder per emotion."]),
]


def catalogue(kind: str) -> list[tuple[str, list[str]]]:
    """List names and descriptions.

    Parameters
    ----------
    kind
        ``occluders``, ``classifiers`` or ``datasets``.

    Returns
    -------
    list of (str, list of str)
        Name and lines about it: the first line of what is said about it and each parameter with
        its default. Sorted by name.
    """
    if kind == "datasets":
        return [*_described(DATASETS), *_LAYOUTS]
    registry: Registry[Any] = CLASSIFIERS if kind == "classifiers" else OCCLUDERS
    return [(name, [*about, *_parameters(registry, name)]) for name, about in _described(registry)]


def _described(registry: Registry[Any]) -> list[tuple[str, list[str]]]:
    return [
        (name, [(inspect.getdoc(registry.get(name)) or "").partition("\n")[0]])
        for name in registry.names()
    ]


def _parameters(registry: Registry[Any], name: str) -> list[str]:
    parameters = described_parameters(registry.get(name))
    return [f"  {key}: {values}" for key, values in parameters.items()]
