"""Streaks of water on the skin, and what of them can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from maskface.arrays import Floats
from maskface.occluders._tear_cheek import visible
from maskface.occluders.geometry import HeadFit


@dataclass(frozen=True, slots=True, eq=False)
class Strands:
    """Streaks of water, k of them, with n places each.

    Attributes
    ----------
    places
        (k, n, 2) float64, their middle lines in pixels.
    head, normals
        (k, n, 3) float64, the same on the canonical head in cm, and the skin's unit normals there.
    along
        (k, 2) float64, unit vectors; `places` advance in these directions.
    radius
        (k, n) float64, half their width in pixels; 0 where they cannot be seen.
    bulge
        (k, n) float64, the half width in pixels that sets how high they stand.
    steep
        (k, n) float64, slope of the water at the edge.
    gloss
        (k, n) float64, 0 to 1, how clearly bright surroundings are mirrored.
    """

    places: Floats
    head: Floats
    normals: Floats
    along: Floats
    radius: Floats
    bulge: Floats
    steep: Floats
    gloss: Floats

    @classmethod
    def joined(cls, parts: Sequence[Strands]) -> Strands:
        """All strands of one or more parts."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def zoomed(self, x: float, y: float, factor: int) -> Strands:
        """The same strands in a picture cut at (x, y) and enlarged by a whole factor."""
        places = (self.places - [x, y]) * factor + (factor - 1) / 2
        return replace(self, places=places, radius=self.radius * factor, bulge=self.bulge * factor)

    def shown(self, fit: HeadFit) -> Strands:
        """What of them can be seen; those out of sight are left out."""
        seen = visible(fit, self.head.reshape(-1, 3), self.normals.reshape(-1, 3))
        radius = self.radius * seen.reshape(self.radius.shape)
        kept = radius.any(axis=1)
        parts = (self.places, self.head, self.normals, self.along, radius)
        return Strands(*(own[kept] for own in (*parts, self.bulge, self.steep, self.gloss)))
