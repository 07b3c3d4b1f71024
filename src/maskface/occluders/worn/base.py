"""The base of all things worn, and of masks with their ear loops and ways of wearing."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Annotated, ClassVar, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.occluders.base import Drawing, Occluder
from maskface.occluders.colours import RGB, parse_colour, varied_colour
from maskface.occluders.drawing.garment import Cord, Garment, Sheet, Surface, Texture
from maskface.occluders.drawing.geometry import head_fit, unit
from maskface.occluders.drawing.layer import as_rgb, times
from maskface.occluders.drawing.render import alpha_on, draw_on
from maskface.occluders.parameters import Between, Colour
from maskface.occluders.photo.light import LUMA
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.placement import Placement, Population, placed
from maskface.occluders.worn.surface import Shape, Wearing, detail, sheet_surface, surface_of, wear
from maskface.types import FaceLandmarks, ImageArray

EAR: Final = np.array([[-7.95, 2.6, -2.6], [-7.75, -0.8, -3.4]])
"""Upper and lower root of the right ear, in cm."""
_BACK: Final = 4.0
"""How much sooner a lower loop goes back along the jaw than up to the ear. From the front, 3 of 16
lower loops of real masks are seen, and 14 upper ones."""
_CORD_POINTS: Final = 13
_CORD_WIDTH: Final = 0.22  # cm
_COLOUR: Final = (222, 222, 218)
_DARK: Final = 110.0
"""Masks of lower luminance have loops of their own colour."""
_UNDER_JAW: Final = 2.0  # cm
_FALLOFF: Final = 0.3
"""Real surgical masks are brighter in the middle than at the sides by 2.4 (CIELAB), and not by the
11.6 of a surface that is shaded like skin."""
_FADE: Final = 0.25  # share of a loop that passes out of sight behind the ear


def ear_loops(surface: Surface, colour: RGB, *, ears: str = "both") -> list[Cord]:
    """Draw loops from the corners of a mask to the ears: of ``both``, or only the ``right``."""
    sheet, tone, sides = surface.sheet, loop_colour(colour), 1 if ears == "right" else 2
    t, back, ends, bulge, under = _ways(sides)
    corners = sheet[[0, -1]][:, [0, -1][:sides]].swapaxes(0, 1).reshape(-1, 1, 3)
    points = corners * (1 - t) + ends * t + bulge
    points[..., 2:] = ends[..., 2:] + (corners[..., 2:] - ends[..., 2:]) * back
    return [
        Cord(own, facing, _CORD_WIDTH, tone, _FADE, under_hair=True)
        for own, facing in zip(points, outward(points - under), strict=True)
    ]


@cache
def _ways(sides: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """How far loops (upper and lower of each side) have come, how far back, where to and how."""
    mirror = np.repeat([1.0, -1.0][:sides], 2)[:, None, None] * [1.0, 0.0, 0.0]
    ends = np.tile(EAR, (sides, 1))[:, None] * np.add(mirror, [0.0, 1.0, 1.0])
    # Closer together towards the ear, where the loop fades.
    t = np.sin(np.linspace(0, np.pi / 2, _CORD_POINTS))[:, None]
    back = np.tile(np.stack([1 - t, (1 - t) ** _BACK]), (sides, 1, 1))
    # Under the edge of the jaw it is out of sight sooner than on the cheek.
    under = np.tile([0.0, _UNDER_JAW], sides)[:, None, None] * [0.0, 0.0, 1.0]
    return t, back, ends, -0.12 * mirror * np.sin(np.pi * t), under


def cloth_sheet(surface: Surface, texture: Texture, colour: RGB = (255, 255, 255)) -> Sheet:
    """Return a sheet of thin cloth."""
    return Sheet(surface, texture, colour, falloff=_FALLOFF)


def loop_colour(colour: RGB) -> RGB:
    """Return colour of the loops of a mask of this colour."""
    return colour if float(np.array(colour) @ LUMA) < _DARK else _COLOUR


def outward(points: Floats) -> Floats:
    """Return directions (..., 3) away from the head's vertical axis, a little before the ears."""
    return unit((points - [0, 0, -1.5]) * [1, 0, 1])


_START: Final = np.array([-7.7, -2.4, -0.9])
"""Middle of the edge that stays near the ear, in cm: three below the ear, before the jaw."""
_DOWN: Final = unit(np.array([0.06, -1.0, 0.12]))
_ACROSS: Final = unit(np.array([0.49, 0.0, 0.87]))
"""From the mask's lower edge to its upper edge, which turns towards the face. The mask hangs along
the side of the head and goes out of sight where that side does, at yaws of 30 to 40 degrees."""
_LENGTH: Final = 12.0
_WIDTH: Final = 7.0
"""A hanging mask is folded: shorter and narrower than a worn one, in cm."""
_BULGE: Final = 0.35
_LOOP: Final = 3.5
_POINTS: Final = 9


def hang(surface: Surface) -> Surface:
    """Hang a mask from the person's right ear by its loops."""
    rows, columns = surface.shape
    along = np.linspace(0, 1, columns)[None, :, None]
    across = np.linspace(0.5, -0.5, rows)[:, None, None]
    outward = np.cross(_DOWN, _ACROSS)
    bulge = np.sin(np.pi * along) * np.cos(np.pi * across)
    # Gathered at both ends by the loops, and swinging a little.
    width = _WIDTH * (0.72 + 0.28 * np.sin(np.pi * along))
    sheet = _START + _LENGTH * along * _DOWN + width * across * _ACROSS + _BULGE * bulge * outward
    return sheet_surface(sheet)


def hanging_loops(surface: Surface, colour: RGB) -> list[Cord]:
    """Draw the loop that holds a hanging mask, and the one that dangles from it."""
    end = surface.sheet[:, -1]
    t = np.linspace(0, 1, _POINTS)[:, None]
    points = end[0] * (1 - t) + end[-1] * t + _LOOP * np.sin(np.pi * t) * _DOWN
    normals = np.repeat(np.cross(_DOWN, _ACROSS)[None], _POINTS, axis=0)
    held = ear_loops(surface, colour, ears="right")
    return [*held, Cord(points, normals, held[0].width, loop_colour(colour))]


@dataclass(frozen=True)
class WornOccluder(Occluder):
    """Something worn on the head. A subclass implements `garment`."""

    behind_frames: ClassVar[bool] = False
    """True if spectacles in the photograph are worn over it."""

    @abstractmethod
    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return what is drawn: sheets and cords in the space of the canonical head.

        `scale` is pixels per centimetre of the head (large heads need finer surfaces), and `one`
        which one of many alike.
        """

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw the thing worn; see `Occluder.draw`. Its grain is random, with `vary` all of it."""
        fit, one = head_fit(landmarks), self.individual(rng)
        return draw_on(image, fit, self._worn(fit.scale, one), rng)

    def individual(self, rng: np.random.Generator) -> Individual:
        """Return which one of many is put on: the usual one."""
        del rng
        return USUAL

    def draw_over(
        self,
        below: ImageArray,
        photo: ImageArray,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,
    ) -> Drawing:
        """Lay what `draw` puts on the photograph over another picture; see `Occluder.draw_over`."""
        return lay_over(self.draw(photo, landmarks, rng), photo, below)

    def hide(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return what is hidden, (H, W) uint8: the alpha of `draw`, at less cost."""
        fit, one = head_fit(landmarks), self.individual(rng)
        return alpha_on(image, fit, self._worn(fit.scale, one))

    def _worn(self, scale: float, one: Individual) -> Garment:
        return (_usual if one.seed is None else _single)(self, detail(scale), one)


def _garment(worn: WornOccluder, scale: float, one: Individual) -> Garment:
    return replace(worn.garment(scale, one), behind_frames=worn.behind_frames)


def lay_over(drawn: Drawing, photo: ImageArray, below: ImageArray) -> Drawing:
    """Lay what was drawn on a photograph over another picture."""
    left = as_rgb(times(255 - drawn.alpha, 255 - drawn.shadow))
    own = cv2.subtract(drawn.image, times(photo, left))
    return replace(drawn, image=np.asarray(cv2.add(own, times(below, left)), np.uint8))


_usual = lru_cache(maxsize=256)(_garment)  # the same garment for the next picture
_single = lru_cache(maxsize=4)(_garment)
"""One of a population, for the next condition of this picture."""


@dataclass(frozen=True)
class Mask(WornOccluder):
    """A face mask, which can be worn in several ways, behind spectacles in the photograph.

    Attributes
    ----------
    wearing
        correct, nose_out (below the nose), under_lip, chin, one_ear (hanging from the person's
        right ear), loose or tight.
    top
        Height of the upper edge at the middle of the face, from 0 (at the chin) to 100 (at the
        eyes); by default where `wearing` has it.
    vary
        ``off`` for one mask that always sits and looks the same, or ``real`` for masks as people
        wear them: placement, size, tilt, folds and colour differ from seed to seed as in
        photographs.
    """

    behind_frames: ClassVar[bool] = True
    population: ClassVar[Population] = Population()
    wearing: Wearing = "correct"
    top: Annotated[float | None, Between(0, 100, "0 at the chin, 100 at the eyes")] = None
    vary: Literal["off", "real"] = "off"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.top is not None and self.wearing not in ("correct", "tight"):
            raise MaskfaceError(
                f"Occluder {self.name!r} got both wearing={self.wearing} and top={self.top:g}. "
                "Both say where the upper edge is; leave one out."
            )

    def individual(self, rng: np.random.Generator) -> Individual:
        """Return the usual mask, or one of the population that `vary` asks for."""
        return USUAL if self.vary == "off" else Individual.drawn(rng)

    def surface(self, shape: Shape, scale: float, one: Individual = USUAL) -> Surface:
        """Return a mask of this form, as it is worn; see `surface_of`."""
        form = wear(shape, self.wearing, self.top)
        if one.placement is not None:
            form = placed(form, one.placement)
        elif one.seed is not None:
            placement = self.population.draw(one.rng("placement"))
            form = placed(form, placement if self.top is None else replace(placement, top=0.0))
        surface = surface_of(form, scale)
        return hang(surface) if self.wearing == "one_ear" else surface

    def draw_at(
        self,
        image: ImageArray,
        landmarks: FaceLandmarks,
        placement: Placement,
        rng: np.random.Generator,
    ) -> Drawing:
        """Draw the mask in a given placement, whatever `vary` says of that; see `draw`."""
        fit, one = head_fit(landmarks), replace(self.individual(rng), placement=placement)
        return draw_on(image, fit, _garment(self, detail(fit.scale), one), rng)

    def draw_one(
        self, image: ImageArray, landmarks: FaceLandmarks, one: Individual, rng: np.random.Generator
    ) -> Drawing:
        """Draw one of many masks, whatever `vary` says; see `draw`."""
        fit = head_fit(landmarks)
        return draw_on(image, fit, self._worn(fit.scale, one), rng)

    def hide_one(
        self, image: ImageArray, landmarks: FaceLandmarks, one: Individual
    ) -> NDArray[np.uint8]:
        """Return the alpha (H, W) of `draw_one`."""
        fit = head_fit(landmarks)
        return alpha_on(image, fit, self._worn(fit.scale, one))

    def hide_at(
        self, image: ImageArray, landmarks: FaceLandmarks, placement: Placement
    ) -> NDArray[np.uint8]:
        """Return the alpha (H, W) of the usual mask in a given placement."""
        fit, one = head_fit(landmarks), Individual(placement=placement)
        return alpha_on(image, fit, _garment(self, detail(fit.scale), one))

    def loops(self, surface: Surface, colour: RGB) -> list[Cord]:
        """Draw ear loops for a `surface` of cloth of a colour."""
        make = hanging_loops if self.wearing == "one_ear" else ear_loops
        return make(surface, colour)


@dataclass(frozen=True)
class ColouredMask(Mask):
    """A face mask of one colour.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    colour: Colour = "white"

    @property
    def rgb(self) -> RGB:
        """Red, green and blue (0 to 255) of the colour."""
        return parse_colour(self.colour)

    def gain(self, one: Individual) -> RGB:
        """Return what 1 becomes in the texture in colour of one mask, 255 in the usual one."""
        pairs = zip(self.dyed(one), self.rgb, strict=True)
        red, green, blue = (round(255 * new / own) for new, own in pairs)
        return red, green, blue

    def dyed(self, one: Individual) -> RGB:
        """Return the colour of one mask: dyes differ, and so does how much light it catches."""
        return self.rgb if one.seed is None else varied_colour(self.rgb, one.rng("colour"))
