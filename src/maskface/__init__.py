"""How much emotion does a face mask hide? Compare masked and unmasked faces."""

import lazy_loader

from maskface._version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
