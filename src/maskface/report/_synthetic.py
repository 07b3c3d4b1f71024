"""Sets of faces that are no evidence about people."""

from __future__ import annotations

from typing import Final

SYNTHETIC: Final = ("example", "example-all", "example-intensity")
"""Names of the sets of embedded faces."""
WARNING: Final = (
    "These are the synthetic faces that ship with maskface. They show that the software works; "
    "they are no evidence about people, nor about a classifier's accuracy on people."
)


def is_synthetic(dataset: str) -> bool:
    """Whether a set of this name is one of the embedded ones."""
    return dataset in SYNTHETIC
