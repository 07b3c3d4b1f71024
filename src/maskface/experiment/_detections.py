"""Whether the face is found again in the occluded picture, and where its landmarks are then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Row
from maskface.crops import resize
from maskface.errors import told
from maskface.experiment._shown import Detect, Shown
from maskface.landmarks import same_face
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.types import FaceLandmarks, ImageArray, MaskArray, Occlusion


def detection_rows(
    shown: Shown, head: Row, sizes: Sequence[int], finders: Mapping[str, Detect]
) -> Iterator[Row]:
    """Look for the face anew under every condition.

    Parameters
    ----------
    shown
        The picture.
    head
        Cells that all rows share.
    sizes
        Sizes in px to shrink the face to; 0 for the picture as it is.
    finders
        What looks for faces, by the name in the column `search`.

    Yields
    ------
    dict
        Rows of `maskface.tables.DETECTIONS`.
    """
    sample = shown.sample
    for condition in (*shown.occlusions, *shown.failures):
        fixed = head | {
            "image_id": sample.image_id,
            "subject_id": sample.subject_id,
            "label": sample.label,
            "condition": condition,
        }
        for size in sizes:
            for search, find in finders.items():
                cells = {"search": search, "face_px": size}
                yield fixed | cells | _look(shown, condition, size, find)


def _look(shown: Shown, condition: str, size: int, find: Detect) -> Row:
    if condition in shown.failures:
        return {"status": "error", "message": shown.failures[condition]}
    if size > shown.face.size:
        message = f"the face has only {shown.face.size:.0f} px"
        return {"status": "error", "message": message}
    occlusion = shown.occlusions[condition]
    image, face = shrunk(occlusion.image, shown.face, size)
    try:
        faces = find(image, None)
    except Exception as error:  # noqa: BLE001 (a detector may fail in any way)
        return {"status": "error", "message": told(error)}
    again = same_face(faces, face)
    row: Row = {"status": "ok", "n_faces": len(faces), "found": int(again is not None)}
    return row if again is None else row | drift(face, again, occlusion)


def shrunk(image: ImageArray, face: FaceLandmarks, size: int) -> tuple[ImageArray, FaceLandmarks]:
    """Shrink a picture until its face is so large; 0 leaves it as it is."""
    if not size:
        return image, face
    height, width = (max(1, round(side * size / face.size)) for side in image.shape[:2])
    scale = np.array([width / image.shape[1], height / image.shape[0], size / face.size])
    middle = np.array([0.5, 0.5, 0])
    points = ((face.points + middle) * scale - middle).astype(np.float32)
    return resize(image, width, height), replace(face, points=points)


def drift(face: FaceLandmarks, again: FaceLandmarks, occlusion: Occlusion) -> Row:
    """Mean distance of landmarks from where they were, by that of the outer eye corners."""
    flat = face.points[:, :2]
    unit = float(np.linalg.norm(flat[RIGHT_EYE[0]] - flat[LEFT_EYE[0]]))
    moved = np.linalg.norm(again.points[:, :2] - flat, axis=1) / unit
    covered = occlusion.covered
    return {"drift_visible": _mean(moved, ~covered), "drift_hidden": _mean(moved, covered)}


def _mean(values: NDArray[np.floating[Any]], chosen: MaskArray) -> float | None:
    return float(values[chosen].mean()) if chosen.any() else None
