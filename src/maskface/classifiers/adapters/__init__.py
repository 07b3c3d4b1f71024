"""Classifiers of other packages, called where the user has installed them."""

from __future__ import annotations

from maskface.classifiers.adapters._deepface import DeepFace
from maskface.classifiers.adapters._pyfeat import PyFeat

__all__ = ["DeepFace", "PyFeat"]
