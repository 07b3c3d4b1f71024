"""All that a drawing takes over from the photograph it is laid over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from maskface.occluders.drawing.geometry import HeadFit
from maskface.occluders.photo.hair import Hair, find_hair
from maskface.occluders.photo.light import Light, estimate_light
from maskface.occluders.photo.sharpness import Quality, estimate_quality
from maskface.occluders.photo.spectacles import Frame, find_frame
from maskface.types import ImageArray


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a photograph looks: read above the mask, spectacles around the eyes, hair at the ears."""

    light: Light  # how the face is lit
    quality: Quality  # how sharp and grainy it is
    grey: bool  # whether it has no colours
    frame: Frame | None = None  # the frame of spectacles in it, if there is any
    hair: Hair | None = None  # hair that covers the ears, if there is any


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """A photograph that cannot change, and where the head is in it."""

    image: ImageArray
    fit: HeadFit

    def __hash__(self) -> int:
        return id(self.image)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Scene)
            and self.image is other.image
            and np.array_equal(self.fit.linear, other.fit.linear)
            and np.array_equal(self.fit.offset, other.fit.offset)
        )


def appearance_of(image: ImageArray, fit: HeadFit) -> Appearance:
    """Read the photograph once for all that is put on it, if it cannot change meanwhile."""
    scene = _Scene(image, fit)
    return _known(scene) if _is_fixed(image) else _read(scene)


def _is_fixed(image: ImageArray) -> bool:
    """Return True if a picture is read-only, also through arrays that it is a view of."""
    owner: object = image
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return False
        owner = owner.base
    return owner is None or isinstance(owner, bytes)


@lru_cache(maxsize=4)
def _known(scene: _Scene) -> Appearance:
    return _read(scene)


def _read(scene: _Scene) -> Appearance:
    image, fit = scene.image, scene.fit
    light, quality = estimate_light(image, fit), estimate_quality(image, fit)
    hair = find_hair(image, fit)
    return Appearance(light, quality, is_grey(image), find_frame(image, fit), hair)


def is_grey(image: ImageArray) -> bool:
    """Return whether red, green and blue agree at every pixel of an (H, W, 3) picture."""
    # A look at few pixels settles it for nearly every colour photograph.
    for part in (image[::16, ::16], image):
        red, green, blue = part[..., 0], part[..., 1], part[..., 2]
        if not (np.array_equal(red, green) and np.array_equal(green, blue)):
            return False
    return True
