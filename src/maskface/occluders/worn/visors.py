"""Face shields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from maskface.occluders.colours import parse_colour
from maskface.occluders.garment import Garment, Shadow, Sheet
from maskface.occluders.worn._base import Worn
from maskface.occluders.worn.visor_parts import band, foam, reflections, strap, visor

_TINT: Final = 0.07
"""Share of the light that clear plastic keeps back."""
_SHINE: Final = (240, 245, 250)
_STRAP: Final = 0.9


@dataclass(frozen=True)
class FaceShield(Worn):
    """A clear face shield on a foam band; the face shows through its reflections.

    Attributes
    ----------
    colour
        Colour of the band: a name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "shield"
    colour: str = "white"

    def __post_init__(self) -> None:
        parse_colour(self.colour)

    def garment(self, scale: float) -> Garment:
        """Reflections on the clear sheet, the band behind it, and its strap."""
        del scale
        colour = parse_colour(self.colour)
        red, green, blue = (round(_STRAP * part) for part in colour)
        clear = Sheet(visor(), reflections(), _SHINE, tint=_TINT, both_sides=True, lit=False)
        return Garment(
            (clear, Sheet(band(), foam(), colour, both_sides=True), *strap((red, green, blue))),
            Shadow(0.4, 0.5),
        )
