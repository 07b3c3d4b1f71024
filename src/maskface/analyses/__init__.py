"""Analyses that experiment scripts share: from trials to a table and an answer in words.

Each takes the trials of a run and returns a table with a fixed schema; `maskface.plots` draws them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
