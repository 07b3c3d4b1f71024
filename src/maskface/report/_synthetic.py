"""Sets of faces that are no evidence about people."""

from __future__ import annotations

from typing import Final

SYNTHETIC: Final = ("example", "example-all", "example-intensity")
"""Names of the sets of embedded faces."""
_WARNING: Final = (
    "These are the synthetic faces that ship with maskface. They show that the software works; "
    "they are no evidence about people, nor about a classifier's accuracy on people."
)


def synthetic_warning(dataset: str) -> str:
    """What to say of a set of this name; empty unless it is one of the embedded ones."""
    return _WARNING if dataset in SYNTHETIC else ""
