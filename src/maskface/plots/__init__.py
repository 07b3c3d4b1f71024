"""Figures of results. Each takes a table and returns a matplotlib Axes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
