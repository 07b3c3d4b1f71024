"""Folded and moulded respirators, and their fleece, drawn flat by formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

import cv2
import numpy as np

from maskface.arrays import Reals
from maskface.occluders.colours import RGB, dimmed
from maskface.occluders.drawing.garment import Cord, Garment, Sheet, Surface, Texture
from maskface.occluders.parameters import Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.worn.base import ColouredMask
from maskface.occluders.worn.creases import creased, creased_sheet, crumpled, with_relief
from maskface.occluders.worn.individual import USUAL, Individual
from maskface.occluders.worn.mask_shapes import CUP, FOLDED
from maskface.occluders.worn.placement import RIGID, Population
from maskface.occluders.worn.planes import bump, canvas, make_texture, seam, step, unevenness
from maskface.occluders.worn.straps import head_straps
from maskface.occluders.worn.surface import detail, sheet_surface

WIDTH: Final = 480
HEIGHT: Final = 576
"""Texture pixels of half a folded respirator."""
HALF: Final = 11.0
"""Width of one half of it in cm."""
DOWN: Final = 15.0
"""Its height in cm at the fold."""
_NARROW: Final = 0.36
_METAL: Final = np.array([0.80, 0.82, 0.84], np.float32)

CUP_WIDTH: Final = 640
CUP_HEIGHT: Final = 640
_CUP_ACROSS: Final = 17.0
_CUP_DOWN: Final = 17.0
_CUP_NARROW: Final = 0.24
_STRIP: Final = 2.4
"""Middle of the metal strip, in cm below the upper edge: any nearer, the rim above it is a bright
line between metal and skin."""
_STRIP_HALF: Final = 4.0  # half its length in cm
_SAG: Final = 0.6
"""How much farther from the edge its ends are, in cm: the rim is narrower beside the nose, where
the face turns it away from the camera."""


@lru_cache(maxsize=2)
def half(*, left: bool = False) -> Texture:
    """Draw right (or left) half of the usual folded respirator, from the side to the fold."""
    whole = crumpled((HEIGHT, 2 * WIDTH), USUAL, 0.45)
    return _fleece(_MAKES[0], whole[:, : WIDTH - 1 : -1] if left else whole[:, :WIDTH], left=left)


@lru_cache(maxsize=12)
def _smooth_half(make: int, *, left: bool) -> Texture:
    """Draw a half of a make without creases."""
    return _fleece(_MAKES[make], np.zeros(1, np.float32), left=left)


class _Make(NamedTuple):
    """How much of each weld a make shows, and whether the clip lies outside; its print, if any."""

    fold: float = 1.0
    edges: float = 1.0
    sides: float = 1.0
    clip: float = 1.0
    print: tuple[str, ...] = ()
    left: bool = False


_MAKES: Final = (
    _Make(),
    _Make(0.0, 0.7, 1.0, 0.0, ("KN95", "GB2626-2019"), left=True),
    _Make(0.5, 0.0, 1.0, 1.0, ("FFP2 NR", "EN 149:2001")),
    _Make(0.0, 1.0, 0.5, 0.0),
    _Make(1.0, 0.3, 0.4, 0.0, ("KN95",)),
    _Make(0.0, 0.0, 0.8, 0.6, ("FFP2 NR D", "CE 2163"), left=True),
)
"""The usual respirator, and others that real ones resemble: most clips lie between the layers."""


def _fleece(make: _Make, creases: Reals, *, left: bool) -> Texture:
    x, y = canvas(HEIGHT, WIDTH)
    # Columns are equally spaced in the angle of `sheet_of`.
    fold = HALF * np.sin(np.pi / 2 * (1 - x))
    tall = _NARROW + (1 - _NARROW) * np.sin(np.pi / 2 * x) ** 1.6
    upper, lower = DOWN * tall * y, DOWN * tall * (1 - y)
    felt = unevenness((HEIGHT, WIDTH), ((0.7, 0.012), (4.0, 0.007), (30.0, 0.010)), 31 + left)
    clip, metal = _clip(fold, upper)
    welded = 1 + felt + _welds(make, fold, upper, lower, DOWN * y)
    level = np.asarray(welded, np.float32) + creases
    level = level * np.asarray(1 - 0.24 * make.clip * clip, np.float32) + make.clip * metal
    level = level[:, ::-1] if left else level
    if make.print and make.left == left:
        level = level * _print(make.print, 1 if left else -1)
    return make_texture(level)


def _print(lines: tuple[str, ...], slant: int) -> Reals:
    """Draw lines of print on the lower part of a half, along its lower edge."""
    ink, font = np.zeros((HEIGHT, WIDTH), np.uint8), cv2.FONT_HERSHEY_SIMPLEX
    for number, line in enumerate(lines):
        size = 0.9 if number == 0 else 0.62
        (width, _), _ = cv2.getTextSize(line, font, size, 2)
        at = ((WIDTH - width) // 2, int(0.60 * HEIGHT) + 30 * number)
        cv2.putText(ink, line, at, font, size, 255, 2, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((WIDTH / 2, 0.6 * HEIGHT), 14.0 * slant, 1.0)
    return np.asarray(1 - 0.45 / 255 * cv2.warpAffine(ink, turn, (WIDTH, HEIGHT)), np.float32)


def _welds(make: _Make, fold: Reals, upper: Reals, lower: Reals, along: Reals) -> Reals:
    """Rows of weld points along the fold and along all edges.

    From the rows to the edge it gets darker: a bright edge would look like a halo.
    """
    side = HALF - fold
    relief = make.fold * (_points(fold - 0.42, along) + 0.05 * bump(fold - 0.42, 0.16))
    inner = step(side - 0.9, 0.05)
    for distance in (upper, lower):
        for row in (0.55, 0.85):
            relief = relief + 0.7 * make.edges * inner * _points(distance - row, fold)
        relief = relief - 0.16 * np.exp(-distance / 0.18)
    for row in (0.25, 0.50, 0.75):
        relief = relief + make.sides * _points(side - row, along)
    return np.asarray(relief - 0.16 * np.exp(-side / 0.15) - 0.04 * bump(side - 1.0, 0.10))


def _points(distance: Reals, along: Reals) -> Reals:
    """A row of weld points: pressed in, so dark, with a light lower lip."""
    dash = step(np.cos(2 * np.pi * along / 0.40) + 0.25, 0.35)
    return -0.24 * dash * bump(distance, 0.065) + 0.06 * dash * bump(distance - 0.12, 0.06)


def _clip(fold: Reals, upper: Reals) -> tuple[Reals, Reals]:
    """Return where the nose clip under the upper edge is, and the light on its rims."""
    middle = 1.15
    inside = step(4.3 - fold, 0.04)
    clip = inside * step(0.24 - np.abs(upper - middle), 0.03)
    rims = bump(upper - middle + 0.24, 0.05) - 1.2 * bump(upper - middle - 0.26, 0.05)
    return clip, np.asarray(0.10 * inside * rims, np.float32)


@lru_cache(maxsize=32)
def cup(colour: RGB) -> Texture:
    """Draw a moulded cup: pressed rim with rings, stippled dome, metal strip over the nose."""
    x, y = canvas(CUP_HEIGHT, CUP_WIDTH)
    tall = _CUP_NARROW + (1 - _CUP_NARROW) * np.clip(np.cos(np.pi * (x - 0.5)), 0, 1) ** 1.3
    upper = _CUP_DOWN * tall * y
    edge = _smallest(upper, _CUP_DOWN * tall * (1 - y), _CUP_ACROSS * np.minimum(x, 1 - x))
    level = 1 + _stipple(edge) + _rings(edge)
    across = _CUP_ACROSS * (x - 0.5)
    off = upper - _STRIP - _SAG * (across / _STRIP_HALF) ** 2
    along = step(_STRIP_HALF - np.abs(across), 0.05)
    strip = along * step(0.32 - np.abs(off), 0.03)
    shine = 0.25 * bump(off + 0.12, 0.10) + 0.06 * np.cos(across * 2.2)
    light = level[..., None] * np.array(colour, np.float32) / 255
    metal = (0.60 + shine)[..., None] * _METAL
    light = light * (1 - 0.22 * (along * bump(off - 0.36, 0.06))[..., None])
    return make_texture(light * (1 - strip[..., None]) + metal * strip[..., None])


def _smallest(*distances: Reals) -> Reals:
    """The smallest of distances, rounded where two are alike."""
    total = sum(np.exp(-5 * distance) for distance in distances)
    return np.asarray(-np.log(total) / 5, np.float32)


def _stipple(edge: Reals) -> Reals:
    dome = step(edge - 0.75, 0.08)
    rough = unevenness((CUP_HEIGHT, CUP_WIDTH), ((0.9, 0.014), (2.2, 0.013), (24.0, 0.008)), 33)
    return rough * (0.35 + 0.65 * dome)


def _rings(edge: Reals) -> Reals:
    """Two pressed rings: the welded rim, and the step from which the dome rises.

    They and the dark of the edge are faint: where the rim is seen at an angle, they are lines along
    the skin.
    """
    relief = 0.12 * seam(edge - 0.90, 0.07) + 0.12 * seam(edge - 2.1, 0.10)
    relief = relief + 0.05 * bump(edge - 1.15, 0.2)
    return np.asarray(relief - 0.06 * np.exp(-np.clip(edge, 0, None) / 0.5), np.float32)


_FOLD: Final = 0.12  # cm
_FALLOFF: Final = 0.5  # fleece scatters light, too, but its halves face different ways
_STRAP: Final = (222, 219, 206)
_STRAP_WIDTH: Final = 0.42  # cm


@OCCLUDERS.register("ffp2")
@dataclass(frozen=True)
class Ffp2Mask(ColouredMask):
    """A folded respirator (FFP2, KN95) with a sharp ridge, welded seams and ear loops."""

    population: ClassVar[Population] = Population(
        top=0.074,
        outer=0.058,
        bottom=0.12,
        lower=0.10,
        width=0.13,
        taper=0.07,
        tilt=1.9,
        lean=-0.9,
        lowered=(0.01, -0.02),
        shift=0.03,
        reach=((-0.09, 0.20), (-0.17, 0.35)),
    )
    colour: Colour = "white"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return two halves, what joins them, and the loops."""
        colour = self.dyed(one)
        surface = self.surface(FOLDED, scale, one)
        *halves, fold = _halves(surface, colour)
        sheets = [
            Sheet(own, half(left=left), colour, by_depth=True, falloff=_FALLOFF)
            for own, left in zip(halves, (False, True), strict=True)
        ]
        if one.seed is not None:
            rng = one.rng("cloth")
            make, falloff = int(rng.integers(len(_MAKES))), rng.uniform(0.05, 0.5)
            fold = replace(fold, colour=dimmed(colour, rng.uniform(0.8, 1.0)))
            whole = creased(rng, 2.8, fine=detail(scale) > 0, halves=2)
            sheets = [
                replace(
                    with_relief(sheet, level, one),
                    texture=_smooth_half(make, left=left),
                    falloff=falloff,
                )
                for sheet, left, level in zip(
                    sheets, (False, True), np.split(whole, 2, axis=1), strict=True
                )
            ]
        return Garment((*sheets, fold, *self.loops(surface, colour)))


def _halves(surface: Surface, colour: RGB) -> tuple[Surface, Surface, Cord]:
    """Right and left half, each with its own normals at the fold, and the cloth of the fold."""
    sheet, middle = surface.sheet, surface.shape[1] // 2
    normals = surface.normals.reshape(sheet.shape)[:, middle]
    right, left = sheet_surface(sheet[:, : middle + 1]), sheet_surface(sheet[:, middle:])
    # Two outlines that meet would leave a hairline. Its round ends stay within the cloth.
    line = sheet[:, middle].copy()
    line[0] += 0.15 * (line[1] - line[0])
    line[-1] += 0.15 * (line[-2] - line[-1])
    return right, left, Cord(line, normals, _FOLD, colour)


@OCCLUDERS.register("n95")
@dataclass(frozen=True)
class N95Mask(ColouredMask):
    """A moulded cup respirator (N95) with a metal nose strip and two straps round the head."""

    population: ClassVar[Population] = RIGID
    colour: Colour = "#f3efe4"

    def garment(self, scale: float, one: Individual = USUAL) -> Garment:
        """Return the cup and its straps."""
        surface = self.surface(CUP, scale, one)
        sheet = Sheet(surface, cup(self.rgb), self.gain(one), falloff=_FALLOFF)
        sheet = creased_sheet(sheet, one, 0.6, fine=detail(scale) > 0)
        return Garment((sheet, *self._straps(surface)))

    def _straps(self, surface: Surface) -> list[Cord]:
        if self.wearing != "one_ear":
            return head_straps(surface, _STRAP, _STRAP_WIDTH)
        loops = self.loops(surface, _STRAP)
        return [replace(loop, width=_STRAP_WIDTH, colour=_STRAP) for loop in loops]
