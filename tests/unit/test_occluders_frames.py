"""Spectacles in the photograph lie before a mask; nothing else of the face does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskface.occluders import get_occluder
from maskface.occluders.frames import find_frame
from maskface.occluders.geometry import fit_head
from maskface.types import ImageArray
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
FIT = fit_head(FACE.points)
EDGE = (3.2, 0.03)
"""A place in cm on the lower rim of the left lens; a usual mask reaches above it."""


def ellipse(picture: ImageArray, half: tuple[float, float], tone: int, *, part: int = 360) -> None:
    """A lens's rim before either eye, or a part of it in degrees from its lower edge on."""
    t = np.radians(np.linspace(-90, part - 90, 90))
    for mirror in (-1, 1):
        x, y = mirror * (3.6 + half[0] * np.cos(t)), 2.4 + half[1] * np.sin(t)
        draw(picture, np.stack([x, y], 1), tone)


def draw(picture: ImageArray, line: np.ndarray, tone: int) -> None:
    head = np.column_stack([line, 6.15 - 0.043 * line[:, 0] ** 2])
    places = np.round(FIT.project(head)[:, :2] * 16).astype(np.int32)
    wide = max(1, round(0.2 * FIT.scale))
    cv2.polylines(picture, [places], False, (tone,) * 3, wide, cv2.LINE_AA, 4)


def spectacles(*, tone: int = 40, bridge: bool = True, part: int = 360) -> ImageArray:
    picture = made_picture(FACE).copy()
    ellipse(picture, (2.5, 2.4), tone, part=part)
    if bridge:
        draw(picture, np.array([[-1.2, 3.0], [1.2, 3.0]]), tone)
    return picture


def at(plane: np.ndarray, place: tuple[float, float]) -> int:
    x, y = FIT.project(np.array([*place, 6.15 - 0.043 * place[0] ** 2]))[:2].round().astype(int)
    return int(plane[y - 1 : y + 2, x].min())


def test_a_frame_is_found_where_it_is_drawn() -> None:
    drawn = spectacles()
    frame = find_frame(drawn, FIT)
    assert frame is not None
    found = frame.within(0, 0, drawn.shape[:2])
    changed = (drawn != made_picture(FACE)).any(axis=2)
    rims = changed & (np.abs(np.arange(300) - FIT.project(np.zeros(3))[0]) > 1.3 * FIT.scale)
    assert (found[rims] > 127).mean() > 0.5
    assert found[cv2.dilate(changed.astype(np.uint8), np.ones((3, 3))) == 0].max() == 0


@pytest.mark.parametrize(
    "picture",
    [
        made_picture(FACE),
        spectacles(bridge=False),  # rings under the eyes
        spectacles(part=180),  # a line over the nose and folds that enclose nothing
        spectacles(tone=200),  # too light to be told from a reflection
    ],
)
def test_nothing_else_is_a_frame(picture: ImageArray) -> None:
    assert find_frame(picture, FIT) is None


def test_small_faces_and_those_cut_off_have_none() -> None:
    small = cv2.resize(spectacles(), (90, 90), interpolation=cv2.INTER_AREA)
    points = (FACE.points * 0.3).astype(np.float32)
    assert find_frame(np.asarray(small, np.uint8), fit_head(points)) is None
    assert find_frame(np.zeros((40, 40, 3), np.uint8), fit_head(FACE.points + 500)) is None


def test_a_part_of_the_picture_has_its_part_of_the_frame() -> None:
    frame = find_frame(spectacles(), FIT)
    assert frame is not None
    whole = frame.within(0, 0, (300, 300))
    for top, left, height, width in ((100, 90, 60, 80), (0, 0, 130, 140), (250, 10, 40, 40)):
        part = frame.within(top, left, (height, width))
        np.testing.assert_array_equal(part, whole[top : top + height, left : left + width])


@pytest.mark.parametrize("name", ["surgical", "cloth", "ffp2", "scarf"])
def test_masks_lie_behind_the_frame(name: str) -> None:
    bare, worn = made_picture(FACE), spectacles()
    occluder = get_occluder(name)
    plain, seen = occluder.apply(bare, FACE), occluder.apply(worn, FACE)
    assert at(plain.alpha, EDGE) > 200
    assert at(seen.alpha, EDGE) < 60
    # Nothing but the frame comes to light, and the mouth stays hidden.
    lighter = plain.alpha.astype(int) - seen.alpha > 40
    assert lighter[(worn == bare).all(axis=2)].mean() < 0.001
    np.testing.assert_array_equal(plain.alpha[180:], seen.alpha[180:])


def test_what_is_worn_over_spectacles_hides_them() -> None:
    for name in ("niqab", "sunglasses", "shield", "cap"):
        occluder = get_occluder(name)
        blank = find_frame(made_picture(FACE), FIT)
        assert blank is None
        plain = occluder.apply(made_picture(FACE), FACE).alpha
        np.testing.assert_allclose(occluder.apply(spectacles(), FACE).alpha, plain, atol=40)


def test_controls_hide_the_same_pixels_as_the_mask() -> None:
    drawn = spectacles()
    mask, control = (get_occluder(name).apply(drawn, FACE) for name in ("surgical", "fill"))
    np.testing.assert_array_equal(mask.alpha, control.alpha)


def test_a_mouth_behind_a_mask_changes_nothing() -> None:
    open_mouth = spectacles()
    x, y = FACE.points[13, :2].round().astype(int)
    cv2.ellipse(open_mouth, (int(x), int(y)), (20, 18), 0, 0, 360, (30, 10, 10), -1)
    one, two = (find_frame(picture, FIT) for picture in (spectacles(), open_mouth))
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.alpha, two.alpha)
