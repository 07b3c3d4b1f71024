"""The line along which the halves of a face meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from maskface.arrays import Floats, Singles
from maskface.occluders.geometry import HeadFit, unit
from maskface.types import ImageArray

SEAM: Final = (0.0, 0.37, 7.24)
"""Where the halves meet, in cm on the canonical head: the middle of the nose's back. Eyes, lower
lids and the wrinkles around them belong to the upper half; nostrils, cheeks and mouth to the
lower."""
_BAND: Final = 0.35
"""Half height (cm) of the band along the seam whose brightness is compared."""
REACH: Final = 24.0
STEPS: Final = (9, 481)
"""Half length (cm) of the band, and samples across and along it."""


@dataclass(frozen=True, slots=True, eq=False)
class Seam:
    """The line between the halves, in pixels.

    Attributes
    ----------
    middle
        (2,) on the back of the nose.
    along
        (2,) unit vector to the shown person's left.
    down
        (2,) unit vector across, towards the chin.
    scale
        Pixels per centimetre.
    """

    middle: Floats
    along: Floats
    down: Floats
    scale: float

    @classmethod
    def of(cls, fit: HeadFit) -> Seam:
        along = unit(fit.linear[:2, 0])
        down = np.array([-along[1], along[0]])
        middle = fit.project(np.array(SEAM))[:2]
        return cls(middle, along, down * np.sign(-fit.linear[:2, 1] @ down), fit.scale)

    def coordinates(self, shape: tuple[int, ...]) -> tuple[Singles, Singles]:
        """How far (cm) along and below the seam each pixel (h, w) is."""
        x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(self.middle[0])
        y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(self.middle[1])
        (ax, ay), (dx, dy) = (self.along / self.scale).tolist(), (self.down / self.scale).tolist()
        return (x * ax + y * ay).astype(np.float32), (x * dx + y * dy).astype(np.float32)

    def below(self, points: Floats) -> Floats:
        """How far (cm) points (n, 2) lie below the seam."""
        return np.asarray((points - self.middle) @ self.down / self.scale)

    def band(self, image: ImageArray) -> Singles:
        """Mean colour (n, 3) across the band along the seam."""
        across = np.linspace(-_BAND, _BAND, STEPS[0])[:, None, None] * self.down
        along = np.linspace(-REACH, REACH, STEPS[1])[None, :, None] * self.along
        places = (self.middle + self.scale * (across + along)).astype(np.float32)
        return np.asarray(colours_at(image, places).mean(axis=0), np.float32)


def colours_at(image: ImageArray, places: Singles) -> Singles:
    """Colours (n, m, 3) at places (n, m, 2); beyond the edge, those at the edge."""
    edge = cv2.BORDER_REPLICATE
    taken = cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=edge)
    return np.asarray(taken, np.float32)
