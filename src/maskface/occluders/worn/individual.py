"""One of many masks of a kind: what a seed decides about its placement, cloth and colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from maskface.occluders.worn.placement import Placement

_FIXED: Final = 11
"""Seed of the usual mask's cloth."""


@dataclass(frozen=True, slots=True)
class Individual:
    """One mask of a population, or the usual one.

    Attributes
    ----------
    seed
        Of all that is particular about it; None for the usual one, which is always the same.
    placement
        Where it sits, if not where its seed says.
    """

    seed: int | None = None
    placement: Placement | None = None

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of one purpose, the same for the same seed."""
        seed = _FIXED if self.seed is None else self.seed
        return np.random.default_rng([seed, *purpose.encode()])

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Individual:
        """Draw one of a population."""
        return cls(int(rng.integers(2**32)))


USUAL: Final = Individual()
