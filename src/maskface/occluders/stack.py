"""Stacks of occluders on one face: ``tears+surgical``."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from maskface.errors import MaskfaceError
from maskface.occluders.base import Drawing, Occluder, Unoccluded
from maskface.occluders.drawing.layer import joint_alpha
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
        for layer in self.layers:
            drawn = layer.draw_over(total.image, image, landmarks, rng)
            alpha = joint_alpha(total.alpha, drawn.alpha)
            total = Drawing(drawn.image, alpha, joint_alpha(total.shadow, drawn.shadow))
        return total

    @property
    def params(self) -> MappingProxyType[str, Any]:
        """Name and parameters of each layer in order, under ``layers``."""
        layers = [{"occluder": layer.name, "params": dict(layer.params)} for layer in self.layers]
        return MappingProxyType({"layers": layers})


def _parts(layer: Occluder) -> tuple[Occluder, ...]:
    return layer.layers if isinstance(layer, Stack) else (layer,)
