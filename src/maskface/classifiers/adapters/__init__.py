"""Adapters to classifiers of other packages, which users install."""

from __future__ import annotations

from maskface.classifiers.adapters.deepface import DeepFace
from maskface.classifiers.adapters.pyfeat import PyFeat

__all__ = ["DeepFace", "PyFeat"]
