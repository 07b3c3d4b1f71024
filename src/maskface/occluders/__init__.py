"""Things put on a face. Each is a frozen dataclass; see `Occluder`.

Importing this package is cheap: the classes themselves are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.occluders.registry import OCCLUDERS, get_occluder, occluder_name, parameters_of

if TYPE_CHECKING:
    from maskface.occluders.base import Drawing, Occluder, Unoccluded, coverage
    from maskface.occluders.controls.matched import Lower, Patch, Upper
    from maskface.occluders.controls.repaints import Blur, Fill, Mean, Noise, Pixelate
    from maskface.occluders.controls.shapes import Block, Bubbles, Half, Spot, Sweep, Window
    from maskface.occluders.stack import Stack
    from maskface.occluders.tears.tears import Tears
    from maskface.occluders.worn.cloth_masks import ClothMask, FashionMask
    from maskface.occluders.worn.eyewear import Glasses, Sunglasses
    from maskface.occluders.worn.hats import Cap
    from maskface.occluders.worn.picture_mask import PictureMask
    from maskface.occluders.worn.respirators import Ffp2Mask, N95Mask
    from maskface.occluders.worn.surgical import SurgicalMask
    from maskface.occluders.worn.veils import Niqab, Scarf
    from maskface.occluders.worn.visors import FaceShield
    from maskface.occluders.worn.windows import ClearMask, WindowMask

__all__ = [
    "OCCLUDERS",
    "Block",
    "Blur",
    "Bubbles",
    "Cap",
    "ClearMask",
    "ClothMask",
    "Drawing",
    "FaceShield",
    "FashionMask",
    "Ffp2Mask",
    "Fill",
    "Glasses",
    "Half",
    "Lower",
    "Mean",
    "N95Mask",
    "Niqab",
    "Noise",
    "Occluder",
    "Patch",
    "PictureMask",
    "Pixelate",
    "Scarf",
    "Spot",
    "Stack",
    "Sunglasses",
    "SurgicalMask",
    "Sweep",
    "Tears",
    "Unoccluded",
    "Upper",
    "Window",
    "WindowMask",
    "coverage",
    "get_occluder",
    "occluder_name",
    "parameters_of",
]

_HOMES: Final = {
    "Block": "controls.shapes",
    "Blur": "controls.repaints",
    "Bubbles": "controls.shapes",
    "Fill": "controls.repaints",
    "Half": "controls.shapes",
    "Lower": "controls.matched",
    "Mean": "controls.repaints",
    "Noise": "controls.repaints",
    "Patch": "controls.matched",
    "Pixelate": "controls.repaints",
    "Spot": "controls.shapes",
    "Sweep": "controls.shapes",
    "Upper": "controls.matched",
    "Window": "controls.shapes",
    "ClothMask": "worn.cloth_masks",
    "FashionMask": "worn.cloth_masks",
    "Ffp2Mask": "worn.respirators",
    "N95Mask": "worn.respirators",
    "WindowMask": "worn.windows",
    "ClearMask": "worn.windows",
    "PictureMask": "worn.picture_mask",
    "Cap": "worn.hats",
    "FaceShield": "worn.visors",
    "Glasses": "worn.eyewear",
    "Niqab": "worn.veils",
    "Scarf": "worn.veils",
    "Sunglasses": "worn.eyewear",
    "Drawing": "base",
    "Occluder": "base",
    "SurgicalMask": "worn.surgical",
    "Stack": "stack",
    "Tears": "tears.tears",
    "Unoccluded": "base",
    "coverage": "base",
}


__getattr__ = lazily(__name__, _HOMES)
