"""The base of all controls, and what they paint: colour, noise, blur or blocks.

Each paint returns colours (h, w, 3) uint8 RGB of the whole box of its ground, and grey ones for a
grey picture. Flat colours and noise take nothing from the hidden pixels, and so cannot tell of
them. Blur and blocks are made of them, and of the pixels around.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes
from maskface.errors import MaskfaceError
from maskface.occluders.base import Drawing, Occluder
from maskface.occluders.colours import RGB
from maskface.occluders.controls.frame import face_outline, face_width, fill_polygon
from maskface.occluders.drawing.geometry import HeadFit, head_fit
from maskface.occluders.drawing.layer import as_rgb, times
from maskface.occluders.parameters import Check
from maskface.occluders.photo.appearance import is_grey
from maskface.occluders.photo.light import LUMA
from maskface.occluders.stack import bracketed_name, get_occluder
from maskface.types import FaceLandmarks, ImageArray

Whole: TypeAlias = NDArray[np.int_]

_HAIR: Final = 0.6
"""Pixels of the face darker than this share of its median are taken for hair, brows and eyes."""
_ACROSS: Final = 96  # the visible face is read at about so many places across
_COARSE: Final = 5.0
"""A blur is computed on a picture so much smaller that its deviation is about so many pixels."""


_NOTHING: Final = 128  # the grey that stands for the visible picture where there is none


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The part of a picture that is painted over."""

    image: ImageArray  # (H, W, 3) uint8 RGB, the picture
    alpha: Bytes  # (H, W) uint8, what will be hidden of it
    fit: HeadFit  # where the head is
    box: tuple[slice, slice]  # rows and columns that hold everything with an alpha over 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the box."""
        rows, columns = self.box
        return rows.stop - rows.start, columns.stop - columns.start


def flat(ground: Ground, colour: RGB) -> ImageArray:
    """Return one colour all over the box; its luminance if the picture is grey."""
    if is_grey(ground.image):
        colour = (round(float(LUMA @ colour)),) * 3
    return _plain(ground, colour)


def mean_colour(ground: Ground) -> ImageArray:
    """Return the mean colour of the face's skin that stays visible, all over the box.

    The mean of the hidden pixels would be darker over an open mouth than over a closed one.
    """
    colours = _visible(ground)
    luminance = colours @ LUMA
    skin = colours[luminance >= _HAIR * np.median(luminance)]
    red, green, blue = np.round(skin.mean(axis=0)).astype(int).tolist()
    return _plain(ground, (red, green, blue))


def _plain(ground: Ground, colour: RGB) -> ImageArray:
    # Planes, because numpy is slow at repeating three values.
    planes = [np.full(ground.shape, value, np.uint8) for value in colour]
    return np.asarray(cv2.merge(planes), np.uint8)


def noise(ground: Ground, blocks: int, rng: np.random.Generator) -> ImageArray:
    """Return blocks, so many across a face, each of the colour of a random visible pixel of it.

    The noise so has the mean, the spread and the hues of the visible face and no structure. Blocks
    and not pixels, because noise of single pixels vanishes where a large picture is made small.
    """
    colours = _visible(ground)
    rows, columns = (_cells(ground, axis, blocks)[1] for axis in (0, 1))
    drawn = rng.integers(len(colours), size=(rows[-1] + 1, columns[-1] + 1))
    return _spread(colours[drawn], rows, columns)


def pixelate(ground: Ground, blocks: int) -> ImageArray:
    """Return blocks, so many across a face, each of the mean colour of the picture there."""
    (rows, row_of), (columns, column_of) = (_cells(ground, axis, blocks) for axis in (0, 1))
    part = ground.image[rows[0] : rows[-1], columns[0] : columns[-1]]
    sums = cv2.integral(part, sdepth=cv2.CV_64F)[np.ix_(rows - rows[0], columns - columns[0])]
    totals = np.diff(np.diff(sums, axis=0), axis=1)
    counts = np.outer(np.diff(rows), np.diff(columns))[..., None]
    return _spread(np.round(totals / counts).astype(np.uint8), row_of, column_of)


def _cells(ground: Ground, axis: int, blocks: int) -> tuple[Whole, Whole]:
    """Edges of the blocks that touch the box, and for each row or column of it its block."""
    start, stop = ground.box[axis].start, ground.box[axis].stop
    step = max(face_width(ground.fit) / blocks, 1.0)
    # The blocks hang on the head, not on the picture: another crop shows the same blocks.
    origin = float(ground.fit.offset[1 - axis])
    first, last = np.floor((np.array([start, stop - 1]) - origin) / step)
    edges = np.ceil(origin + np.arange(first + 1, last + 1) * step).astype(int)
    reach = np.ceil(origin + np.array([first, last + 1]) * step).astype(int)
    low, high = max(min(reach[0], start), 0), min(max(reach[1], stop), ground.image.shape[axis])
    inner = edges[(edges > low) & (edges < high)]
    # Blocks of one pixel may share an edge by rounding.
    whole = np.unique([low, *inner.tolist(), high])
    return whole, np.searchsorted(whole, np.arange(start, stop), side="right") - 1


def _spread(colours: Bytes, rows: Whole, columns: Whole) -> ImageArray:
    """Give each pixel its block's colour."""
    return np.asarray(np.take(np.take(colours, columns, axis=1), rows, axis=0))


def blur(ground: Ground, size: float) -> ImageArray:
    """Blur the picture by a Gaussian with a standard deviation of `size` face widths."""
    sigma = size * face_width(ground.fit)
    rows, columns = ground.box
    reach = int(np.ceil(3 * sigma)) + 1
    top, left = max(rows.start - reach, 0), max(columns.start - reach, 0)
    part = ground.image[top : rows.stop + reach, left : columns.stop + reach]
    smooth = _smooth(part, sigma)
    return smooth[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


def _smooth(part: ImageArray, sigma: float) -> ImageArray:
    step = max(int(sigma / _COARSE), 1)
    if step == 1:
        return np.asarray(cv2.GaussianBlur(part, (0, 0), sigma), np.uint8)
    height, width = part.shape[:2]
    size = (-(-width // step), -(-height // step))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    # Making smaller blurs by a box of `step` and making larger by a triangle of twice that: a
    # variance of step**2 / 12 and of step**2 / 6.
    rest = np.sqrt(sigma**2 - step**2 / 4) / step
    small = cv2.GaussianBlur(small, (0, 0), float(rest))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _visible(ground: Ground) -> Bytes:
    """Colours (n, 3) of the face where nothing is hidden; of the picture if no face is left."""
    outline = face_outline(ground.fit)
    low = np.maximum(np.floor(outline.min(axis=0)), 0).astype(int)
    high = np.maximum(np.ceil(outline.max(axis=0)) + 1, 0).astype(int)
    step = max(1, int(face_width(ground.fit) / _ACROSS))
    part = slice(low[1], high[1], step), slice(low[0], high[0], step)
    bare = ground.alpha[part] == 0
    face = fill_polygon(bare.shape, (outline - low) / step) == 255
    colours = ground.image[part][face & bare]
    if not len(colours):
        colours = ground.image[ground.alpha == 0]
    return colours if len(colours) else np.full((1, 3), _NOTHING, np.uint8)


def blend(photo: ImageArray, colours: ImageArray, alpha: Bytes) -> ImageArray:
    """Lay colours (h, w, 3) over a photograph by alpha (h, w); exact where alpha is 0 or 255."""
    over, under = times(colours, as_rgb(alpha)), times(photo, as_rgb(255 - alpha))
    return np.asarray(cv2.add(over, under), np.uint8)


@dataclass(frozen=True)
class Control(Occluder):
    """An occluder that nobody wears: a part of the picture, replaced.

    A subclass implements `hide`, which says where, and `paint`, which says with what.
    """

    @abstractmethod
    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Return what is hidden: (H, W) uint8, 255 where the picture is hidden, else 0."""

    @abstractmethod
    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:
        """Return what is seen instead, (h, w, 3) uint8 RGB, in the whole box of `ground`."""

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Replace the part of the picture; see `Occluder.draw`."""
        return self.cover(image, self.hide(image, landmarks, rng), landmarks, rng)

    def draw_over(
        self,
        below: ImageArray,
        photo: ImageArray,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,
    ) -> Drawing:
        """Hide what is hidden on the photograph alone; see `Occluder.draw_over`."""
        return self.cover(below, self.hide(photo, landmarks, rng), landmarks, rng)

    def cover(
        self, image: ImageArray, alpha: Bytes, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Replace what `alpha` (H, W) hides; `hide` may have been given another picture."""
        result = image.copy()
        left, top, width, height = cv2.boundingRect(alpha)
        if width and height:
            box = slice(top, top + height), slice(left, left + width)
            ground = Ground(image, alpha, head_fit(landmarks), box)
            result[box] = blend(image[box], self.paint(ground, rng), alpha[box])
        return Drawing.of(result, alpha)


@dataclass(frozen=True, slots=True)
class IsOccluder(Check):
    """Check of an occluder in text."""

    def __call__(self, occluder: Occluder, key: str, value: Any) -> Any:
        """Return the text with brackets and without defaults; raise if there is no such one."""
        try:
            return bracketed_name(get_occluder(value))
        except MaskfaceError as error:
            raise MaskfaceError(
                f"Parameter {key!r} of occluder {occluder.name!r} is any occluder, with its "
                f"parameters in brackets, such as surgical(colour=black). It got {value!r}. {error}"
            ) from error


OccluderText: TypeAlias = Annotated[str, "occluder", IsOccluder()]
"""Any occluder, with its parameters in brackets: ``surgical(colour=black)``."""
