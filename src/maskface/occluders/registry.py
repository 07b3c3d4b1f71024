"""Occluders from text and back: ``surgical:colour=white``.

Where a parameter is itself an occluder, its parameters stand in brackets:
``blur:region=surgical(colour=white)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from maskface.errors import MaskfaceError
from maskface.registry import Registry
from maskface.specs import changed, described_parameters, make

if TYPE_CHECKING:
    from maskface.occluders.base import Occluder

OCCLUDERS: Registry[type[Occluder]] = Registry(
    "occluder",
    {
        "none": "maskface.occluders.base:Unoccluded",
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
        "spot": "maskface.occluders.controls.shapes:Spot",
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
        "tears": "maskface.occluders.tears.tears:Tears",
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
        from maskface.occluders.stack import Stack

        if not all(layer.strip() for layer in layers):
            raise MaskfaceError(
                f"Nothing stands on one side of a plus sign in {spec!r}. Write an occluder on "
                "both, the first next to the skin: tears+surgical."
            )
        return Stack(tuple(get_occluder(layer) for layer in layers))
    return cast("Occluder", make(OCCLUDERS, spec))


def occluder_name(occluder: Occluder) -> str:
    """Name of the condition: the occluder and those parameters that are not the default.

    Examples
    --------
    >>> occluder_name(get_occluder("surgical:colour=lightblue"))
    'surgical'
    """
    from maskface.occluders.stack import Stack

    if isinstance(occluder, Stack):
        return "+".join(occluder_name(layer) for layer in occluder.layers)
    parameters = changed(occluder)
    return f"{occluder.name}:{parameters}" if parameters else occluder.name


def bracketed_name(occluder: Occluder) -> str:
    """Name of an occluder as the value of another occluder's parameter.

    Examples
    --------
    >>> bracketed_name(get_occluder("surgical:colour=white"))
    'surgical(colour=white)'
    """
    from maskface.occluders.stack import Stack

    if isinstance(occluder, Stack):
        return f"({'+'.join(bracketed_name(layer) for layer in occluder.layers)})"
    parameters = changed(occluder)
    return f"{occluder.name}({parameters})" if parameters else occluder.name


def parameters_of(name: str) -> dict[str, str]:
    """Return parameters of an occluder by name, with their defaults and allowed values.

    Examples
    --------
    >>> parameters_of("half")
    {'colour': 'grey', 'side': 'left, or right'}
    """
    return described_parameters(OCCLUDERS.get(name))


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
