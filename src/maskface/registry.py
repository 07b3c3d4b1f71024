"""Look-up of occluders, classifiers and data sets by name.

A name comes from three places: the package's own table (module paths, so that listing names
imports nothing), the `register` decorator, and entry points of other packages.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from maskface.errors import MaskfaceError

T = TypeVar("T")
Thing = TypeVar("Thing")


class Registry(Generic[T]):
    """Names of one kind of thing and what is behind them.

    Parameters
    ----------
    kind
        What is registered, in the singular, for messages: ``"occluder"``.
    builtins
        Name to ``"module:attribute"``; imported on first use.

    Notes
    -----
    Other packages add names through the entry point group ``maskface.<kind>s``.
    """

    def __init__(self, kind: str, builtins: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = f"maskface.{kind}s"
        self._paths = dict(builtins)
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[Thing], Thing]:
        """Return a decorator that makes a class or function available under `name`.

        Raises
        ------
        ValueError
            If the name is taken.
        """

        def decorate(thing: Thing) -> Thing:
            if name in self.names():
                raise ValueError(f"There is already a {self.kind} named {name!r}.")
            self._things[name] = cast("T", thing)
            return thing

        return decorate

    def names(self) -> list[str]:
        """All names, sorted; imports nothing."""
        plugins = {point.name for point in entry_points(group=self.group)}
        return sorted({*self._paths, *self._things, *plugins})

    def get(self, name: str) -> T:
        """Return what is behind a name.

        Raises
        ------
        MaskfaceError
            If nothing has that name; the message lists the names and the nearest one.
        """
        if name not in self._things:
            self._things[name] = self._load(name)
        return self._things[name]

    def _load(self, name: str) -> T:
        if name in self._paths:
            module, _, attribute = self._paths[name].partition(":")
            loaded: T = getattr(importlib.import_module(module), attribute)
            return loaded
        for point in entry_points(group=self.group, name=name):
            plugin: T = point.load()
            return plugin
        raise MaskfaceError(unknown_name(self.kind, name, self.names()))


def unknown_name(kind: str, got: str, allowed: list[str]) -> str:
    """Word the refusal of a name: what was got, the nearest allowed one, and all of them."""
    names = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(got.lower(), list(names), n=1)
    hint = f" Did you mean {names[near[0]]!r}?" if near else ""
    return f"There is no {kind} named {got!r}.{hint} Allowed: {', '.join(allowed)}."
