"""Face masks as people wear them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

import numpy as np

from maskface.errors import MaskfaceError
from maskface.occluders._base import Drawing, Occluder
from maskface.occluders.geometry import fit_head
from maskface.occluders.layers import Material
from maskface.occluders.light import estimate_light
from maskface.occluders.render import draw_mask
from maskface.occluders.surface import mask_surface
from maskface.occluders.texture import cloth
from maskface.registry import unknown_name
from maskface.types import FaceLandmarks, ImageArray

PALETTE: Final = MappingProxyType(
    {
        "black": "#26282b",
        "blue": "#6f9fc6",
        "green": "#8fc3ad",
        "grey": "#9a9da1",
        "lightblue": "#a9cfe3",
        "pink": "#e9b9c4",
        "white": "#f1f3f3",
    }
)
"""Cloth colours by name."""


@dataclass(frozen=True)
class SurgicalMask(Occluder):
    """A pleated surgical mask with ear loops, worn over nose and chin.

    Attributes
    ----------
    colour
        A name in `PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    name: ClassVar[str] = "surgical"
    colour: str = "lightblue"

    def __post_init__(self) -> None:
        parse_colour(self.colour)

    def draw(
        self,
        image: ImageArray,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Drawing:
        """Draw the mask; see `Occluder.draw`. Nothing about it is random."""
        fit = fit_head(landmarks.points)
        light = estimate_light(image, fit)
        material = Material(cloth(), parse_colour(self.colour))
        return draw_mask(image, fit, mask_surface(fit.scale), material, light)


def parse_colour(colour: str) -> tuple[int, int, int]:
    """Red, green and blue (0 to 255) of a colour in `PALETTE` or of ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If it is neither.
    """
    code = PALETTE.get(colour, colour)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", code):
        allowed = unknown_name("colour", colour, sorted(PALETTE))
        raise MaskfaceError(f"{allowed} Any other is written as '#rrggbb', such as '#a9cfe3'.")
    red, green, blue = bytes.fromhex(code[1:])
    return red, green, blue
