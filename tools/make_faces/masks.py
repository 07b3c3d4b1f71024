"""Face masks as people wear them: which kinds there are, and where and how one person wears one.

The unit of placement is the distance between the outer corners of the eyes, measured down from
the line between them. Means and spreads are those of 159 masks of people in public photographs
(93 surgical, 30 folded, 36 cloth; correctly worn, turned by less than 20 degrees), with the error
of measurement taken off. Only numbers of those photographs are used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tools.make_faces.identities import RGB

Spread = tuple[float, float]
"""Mean and standard deviation."""

WEARING = ("surgical", "ffp2", "cloth")
# Shares of colours among real surgical masks; of folded and cloth masks, what is usual.
COLOURS: dict[str, dict[str, float]] = {
    "surgical": {"white": 0.50, "lightblue": 0.33, "black": 0.06, "grey": 0.02, "green": 0.01},
    "ffp2": {"white": 0.85, "black": 0.15},
    "cloth": {"black": 0.4, "grey": 0.2, "navy": 0.2, "white": 0.1, "red": 0.1},
}
# Diffuse colours, linear RGB.
DYES: dict[str, RGB] = {
    "white": (0.86, 0.865, 0.86), "lightblue": (0.29, 0.55, 0.78), "black": (0.022, 0.022, 0.024),
    "grey": (0.24, 0.24, 0.25), "green": (0.36, 0.60, 0.52), "navy": (0.035, 0.05, 0.11),
    "red": (0.20, 0.035, 0.05),
}  # fmt: skip
HELD = 0.7  # correlation of the upper edge at the midline with its ends
HANGING = 0.7  # of the lower edge with the lower corners


@dataclass(frozen=True)
class Kind:
    """A kind of mask: where such masks end, and how they are made.

    Attributes
    ----------
    top : upper edge on the midline
    outer : the same below the outer corners of the eyes
    corner : upper corner, sideways and down
    lower : lower corner, sideways and down
    below : lower edge below the chin of the neutral face
    width : deviation of half the width
    bulge : how far the sheet is blown out, 0 flat ... 1 round
    keel : how far a stiff fold stands before the nose, centimetres
    pleats : numbers of pleats that occur
    """

    top: Spread
    outer: Spread
    corner: tuple[Spread, Spread]
    lower: tuple[Spread, Spread]
    below: Spread
    width: float
    bulge: float
    keel: float = 0.0
    pleats: tuple[int, ...] = ()


KINDS = {
    "surgical": Kind(
        top=(0.16, 0.08), outer=(0.20, 0.06), corner=((0.737, 0.03), (0.242, 0.05)),
        lower=((0.703, 0.05), (0.805, 0.12)), below=(0.05, 0.11), width=0.04, bulge=0.6,
        pleats=(2, 3, 3, 4),
    ),
    "ffp2": Kind(
        top=(0.13, 0.07), outer=(0.266, 0.055), corner=((0.709, 0.05), (0.361, 0.06)),
        lower=((0.640, 0.06), (0.920, 0.10)), below=(0.12, 0.10), width=0.05, bulge=0.0, keel=0.9,
    ),
    "cloth": Kind(
        top=(0.17, 0.06), outer=(0.228, 0.055), corner=((0.781, 0.03), (0.244, 0.06)),
        lower=((0.662, 0.05), (0.841, 0.09)), below=(0.06, 0.08), width=0.04, bulge=0.25, keel=0.25,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Worn:
    """One mask on one person, the same in all expressions.

    Attributes
    ----------
    kind : name in `KINDS`
    colour : name in `DYES`
    top, outer : heights of the upper edge at the midline and below the outer corners of the eyes
    corner, lower : upper and lower corner, sideways and down
    below : lower edge below the chin
    tilt : degrees, clockwise in the picture
    shift : to the right side of the picture
    seed : of folds and wrinkles
    """

    kind: str
    colour: str
    top: float
    outer: float
    corner: tuple[float, float]
    lower: tuple[float, float]
    below: float
    tilt: float
    shift: float
    seed: int

    @property
    def make(self) -> Kind:
        """What all masks of its kind share."""
        return KINDS[self.kind]

    def pulled(self, jaw: float) -> Worn:
        """Return the mask on a face whose chin dropped by `jaw`.

        The pleats open and the cloth slides: the lower edge goes along, less so the lower corners,
        which the loops hold, and least the upper edge, which the nose holds.
        """
        x, y = self.lower
        return replace(
            self, top=self.top + 0.10 * jaw, outer=self.outer + 0.06 * jaw,
            lower=(x - 0.10 * jaw, y + 0.30 * jaw), below=self.below - 0.15 * max(jaw, 0.0),
        )  # fmt: skip


def put_on(kind: str, seed: int) -> Worn:
    """Draw how a person wears a mask of a kind."""
    rng = np.random.default_rng([seed, *kind.encode()])
    make, z = KINDS[kind], np.clip(rng.standard_normal(9), -2, 2)

    def at(spread: Spread, deviation: float) -> float:
        return float(spread[0] + spread[1] * deviation)

    end = HELD * z[0] + np.sqrt(1 - HELD**2) * z[2]
    hang = HANGING * z[1] + np.sqrt(1 - HANGING**2) * z[3]
    names, shares = zip(*COLOURS[kind].items(), strict=True)
    wide = make.width * z[4]
    return Worn(
        kind, str(rng.choice(names, p=np.array(shares) / sum(shares))),
        top=float(np.clip(at(make.top, z[0]), 0.02, 0.35)),
        outer=at(make.outer, end),
        corner=(at(make.corner[0], 0) + wide, at(make.corner[1], end)),
        lower=(at(make.lower[0], z[5]) + wide, at(make.lower[1], hang)),
        below=float(np.clip(at(make.below, z[1]), -0.12, 0.35)),
        tilt=float(1.8 * z[6]), shift=float(0.037 * z[7]), seed=int(rng.integers(2**31)),
    )  # fmt: skip
