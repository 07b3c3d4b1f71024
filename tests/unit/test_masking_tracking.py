"""Faces followed through a video; bright squares stand for faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maskface.masking import FaceTracker
from maskface.masking.tracking import FORGET, HOLD, SEARCH, Find, TrackedFace
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.videos import blobs, find_blobs, find_large_blobs

RATE = 20.0


def follow(
    frames: list[ImageArray], look: tuple[Find, Find] = (find_blobs, find_blobs)
) -> list[tuple[TrackedFace, ...]]:
    tracker = FaceTracker(*look)
    return [tracker.update(frame, i / RATE) for i, frame in enumerate(frames)]


def numbers(seen: tuple[TrackedFace, ...]) -> list[int]:
    return [face.number for face in seen]


def test_faces_keep_their_numbers_while_they_pass_each_other() -> None:
    frames = [blobs((20 + 10 * i, 30), (240 - 10 * i, 130)) for i in range(20)]
    seen = follow(frames)
    assert all(numbers(faces) == [0, 1] for faces in seen)
    first, last = seen[0][0].landmarks.box[0], seen[-1][0].landmarks.box[0]
    assert last - first == pytest.approx(190, abs=4)


def test_a_still_face_is_steadier_than_it_is_found() -> None:
    rng = np.random.default_rng(0)
    noise = 0.003  # of the face's size, as measured with MediaPipe

    def find(image: ImageArray) -> tuple[FaceLandmarks, ...]:
        (face,) = find_blobs(image)
        shaken = face.points + rng.normal(0, noise * face.size, face.points.shape)
        return (replace(face, points=shaken.astype(np.float32)),)

    seen = follow([blobs((100, 100))] * 40, (find, find))
    points = np.array([faces[0].landmarks.points for faces in seen])[10:]
    assert np.diff(points, axis=0).std() < 0.35 * np.sqrt(2) * noise * 40


def test_a_lost_face_is_held_then_gone_and_known_again_for_a_while() -> None:
    n_held = int(HOLD * RATE)
    there, gone = blobs((100, 100)), blobs()
    seen = follow([there] * 3 + [gone] * (n_held + 4) + [there] * 2)
    held = seen[3 : 3 + n_held]
    assert all(numbers(faces) == [0] for faces in held)
    assert held[-1][0].unseen == pytest.approx(HOLD)
    assert held[-1][0].landmarks.box == seen[2][0].landmarks.box
    assert seen[3 + n_held] == ()
    assert numbers(seen[-1]) == [0]
    assert seen[-1][0].unseen == 0


def test_a_face_behind_another_is_not_held_over_it() -> None:
    whole = blobs().shape

    def find(image: ImageArray) -> tuple[FaceLandmarks, ...]:
        # Squares that the edge of a neighbourhood cuts would be faces of their own.
        return find_blobs(image) if image.shape == whole else ()

    passing = [blobs((100, 100), (190 - 8 * i, 100)) for i in range(6)]
    for end, held in (((128, 100), False), ((160, 100), True)):
        seen = follow([*passing, *[blobs(end)] * 3], (find, find))
        assert all(numbers(faces) == [0, 1] for faces in seen[:6])
        assert [numbers(faces) for faces in seen[6:]] == [[0, 1] if held else [1]] * 3


def test_a_face_that_comes_back_late_is_a_new_one() -> None:
    there, gone = blobs((100, 100)), blobs()
    seen = follow([there] * 2 + [gone] * int(FORGET * RATE + 2) + [there] * int(SEARCH * RATE + 1))
    assert numbers(seen[-1]) == [1]


def test_a_cut_makes_new_faces_at_once() -> None:
    seen = follow([blobs((100, 100))] * 3 + [blobs((110, 100), ground=120)] * 2)
    assert [numbers(faces) for faces in seen] == [[0]] * 3 + [[1]] * 2
    assert seen[3][0].landmarks.box[0] == pytest.approx(110, abs=1)


def test_a_small_face_found_by_a_search_is_followed_by_glances() -> None:
    frames = [blobs((50 + 3 * i, 60), side=24) for i in range(12)]
    searches = []

    def search(image: ImageArray) -> tuple[FaceLandmarks, ...]:
        searches.append(image)
        return find_blobs(image)

    assert find_large_blobs(frames[0]) == ()
    seen = follow(frames, (search, find_large_blobs))
    assert all(numbers(faces) == [0] for faces in seen)
    assert all(face.unseen == 0 for faces in seen for face in faces)
    assert len(searches) == 1


def test_a_face_that_comes_in_is_found_by_a_glance() -> None:
    frames = [blobs((20, 20))] * 2 + [blobs((20, 20), (200, 100), side=70)] * 5
    seen = follow(frames, (lambda _: find_blobs(frames[0]), find_large_blobs))
    assert numbers(seen[-1]) == [0, 1]


def test_the_largest_face_of_the_first_frame_is_number_0() -> None:
    frame = blobs((20, 20), side=30)
    frame[100:180, 200:280] = 255
    (first, second) = follow([frame])[0]
    assert first.landmarks.size > second.landmarks.size
    assert (first.number, second.number) == (0, 1)
