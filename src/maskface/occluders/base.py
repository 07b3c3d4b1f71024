"""The base of all occluders: a dataclass of parameters with one method that draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes
from maskface.mesh import FACE_OVAL
from maskface.occluders.parameters import check_parameters
from maskface.occluders.registry import OCCLUDERS
from maskface.specs import files_of
from maskface.types import HALF, FaceLandmarks, ImageArray, MaskArray, Occlusion

_OVAL: Final = np.array(FACE_OVAL)


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A picture with an occluder in it, and what of the picture below is hidden.

    Attributes
    ----------
    image
        (H, W, 3) uint8 RGB, the picture with the occluder in it.
    alpha
        (H, W) uint8, 255 where the occluder hides the picture and 0 where it does not. What it
        only reflects counts as far as it covers the picture.
    shadow
        (H, W) uint8, 0 where the picture keeps its own light and 255 where it has none left:
        cast shadows and tinted glass. No pixel differs from the picture where `alpha` and
        `shadow` are both 0.
    params
        Parameters of what was drawn where the seed decides them; None if they are the occluder's.
    """

    image: ImageArray
    alpha: Bytes
    shadow: Bytes
    params: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, image: ImageArray, alpha: Bytes, shadow: Bytes | None = None) -> Drawing:
        """Return a drawing, by default one that casts no shadow."""
        return cls(image, alpha, np.zeros_like(alpha) if shadow is None else shadow)


@dataclass(frozen=True)
class Occluder(ABC):
    """Something put on a face.

    A subclass is a frozen dataclass whose fields are its parameters, and implements `draw`.
    Parameters are checked by their annotations; `maskface.occluders.parameters` has the types.

    Raises
    ------
    MaskfaceError
        If the value of a parameter is not allowed; the message says what is.
    """

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check_parameters(self)

    @abstractmethod
    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw the occluder.

        Parameters
        ----------
        image
            (H, W, 3) uint8 RGB; must not be changed.
        landmarks
            The face in `image`.
        rng
            The only allowed source of randomness.

        Returns
        -------
        Drawing
            A new picture, and what of the old one it hides.
        """

    def draw_over(
        self,
        below: ImageArray,
        photo: ImageArray,
        landmarks: FaceLandmarks,
        rng: np.random.Generator,
    ) -> Drawing:
        """Draw the occluder on a photograph that already has others on it.

        Parameters
        ----------
        below
            (H, W, 3) uint8 RGB; the photograph with the occluders next to the skin.
        photo
            (H, W, 3) uint8 RGB; the photograph itself, from which light and sharpness are read.
        landmarks
            The face in `photo`.
        rng
            The only allowed source of randomness.

        Returns
        -------
        Drawing
            A new picture, and what of `below` it hides.
        """
        del photo
        return self.draw(below, landmarks, rng)

    def hide(self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator) -> Bytes:
        """Return the alpha (H, W) that `draw` would; subclasses may spare themselves the paint."""
        return self.draw(image, landmarks, rng).alpha

    def apply(self, image: ImageArray, landmarks: FaceLandmarks, *, seed: int = 0) -> Occlusion:
        """Put the occluder on a face.

        Parameters
        ----------
        image
            (H, W, 3) uint8 RGB; it is not changed.
        landmarks
            The face, in this image's pixels.
        seed
            Seed of whatever is random in the occluder, 0 or more.

        Returns
        -------
        Occlusion
            The occluded picture, what of it is hidden, and the coverage of the face oval.

        Raises
        ------
        ValueError
            If the image is not (H, W, 3) uint8, or has no pixels.
        """
        rgb = image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
        if not rgb or not image.size:
            raise ValueError(
                "Expected an image of shape (H, W, 3) and type uint8, with pixels, "
                f"got shape {image.shape} and type {image.dtype}."
            )
        drawn = self.draw(image, landmarks, np.random.default_rng(seed))
        hidden = coverage(drawn.alpha > HALF, landmarks)
        params = self.params if drawn.params is None else MappingProxyType(dict(drawn.params))
        return Occlusion(drawn.image, drawn.alpha, drawn.shadow, landmarks, hidden, params, seed)

    @property
    def params(self) -> MappingProxyType[str, Any]:
        """The parameters by name."""
        return MappingProxyType(asdict(self))

    @property
    def parts(self) -> tuple[Occluder, ...]:
        """Other occluders that it consists of or refers to."""
        return ()

    @property
    def files(self) -> tuple[str, ...]:
        """Files that it is made from, as they were named: their bytes decide what is drawn, too."""
        named = (*files_of(self), *(file for part in self.parts for file in part.files))
        return tuple(dict.fromkeys(named))


@OCCLUDERS.register("none")
@dataclass(frozen=True)
class Unoccluded(Occluder):
    """The plain face, the condition that all others are compared with."""

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Return the picture itself, with nothing hidden."""
        del landmarks, rng
        return Drawing.of(image, np.zeros(image.shape[:2], np.uint8))


def coverage(mask: MaskArray, landmarks: FaceLandmarks) -> float:
    """Return the hidden fraction of the face oval.

    Parameters
    ----------
    mask
        (H, W) bool, True where the picture is hidden.
    landmarks
        The face; its oval is the polygon through the 36 outline points of the mesh.

    Returns
    -------
    float
        0 to 1, of the part of the oval inside the picture; 0 if there is none.
    """
    outline = landmarks.points[_OVAL, :2]
    (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
    x0, y0 = max(round(left) - 1, 0), max(round(top) - 1, 0)
    part = mask[y0 : max(round(bottom) + 2, 0), x0 : max(round(right) + 2, 0)]
    if not part.size:
        return 0.0
    inside = _filled(part.shape, outline - [x0, y0])
    total = cv2.countNonZero(inside)
    return cv2.countNonZero(cv2.bitwise_and(inside, part.view(np.uint8))) / total if total else 0.0


def oval_pixels(shape: tuple[int, ...], landmarks: FaceLandmarks) -> MaskArray:
    """Return which pixels (H, W) of a picture of a height and width lie in the face oval."""
    return _filled(shape, landmarks.points[_OVAL, :2]).astype(bool)


def _filled(shape: tuple[int, ...], outline: NDArray[np.floating[Any]]) -> Bytes:
    oval = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(oval, [np.rint(outline * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return oval
