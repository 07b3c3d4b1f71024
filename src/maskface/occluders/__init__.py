"""Things put on a face. Each is a frozen dataclass; see `Occluder`.

Importing this package is cheap: the classes themselves are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.occluders._spec import OCCLUDERS, get_occluder, occluder_name, parameters_of

if TYPE_CHECKING:
    from maskface.occluders._base import Drawing, Occluder, Unoccluded, coverage
    from maskface.occluders._stack import Stack
    from maskface.occluders.controls.matched import Lower, Patch, Upper
    from maskface.occluders.controls.repaints import Blur, Fill, Mean, Noise, Pixelate
    from maskface.occluders.controls.shapes import Block, Bubbles, Half, Sweep, Window
    from maskface.occluders.controls.spot import Spot
    from maskface.occluders.tears import Tears
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
    "Spot": "controls.spot",
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
    "Drawing": "_base",
    "Occluder": "_base",
    "SurgicalMask": "worn.surgical",
    "Stack": "_stack",
    "Tears": "tears",
    "Unoccluded": "_base",
    "coverage": "_base",
}


__getattr__ = lazily(__name__, _HOMES)
