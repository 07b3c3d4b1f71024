"""Things put on a face. Each is a frozen dataclass; see `Occluder`.

Importing this package is cheap: the classes themselves are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.occluders._spec import OCCLUDERS, get_occluder, occluder_name

if TYPE_CHECKING:
    from maskface.occluders._base import Drawing, Occluder, Unoccluded, coverage
    from maskface.occluders.masks import SurgicalMask

__all__ = [
    "OCCLUDERS",
    "Drawing",
    "Occluder",
    "SurgicalMask",
    "Unoccluded",
    "coverage",
    "get_occluder",
    "occluder_name",
]

_HOMES: Final = {
    "Drawing": "_base",
    "Occluder": "_base",
    "SurgicalMask": "masks",
    "Unoccluded": "_base",
    "coverage": "_base",
}


__getattr__ = lazily(__name__, _HOMES)
