"""Controls that paint over the part of a face that another occluder hides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from maskface.arrays import Bytes
from maskface.occluders.base import Occluder
from maskface.occluders.colours import exact_colour
from maskface.occluders.controls import base as paints
from maskface.occluders.controls.base import Control, Ground, OccluderText
from maskface.occluders.parameters import Between, Colour
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.stack import get_occluder
from maskface.types import FaceLandmarks, ImageArray


@dataclass(frozen=True)
class Repaint(Control):
    """The part of a picture that another occluder hides, painted otherwise.

    Attributes
    ----------
    region
        The other occluder, with its parameters in brackets: ``surgical(colour=black)``.
    """

    region: OccluderText = "surgical"

    @cached_property
    def _where(self) -> Occluder:
        return get_occluder(self.region)

    @property
    def parts(self) -> tuple[Occluder, ...]:
        """The other occluder."""
        return (self._where,)

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Hide what `region` hides; see `Control.hide`."""
        return self._where.hide(image, landmarks, rng)


@OCCLUDERS.register("fill")
@dataclass(frozen=True)
class Fill(Repaint):
    """A flat colour over what another occluder hides.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.
    """

    colour: Colour = "grey"

    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:  # noqa: ARG002
        """Paint all of it in `colour`."""
        return paints.flat(ground, exact_colour(self.colour))


@OCCLUDERS.register("mean")
@dataclass(frozen=True)
class Mean(Repaint):
    """The mean colour of the visible skin over what another occluder hides.

    The skin that stays visible: the mean of the hidden pixels would tell of them, for it is darker
    over an open mouth than over a closed one. Hair, brows and eyes do not count.
    """

    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:  # noqa: ARG002
        """Paint all of it in the mean colour of the visible skin."""
        return paints.mean_colour(ground)


@OCCLUDERS.register("noise")
@dataclass(frozen=True)
class Noise(Repaint):
    """Random blocks in the colours of the visible face over what another occluder hides.

    Attributes
    ----------
    blocks
        Blocks across the width of a face, 1 to 256.
    """

    blocks: Annotated[int, Between(1, 256)] = 32

    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:
        """Paint each block in the colour of a random pixel of the visible face."""
        return paints.noise(ground, self.blocks, rng)


@OCCLUDERS.register("blur")
@dataclass(frozen=True)
class Blur(Repaint):
    """The picture itself, blurred, where another occluder would hide it.

    People read expressions of a whole face well down to about 15 cycles per picture (Guo et al.
    2018, doi:10.1016/j.visres.2018.02.001). The default leaves half the contrast at about 2 cycles
    per face width, which hides the shape of the mouth.

    Attributes
    ----------
    size
        Standard deviation of the Gaussian in face widths, 0.001 to 1.
    """

    size: Annotated[float, Between(0.001, 1)] = 0.1

    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:  # noqa: ARG002
        """Blur what is there."""
        return paints.blur(ground, self.size)


@OCCLUDERS.register("pixelate")
@dataclass(frozen=True)
class Pixelate(Repaint):
    """The picture itself in coarse blocks, where another occluder would hide it.

    People read expressions worse only in faces of less than about 20 by 30 pixels (Du & Martinez
    2011, doi:10.1167/11.13.24). The default is much coarser.

    Attributes
    ----------
    blocks
        Blocks across the width of a face, 1 to 256.
    """

    blocks: Annotated[int, Between(1, 256)] = 6

    def paint(self, ground: Ground, rng: np.random.Generator) -> ImageArray:  # noqa: ARG002
        """Paint each block in its mean colour."""
        return paints.pixelate(ground, self.blocks)
