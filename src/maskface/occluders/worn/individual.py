"""One of many masks of a kind: what a seed decides about its placement, cloth and colour."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from maskface.occluders.worn.placement import Placement

_FIXED: Final = 11  # seed of the usual mask's cloth


@dataclass(frozen=True, slots=True)
class Individual:
    """One mask of a population, or the usual one."""

    # Of all that is particular about it; None for the usual one, which is always the same.
    seed: int | None = None
    placement: Placement | None = None  # where it sits, if not where its seed says

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of one purpose, the same for the same seed."""
        if self.seed is None:
            return np.random.default_rng([_FIXED, *purpose.encode()])
        # Keyed generators are made in half the time of seeded ones.
        key = np.array([self.seed, zlib.crc32(purpose.encode())], np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Individual:
        """Draw one of a population."""
        return cls(int(rng.integers(2**32)))


USUAL: Final = Individual()
