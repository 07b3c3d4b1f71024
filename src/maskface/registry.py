"""Look-up of occluders, classifiers, data sets and data-set readers by name.

Names are given by the decorator `Registry.register`: in the package's own modules, in a user's
script or notebook, or in another package with an entry point. The package's own modules are
searched for the decorator without importing them, so a new occluder is one new file, and listing
names is cheap.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from maskface.errors import MaskfaceError

T = TypeVar("T")
Thing = TypeVar("Thing")
_DEFINED: Final = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)


class Parameter(NamedTuple):
    """A parameter as declared by its class."""

    default: str  # as it is typed in a condition; empty for None, an empty text and no default
    # Values of a Literal or a bool, and those that an Annotated text suggests.
    choices: tuple[str, ...] = ()
    # Kind of thing that an Annotated text names: colour, file, occluder, classifier, condition;
    # else empty.
    names: str = ""


class Registry(Generic[T]):
    """Names of one kind of thing, and the classes or functions behind them.

    `kind` is the thing in the singular, for messages: ``"occluder"``. Modules of `package`, which
    is imported already, are searched for ``@VARIABLE.register("name")``, where `variable` is the
    name of the registry. Other packages add names through the entry point group
    ``maskface.<kind>s``, with blanks and hyphens of the kind as underscores.
    """

    def __init__(self, kind: str, package: str, variable: str) -> None:
        self.kind = kind
        self.group = f"maskface.{re.sub('[ -]', '_', kind)}s"
        self._package = package
        self._variable = variable
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[Thing], Thing]:
        """Return a decorator that makes a class or function available under `name`.

        A class without a text `name` of its own is given this one. A cell of a notebook may be run
        again: a thing with the same module and qualified name takes the place of the older one.
        Raises ValueError if the name is taken, or the class calls itself otherwise.
        """

        def decorate(thing: Thing) -> Thing:
            if self._is_taken(name, thing):
                raise ValueError(f"There is already {with_article(self.kind)} named {name!r}.")
            if isinstance(thing, type):
                _name(thing, name)
            self._things[name] = cast("T", thing)
            return thing

        return decorate

    def unregister(self, name: str) -> None:
        """Remove what was registered under `name` by hand."""
        self._things.pop(name, None)

    def names(self) -> list[str]:
        """Return all names, sorted, without importing what is behind them."""
        plugins = {point.name for point in entry_points(group=self.group)}
        return sorted({*self._builtins, *self._things, *plugins})

    def get(self, name: str) -> T:
        """Return the class or function behind a name.

        Raises MaskfaceError if nothing has that name; the message lists the names and the nearest
        one.
        """
        if name not in self._things:
            self._things[name] = self._load(name)
        return self._things[name]

    def name_of(self, cls: type[Any]) -> str | None:
        """Return the name under which a class can be had, or None."""
        named = getattr(cls, "name", None)
        candidates = [named] if isinstance(named, str) else []
        candidates += [name for name, path in self._builtins.items() if path == _path(cls)]
        candidates += [name for name, thing in self._things.items() if thing is cls]
        known = self.names()
        return next((n for n in candidates if n in known and self.get(n) is cls), None)

    def static_parameters(self, name: str) -> dict[str, Parameter]:
        """Read the parameters, by name, of one of the package's dataclasses without importing it.

        Importing them would load OpenCV, which is too slow for shell completion. There are none for
        things of other packages, of scripts and unknown ones.
        """
        if name not in self._builtins:
            return {}
        module, _, cls = self._builtins[name].partition(":")
        return dict(sorted(_module(module).parameters(cls).items()))

    @cached_property
    def _builtins(self) -> dict[str, str]:
        """``"module:attribute"`` by name."""
        decorated = re.compile(rf'^@{self._variable}\.register\("([^"]+)"\)', re.MULTILINE)
        found: dict[str, str] = {}
        for path in _files(self._package):
            text = path.read_text(encoding="utf-8")
            for match in decorated.finditer(text):
                defined = _DEFINED.search(text, match.end())
                if defined is not None:
                    found[match[1]] = f"{_module_name(self._package, path)}:{defined[1]}"
        return found

    def _is_taken(self, name: str, thing: object) -> bool:
        if name in self._things:
            return _path(thing) != _path(self._things[name])
        return name in self.names() and self._builtins.get(name) != _path(thing)

    def _load(self, name: str) -> T:
        if name in self._builtins:
            module, _, attribute = self._builtins[name].partition(":")
            loaded: T = getattr(importlib.import_module(module), attribute)
            return loaded
        for point in entry_points(group=self.group, name=name):
            plugin: T = point.load()
            return plugin
        raise MaskfaceError(unknown_name(self.kind, name, self.names()))


def unknown_name(kind: str, got: str, allowed: list[str]) -> str:
    """Return the message about an unknown name: the name, the nearest allowed one, and all."""
    names = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(got.lower(), list(names), n=1)
    hint = f" Did you mean {names[near[0]]!r}?" if near else ""
    return f"There is no {kind} named {got!r}.{hint} Allowed: {', '.join(allowed)}."


def with_article(kind: str) -> str:
    """Return a kind of thing with its indefinite article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _path(thing: object) -> str:
    return f"{getattr(thing, '__module__', '')}:{getattr(thing, '__qualname__', '')}"


def _name(cls: type[Any], name: str) -> None:
    """Give a class the name under which it is registered."""
    own = vars(cls).get("name")
    if isinstance(own, str) and own != name:
        raise ValueError(f"{cls.__qualname__} is registered as {name!r}, but its name is {own!r}.")
    if own is None and isinstance(getattr(cls, "name", ""), str):
        setattr(cls, "name", name)  # noqa: B010 (of any class)


def _files(package: str) -> Iterator[Path]:
    for folder in sys.modules[package].__path__:
        yield from sorted(Path(folder).rglob("*.py"))


def _module_name(package: str, path: Path) -> str:
    root = next(Path(f) for f in sys.modules[package].__path__ if path.is_relative_to(f))
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join([package, *(part for part in parts if part != "__init__")])


@dataclass(frozen=True)
class _Module:
    """The source of a module, and what its dataclasses declare."""

    tree: ast.Module

    def parameters(self, cls: str) -> dict[str, Parameter]:
        """Fields of a dataclass and of its bases, those of the bases first."""
        node = self._defined.get(cls)
        if not isinstance(node, ast.ClassDef):
            there = self._elsewhere(cls, lambda module, name: module.parameters(name))
            return there or {}
        found: dict[str, Parameter] = {}
        for base in node.bases:
            if isinstance(base, ast.Name):
                found |= self.parameters(base.id)
        is_dataclass = any("dataclass" in ast.unparse(one) for one in node.decorator_list)
        for line in node.body if is_dataclass else ():
            if isinstance(line, ast.AnnAssign) and not self._is_apart(line):
                found[ast.unparse(line.target)] = self._parameter(line)
        return found

    @staticmethod
    def _is_apart(line: ast.AnnAssign) -> bool:
        """Return whether a line declares no parameter but a class attribute or computed field."""
        hint, value = ast.unparse(line.annotation), ast.unparse(line.value or line.target)
        private = ast.unparse(line.target).startswith("_")
        return private or hint.startswith("ClassVar") or "init=False" in value

    def _parameter(self, line: ast.AnnAssign) -> Parameter:
        value = line.value.value if isinstance(line.value, ast.Constant) else None
        text = "" if value is None else str(value)
        default = text.lower() if isinstance(value, bool) else text
        hint = self._resolved(line.annotation)
        if isinstance(hint, ast.Name) and hint.id == "bool":
            return Parameter(default, ("true", "false"))
        if isinstance(hint, ast.Subscript):
            given = hint.slice.elts if isinstance(hint.slice, ast.Tuple) else [hint.slice]
            constants = [one.value for one in given if isinstance(one, ast.Constant)]
            form = ast.unparse(hint.value)
            if form == "Literal":
                return Parameter(default, tuple(map(str, constants)))
            if form == "Annotated" and constants:
                names, *suggested = map(str, constants)
                return Parameter(default, tuple(suggested), names)
        return Parameter(default)

    def _resolved(self, hint: ast.expr) -> ast.expr:
        """Return the type behind a name of a type."""
        if not isinstance(hint, ast.Name):
            return hint
        node = self._defined.get(hint.id)
        if isinstance(node, ast.expr):
            return self._resolved(node)
        there = self._elsewhere(hint.id, lambda module, name: module._resolved(ast.Name(name)))
        return hint if there is None else there

    def _elsewhere(self, name: str, find: Callable[[_Module, str], Any]) -> Any:
        """Apply a function in the module that a name is imported from; None outside maskface."""
        source, original = self._imported.get(name, ("", ""))
        return find(_module(source), original) if source.startswith("maskface.") else None

    @cached_property
    def _defined(self) -> dict[str, ast.AST]:
        found: dict[str, ast.AST] = {}
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found[node.target.id] = node.value or node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = node.value
        return found

    @cached_property
    def _imported(self) -> dict[str, tuple[str, str]]:
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


@cache
def _module(name: str) -> _Module:
    top, *parts = name.split(".")
    place = Path(sys.modules[top].__path__[0], *parts)
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return _Module(ast.parse(file.read_text(encoding="utf-8")))


def constant(module: str, name: str) -> Any:
    """Read a literal constant of one of the package's modules without importing it."""
    return ast.literal_eval(_module(module)._defined[name])
