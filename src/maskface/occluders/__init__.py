"""Things put on a face. Each is a frozen dataclass; see `Occluder`.

Importing this package is cheap: the classes themselves are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from maskface.occluders._spec import OCCLUDERS, get_occluder, occluder_name

if TYPE_CHECKING:
    from maskface.occluders._base import Occluder, Unoccluded, coverage
    from maskface.occluders.masks import SurgicalMask

__all__ = [
    "OCCLUDERS",
    "Occluder",
    "SurgicalMask",
    "Unoccluded",
    "coverage",
    "get_occluder",
    "occluder_name",
]

_LAZY: Final = {
    "Occluder": "maskface.occluders._base",
    "SurgicalMask": "maskface.occluders.masks",
    "Unoccluded": "maskface.occluders._base",
    "coverage": "maskface.occluders._base",
}


def __getattr__(name: str) -> Any:
    """Import a class when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
