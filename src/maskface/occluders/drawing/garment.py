"""Garments: sheets and cords in the space of the canonical head (centimetres)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats
from maskface.occluders.colours import RGB

UNCHANGED: Final = 128
"""Number that stands for 1 in the bytes of a sheet's relief."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The form of a sheet."""

    shape: tuple[int, int]  # vertices down and across, n in all
    # (n, 3) float64 in centimetres, row by row from the top, from the person's right to left.
    vertices: Floats
    normals: Floats  # (n, 3) float64, unit length, pointing away from the face
    grid: Floats  # (n, 2) float64. Column and row of each vertex as fractions 0 to 1.
    triangles: NDArray[np.int32]  # (m, 3) int32, anticlockwise as seen from outside
    width: float  # length of the longest row in centimetres, along the sheet

    @property
    def sheet(self) -> Floats:
        """Vertices as (rows, columns, 3)."""
        return self.vertices.reshape(*self.shape, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """The appearance of a sheet, laid flat, at several sizes, each half the one before."""

    # float32. Either (h, w), brightness relative to the material's colour, or (h, w, 3), red, green
    # and blue in full light from 0 to 1. Rows run from the upper to the lower edge, columns from
    # the person's right to left.
    levels: tuple[NDArray[np.float32], ...]
    # (h, w) uint8 of the same sizes: 255 where the sheet hides what is behind it. None if it does
    # everywhere.
    opacity: tuple[Bytes, ...] | None = None
    # (h, w) uint8 of the same sizes: 255 where the sheet's tint acts in full. None if it does
    # everywhere.
    dimming: tuple[Bytes, ...] | None = None

    def level_for(self, pixels: float) -> int:
        """Return number of the smallest level at least `pixels` wide, or of the largest."""
        fine = [k for k, level in enumerate(self.levels) if level.shape[1] >= pixels]
        return fine[-1] if fine else 0


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A surface made of a material."""

    surface: Surface  # its form
    texture: Texture  # its appearance, laid flat
    # Red, green, blue (0 to 255) in full light; what 1 becomes in a texture in colour.
    colour: RGB = (255, 255, 255)
    # Share (0 to 1) of the light from behind that the sheet keeps back where it is not opaque.
    tint: float = 0.0
    both_sides: bool = False  # whether its inside is seen where it turns its back to the camera
    # Whether its brightness follows the light; what shines by itself, as a reflection does, does
    # not.
    lit: bool = True
    # Share (0 to 1) of the loss of light that it shows where it turns away from the camera. Thin
    # cloth lets light through and scatters it, and is flatter than skin.
    falloff: float = 1.0
    # Whether it lies close to the head, which then hides it where its normals point away from the
    # camera.
    on_head: bool = False
    # Whether the one of several such sheets that is nearest to the camera goes before the others of
    # them, whatever their order in the garment.
    by_depth: bool = False
    under_hair: bool = False  # whether it goes under hair that covers the ears
    # (h, w), how creases change its brightness; `UNCHANGED` where they do not.
    relief: Bytes | None = None
    # (rows, columns, 3), factors of its red, green and blue at its vertices; None if it is even.
    tones: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cord:
    """A line of even width: an ear loop, a strap, the frame of spectacles."""

    points: Floats  # (n, 3) float64 in centimetres
    # (n, 3) float64, unit length, pointing away from the head. The line is hidden where they point
    # away from the camera.
    normals: Floats
    width: float  # centimetres
    colour: RGB  # red, green, blue (0 to 255) in full light
    fade: float = 0.0  # share of the line, at its end, that passes out of sight behind the ear
    under_hair: bool = False  # whether it goes under hair that covers the ears


@dataclass(frozen=True, slots=True)
class Shadow:
    """The shadow that a garment casts on the skin beside it."""

    depth: float = 0.45  # share (0 to 1) of the light that it takes away at most
    reach: float = 0.35  # standard deviation of its soft edge in centimetres


@dataclass(frozen=True, slots=True, eq=False)
class Garment:
    """All that belongs to one thing worn."""

    items: tuple[Sheet | Cord, ...]  # sheets and cords, the one nearest to the camera first
    shadow: Shadow = Shadow()  # the shadow it casts
    # Whether it lies behind the frame of spectacles that are worn in the photograph.
    behind_frames: bool = False
