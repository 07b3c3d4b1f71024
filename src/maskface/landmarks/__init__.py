"""Facial landmarks: MediaPipe's face mesh, small-face fallbacks and a cache on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily

if TYPE_CHECKING:
    from maskface.landmarks._base import LandmarkDetector
    from maskface.landmarks._cache import CachedDetector, LandmarkCache, default_cache_folder
    from maskface.landmarks.mediapipe import MediaPipeDetector

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

_HOMES: Final = {
    "CachedDetector": "_cache",
    "LandmarkCache": "_cache",
    "LandmarkDetector": "_base",
    "MediaPipeDetector": "mediapipe",
    "default_cache_folder": "_cache",
}

__all__ = [
    "BLENDSHAPES",
    "CachedDetector",
    "LandmarkCache",
    "LandmarkDetector",
    "MediaPipeDetector",
    "default_cache_folder",
]


__getattr__ = lazily(__name__, _HOMES)
