"""A square at any place of the face: slid over it, it shows which places matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from maskface.arrays import Bytes
from maskface.occluders.controls._base import check_range
from maskface.occluders.controls.frame import both, face_frame
from maskface.occluders.controls.places import face_size, on_head
from maskface.occluders.controls.shapes import Shape
from maskface.types import FaceLandmarks, ImageArray

_CORNERS: Final = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2


@dataclass(frozen=True)
class Spot(Shape):
    """A square on the face, for maps of which places matter.

    Slid over a grid of places, it gives the map of occlusion sensitivity of Zeiler & Fergus 2014
    (arXiv:1311.2901). The square lies on the turned average head and is upright
    on it; what would stand beside the face is cut off.

    Attributes
    ----------
    x
        Place of its middle along the eye line, from the shown person's right side of the face
        (0, left in the picture) to the left one (1).
    y
        Place of its middle from the top of the forehead (0) to the chin of a closed mouth (1).
    size
        Side in face widths, 0.01 to 1.
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If a parameter is out of its range.
    """

    name: ClassVar[str] = "spot"
    x: float = 0.5
    y: float = 0.5
    size: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "x", 0, 1)
        check_range(self, "y", 0, 1)
        check_range(self, "size", 0.01, 1)

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the square; see `Control.hide`. Nothing is random."""
        del rng
        frame = face_frame(image.shape, landmarks)
        middle = on_head(np.array([[self.x, self.y]]))
        corners = np.repeat(middle, 4, axis=0)
        corners[:, :2] += self.size * face_size()[0] * _CORNERS
        square = frame.polygon(frame.fit.project(corners)[:, :2])
        return frame.spread(both(frame.block, square))
