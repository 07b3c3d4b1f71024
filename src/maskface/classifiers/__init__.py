"""Emotion classifiers. Each reads `maskface.types.Face` and answers seven probabilities."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
