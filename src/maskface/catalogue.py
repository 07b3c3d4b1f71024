"""What can be named on the command line, with a line on each."""

from __future__ import annotations

import inspect
from typing import Any

from maskface.classifiers import CLASSIFIERS
from maskface.datasets import DATASETS
from maskface.occluders import OCCLUDERS
from maskface.registry import Registry

_LAYOUTS = [
    ("DIR", "Any folder with an index.csv (path,emotion[,subject])."),
    ("DIR", "Any folder with one folder per emotion."),
]


def catalogue(kind: str) -> list[tuple[str, str]]:
    """List names and descriptions.

    Parameters
    ----------
    kind
        ``occluders``, ``classifiers`` or ``datasets``.

    Returns
    -------
    list of (str, str)
        Name and the first line of what is said about it, sorted by name.
    """
    if kind == "datasets":
        return [*_described(DATASETS), *_LAYOUTS]
    return _described(OCCLUDERS) if kind == "occluders" else _described(CLASSIFIERS)


def _described(registry: Registry[Any]) -> list[tuple[str, str]]:
    return [
        (name, (inspect.getdoc(registry.get(name)) or "").partition("\n")[0])
        for name in registry.names()
    ]
