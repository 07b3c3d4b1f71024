"""Controls that hide a part of the face of their own, in a flat colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np

from maskface.arrays import Bytes
from maskface.occluders.base import oval_pixels
from maskface.occluders.colours import exact_colour
from maskface.occluders.controls import regions, scatter
from maskface.occluders.controls.base import Control, Ground, flat
from maskface.occluders.controls.frame import both, face_frame, face_size, face_width, on_head
from maskface.occluders.parameters import Between, Colour, Share
from maskface.occluders.registry import OCCLUDERS
from maskface.types import FaceLandmarks, ImageArray


@dataclass(frozen=True)
class Shape(Control):
    """A part of the face, in a flat colour.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    colour: Colour = "grey"

    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:  # noqa: ARG002
        """Paint all of it in `colour`."""
        return flat(ground, exact_colour(self.colour))


@OCCLUDERS.register("sweep")
@dataclass(frozen=True)
class Sweep(Shape):
    """A share of the face from its lower or its upper end, for dose curves.

    The face is cut along a straight line parallel to that through the eyes. The line is where the
    share of the face oval as it is in the picture is exact, so `coverage` is `share` but for half
    a row of pixels. An open mouth makes that oval longer, and the line a little lower.

    Attributes
    ----------
    share
        Hidden fraction of the area of the face oval, 0 to 1.
    start
        The end from which the face is hidden: ``below`` or ``above``.
    """

    share: Share = 0.5
    start: Literal["below", "above"] = "below"

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the share; see `Control.hide`."""
        del rng
        frame = face_frame(image.shape, landmarks)
        pixels = round(self.share * np.count_nonzero(oval_pixels(frame.shape, landmarks)))
        return regions.beyond_level(frame, landmarks, pixels, below=self.start == "below")


@OCCLUDERS.register("half")
@dataclass(frozen=True)
class Half(Shape):
    """The left or the right half of the face, as the shown person says left and right.

    The halves meet at the middle line of the average head, turned like this one: down the ridge
    of the nose, wherever that is seen. Both together hide the whole face.

    Attributes
    ----------
    side
        The hidden half: ``left`` or ``right``.
    """

    side: Literal["left", "right"] = "left"

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the half; see `Control.hide`."""
        del rng
        return regions.half(face_frame(image.shape, landmarks), left=self.side == "left")


@OCCLUDERS.register("window")
@dataclass(frozen=True)
class Window(Shape):
    """The whole face but for a window over the eyes or the mouth.

    The window has one place and size on every head, and holds raised brows and an open mouth.

    Attributes
    ----------
    show
        What is seen through the window: ``eyes``, with the brows, or ``mouth``.
    """

    show: Literal["eyes", "mouth"] = "eyes"

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide all but the window; see `Control.hide`."""
        del rng
        return regions.window(face_frame(image.shape, landmarks), self.show, outside=True)


@OCCLUDERS.register("block")
@dataclass(frozen=True)
class Block(Shape):
    """A block over the eyes and brows, or over the mouth.

    It lies just where `Window` has its window, so the two together hide the face.

    Attributes
    ----------
    over
        What is hidden: ``eyes``, with the brows, or ``mouth``.
    """

    over: Literal["eyes", "mouth"] = "eyes"

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the eyes or the mouth; see `Control.hide`."""
        del rng
        return regions.window(face_frame(image.shape, landmarks), self.over, outside=False)


@OCCLUDERS.register("bubbles")
@dataclass(frozen=True)
class Bubbles(Shape):
    """The whole face but for randomly placed soft round apertures, called bubbles.

    After Gosselin & Schyns 2001 (doi:10.1016/S0042-6989(01)00097-9), who hid the whole picture and
    adapted the number to each viewer. Here the face alone is hidden, as by the other controls,
    and `coverage` counts what is hidden by more than half.

    Attributes
    ----------
    n
        Number of apertures, 0 to 1000.
    size
        Standard deviation of each Gaussian aperture in face widths, 0.005 to 1.
    sample
        Number of the sample of places, which are other ones for each number.
    """

    n: Annotated[int, Between(0, 1000)] = 20
    size: Annotated[float, Between(0.005, 1)] = 0.06
    sample: int = 0

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide all but random apertures; see `Control.hide`."""
        frame = face_frame(image.shape, landmarks)
        return scatter.bubbles(frame, self.n, self.size * face_width(frame.fit), rng)


_CORNERS: Final = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2


@OCCLUDERS.register("spot")
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
    """

    x: Share = 0.5
    y: Share = 0.5
    size: Annotated[float, Between(0.01, 1)] = 0.25

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide the square; see `Control.hide`."""
        del rng
        frame = face_frame(image.shape, landmarks)
        middle = on_head(np.array([[self.x, self.y]]))
        corners = np.repeat(middle, 4, axis=0)
        corners[:, :2] += self.size * face_size()[0] * _CORNERS
        square = frame.polygon(frame.fit.project(corners)[:, :2])
        return frame.spread(both(frame.block, square))
