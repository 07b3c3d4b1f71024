"""What all controls share: one says where, one says with what, and the parameters are checked."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from maskface.arrays import Bytes
from maskface.errors import MaskfaceError
from maskface.occluders._base import Drawing, Occluder
from maskface.occluders._spec import bracketed_name, get_occluder
from maskface.occluders.controls.paints import Ground, blend
from maskface.occluders.geometry import head_of
from maskface.registry import unknown_name
from maskface.types import FaceLandmarks, ImageArray


@dataclass(frozen=True)
class Control(Occluder):
    """An occluder that nobody wears: a part of the picture, replaced.

    A subclass implements `hide`, which says where, and `paint`, which says with what.
    """

    @abstractmethod
    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Say what is hidden.

        Returns
        -------
        numpy.ndarray
            (H, W) uint8, 255 where the picture is hidden and 0 where it is not.
        """

    @abstractmethod
    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:
        """Say what is seen instead.

        Returns
        -------
        numpy.ndarray
            (h, w, 3) uint8 RGB, colours of the whole box of `ground`.
        """

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Replace the part of the picture; see `Occluder.draw`."""
        return self.cover(image, self.hide(image, landmarks, rng), landmarks, rng)

    def cover(
        self,
        image: ImageArray,
        alpha: Bytes,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,
    ) -> Drawing:
        """Replace what `alpha` (H, W) hides; `hide` may have been given another picture."""
        result = image.copy()
        left, top, width, height = cv2.boundingRect(alpha)
        if width and height:
            box = slice(top, top + height), slice(left, left + width)
            ground = Ground(image, alpha, head_of(landmarks), box)
            result[box] = blend(image[box], self.paint(ground, rng), alpha[box])
        return Drawing.of(result, alpha)


@runtime_checkable
class Hiding(Protocol):
    """An occluder that can say what it hides without painting it."""

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Return the alpha that `Occluder.draw` would."""


def hidden_by(
    occluder: Occluder, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
) -> Bytes:
    """What an occluder hides, (H, W) uint8 alpha, without painting it where that can be spared."""
    if isinstance(occluder, Hiding):
        return occluder.hide(image, landmarks, rng)
    return occluder.draw(image, landmarks, rng).alpha


def reference(occluder: Occluder, key: str) -> str:
    """Read a parameter that is itself an occluder, in the one way in which it is written.

    Raises
    ------
    MaskfaceError
        If there is no such occluder, or a parameter of it is not allowed.
    """
    value = getattr(occluder, key)
    try:
        return bracketed_name(get_occluder(value))
    except MaskfaceError as error:
        raise MaskfaceError(
            f"Parameter {key!r} of occluder {occluder.name!r} is any occluder, with its "
            f"parameters in brackets, such as surgical(colour=black). It got {value!r}. {error}"
        ) from error


def check_range(occluder: Occluder, key: str, low: float, high: float) -> None:
    """Refuse a parameter that is not a number from `low` to `high`.

    Raises
    ------
    MaskfaceError
        Saying what was got, what is allowed and what to write.
    """
    value = getattr(occluder, key)
    if not low <= value <= high:
        usual = type(occluder).__dataclass_fields__[key].default
        raise MaskfaceError(
            f"Parameter {key!r} of occluder {occluder.name!r} got {value!r}. "
            f"Allowed: {low} to {high}. Write for example {occluder.name}:{key}={usual}."
        )


def check_choice(occluder: Occluder, key: str, allowed: list[str]) -> None:
    """Refuse a parameter that is not one of some words.

    Raises
    ------
    MaskfaceError
        Naming the nearest allowed word and all of them.
    """
    value = getattr(occluder, key)
    if value not in allowed:
        kind = f"value of parameter {key!r} of occluder {occluder.name!r}"
        raise MaskfaceError(unknown_name(kind, str(value), allowed))
