"""MediaPipe's native answer is what its public function gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from maskface.datasets.example import FOLDER as EXAMPLE
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.landmarks import native as module
from maskface.landmarks.native import NativeFace, mediapipe, native_faces, public_faces
from maskface.types import ImageArray


def alike(one: list[NativeFace], other: list[NativeFace]) -> bool:
    return len(one) == len(other) and all(
        a.shares.dtype == b.shares.dtype == np.float64
        and a.scores.dtype == b.scores.dtype == np.float32
        and np.array_equal(a.shares, b.shares)
        and np.array_equal(a.scores, b.scores)
        for a, b in zip(one, other, strict=True)
    )


@pytest.fixture(scope="module")
def portrait() -> ImageArray:
    return read_image(next(iter(sorted(EXAMPLE.rglob("*.jpg")))))


@pytest.mark.parametrize("faces", [0, 1, 2])
def test_both_ways_are_the_same_to_the_bit(portrait: ImageArray, faces: int) -> None:
    side = len(portrait)
    image = np.hstack([portrait] * faces) if faces else np.full((side, side, 3), 90, np.uint8)
    mp = mediapipe()
    picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))
    with MediaPipeDetector() as detector:
        landmarker = detector._load()
        found = native_faces(landmarker, picture)
        assert len(found) == faces
        assert all(a.shares.shape == (478, 3) and a.scores.shape == (52,) for a in found)
        assert alike(found, public_faces(landmarker, picture))


def refusing(*_: object) -> None:
    raise TypeError("other arguments are wanted")


@pytest.mark.parametrize(
    "inside",
    [{}, {"_handle": 1, "_lib": SimpleNamespace(
        MpFaceLandmarkerDetectImage=refusing, MpFaceLandmarkerCloseResult=refusing)}],
)  # fmt: skip
def test_another_mediapipe_is_asked_the_public_way(inside: dict[str, Any]) -> None:
    point, score = SimpleNamespace(x=0.25, y=0.5, z=-0.125), SimpleNamespace(score=0.75)
    found = SimpleNamespace(face_landmarks=[[point]], face_blendshapes=[[score]])
    landmarker = SimpleNamespace(detect=lambda picture: found, **inside)
    (answer,) = module.native_faces(landmarker, SimpleNamespace(_image_ptr=None))
    assert answer.shares.tolist() == [[0.25, 0.5, -0.125]]
    assert answer.scores.tolist() == [0.75]
