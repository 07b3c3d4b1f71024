"""The names of all occluders; the module of an occluder is imported when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskface.registry import Registry
from maskface.specs import described_parameters

if TYPE_CHECKING:
    from maskface.occluders.base import Occluder

OCCLUDERS: Registry[type[Occluder]] = Registry("occluder", "maskface.occluders", "OCCLUDERS")
"""All occluders by name."""


def parameters_of(name: str) -> dict[str, str]:
    """Return the parameters of an occluder by name, each with its default and other choices.

    Examples
    --------
    >>> parameters_of("half")
    {'colour': 'grey', 'side': 'left, or right'}
    """
    return described_parameters(OCCLUDERS.get(name))
