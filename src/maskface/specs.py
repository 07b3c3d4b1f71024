"""Occluders and classifiers made from text and written back: ``surgical:colour=white``.

Each is a dataclass whose fields are its parameters. Where a parameter is itself an occluder or a
classifier, its own parameters stand in brackets: ``blur:region=surgical(colour=white)``. Such
texts are parsed here only.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from maskface.errors import MaskfaceError
from maskface.registry import Registry, unknown_name, with_article

FilePath: TypeAlias = Annotated[str, "file"]
"""Path of a file that decides what an occluder or classifier does, such as a picture."""
_OPENING = re.compile(r"[^:(,=]*\(")


def make(registry: Registry[Any], spec: str) -> Any:
    """Make a thing of a registry from its name and parameters.

    `spec` is ``name`` or ``name:key=value,key=value``; inside another thing's parameter,
    ``name(key=value,key=value)``. A class with an attribute ``positional`` takes the value of that
    parameter without its key. Raises MaskfaceError if the name, a parameter or a value is not
    allowed; the message says what is.
    """
    require_text(spec, f"The name of {with_article(registry.kind)}")
    name, rest = head(spec)
    cls = registry.get(name)
    texts = {} if rest is None else _split(cls, registry.kind, name, rest)
    thing = f"{registry.kind} {name!r}"
    return cls(**{key: _coerce(cls, thing, key, text) for key, text in texts.items()})


def require_text(text: str, what: str) -> None:
    """Raise `MaskfaceError` if a text holds bytes that are not UTF-8, as names of files may."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MaskfaceError(
            f"{what} holds bytes that are not UTF-8: {text!r}. Rename the file or folder."
        ) from None


def head(spec: str) -> tuple[str, str | None]:
    """Split the text of a thing into its name and parameters; None if it has none."""
    text = spec.strip()
    if _OPENING.match(text) and text.endswith(")"):
        name, _, rest = text[:-1].partition("(")
        return name.strip(), rest
    name, colon, rest = text.partition(":")
    return name.strip(), rest if colon else None


def split_outside(text: str, mark: str) -> list[str] | None:
    """Split a text at the marks outside all brackets; None if the brackets do not match.

    A plus sign before a digit is part of a number, such as 1e+20.
    """
    parts, depth = [""], 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return None
        number = mark == "+" and text[place + 1 :].lstrip()[:1].isdigit()
        if letter == mark and not depth and not number:
            parts.append("")
        else:
            parts[-1] += letter
    return None if depth else parts


def spec_of(registry: Registry[Any], thing: Any) -> str | None:
    """Return the text from which `make` makes the same thing; None if its class has no name."""
    name = registry.name_of(type(thing))
    return None if name is None else with_parameters(name, thing)


def files_of(thing: Any) -> tuple[str, ...]:
    """Return the files that a thing's own parameters name (see `FilePath`), as they are named."""
    try:
        hints = get_type_hints(type(thing), include_extras=True)
    except NameError:  # a user's class, whose annotations are known only in its module
        return ()
    named = (getattr(thing, f.name) for f in _fields(thing) if hints[f.name] == FilePath)
    return tuple(name for name in named if name)


def changed(thing: Any) -> str:
    """Return those parameters of a thing that are not the default, sorted, as text."""
    values = {
        field.name: value
        for field in _fields(thing)
        if (value := getattr(thing, field.name)) != _default(field)
    }
    return ",".join(f"{key}={_text(values[key])}" for key in sorted(values))


def with_parameters(name: str, thing: Any) -> str:
    """Return a name with those parameters of a thing that are not the default."""
    parameters = changed(thing)
    return f"{name}:{parameters}" if parameters else name


def described_parameters(cls: type[Any]) -> dict[str, str]:
    """Return the parameters of a class by name, with the default and other choices as text."""
    hints = get_type_hints(cls)
    own = {field.name: _default(field) for field in _fields(cls)}
    return {key: _with_choices(own[key], hints[key]) for key in sorted(own)}


def _with_choices(default: Any, hint: Any) -> str:
    others = [str(choice) for choice in get_args(hint) if choice != default]
    usual = "unset" if default in (None, "", MISSING) else _text(default)
    return f"{usual}, or {', '.join(others)}" if get_origin(hint) is Literal else usual


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields(thing: Any) -> list[Field[Any]]:
    return [field for field in fields(thing) if field.init] if is_dataclass(thing) else []


def _split(cls: type[Any], kind: str, name: str, rest: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    positional = getattr(cls, "positional", "")
    for place, part in enumerate(_parts(kind, name, rest)):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if positional and not place and not equals:
            key, equals, value = positional, "=", key
        if not (key and equals and value) or key in texts:
            raise MaskfaceError(
                f"Cannot read {part.strip()!r} in {kind} {name}:{rest!r}. Write each parameter "
                f"once, as key=value, with commas between: {name}:key=value,key=value."
            )
        texts[key] = value
    return texts


def _parts(kind: str, name: str, rest: str) -> list[str]:
    """Split parameters at the commas outside all brackets."""
    parts = split_outside(rest, ",")
    if parts is None:
        raise MaskfaceError(
            f"The brackets in {kind} {name}:{rest!r} do not match. Write the parameters of "
            f"{with_article(kind)} that is itself a value in one pair: "
            "region=surgical(colour=black)."
        )
    return parts


def _coerce(cls: type[Any], thing: str, key: str, text: str) -> Any:
    allowed = sorted(field.name for field in _fields(cls))
    if not allowed:
        name = thing.rsplit(maxsplit=1)[-1]
        raise MaskfaceError(
            f"{thing[0].upper()}{thing[1:]} has no parameters, got {key!r}. Write {name}."
        )
    if key not in allowed:
        raise MaskfaceError(unknown_name(f"parameter of {thing}", key, allowed))
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(get_type_hints(cls)[key]).validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise MaskfaceError(f"Parameter {key!r} of {thing} got {text!r}. {reason}.") from error
