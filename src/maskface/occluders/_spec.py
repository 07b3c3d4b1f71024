"""Occluders from text and back: ``surgical:colour=white``."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, get_type_hints

from maskface.errors import MaskfaceError
from maskface.registry import Registry, unknown_name

if TYPE_CHECKING:
    from maskface.occluders._base import Occluder

OCCLUDERS: Registry[type[Occluder]] = Registry(
    "occluder",
    {
        "none": "maskface.occluders._base:Unoccluded",
        "surgical": "maskface.occluders.masks:SurgicalMask",
    },
)
"""All occluders by name."""


def get_occluder(spec: str) -> Occluder:
    """Make an occluder from its name and parameters.

    Parameters
    ----------
    spec
        ``name`` or ``name:key=value,key=value``.

    Returns
    -------
    Occluder
        Parameters that are not mentioned have their defaults.

    Raises
    ------
    MaskfaceError
        If the name, a parameter or a value is not allowed; the message says what is.

    Examples
    --------
    >>> get_occluder("surgical:colour=white")
    SurgicalMask(colour='white')
    """
    name, colon, rest = spec.partition(":")
    cls = OCCLUDERS.get(name.strip())
    texts = _split(name.strip(), rest) if colon else {}
    hints = get_type_hints(cls)
    allowed = _parameters(cls)
    values = {key: _coerce(name, key, text, hints, allowed) for key, text in texts.items()}
    return cls(**values)


def occluder_name(occluder: Occluder) -> str:
    """Name of the condition: the occluder and those parameters that are not the default.

    Examples
    --------
    >>> occluder_name(get_occluder("surgical:colour=lightblue"))
    'surgical'
    """
    changed = {
        field.name: value
        for field in fields(occluder)
        if field.init and (value := getattr(occluder, field.name)) != _default(field)
    }
    parameters = ",".join(f"{key}={_text(changed[key])}" for key in sorted(changed))
    return f"{occluder.name}:{parameters}" if parameters else occluder.name


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameters(cls: type[Occluder]) -> list[str]:
    return sorted(field.name for field in fields(cls) if field.init)


def _split(name: str, rest: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for part in rest.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value) or key in texts:
            raise MaskfaceError(
                f"Cannot read {part.strip()!r} in occluder {name}:{rest!r}. Write each parameter "
                f"once, as key=value, with commas between: {name}:key=value,key=value."
            )
        texts[key] = value
    return texts


def _coerce(name: str, key: str, text: str, hints: dict[str, Any], allowed: list[str]) -> Any:
    if not allowed:
        raise MaskfaceError(f"Occluder {name!r} has no parameters, got {key!r}. Write {name!r}.")
    if key not in allowed:
        raise MaskfaceError(unknown_name(f"parameter of occluder {name!r}", key, allowed))
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(hints[key]).validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise MaskfaceError(
            f"Parameter {key!r} of occluder {name!r} got {text!r}. {reason}."
        ) from error
