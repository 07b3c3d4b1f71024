"""Classifiers of other packages, called where the user has installed them."""

from __future__ import annotations

from maskface.classifiers.adapters.deepface import DeepFace
from maskface.classifiers.adapters.pyfeat import PyFeat

__all__ = ["DeepFace", "PyFeat"]
