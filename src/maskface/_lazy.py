"""Public names that are loaded when they are first used.

`maskface --help` must not wait for NumPy, OpenCV or pandas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package.

    Parameters
    ----------
    package
        Its ``__name__``.
    homes
        Public name to the module below the package that defines it.

    Returns
    -------
    callable
        Imports a name's module and returns what the name means; `AttributeError` for others.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load
