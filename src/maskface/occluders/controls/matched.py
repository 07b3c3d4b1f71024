"""Controls that hide as much of a face as another occluder does, but elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskface.arrays import Bytes
from maskface.occluders.base import Occluder, oval_pixels
from maskface.occluders.controls import regions, scatter
from maskface.occluders.controls.base import hidden_by, reference
from maskface.occluders.controls.frame import face_frame
from maskface.occluders.controls.shapes import Shape
from maskface.occluders.registry import OCCLUDERS, OccluderText
from maskface.occluders.stack import get_occluder
from maskface.types import HALF, FaceLandmarks, ImageArray, MaskArray


@dataclass(frozen=True)
class Like(Shape):
    """A part of the face of the size of what another occluder hides.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    like
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``.

    Raises
    ------
    MaskfaceError
        If there is no such colour or occluder.
    """

    like: OccluderText = "surgical"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "like", reference(self, "like"))

    @cached_property
    def _other(self) -> Occluder:
        return get_occluder(self.like)

    @property
    def files(self) -> tuple[str, ...]:
        """Files that the other occluder is made from."""
        return self._other.files

    def _as_much(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> MaskArray:
        return hidden_by(self._other, image, landmarks, rng) > HALF

    def _beyond_level(
        self,
        image: ImageArray,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,
        *,
        below: bool,
    ) -> Bytes:
        frame = face_frame(image.shape, landmarks)
        hidden = self._as_much(image, landmarks, rng) & oval_pixels(frame.shape, landmarks)
        return regions.beyond_level(frame, landmarks, int(hidden.sum()), below=below)


@OCCLUDERS.register("upper")
@dataclass(frozen=True)
class Upper(Like):
    """The top of the face, as large a part as another occluder hides.

    Attributes
    ----------
    like
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``. The same
        area of the face oval is hidden, but for half a row of pixels.
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If there is no such colour or occluder.
    """

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the face from the top down to a straight line; see `Control.hide`."""
        return self._beyond_level(image, landmarks, rng, below=False)


@OCCLUDERS.register("lower")
@dataclass(frozen=True)
class Lower(Like):
    """The bottom of the face, as large a part as another occluder hides.

    Attributes
    ----------
    like
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``. The same
        area of the face oval is hidden, but for half a row of pixels.
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If there is no such colour or occluder.
    """

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the face from the bottom up to a straight line; see `Control.hide`."""
        return self._beyond_level(image, landmarks, rng, below=True)


@OCCLUDERS.register("patch")
@dataclass(frozen=True)
class Patch(Like):
    """A rectangle at a random place of the face, of as many pixels as another occluder hides.

    A mask is as wide as the face, so its own shape has no other place to be on it. The rectangle
    has the proportions of the face and room to move; that it hides exactly as many pixels, and
    all of them in the picture, is what it controls for.

    Attributes
    ----------
    like
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``.
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If there is no such colour or occluder.
    """

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide as many pixels at a random place; see `Control.hide`."""
        # Drawn first, so that the place does not depend on what is random in the other occluder.
        place = rng.uniform(-1, 1, 2)
        pixels = int(self._as_much(image, landmarks, rng).sum())
        return scatter.patch(face_frame(image.shape, landmarks), pixels, place)
