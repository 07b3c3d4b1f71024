"""Scarves and veils."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskface.occluders.colours import parse_colour
from maskface.occluders.garment import Garment, Shadow, Sheet
from maskface.occluders.worn._base import Worn
from maskface.occluders.worn.drape_forms import HOOD, SCARF, VEIL
from maskface.occluders.worn.drapes import surface_of_drape
from maskface.occluders.worn.scarf_cloth import Pattern, scarf_cloth, scarf_print
from maskface.occluders.worn.veil_cloth import hood_cloth, veil_cloth


@dataclass(frozen=True)
class Scarf(Worn):
    """A bandana over nose and mouth, tied behind the head, its point below the chin.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    pattern
        plain, or dots (printed in white).

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "scarf"
    behind_frames: ClassVar[bool] = True
    colour: str = "red"
    pattern: Pattern = "plain"

    def __post_init__(self) -> None:
        parse_colour(self.colour)

    def garment(self, scale: float) -> Garment:
        """The cloth, and its print."""
        surface = surface_of_drape(SCARF, scale)
        cloth = Sheet(surface, scarf_cloth(), parse_colour(self.colour))
        if self.pattern == "plain":
            return Garment((cloth,))
        return Garment((Sheet(surface, scarf_print(), (226, 222, 212)), cloth))


@dataclass(frozen=True)
class Niqab(Worn):
    """A niqab: a veil over head, face and shoulders that leaves the eyes free.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "niqab"
    colour: str = "black"

    def __post_init__(self) -> None:
        parse_colour(self.colour)

    def garment(self, scale: float) -> Garment:
        """The cloth over the head, and the one over face and shoulders."""
        colour = parse_colour(self.colour)
        hood = Sheet(surface_of_drape(HOOD, scale), hood_cloth(), colour)
        veil = Sheet(surface_of_drape(VEIL, scale), veil_cloth(), colour)
        return Garment((hood, veil), Shadow(0.45, 0.6))
