"""Controls that hide as much of a face as another occluder does, but elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from maskface.arrays import Bytes
from maskface.occluders.base import Occluder, oval_pixels
from maskface.occluders.controls import regions, scatter
from maskface.occluders.controls.base import OccluderText
from maskface.occluders.controls.frame import face_frame
from maskface.occluders.controls.shapes import Shape
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.stack import get_occluder
from maskface.types import HALF, FaceLandmarks, ImageArray, MaskArray


@dataclass(frozen=True)
class Matched(Shape):
    """A part of the face of the size of what another occluder hides.

    Attributes
    ----------
    like
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``.
    """

    like: OccluderText = "surgical"

    @cached_property
    def _other(self) -> Occluder:
        return get_occluder(self.like)

    @property
    def parts(self) -> tuple[Occluder, ...]:
        """The other occluder."""
        return (self._other,)

    def hidden_by_other(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> MaskArray:
        """Return what the other occluder hides, (H, W) bool."""
        return self._other.hide(image, landmarks, rng) > HALF


@OCCLUDERS.register("upper")
@dataclass(frozen=True)
class Upper(Matched):
    """The top of the face, down to a straight line, as large a part as another occluder hides.

    Attributes
    ----------
    like
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``. The same
        area of the face oval is hidden, but for half a row of pixels.
    """

    below: ClassVar[bool] = False

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the face beyond a straight line; see `Control.hide`."""
        frame = face_frame(image.shape, landmarks)
        hidden = self.hidden_by_other(image, landmarks, rng) & oval_pixels(frame.shape, landmarks)
        return regions.beyond_level(frame, landmarks, int(hidden.sum()), below=self.below)


@OCCLUDERS.register("lower")
@dataclass(frozen=True)
class Lower(Upper):
    """The bottom of the face, up to a straight line, as large a part as another occluder hides."""

    below: ClassVar[bool] = True


@OCCLUDERS.register("patch")
@dataclass(frozen=True)
class Patch(Matched):
    """A rectangle at a random place of the face, of as many pixels as another occluder hides.

    A mask is as wide as the face, so its own shape has no other place to be on it. The rectangle
    has the proportions of the face and room to move; that it hides exactly as many pixels, and
    all of them in the picture, is what it controls for.
    """

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide as many pixels at a random place; see `Control.hide`."""
        # Drawn first, so that the place does not depend on what is random in the other occluder.
        place = rng.uniform(-1, 1, 2)
        pixels = int(self.hidden_by_other(image, landmarks, rng).sum())
        return scatter.patch(face_frame(image.shape, landmarks), pixels, place)
