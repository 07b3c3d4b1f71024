"""A run as one HTML page, its figures as files, and a page about several runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
