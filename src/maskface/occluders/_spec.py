"""Occluders from text and back: ``surgical:colour=white``.

Where a parameter is itself an occluder, its parameters stand in brackets:
``blur:region=surgical(colour=white)``.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from maskface.errors import MaskfaceError
from maskface.registry import Registry, unknown_name

if TYPE_CHECKING:
    from maskface.occluders._base import Occluder

OCCLUDERS: Registry[type[Occluder]] = Registry(
    "occluder",
    {
        "none": "maskface.occluders._base:Unoccluded",
        "block": "maskface.occluders.controls.shapes:Block",
        "blur": "maskface.occluders.controls.repaints:Blur",
        "bubbles": "maskface.occluders.controls.shapes:Bubbles",
        "fill": "maskface.occluders.controls.repaints:Fill",
        "half": "maskface.occluders.controls.shapes:Half",
        "lower": "maskface.occluders.controls.matched:Lower",
        "mean": "maskface.occluders.controls.repaints:Mean",
        "noise": "maskface.occluders.controls.repaints:Noise",
        "patch": "maskface.occluders.controls.matched:Patch",
        "pixelate": "maskface.occluders.controls.repaints:Pixelate",
        "sweep": "maskface.occluders.controls.shapes:Sweep",
        "upper": "maskface.occluders.controls.matched:Upper",
        "window": "maskface.occluders.controls.shapes:Window",
        "surgical": "maskface.occluders.worn.surgical:SurgicalMask",
        "cloth": "maskface.occluders.worn.cloth_masks:ClothMask",
        "fashion": "maskface.occluders.worn.cloth_masks:FashionMask",
        "ffp2": "maskface.occluders.worn.respirators:Ffp2Mask",
        "n95": "maskface.occluders.worn.respirators:N95Mask",
        "window_mask": "maskface.occluders.worn.windows:WindowMask",
        "clear": "maskface.occluders.worn.windows:ClearMask",
        "texture": "maskface.occluders.worn.picture_mask:PictureMask",
        "tears": "maskface.occluders.tears:Tears",
        "sunglasses": "maskface.occluders.worn.eyewear:Sunglasses",
        "glasses": "maskface.occluders.worn.eyewear:Glasses",
        "shield": "maskface.occluders.worn.visors:FaceShield",
        "scarf": "maskface.occluders.worn.veils:Scarf",
        "niqab": "maskface.occluders.worn.veils:Niqab",
        "cap": "maskface.occluders.worn.hats:Cap",
    },
)
"""All occluders by name."""


def get_occluder(spec: str) -> Occluder:
    """Make an occluder from its name and parameters.

    Parameters
    ----------
    spec
        ``name`` or ``name:key=value,key=value``; inside another occluder's parameter,
        ``name(key=value,key=value)``. Several with ``+`` between them are put on one after the
        other, the first next to the skin: ``tears+surgical``.

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
    >>> get_occluder("surgical:colour=white").params["colour"]
    'white'
    """
    if len(layers := _layers(spec)) > 1:
        from maskface.occluders._stack import Stack

        return Stack(tuple(get_occluder(layer) for layer in layers))
    name, rest = _head(spec)
    cls = OCCLUDERS.get(name)
    texts = {} if rest is None else _split(name, rest)
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
    from maskface.occluders._stack import Stack

    if isinstance(occluder, Stack):
        return "+".join(occluder_name(layer) for layer in occluder.layers)
    parameters = _changed(occluder)
    return f"{occluder.name}:{parameters}" if parameters else occluder.name


def bracketed_name(occluder: Occluder) -> str:
    """Name of an occluder as the value of another occluder's parameter.

    Examples
    --------
    >>> bracketed_name(get_occluder("surgical:colour=white"))
    'surgical(colour=white)'
    """
    from maskface.occluders._stack import Stack

    if isinstance(occluder, Stack):
        return f"({'+'.join(bracketed_name(layer) for layer in occluder.layers)})"
    parameters = _changed(occluder)
    return f"{occluder.name}({parameters})" if parameters else occluder.name


def parameters_of(name: str) -> dict[str, str]:
    """Parameters of an occluder by name, with what they are by default and what else they may be.

    Examples
    --------
    >>> parameters_of("half")
    {'colour': 'grey', 'side': 'left, or right'}
    """
    cls = OCCLUDERS.get(name)
    hints = get_type_hints(cls)
    own = {field.name: _default(field) for field in fields(cls) if field.init}
    return {key: _with_choices(own[key], hints[key]) for key in sorted(own)}


def _with_choices(default: Any, hint: Any) -> str:
    others = [str(choice) for choice in get_args(hint) if choice != default]
    usual = "unset" if default in (None, "") else _text(default)
    return f"{usual}, or {', '.join(others)}" if get_origin(hint) is Literal else usual


def _changed(occluder: Occluder) -> str:
    """Those parameters that are not the default, sorted, as text."""
    changed = {
        field.name: value
        for field in fields(occluder)
        if field.init and (value := getattr(occluder, field.name)) != _default(field)
    }
    return ",".join(f"{key}={_text(changed[key])}" for key in sorted(changed))


def _layers(spec: str) -> list[str]:
    """Split a stack, which may stand in brackets, at the plus signs outside all others."""
    text = spec.strip()
    text = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    parts, depth = [""], 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        # A plus sign before a digit is part of a number, such as 1e+20.
        if letter == "+" and not depth and not text[index + 1 :].lstrip()[:1].isdigit():
            parts.append("")
        else:
            parts[-1] += letter
    return parts


_OPENING = re.compile(r"[^:(,=]*\(")


def _head(spec: str) -> tuple[str, str | None]:
    """Name and parameters; None if it has none."""
    text = spec.strip()
    if _OPENING.match(text) and text.endswith(")"):
        name, _, rest = text[:-1].partition("(")
        return name.strip(), rest
    name, colon, rest = text.partition(":")
    return name.strip(), rest if colon else None


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
    for part in _parts(name, rest):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value) or key in texts:
            raise MaskfaceError(
                f"Cannot read {part.strip()!r} in occluder {name}:{rest!r}. Write each parameter "
                f"once, as key=value, with commas between: {name}:key=value,key=value."
            )
        texts[key] = value
    return texts


def _parts(name: str, rest: str) -> list[str]:
    """Split at the commas that stand outside all brackets."""
    parts, depth = [""], 0
    for letter in rest:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    if depth:
        raise MaskfaceError(
            f"The brackets in occluder {name}:{rest!r} do not match. Write the parameters of an "
            "occluder that is itself a value in one pair: region=surgical(colour=black)."
        )
    return parts


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
