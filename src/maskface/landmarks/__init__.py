"""Facial landmarks: MediaPipe's face mesh, small-face fallbacks and a cache on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.blendshapes import BLENDSHAPES

if TYPE_CHECKING:
    from maskface.landmarks._base import LandmarkDetector
    from maskface.landmarks._cache import (
        CachedDetector,
        LandmarkCache,
        cache_limit,
        default_cache_folder,
        detector_folder,
    )
    from maskface.landmarks._fallbacks import overlap
    from maskface.landmarks._kept import Kept, clear, kept
    from maskface.landmarks._same import same_face
    from maskface.landmarks.mediapipe import MediaPipeDetector

_HOMES: Final = {
    "CachedDetector": "_cache",
    "Kept": "_kept",
    "LandmarkCache": "_cache",
    "LandmarkDetector": "_base",
    "MediaPipeDetector": "mediapipe",
    "cache_limit": "_cache",
    "clear": "_kept",
    "default_cache_folder": "_cache",
    "detector_folder": "_cache",
    "kept": "_kept",
    "overlap": "_fallbacks",
    "same_face": "_same",
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
