"""Masks of cotton and of stretch foam."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from maskface.occluders.colours import parse_colour
from maskface.occluders.garment import Garment, Sheet
from maskface.occluders.worn._base import ColouredMask
from maskface.occluders.worn.bands import bands
from maskface.occluders.worn.foam import foam
from maskface.occluders.worn.mask_shapes import CONTOURED, MOULDED
from maskface.occluders.worn.patterns import Pattern
from maskface.occluders.worn.weaves import cotton, plain_cotton

_BAND: Final = 0.6
"""Width in cm of a band that hangs down."""


@dataclass(frozen=True)
class ClothMask(ColouredMask):
    """A sewn cotton mask of two panels, plain or printed, with elastic ear loops.

    Attributes
    ----------
    colour
        Of the ground and the loops: a name in `maskface.occluders.colours.PALETTE` or
        ``#rrggbb``.
    pattern
        plain, stripes, dots, check or floral.
    accent
        Colour of the print.

    Raises
    ------
    MaskfaceError
        If a colour is neither.
    """

    name: ClassVar[str] = "cloth"
    colour: str = "navy"
    pattern: Pattern = "plain"
    accent: str = "white"

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_colour(self.accent)

    def garment(self, scale: float) -> Garment:
        """The panels and their loops."""
        colour, accent = self.rgb, parse_colour(self.accent)
        surface = self.surface(CONTOURED, scale)
        if self.pattern == "plain":
            sheet = Sheet(surface, plain_cotton(), colour)
        else:
            sheet = Sheet(surface, cotton(self.pattern, colour, accent))
        loops = (replace(loop, colour=colour) for loop in self.loops(surface, colour))
        return Garment((sheet, *loops))


@dataclass(frozen=True)
class FashionMask(ColouredMask):
    """A moulded mask of thin stretch foam with ear loops cut from the same piece.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "fashion"
    colour: str = "black"

    def garment(self, scale: float) -> Garment:
        """The moulded sheet and the bands to the ears."""
        colour = self.rgb
        surface = self.surface(MOULDED, scale)
        sheet = Sheet(surface, foam(colour))
        if self.wearing != "one_ear":
            return Garment((sheet, *bands(surface, colour)))
        dangling = replace(self.loops(surface, colour)[-1], width=_BAND, colour=colour)
        return Garment((sheet, *bands(surface, colour, ears="right"), dangling))
