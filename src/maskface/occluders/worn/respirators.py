"""Folded and moulded respirators."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from maskface.occluders.garment import Cord, Garment, Sheet, Surface
from maskface.occluders.worn._base import ColouredMask
from maskface.occluders.worn.bands import head_straps
from maskface.occluders.worn.fleece import cup, half
from maskface.occluders.worn.mask_shapes import CUP, FOLDED
from maskface.occluders.worn.surface import sheet_surface

_FOLD: Final = 0.12  # cm
_STRAP: Final = (222, 219, 206)
_STRAP_WIDTH: Final = 0.42  # cm


@dataclass(frozen=True)
class Ffp2Mask(ColouredMask):
    """A folded respirator (FFP2, KN95) with a sharp ridge, welded seams and ear loops.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "ffp2"
    colour: str = "white"

    def garment(self, scale: float) -> Garment:
        """Two halves, what joins them, and the loops."""
        colour = self.rgb
        surface = self.surface(FOLDED, scale)
        right, left, fold = _halves(surface, colour)
        sheets = (
            Sheet(right, half(), colour, by_depth=True),
            Sheet(left, half(left=True), colour, by_depth=True),
        )
        return Garment((*sheets, fold, *self.loops(surface, colour)))


def _halves(surface: Surface, colour: tuple[int, int, int]) -> tuple[Surface, Surface, Cord]:
    """Right and left half, each with its own normals at the fold, and the cloth of the fold."""
    rows, columns = surface.shape
    middle = columns // 2
    sheet = surface.vertices.reshape(rows, columns, 3)
    normals = surface.normals.reshape(rows, columns, 3)[:, middle]
    right, left = sheet_surface(sheet[:, : middle + 1]), sheet_surface(sheet[:, middle:])
    # Two outlines that meet would leave a hairline. Its round ends stay within the cloth.
    line = sheet[:, middle].copy()
    line[0] += 0.15 * (line[1] - line[0])
    line[-1] += 0.15 * (line[-2] - line[-1])
    return right, left, Cord(line, normals, _FOLD, colour)


@dataclass(frozen=True)
class N95Mask(ColouredMask):
    """A moulded cup respirator (N95) with a metal nose strip and two straps round the head.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "n95"
    colour: str = "#f3efe4"

    def garment(self, scale: float) -> Garment:
        """The cup and its straps."""
        colour = self.rgb
        surface = self.surface(CUP, scale)
        return Garment((Sheet(surface, cup(colour)), *self._straps(surface)))

    def _straps(self, surface: Surface) -> list[Cord]:
        if self.wearing != "one_ear":
            return head_straps(surface, _STRAP, _STRAP_WIDTH)
        loops = self.loops(surface, _STRAP)
        return [replace(loop, width=_STRAP_WIDTH, colour=_STRAP) for loop in loops]
