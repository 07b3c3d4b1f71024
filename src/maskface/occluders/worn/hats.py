"""Caps, and the shadow of their brims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from maskface.errors import MaskfaceError
from maskface.occluders.colours import parse_colour
from maskface.occluders.garment import Cord, Garment, Shadow, Sheet
from maskface.occluders.worn._base import Worn
from maskface.occluders.worn.drape_forms import CROWN
from maskface.occluders.worn.drapes import surface_of_drape
from maskface.occluders.worn.hat_parts import (
    brim,
    brim_below,
    brim_cloth,
    brim_edge,
    brim_shade,
    crown_cloth,
    upper_face,
)
from maskface.occluders.worn.wearing import top_level

_BELOW: Final = 0.42
"""How bright the underside of the brim is."""
_BINDING: Final = 0.8
_HIGHEST: Final = 120.0


@dataclass(frozen=True)
class Cap(Worn):
    """A baseball cap whose brim throws a shadow over the eyes; or that shadow alone.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    shadow
        Share of the light, 0 to 1, that the brim keeps from the upper face.
    edge
        Where the shadow ends below the eyes, from 0 (at the chin) to 100 (at the eyes) and 120
        (at the brows).
    drawn
        Whether the cap itself is seen; without it, only its shadow is.

    Raises
    ------
    MaskfaceError
        If a parameter is none of these.
    """

    name: ClassVar[str] = "cap"
    colour: str = "navy"
    shadow: float = 0.5
    edge: float = 80.0
    drawn: bool = True

    def __post_init__(self) -> None:
        parse_colour(self.colour)
        if not 0 <= self.shadow <= 1:
            raise MaskfaceError(
                f"Parameter 'shadow' of occluder 'cap' got {self.shadow:g}. It is the share of "
                "the light that the brim keeps from the upper face, from 0 to 1."
            )
        if not 0 <= self.edge <= _HIGHEST:
            raise MaskfaceError(
                f"Parameter 'edge' of occluder 'cap' got {self.edge:g}. It is the height at which "
                "the shadow ends, from 0 (at the chin) to 100 (at the eyes) and 120 (at the brows)."
            )

    def garment(self, scale: float) -> Garment:
        """The cap, and the shade on the face."""
        shade = Sheet(upper_face(), brim_shade(top_level(self.edge)), tint=self.shadow)
        parts = self._cap(scale) if self.drawn else ()
        return Garment((*parts, shade), Shadow(0.4, 0.4))

    def _cap(self, scale: float) -> tuple[Sheet | Cord, ...]:
        colour = parse_colour(self.colour)
        return (
            brim_edge(_dimmed(colour, _BINDING)),
            Sheet(brim(), brim_cloth(), colour),
            Sheet(brim_below(), brim_cloth(), _dimmed(colour, _BELOW)),
            Sheet(surface_of_drape(CROWN, scale), crown_cloth(), colour),
        )


def _dimmed(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(share * part) for part in colour)
    return red, green, blue
