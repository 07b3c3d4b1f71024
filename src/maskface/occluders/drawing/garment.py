"""Garments: sheets and cords in the space of the canonical head (centimetres)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats
from maskface.occluders.colours import RGB

UNCHANGED: Final = 128
"""What stands for 1 in the bytes of a sheet's relief."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The form of a sheet.

    Attributes
    ----------
    shape
        Vertices down and across, n in all.
    vertices
        (n, 3) float64 in centimetres, row by row from the top, from the person's
        right to left.
    normals
        (n, 3) float64, unit length, pointing away from the face.
    grid
        (n, 2) float64. Column and row of each vertex as fractions 0 to 1.
    triangles
        (m, 3) int32, anticlockwise as seen from outside.
    width
        Length of the longest row in centimetres, along the sheet.
    """

    shape: tuple[int, int]
    vertices: Floats
    normals: Floats
    grid: Floats
    triangles: NDArray[np.int32]
    width: float

    @property
    def sheet(self) -> Floats:
        """Vertices as (rows, columns, 3)."""
        return self.vertices.reshape(*self.shape, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """The appearance of a sheet, laid flat, at several sizes, each half the one before.

    Attributes
    ----------
    levels
        float32. Either (h, w), brightness relative to the material's colour, or (h, w, 3), red,
        green and blue in full light from 0 to 1. Rows run from the upper to the lower edge,
        columns from the person's right to left.
    opacity
        (h, w) uint8 of the same sizes: 255 where the sheet hides what is behind it. None if it
        does everywhere.
    dimming
        (h, w) uint8 of the same sizes: 255 where the sheet's tint acts in full. None if it does
        everywhere.
    """

    levels: tuple[NDArray[np.float32], ...]
    opacity: tuple[Bytes, ...] | None = None
    dimming: tuple[Bytes, ...] | None = None

    def level_for(self, pixels: float) -> int:
        """Return number of the smallest level at least `pixels` wide, or of the largest."""
        fine = [k for k, level in enumerate(self.levels) if level.shape[1] >= pixels]
        return fine[-1] if fine else 0


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A surface made of a material.

    Attributes
    ----------
    surface
        Its form.
    texture
        Its appearance, laid flat.
    colour
        Red, green, blue (0 to 255) in full light; what 1 becomes in a texture in colour.
    tint
        Share (0 to 1) of the light from behind that the sheet keeps back where it is not opaque.
    both_sides
        Whether its inside is seen where it turns its back to the camera.
    lit
        Whether its brightness follows the light; what shines by itself, as a reflection does,
        does not.
    falloff
        Share (0 to 1) of the loss of light that it shows where it turns away from the camera. Thin
        cloth lets light through and scatters it, and is flatter than skin.
    on_head
        Whether it lies close to the head, which then hides it where its normals point away from
        the camera.
    by_depth
        Whether the one of several such sheets that is nearest to the camera goes before the
        others of them, whatever their order in the garment.
    under_hair
        Whether it goes under hair that covers the ears.
    relief
        (h, w) uint8, how creases change its brightness: `UNCHANGED` where they do not. None without any.
    tones
        (rows, columns, 3) float64, factors of its red, green and blue at its vertices. None if its
        colour is even.
    """

    surface: Surface
    texture: Texture
    colour: RGB = (255, 255, 255)
    tint: float = 0.0
    both_sides: bool = False
    lit: bool = True
    falloff: float = 1.0
    on_head: bool = False
    by_depth: bool = False
    under_hair: bool = False
    relief: Bytes | None = None
    tones: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cord:
    """A line of even width: an ear loop, a strap, the frame of spectacles.

    Attributes
    ----------
    points
        (n, 3) float64 in centimetres.
    normals
        (n, 3) float64, unit length, pointing away from the head. The line is hidden where they
        point away from the camera.
    width
        Centimetres.
    colour
        Red, green, blue (0 to 255) in full light.
    fade
        Share of the line, at its end, that passes out of sight behind the ear.
    under_hair
        Whether it goes under hair that covers the ears.
    """

    points: Floats
    normals: Floats
    width: float
    colour: RGB
    fade: float = 0.0
    under_hair: bool = False


@dataclass(frozen=True, slots=True)
class Shadow:
    """The shadow that a garment casts on the skin beside it.

    Attributes
    ----------
    depth
        Share (0 to 1) of the light that it takes away at most.
    reach
        Standard deviation of its soft edge in centimetres.
    """

    depth: float = 0.45
    reach: float = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Garment:
    """All that belongs to one thing worn.

    Attributes
    ----------
    items
        Sheets and cords, the one nearest to the camera first.
    shadow
        The shadow it casts.
    behind_frames
        Whether it lies behind the frame of spectacles that are worn in the photograph.
    """

    items: tuple[Sheet | Cord, ...]
    shadow: Shadow = Shadow()
    behind_frames: bool = False
