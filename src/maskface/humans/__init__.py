"""Human observers: read their trial tables, score them, and summarise them like machines."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
