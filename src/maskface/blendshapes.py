"""Names of MediaPipe's expression scores (blendshapes), and the landmarks each shows at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BLENDSHAPES: Final[tuple[str, ...]] = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""Names of the blendshapes in MediaPipe's order; left and right are the shown person's own."""

_BROW_RIGHT: Final = (46, 52, 53, 55, 63, 65, 66, 70, 105, 107)
_BROW_LEFT: Final = (276, 282, 283, 285, 293, 295, 296, 300, 334, 336)
_EYE_RIGHT: Final = (
    7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246,
    468, 469, 470, 471, 472,
)  # fmt: skip
_EYE_LEFT: Final = (
    249, 263, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466,
    473, 474, 475, 476, 477,
)  # fmt: skip
_CHEEK_RIGHT: Final = (36, 50, 100, 101, 116, 117, 118, 119, 123, 187, 205)
_CHEEK_LEFT: Final = (266, 280, 329, 330, 345, 346, 347, 348, 352, 411, 425)
_NOSE_RIGHT: Final = (48, 49, 64, 98, 102, 115, 126, 129, 131, 142, 198, 203, 209)
_NOSE_LEFT: Final = (278, 279, 294, 327, 331, 344, 355, 358, 360, 371, 420, 423, 429)
_LIPS_RIGHT: Final = (
    37, 39, 40, 61, 78, 80, 81, 82, 84, 87, 88, 91, 95, 146, 178, 181, 185, 191,
)  # fmt: skip
_LIPS_LEFT: Final = (
    267, 269, 270, 291, 308, 310, 311, 312, 314, 317, 318, 321, 324, 375, 402, 405, 409, 415,
)  # fmt: skip
_LIPS: Final = (*_LIPS_RIGHT, 0, 13, 14, 17, *_LIPS_LEFT)
_CHIN: Final = (
    18, 83, 148, 149, 150, 152, 171, 175, 176, 199, 200, 208, 313, 377, 378, 379, 396, 400, 428,
)  # fmt: skip
_JAW: Final = (*_LIPS, *_CHIN)

FACE_PARTS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "right brow": _BROW_RIGHT,
        "left brow": _BROW_LEFT,
        "right eye": _EYE_RIGHT,
        "left eye": _EYE_LEFT,
        "right cheek": _CHEEK_RIGHT,
        "left cheek": _CHEEK_LEFT,
        "right of the nose": _NOSE_RIGHT,
        "left of the nose": _NOSE_LEFT,
        "lips": _LIPS,
        "chin": _CHIN,
    }
)
"""Landmarks of the parts of the face that expressions move; no landmark is in two."""

_PARTS: Final[tuple[tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]], ...]] = (
    ("brow", _BROW_RIGHT, _BROW_LEFT, (*_BROW_RIGHT, *_BROW_LEFT)),
    ("eye", _EYE_RIGHT, _EYE_LEFT, (*_EYE_RIGHT, *_EYE_LEFT)),
    ("cheek", _CHEEK_RIGHT, _CHEEK_LEFT, (*_CHEEK_RIGHT, *_CHEEK_LEFT)),
    ("nose", _NOSE_RIGHT, _NOSE_LEFT, (*_NOSE_RIGHT, *_NOSE_LEFT)),
    ("jaw", _JAW, _JAW, _JAW),
    ("mouth", _LIPS_RIGHT, _LIPS_LEFT, _LIPS),
)
"""How the names of blendshapes begin, and the landmarks they show at: right, left, neither."""

_WHOLE_MOUTH: Final = frozenset({"mouthLeft", "mouthRight"})
"""The mouth as a whole, moved to one side."""


def _shows_at(name: str) -> tuple[int, ...]:
    right, left, both = next(sides for part, *sides in _PARTS if name.startswith(part))
    if name in _WHOLE_MOUTH:
        return both
    return right if name.endswith("Right") else left if name.endswith("Left") else both


BLENDSHAPE_LANDMARKS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {name: _shows_at(name) for name in BLENDSHAPES[1:]}
)
"""Landmarks of the part of the face that each blendshape moves, by its name, in the order of
`BLENDSHAPES`. ``_neutral`` has none: it is no movement, and below 0.0001 on every face.

The parts follow the names that ARKit gave its blendshapes; MediaPipe itself estimates each from
146 landmarks all over the face (Grishchenko et al. 2023, arXiv:2309.05782)."""
