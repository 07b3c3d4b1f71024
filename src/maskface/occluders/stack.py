"""Occluders from text and back, alone and stacked: ``surgical``, ``tears+surgical``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, cast

import numpy as np

from maskface.errors import MaskfaceError
from maskface.occluders.base import Drawing, Occluder, Unoccluded
from maskface.occluders.drawing.layer import joint_alpha
from maskface.occluders.registry import OCCLUDERS
from maskface.specs import changed, make, split_outside
from maskface.types import FaceLandmarks, ImageArray


@dataclass(frozen=True)
class Stack(Occluder):
    """Occluders put on one after the other, the first next to the skin.

    Each is drawn on the picture with those before it, so ``tears+surgical`` is a mask worn over
    tears and ``surgical+tears`` would be tears that run over the mask. Things worn look as they do
    alone, and controls hide what they hide alone: light, sharpness and spectacles are read off the
    photograph, not off a visor or a cap drawn on it before. What is random is drawn from one
    generator in the same order, so the first occluder looks as it does alone.

    Attributes
    ----------
    layers
        Two occluders or more; a stack among them stands for its own layers.

    Raises
    ------
    MaskfaceError
        If there are fewer, or ``none`` is among them.
    """

    name: ClassVar[str] = "stack"
    layers: tuple[Occluder, ...] = ()

    def __post_init__(self) -> None:
        flat = tuple(part for layer in self.layers for part in _parts(layer))
        if len(flat) < 2 or any(isinstance(layer, Unoccluded) for layer in flat):
            got = "+".join(layer.name for layer in flat)
            raise MaskfaceError(
                f"A stack needs two occluders or more, and 'none' is not one, got {got!r}. "
                "Write tears+surgical, the first next to the skin."
            )
        object.__setattr__(self, "layers", flat)
        # Results name the stack by what it is made of.
        object.__setattr__(self, "name", "+".join(layer.name for layer in flat))

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw all layers; see `Occluder.draw`."""
        total = Unoccluded().draw(image, landmarks, rng)
        params = []
        for layer in self.layers:
            drawn = layer.draw_over(total.image, image, landmarks, rng)
            alpha = joint_alpha(total.alpha, drawn.alpha)
            total = Drawing(drawn.image, alpha, joint_alpha(total.shadow, drawn.shadow))
            params.append(layer.params if drawn.params is None else drawn.params)
        return replace(total, params=self._named(params))

    def _named(self, params: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        both = zip(self.layers, params, strict=True)
        return {"layers": [{"occluder": one.name, "params": dict(own)} for one, own in both]}

    @property
    def params(self) -> MappingProxyType[str, Any]:
        """Name and parameters of each layer in order, under ``layers``."""
        return MappingProxyType(self._named(layer.params for layer in self.layers))

    @property
    def parts(self) -> tuple[Occluder, ...]:
        """The layers."""
        return self.layers


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
    text = spec.strip()
    text = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    layers = split_outside(text, "+") or [spec]
    if len(layers) == 1:
        return cast("Occluder", make(OCCLUDERS, spec))
    if not all(layer.strip() for layer in layers):
        raise MaskfaceError(
            f"Nothing stands on one side of a plus sign in {spec!r}. Write an occluder on "
            "both, the first next to the skin: tears+surgical."
        )
    return Stack(tuple(get_occluder(layer) for layer in layers))


def as_occluder(occluder: str | Occluder) -> Occluder:
    """Return an occluder itself, or make it from its name and parameters.

    Raises
    ------
    MaskfaceError
        If it is neither, or the text is not allowed.

    Examples
    --------
    >>> as_occluder("surgical") == as_occluder(get_occluder("surgical"))
    True
    """
    if isinstance(occluder, str):
        return get_occluder(occluder)
    if isinstance(occluder, Occluder):
        return occluder
    raise MaskfaceError(
        f"Expected an occluder or its name, got {occluder!r:.80}. Give a text such as "
        "'surgical:colour=white', or an object such as maskface.SurgicalMask(colour='white')."
    )


def occluder_name(occluder: Occluder) -> str:
    """Return the name of a condition: the occluder and its parameters other than the defaults.

    Examples
    --------
    >>> occluder_name(get_occluder("surgical:colour=lightblue"))
    'surgical'
    """
    if isinstance(occluder, Stack):
        return "+".join(occluder_name(layer) for layer in occluder.layers)
    parameters = changed(occluder)
    return f"{occluder.name}:{parameters}" if parameters else occluder.name


def bracketed_name(occluder: Occluder) -> str:
    """Return the name of an occluder as the value of another occluder's parameter.

    Examples
    --------
    >>> bracketed_name(get_occluder("surgical:colour=white"))
    'surgical(colour=white)'
    """
    if isinstance(occluder, Stack):
        return f"({'+'.join(bracketed_name(layer) for layer in occluder.layers)})"
    parameters = changed(occluder)
    return f"{occluder.name}({parameters})" if parameters else occluder.name


def _parts(layer: Occluder) -> tuple[Occluder, ...]:
    return layer.layers if isinstance(layer, Stack) else (layer,)
