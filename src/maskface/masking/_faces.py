"""Draw an occluder on all faces of one picture, and say what became of each in rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.errors import told
from maskface.mesh import CHIN, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP
from maskface.occluders import Occluder
from maskface.types import FaceLandmarks, ImageArray, Occlusion

PARTS: Final = {
    "nose_tip": (NOSE_TIP,),
    "mouth_corners": MOUTH_CORNERS,
    "lower_lip": (LOWER_LIP,),
    "chin": (CHIN,),
}
"""Parts of the face, and the landmarks that must all be hidden for them to count as covered."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A picture after an occluder was put on its faces.

    Attributes
    ----------
    image
        (H, W, 3) uint8 RGB.
    alpha
        (H, W) uint8. How much of the photograph is hidden, by all occluders together.
    faces
        What was made of each face, in the order of the faces; a text says why one was left as
        it is.
    """

    image: ImageArray
    alpha: NDArray[np.uint8]
    faces: tuple[Occlusion | str, ...]

    @property
    def coverages(self) -> tuple[float, ...]:
        """Hidden fraction of each covered face's oval."""
        return tuple(face.coverage for face in self.faces if isinstance(face, Occlusion))

    @property
    def message(self) -> str:
        """What went wrong, if anything did."""
        return "; ".join(face for face in self.faces if isinstance(face, str))


def draw_on_faces(
    image: ImageArray, occluder: Occluder, faces: Sequence[FaceLandmarks], seeds: Sequence[int]
) -> Drawn:
    """Put an occluder on every face of a picture.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB; it is not changed.
    occluder
        What to put on.
    faces
        The faces in `image`.
    seeds
        One for each face.

    Returns
    -------
    Drawn
        A face on which the occluder fails is left as it is.
    """
    made: dict[int, Occlusion | str] = {}
    open_ = np.ones(image.shape[:2], np.float32)
    # Larger faces are nearer: what they wear goes on top.
    for i in sorted(range(len(faces)), key=lambda i: faces[i].size):
        try:
            occlusion = occluder.apply(image, faces[i], seed=seeds[i])
        # An occluder may fail in any way on an odd face; it costs this face alone.
        except Exception as error:  # noqa: BLE001
            made[i] = told(error)
            continue
        image = occlusion.image
        open_ *= 1 - occlusion.alpha / np.float32(255)
        made[i] = occlusion
    alpha = np.round(255 * (1 - open_)).astype(np.uint8)
    return Drawn(image, alpha, tuple(made[i] for i in range(len(faces))))


def face_row(face: FaceLandmarks, drawn: Occlusion | str, number: int, seed: int) -> Row:
    """Say what became of one face, in the columns of `maskface.tables.MASKED`."""
    row = {"face": number, "seed": seed, "face_px": face.size}
    row |= dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), face.pose, strict=True))
    if isinstance(drawn, str):
        return row | {"status": "error", "message": drawn}
    covered = drawn.covered
    row |= {f"{part}_covered": int(covered[list(points)].all()) for part, points in PARTS.items()}
    return row | {
        "status": "ok",
        "coverage": drawn.coverage,
        "n_landmarks_covered": int(covered.sum()),
    }


def params_text(occluder: Occluder) -> str:
    """The parameters of an occluder as JSON."""
    return json.dumps(dict(occluder.params), sort_keys=True)
