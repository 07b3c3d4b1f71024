"""Facial landmarks: MediaPipe's face mesh, small-face fallbacks and a cache on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.blendshapes import BLENDSHAPES

if TYPE_CHECKING:
    from maskface.landmarks.base import LandmarkDetector
    from maskface.landmarks.cache import (
        CachedDetector,
        Kept,
        LandmarkCache,
        cache_limit,
        clear,
        default_cache_folder,
        detector_folder,
        kept,
    )
    from maskface.landmarks.fallbacks import overlap, same_face
    from maskface.landmarks.mediapipe import MediaPipeDetector

_HOMES: Final = {
    "CachedDetector": "cache",
    "Kept": "cache",
    "LandmarkCache": "cache",
    "LandmarkDetector": "base",
    "MediaPipeDetector": "mediapipe",
    "cache_limit": "cache",
    "clear": "cache",
    "default_cache_folder": "cache",
    "detector_folder": "cache",
    "kept": "cache",
    "overlap": "fallbacks",
    "same_face": "fallbacks",
}

__all__ = [
    "BLENDSHAPES",
    "CachedDetector",
    "Kept",
    "LandmarkCache",
    "LandmarkDetector",
    "MediaPipeDetector",
    "cache_limit",
    "clear",
    "default_cache_folder",
    "detector_folder",
    "kept",
    "overlap",
    "same_face",
]


__getattr__ = lazily(__name__, _HOMES)
