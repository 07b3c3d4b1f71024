"""Looking for faces anew, with stand-ins for detectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maskface.experiment.trials import detection_rows, drift, shrunk
from maskface.landmarks import match_face
from maskface.mesh import LEFT_EYE, RIGHT_EYE
from maskface.occluders import get_occluder
from maskface.pipeline import OccludedFace
from maskface.tables import DETECTIONS
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
HEAD = {
    "run_id": "r", "dataset": "d", "image_id": "a.png", "subject_id": "S1", "label": "fear",
}  # fmt: skip


def shown() -> OccludedFace:
    occluders = {name: get_occluder(name) for name in ("none", "surgical")}
    return OccludedFace.of(made_picture(FACE), FACE, occluders, dict.fromkeys(occluders, 0))


def moved(face: FaceLandmarks, by: float) -> FaceLandmarks:
    return replace(face, points=face.points + np.array([by, 0, 0], np.float32))


def test_every_condition_size_and_search_has_a_row() -> None:
    def both(image: ImageArray, _: bytes | None) -> tuple[FaceLandmarks, ...]:
        # Positions are those of the middles of pixels.
        points = (FACE.points + 0.5) * (image.shape[0] / 300) - 0.5
        return (replace(FACE, points=points.astype(np.float32)),)

    def neither(image: ImageArray, _: bytes | None) -> tuple[FaceLandmarks, ...]:
        return ()

    rows = list(detection_rows(shown(), HEAD, (0, 64, 999), {"scenes": both, "never": neither}))
    table = DETECTIONS.check(DETECTIONS.frame(rows))
    assert len(table) == 2 * 3 * 2
    found = table.groupby(["search", "face_px"])["found"].sum()
    assert found["scenes", 0] == found["scenes", 64] == 2
    assert found["never", 0] == found["never", 64] == 0
    too_small = table[table["face_px"] == 999]
    assert set(too_small["status"]) == {"error"}
    assert too_small["message"].str.contains(f"only {FACE.size:.0f} px").all()
    assert table.loc[table["found"] == 1, "drift_visible"].max() < 0.01


def test_drift_is_in_distances_between_the_eyes() -> None:
    eyes = np.linalg.norm(FACE.points[RIGHT_EYE[0], :2] - FACE.points[LEFT_EYE[0], :2])
    cells = drift(FACE, moved(FACE, float(eyes) / 4), shown().occlusions["surgical"])
    assert cells["drift_visible"] == pytest.approx(0.25, abs=1e-4)
    assert cells["drift_hidden"] == pytest.approx(0.25, abs=1e-4)
    plain = drift(FACE, FACE, shown().occlusions["none"])
    assert plain == {"drift_visible": 0.0, "drift_hidden": None}


def test_another_face_in_the_picture_is_not_the_one_looked_for() -> None:
    far = moved(FACE, 5 * FACE.size)
    assert match_face((far,), FACE) is None
    assert match_face((far, FACE), FACE) is FACE
    assert match_face((), FACE) is None


def test_shrinking_moves_landmarks_with_the_pixels() -> None:
    image = np.zeros((300, 300, 3), np.uint8)
    x, y = np.round(FACE.points[RIGHT_EYE[0], :2]).astype(int)
    image[y - 6 : y + 7, x - 6 : x + 7] = 255
    small, face = shrunk(image, FACE, 64)
    assert face.size == pytest.approx(64, abs=0.5)
    rows, columns = np.nonzero(small[..., 0] > 127)
    expected = face.points[RIGHT_EYE[0], :2]
    np.testing.assert_allclose([columns.mean(), rows.mean()], expected, atol=0.6)
    assert shrunk(image, FACE, 0)[0] is image
