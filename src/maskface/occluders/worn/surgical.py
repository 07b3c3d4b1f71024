"""The surgical mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskface.occluders.garment import Garment, Sheet
from maskface.occluders.worn._base import ColouredMask
from maskface.occluders.worn.shapes import SURGICAL
from maskface.occluders.worn.surgical_cloth import cloth


@dataclass(frozen=True)
class SurgicalMask(ColouredMask):
    """A pleated surgical mask with ear loops.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "surgical"
    colour: str = "lightblue"

    def garment(self, scale: float) -> Garment:
        """The pleated sheet and its loops."""
        colour = self.rgb
        surface = self.surface(SURGICAL, scale)
        return Garment((Sheet(surface, cloth(), colour), *self.loops(surface, colour)))
