"""The frozen values that flow through maskface.

Images are RGB uint8 of shape (H, W, 3) everywhere. Landmarks are in pixels of the image they
were found in. A *mask* is only ever a boolean array, except in an occluder's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

ImageArray: TypeAlias = NDArray[np.uint8]
MaskArray: TypeAlias = NDArray[np.bool_]
FloatArray: TypeAlias = NDArray[np.floating[Any]]

EMOTIONS: Final[tuple[str, ...]] = (
    "anger",
    "disgust",
    "fear",
    "happiness",
    "sadness",
    "surprise",
    "neutral",
)
"""The seven answers, in the fixed order of every probability vector and every CSV column."""

N_LANDMARKS: Final = 478
"""Points of the MediaPipe face mesh: 468 on the skin and 10 on the irises."""


class Pose(NamedTuple):
    """Head pose in degrees; all zero when the face looks straight into the camera.

    Attributes
    ----------
    yaw
        Positive when the face turns towards the right-hand edge of the image, about -90 to 90.
    pitch
        Positive when the face looks up, about -90 to 90.
    roll
        Positive when the head tilts clockwise as seen in the image, -180 to 180.
    """

    yaw: float
    pitch: float
    roll: float


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself, or a read-only view when it could still be written to."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


HALF: Final = 127
"""What is hidden by more than this (of 255) counts as hidden in a boolean mask."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled face picture.

    Attributes
    ----------
    image_id
        Unique within the data set; the path below its root, with forward slashes.
    path
        Where the picture is.
    label
        The posed (or rated) emotion, one of `EMOTIONS`.
    subject_id
        Who is shown; empty when the set does not say.
    attributes
        What else the set says of the picture: pairs of a name and a value, such as
        ``("intensity", "0.5")``, sorted by name.
    """

    image_id: str
    path: Path
    label: str
    subject_id: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FaceLandmarks:
    """Landmarks, blendshapes and pose of one face.

    Attributes
    ----------
    points
        (478, 3) float32. Columns are x and y in pixels (origin at the top left corner of the
        image) and z on the same scale, smaller nearer to the camera.
    blendshapes
        (52,) float32 in 0 to 1, in the order of `maskface.blendshapes.BLENDSHAPES`.
    pose
        Head pose in degrees.

    Raises
    ------
    ValueError
        If `points` is not (478, 3).
    """

    points: NDArray[np.float32]
    blendshapes: NDArray[np.float32]
    pose: Pose

    def __post_init__(self) -> None:
        if self.points.shape != (N_LANDMARKS, 3):
            raise ValueError(
                f"Expected points to have shape ({N_LANDMARKS}, 3), got {self.points.shape}."
            )
        object.__setattr__(self, "points", _frozen(self.points))
        object.__setattr__(self, "blendshapes", _frozen(self.blendshapes))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Bounding box of the points: left, top, right, bottom, in pixels."""
        # Column by column: NumPy takes four times as long over both at once.
        x, y = self.points[:, 0], self.points[:, 1]
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    @property
    def size(self) -> float:
        """Larger side of the bounding box in pixels."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """A face after something was put on it.

    Attributes
    ----------
    image
        (H, W, 3) uint8 RGB, the whole picture with the occluder drawn in.
    alpha
        (H, W) uint8. How much of the photograph the occluder hides: 255 all of it, 0 nothing.
    shadow
        (H, W) uint8. How much of the photograph's own light a cast shadow or tinted glass takes
        away where it shows: 255 all of it, 0 nothing. Where `alpha` and `shadow` are both 0,
        `image` is the photograph.
    landmarks
        The face as it was found in the photograph.
    coverage
        Hidden fraction of the face oval, 0 to 1.
    params
        The occluder's parameters, as they go into the results.
    seed
        Seed of whatever was random.
    """

    image: ImageArray
    alpha: NDArray[np.uint8]
    shadow: NDArray[np.uint8]
    landmarks: FaceLandmarks
    coverage: float
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0

    @property
    def mask(self) -> MaskArray:
        """(H, W) bool, True where the occluder hides more than half of the photograph."""
        return self.alpha > HALF

    @property
    def pose(self) -> Pose:
        """Head pose in degrees."""
        return self.landmarks.pose

    @property
    def covered(self) -> MaskArray:
        """(478,) bool, True for the landmarks that are hidden.

        A landmark outside the picture is as hidden as the pixel of the picture nearest to it: a
        crop cuts off the mask together with the chin.
        """
        height, width = self.alpha.shape
        x, y = np.round(self.landmarks.points[:, :2]).astype(int).T
        nearest = self.alpha[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        return np.asarray(nearest > HALF)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Input of a classifier: one face under one condition.

    Attributes
    ----------
    crop
        (S, S, 3) uint8 RGB, a square around the face. The square is placed by the landmarks of
        the unoccluded picture, so it is the same for all conditions.
    landmarks
        Landmarks found in the unoccluded picture, in that picture's pixels.
    covered
        (478,) bool, which of these landmarks the occluder hides; None if there is no occluder.
    redetected
        Landmarks found anew in the picture with the occluder, in the same pixels, also behind it,
        where they are the detector's guess; None if they were not looked for or not found.
    picture
        (H, W, 3) uint8 RGB, the whole picture that the crop is part of, for classifiers that align
        the face themselves; None if only the crop is known.
    image_id, condition
        The picture and the condition in a run; empty outside runs.
    """

    crop: ImageArray
    landmarks: FaceLandmarks
    covered: MaskArray | None = None
    redetected: FaceLandmarks | None = None
    picture: ImageArray | None = None
    image_id: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A classifier's reading of one face.

    Attributes
    ----------
    probabilities
        (7,) float64 that sum to 1, in the order of `EMOTIONS`.
    """

    probabilities: NDArray[np.float64]

    @property
    def label(self) -> str:
        """The most probable emotion."""
        return EMOTIONS[int(np.argmax(self.probabilities))]
