"""Where a head is in an image.

A mask is placed by landmarks that do not move with the lower face. Painted on the landmark mesh
instead, it would follow the mouth and show the smile that it is meant to hide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskface.mesh import canonical_mesh

Floats: TypeAlias = NDArray[np.float64]

ANCHORS: Final = (
    33, 133, 263, 362,  # corners of the eyes
    168, 6, 197, 195, 5, 4,  # back of the nose
    151, 10,  # middle of the forehead, above the muscles that draw the brows together
    21, 162, 127, 234, 251, 389, 356, 454,  # temples and ears
)  # fmt: skip
"""Landmarks that expressions move least; none lies on the cheeks, the mouth or the chin."""


def unit(vectors: Floats) -> Floats:
    """Scale vectors (..., 3) to length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


@dataclass(frozen=True, slots=True, eq=False)
class HeadFit:
    """Where the canonical head lies in an image: an affine map.

    Attributes
    ----------
    linear
        (3, 3) float64. Columns are the image directions of 1 cm along x, y and z of the head.
    offset
        (3,) float64, the image position of the head's origin.
    """

    linear: Floats
    offset: Floats

    def project(self, points: Floats) -> Floats:
        """Map head points (..., 3) in cm to the image: x and y in pixels, z in pixels of depth."""
        return np.asarray(points @ self.linear.T + self.offset)

    def turn(self, normals: Floats) -> Floats:
        """Turn normals (..., 3) like the surface they stand on; z points away from the camera."""
        # The cofactor matrix turns normals as its matrix turns the surface they stand on.
        x, y, z = self.linear.T
        cofactors = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)])
        return unit(normals @ cofactors * np.sign(cofactors[0] @ x))

    def moved(self, x: float, y: float) -> HeadFit:
        """The same fit after the image has moved by x and y pixels."""
        return HeadFit(self.linear, self.offset + np.array([x, y, 0.0]))

    def zoomed(self, factor: int) -> HeadFit:
        """The same fit in an image `factor` times as large."""
        # Whole numbers are the centres of pixels, and those move by half the difference in size.
        half = (factor - 1) / 2
        return HeadFit(self.linear * factor, self.offset * factor + np.array([half, half, 0.0]))

    @property
    def scale(self) -> float:
        """Pixels per centimetre."""
        return float(np.cbrt(abs(np.linalg.det(self.linear))))


def fit_head(points: NDArray[np.float32]) -> HeadFit:
    """Fit the canonical head to the landmarks in `ANCHORS` by least squares.

    An affine map has, besides pose and size, the freedom to stretch: long and short faces get
    long and short masks without a look at the mouth or the chin.

    Parameters
    ----------
    points
        (478, 3) float32, landmarks in pixels.

    Returns
    -------
    HeadFit
        The map from head to image.
    """
    anchors = list(ANCHORS)
    head = canonical_mesh().vertices[anchors].astype(np.float64)
    design = np.column_stack([head, np.ones(len(anchors))])
    solution = np.linalg.lstsq(design, points[anchors].astype(np.float64), rcond=None)[0]
    return HeadFit(linear=solution[:3].T, offset=solution[3])
