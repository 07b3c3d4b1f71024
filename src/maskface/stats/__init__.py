"""Statistics of trials: measures, what an occluder costs, how sure that is, and what may be wrong.

docs/statistics.md says what each is for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
