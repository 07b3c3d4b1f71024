"""The head in an image: an affine map from the canonical head, found from landmarks.

A mask is placed by landmarks that do not move with the lower face. Painted on the landmark mesh
instead, it would follow the mouth and show the smile that it is meant to hide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.mesh import canonical_mesh
from maskface.types import FaceLandmarks


def damped(value: float, noise: float) -> float:
    """Take a value that may well be noise to nearly 0, and leave a large one.

    Measurements of a photograph vary a little with the expression, though what they measure does
    not. A drawing that followed such small values would give the expression away. The result is
    value**5 / (value**4 + noise**4), which rises throughout, at most 1.6 times as fast as `value`:
    whatever changes smoothly still does.
    """
    return value**5 / (value**4 + noise**4)


_FLIP: Final = np.array([1.0, -1.0, -1.0])
"""Between image axes (y down, z away from the camera) and head axes (y up, z towards it)."""

EYES: Final = ((33, 130, 133, 243, 112, 173), (263, 359, 362, 463, 341, 398))
"""Right and left: two landmarks at the outer and four at the inner corner. An open jaw seems to
draw the outer corners apart and the inner ones together; in this mixture the two nearly cancel."""
_CORNERS: Final = (33, 133, 263, 362)
_NOSE: Final = (168, 6, 197, 195, 5, 4)  # back of the nose
_TEMPLES: Final = (139, 368)
_EARS: Final = (227, 447)
"""Right and left, above one another: their distance is the height of the side of the head."""
_OUTLINE: Final = (21, 162, 127, 234, 251, 389, 356, 454)
"""Outline of the face from the temples to the ears."""
FRAME: Final = (*_CORNERS, *_NOSE, *_TEMPLES, *_EARS, *_OUTLINE)
"""Landmarks that expressions move least; none lies on the cheeks, the mouth or the chin. The
forehead is left out: raised brows take it along (its height and the jaw: r = .30 within people)."""
ANCHORS: Final = (*FRAME, *(place for eye in EYES for place in eye if place not in _CORNERS))
"""All landmarks that place a mask."""

_FRONTAL: Final = np.radians(10.0)
"""Pitches well below this one count as none. On 1436 photographs of people who look into the
camera, the measured pitch has an SD of 4 degrees: the shape of the face, and what MediaPipe makes
of an open mouth. At 8 degrees this leaves the tip of the nose 0.5 cm from where it is."""
_USUAL: Final = 0.13
_SQUEEZE: Final = 0.20
"""In natural logarithms of height by width. Faces of 102 people differ by an SD of .04; to follow
that places the chin no better (the error's SD is 0.5 cm either way), yet gives away who opens the
mouth how far. Pictures of 4 : 5 squeezed into a square measure -.18, and masks would hang down."""

_BETWEEN_EYES: Final = np.array([0.0, 2.6, 4.0])  # in cm


def unit(vectors: Floats) -> Floats:
    """Scale vectors (..., 3) to length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


@dataclass(frozen=True, eq=False)
class HeadFit:
    """Where the canonical head lies in an image: an affine map."""

    # (3, 3) float64. Columns are the image directions of 1 cm along x, y and z of the head.
    linear: Floats
    offset: Floats  # (3,) float64, the image position of the head's origin
    scale: float = field(init=False)  # pixels per centimetre

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", float(np.cbrt(abs(np.linalg.det(self.linear)))))

    @cached_property
    def _inverse(self) -> Floats:
        return np.asarray(np.linalg.inv(self.linear), np.float64)

    def project(self, points: Floats) -> Floats:
        """Map head points (..., 3) in cm to the image: x and y in pixels, z in pixels of depth."""
        return np.asarray(points @ self.linear.T + self.offset)

    def turn(self, normals: Floats) -> Floats:
        """Turn normals (..., 3) like the surface they stand on; z points away from the camera."""
        # The inverse, transposed, turns normals as its matrix turns the surface they stand on.
        return unit(normals @ self._inverse)

    def moved(self, x: float, y: float) -> HeadFit:
        """Return the same fit after the image has moved by x and y pixels."""
        return HeadFit(self.linear, self.offset + np.array([x, y, 0.0]))

    def zoomed(self, factor: int) -> HeadFit:
        """Return the same fit in an image `factor` times as large."""
        # Whole numbers are the centres of pixels, and those move by half the difference in size.
        half = (factor - 1) / 2
        return HeadFit(self.linear * factor, self.offset * factor + np.array([half, half, 0.0]))


def fit_head(points: NDArray[np.float32]) -> HeadFit:
    """Find where the canonical head lies, from the landmarks (478, 3) in `ANCHORS`.

    MediaPipe estimates all landmarks together, so that even those of the upper face move a little
    with the mouth. What is taken from which was chosen on 312 rendered faces of 24 people, whose
    heads stay where they are: from the place and outline of a surgical mask in the picture, the
    smile of unseen people can be predicted with r = .27 and the jaw-open score with .22 (from the
    width alone within people: .09 and .17). With roll and a third of the size from the whole
    `FRAME`, which widens and turns as the jaw opens, it was .44 and .52 (-.15 and .50). At a yaw of
    45 degrees, the frame is also mistaken about the roll by 1.5 degrees and the eyes by .5. Yaw is
    that of the frame; pitch and stretch follow it only where they are too large to be noise. The
    mask is hung up at the eyes. All of it changes smoothly.
    """
    head, seen = _head(), points[: len(_head())] * _FLIP
    x, z = _axes() @ seen[list(FRAME)]
    wide = max(float(np.linalg.norm(x)), 1e-9)
    stretch = _stretch(_height(seen) / _height(head) / wide)
    line = _line_of_eyes(seen)
    size = max(float(np.linalg.norm(line)), 1e-9) / float(np.linalg.norm(_line_of_eyes(head)))
    x, z = x * size / wide, z * size / wide
    across = np.array([line[0], line[1], 0.0]) / max(float(np.hypot(line[0], line[1])), 1e-12)
    up = np.array([-across[1], across[0], 0.0])
    pitch = damped(float(np.arctan2(-(up @ z), np.hypot(across @ z, z[2]))), _FRONTAL)
    # The head's axes as seen along the line of the eyes, up from it, and towards the camera.
    rows = np.empty((3, 3))
    rows[0] = across @ x, across @ z * np.tan(pitch) * stretch, across @ z
    rows[1] = 0.0, size * np.cos(pitch) * stretch, -size * np.sin(pitch)
    rows[2] = np.cross(rows[0], rows[1]) / size
    linear = _FLIP[:, None] * (np.column_stack([across, up, [0.0, 0.0, 1.0]]) @ rows)
    # Hung up at the eyes; to the sides, where expressions hardly move anything, by all anchors.
    at_eyes, at_all = (
        (seen[list(at)] * _FLIP).mean(axis=0) - linear @ head[list(at)].mean(axis=0)
        for at in (EYES[0] + EYES[1], FRAME)
    )
    across = across * _FLIP
    offset = at_eyes + across @ (at_all - at_eyes) * across
    return HeadFit(linear, offset)


def head_fit(landmarks: FaceLandmarks) -> HeadFit:
    """Return where a head is, found once for all that is put on it; see `fit_head`."""
    return _found(np.ascontiguousarray(landmarks.points, np.float32).tobytes())


@lru_cache(maxsize=8)
def _found(points: bytes) -> HeadFit:
    return fit_head(np.frombuffer(points, np.float32).reshape(-1, 3))


@cache
def _head() -> Floats:
    return canonical_mesh().vertices.astype(np.float64)


@cache
def _axes() -> Floats:
    """Weights (2, n) of `FRAME` in the least-squares directions of the head's x and z axes."""
    head = _head()[list(FRAME)]
    weights = np.linalg.pinv(np.column_stack([head, np.ones(len(head))]))
    return np.asarray(weights[[0, 2]])


def _height(points: Floats) -> float:
    """Distance of the ears from the temples. Taken halfway between the sides, yaw drops out.

    Of 25 upright lengths tried on 1232 photographs, this one goes least with the scores of jaw
    and smile within a person (r = .01 and .01; a length on the nose: .23 and .15).
    """
    ends = points[list(_TEMPLES)].mean(axis=0) - points[list(_EARS)].mean(axis=0)
    return float(np.linalg.norm(ends))


def _line_of_eyes(points: Floats) -> Floats:
    """The line (3,) from the right to the left eye."""
    right, left = (points[list(eye)].mean(axis=0) for eye in EYES)
    return np.asarray(left - right)


def _stretch(ratio: float) -> float:
    """Take height by width, relative to the canonical head's, to 1 or to a squeezed picture's."""
    deviation = np.log(max(ratio, 1e-9))
    share = deviation**6 / (deviation**6 + _USUAL**6)
    return float(np.exp(_SQUEEZE * np.sign(deviation) * share))


def above_eyes(shape: tuple[int, ...], fit: HeadFit, step: int = 1) -> NDArray[np.bool_]:
    """Return which pixels lie above the line through the eyes, hence well away from a mask.

    `shape` is that of the picture, or of every `step`-th pixel of it; `fit` is in the whole
    picture.
    """
    eyes = fit.project(_BETWEEN_EYES)[:2] / step
    up = fit.turn(np.array([[0.0, 1.0, 0.0]]))[0, :2]
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((columns - eyes[0]) * up[0] + (rows - eyes[1]) * up[1] > 0)
