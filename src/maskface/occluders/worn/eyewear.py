"""Spectacles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from maskface.errors import MaskfaceError
from maskface.occluders.colours import parse_colour
from maskface.occluders.garment import Cord, Garment, Shadow, Sheet
from maskface.occluders.worn._base import Worn
from maskface.occluders.worn.lenses import clear_glass, dark_glass, gloss, rims
from maskface.occluders.worn.spectacles import STYLES, FrameShape, Style, arms, front

_INNER: Final = 0.55
"""How bright the side of a rim is that looks back to the face."""
_CLEAR: Final = 0.05
"""Share of the light that clear glass keeps back."""


def _frame(style: Style, colour: tuple[int, int, int]) -> tuple[Sheet, Sheet, list[Cord]]:
    """The front of the rims, their back edge, and the arms."""
    red, green, blue = (round(_INNER * part) for part in colour)
    face = Sheet(front(), rims(style), colour, both_sides=True)
    edge = Sheet(front(style.thick), rims(style), (red, green, blue), both_sides=True)
    return face, edge, arms(style, colour)


@dataclass(frozen=True)
class Sunglasses(Worn):
    """Sunglasses: dark lenses that reflect a bright sky.

    Attributes
    ----------
    frame
        Shape of the lenses, square or round.
    colour, lens
        Colours of the frame and of the glass: a name in `maskface.occluders.colours.PALETTE` or
        ``#rrggbb``.
    opacity
        Share of what is behind the lenses that they hide, 0.5 to 1.

    Raises
    ------
    MaskfaceError
        If a colour or the opacity is none of these.
    """

    name: ClassVar[str] = "sunglasses"
    frame: FrameShape = "square"
    colour: str = "black"
    lens: str = "#1d1b1a"
    opacity: float = 0.95

    def __post_init__(self) -> None:
        parse_colour(self.colour)
        parse_colour(self.lens)
        if not 0.5 <= self.opacity <= 1:
            raise MaskfaceError(
                f"Parameter 'opacity' of occluder 'sunglasses' got {self.opacity:g}. It is the "
                "share of what is behind the lenses that they hide, from 0.5 to 1."
            )

    def garment(self, scale: float) -> Garment:
        """Reflections, frame and dark glass."""
        del scale
        style = STYLES[self.frame, True]
        shine = Sheet(front(), gloss(style, 0.22, 0.13), both_sides=True, lit=False)
        face, edge, sides = _frame(style, parse_colour(self.colour))
        glass = dark_glass(style, self.opacity)
        lenses = Sheet(front(), glass, parse_colour(self.lens), both_sides=True)
        return Garment((shine, face, lenses, edge, *sides), Shadow(0.35, 0.35))


@dataclass(frozen=True)
class Glasses(Worn):
    """Eyeglasses with clear lenses; they hide hardly more than their thin frame.

    Attributes
    ----------
    frame
        Shape of the lenses, round or square.
    colour
        Colour of the frame: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "glasses"
    frame: FrameShape = "square"
    colour: str = "black"

    def __post_init__(self) -> None:
        parse_colour(self.colour)

    def garment(self, scale: float) -> Garment:
        """Reflections, frame and clear glass."""
        del scale
        style = STYLES[self.frame, False]
        shine = Sheet(front(), gloss(style, 0.05, 0.09), both_sides=True, lit=False)
        face, edge, sides = _frame(style, parse_colour(self.colour))
        lenses = Sheet(front(), clear_glass(style), tint=_CLEAR, both_sides=True)
        return Garment((shine, face, lenses, edge, *sides), Shadow(0.4, 0.3))
