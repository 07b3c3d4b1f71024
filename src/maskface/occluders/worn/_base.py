"""What all things worn have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.occluders._base import Drawing, Occluder
from maskface.occluders.colours import parse_colour
from maskface.occluders.garment import Cord, Garment, Surface
from maskface.occluders.geometry import head_of
from maskface.occluders.render import outline_on, put_on
from maskface.occluders.worn.cords import ear_loops
from maskface.occluders.worn.hanging import hang, hanging_loops
from maskface.occluders.worn.shapes import Shape
from maskface.occluders.worn.surface import detail, surface_of
from maskface.occluders.worn.wearing import Wearing, wear
from maskface.types import FaceLandmarks, ImageArray


@dataclass(frozen=True)
class Worn(Occluder):
    """Something worn on the head. A subclass implements `garment`."""

    behind_frames: ClassVar[bool] = False
    """Whether spectacles in the photograph are worn over it."""

    @abstractmethod
    def garment(self, scale: float) -> Garment:
        """Say what is drawn.

        Parameters
        ----------
        scale
            Pixels per centimetre of the head: large heads need finer surfaces.

        Returns
        -------
        Garment
            Sheets and cords in the space of the canonical head.
        """

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw the thing worn; see `Occluder.draw`. Only its grain is random."""
        fit = head_of(landmarks)
        return put_on(image, fit, _garment(self, detail(fit.scale)), rng)

    def hide(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Say what is hidden, (H, W) uint8: the alpha of `draw`, at less cost."""
        del rng
        fit = head_of(landmarks)
        return outline_on(image, fit, _garment(self, detail(fit.scale)))


@lru_cache(maxsize=256)
def _garment(worn: Worn, scale: float) -> Garment:
    """The same garment for the next picture."""
    made = worn.garment(scale)
    return replace(made, behind_frames=worn.behind_frames)


@dataclass(frozen=True)
class Mask(Worn):
    """A face mask, which can be worn in several ways, behind spectacles in the photograph.

    Attributes
    ----------
    wearing
        correct, nose_out (below the nose), under_lip, chin, one_ear (hanging from the person's
        right ear), loose or tight.
    top
        Height of the upper edge at the middle of the face, from 0 (at the chin) to 100 (at the
        eyes); by default where `wearing` has it.

    Raises
    ------
    MaskfaceError
        If `top` is not 0 to 100, or is given together with a wearing that sets it.
    """

    behind_frames: ClassVar[bool] = True
    wearing: Wearing = "correct"
    top: float | None = None

    def __post_init__(self) -> None:
        if self.top is None:
            return
        if not 0 <= self.top <= 100:
            raise MaskfaceError(
                f"Parameter 'top' of occluder {self.name!r} got {self.top:g}. It is the height of "
                "the upper edge, from 0 (at the chin) to 100 (at the eyes)."
            )
        if self.wearing not in ("correct", "tight"):
            raise MaskfaceError(
                f"Occluder {self.name!r} got both wearing={self.wearing} and top={self.top:g}. "
                "Both say where the upper edge is; leave one out."
            )

    def surface(self, shape: Shape, scale: float) -> Surface:
        """A mask of this form, as it is worn; see `surface_of`."""
        worn = surface_of(wear(shape, self.wearing, self.top), scale)
        return hang(worn) if self.wearing == "one_ear" else worn

    def loops(self, surface: Surface, colour: tuple[int, int, int]) -> list[Cord]:
        """Ear loops for a `surface` of cloth of a colour."""
        make = hanging_loops if self.wearing == "one_ear" else ear_loops
        return make(surface, colour)


@dataclass(frozen=True)
class ColouredMask(Mask):
    """A face mask of one colour.

    Attributes
    ----------
    colour
        A name in `maskface.occluders.colours.PALETTE` or ``#rrggbb``.

    Raises
    ------
    MaskfaceError
        If the colour is neither.
    """

    colour: str = "white"

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_colour(self.colour)

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue (0 to 255) of the colour."""
        return parse_colour(self.colour)
