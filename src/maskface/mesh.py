"""Names of the 478 landmarks, and the average face they lie on.

Indices follow the MediaPipe face mesh topology (Kartynnik et al. 2019, arXiv:1907.06724).
"Left" and "right" are the shown person's own, so right comes first in the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.weights import manifest

FACE_OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Outline of the face, from the top of the forehead clockwise in the image."""

RIGHT_EYE: Final = (33, 133)
"""Outer and inner corner of the right eye."""
LEFT_EYE: Final = (263, 362)
"""Outer and inner corner of the left eye."""
MOUTH_CORNERS: Final = (61, 291)
"""Right and left corner of the mouth."""
NOSE_TIP: Final = 1
LOWER_LIP: Final = 17
CHIN: Final = 152
FOREHEAD: Final = 10
"""Top of the face oval."""
FEATURES: Final = {
    "right brow": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    "left brow": (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
    "right eye": (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    "left eye": (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
    "nose": (168, 193, 245, 188, 174, 217, 126, 209, 129, 64, 98, 97, 2, 326, 327, 294, 358, 429,
             355, 437, 399, 412, 465, 417),
    "mouth": (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181,
              91, 146),
}  # fmt: skip
"""Closed outlines of what a face is read by."""


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalMesh:
    """The average neutral face of MediaPipe, straight ahead."""

    # (468, 3) float32 in centimetres, read-only. x points to the shown person's left (right in the
    # image), y up, z out of the face; the order is that of the landmarks.
    vertices: NDArray[np.float32]
    # (468, 2) float32 in 0 to 1, read-only. Texture coordinates, v running down the face.
    uv: NDArray[np.float32]
    # (898, 3) int32, read-only. Corners of each triangle, anticlockwise as seen from outside.
    triangles: NDArray[np.int32]


@cache
def canonical_mesh() -> CanonicalMesh:
    """Return the canonical face mesh of the shipped face landmarker, read once per process."""
    with np.load(manifest()["canonical_mesh.npz"].path, allow_pickle=False) as stored:
        mesh = CanonicalMesh(stored["vertices"], stored["uv"], stored["triangles"])
    for array in (mesh.vertices, mesh.uv, mesh.triangles):
        array.flags.writeable = False
    return mesh
