"""Where the fallbacks look, and how they put together what they find. No model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.landmarks import fallbacks
from maskface.landmarks.fallbacks import (
    DOUBT,
    View,
    doubt,
    find_faces,
    match_face,
    merge,
    tile_views,
    view,
)
from maskface.landmarks.pose import misfit
from maskface.mesh import FEATURES
from maskface.types import FaceLandmarks, ImageArray, Pose
from tests.fixtures.faces import made_landmarks, made_picture

SIZES = st.integers(min_value=16, max_value=3000)


def face_at(left: float, top: float, size: float) -> FaceLandmarks:
    """A face whose box is a square."""
    shares = np.random.default_rng(1).random((478, 3))
    shares[:2, :2] = [[0, 0], [1, 1]]
    points = shares * size + [left, top, 0]
    return FaceLandmarks(points.astype(np.float32), np.zeros(52, np.float32), Pose(0, 0, 0))


def picture(width: int, height: int, *squares: tuple[int, int, int]) -> ImageArray:
    """A black picture with white squares (left, top, side)."""
    image = np.zeros((height, width, 3), np.uint8)
    for left, top, side in squares:
        image[top : top + side, left : left + side] = 255
    return image


class SquareFinder:
    """Sees a white square as a face if it fills enough of the picture and is not cut off."""

    def __init__(self, smallest_share: float = 0.18) -> None:
        self.smallest_share = smallest_share
        self.seen: list[tuple[int, int]] = []

    def __call__(self, image: ImageArray) -> Sequence[FaceLandmarks]:
        height, width = image.shape[:2]
        self.seen.append((width, height))
        ys, xs = np.nonzero(image[..., 0] > 127)
        if len(xs) == 0:
            return []
        left, top, right, bottom = xs.min(), ys.min(), xs.max() + 1, ys.max() + 1
        whole = left > 0 and top > 0 and right < width and bottom < height
        wide = max(right - left, bottom - top) >= self.smallest_share * max(width, height)
        return [face_at(left, top, max(right - left, bottom - top))] if whole and wide else []


@given(
    st.integers(-500, 500), st.integers(-500, 500), SIZES, SIZES,
    st.floats(0.0, 1.0), st.floats(0.0, 1.0),
)  # fmt: skip
def test_a_point_comes_back_from_a_view(
    x: int, y: int, width: int, height: int, across: float, down: float
) -> None:
    where = view(x, y, width, height)
    shown = np.array([[across * where.shown_width, down * where.shown_height, where.shown_width]])
    back = where.back(shown.astype(np.float32))
    assert back.dtype == np.float32
    np.testing.assert_allclose(
        back, [[x + across * width, y + down * height, width]], rtol=1e-5, atol=0.01
    )


@given(st.integers(1, 40_000), st.integers(1, 40_000))
def test_views_are_shown_at_a_size_that_suits_the_models(width: int, height: int) -> None:
    where = view(0, 0, width, height)
    short, long = sorted((where.shown_width, where.shown_height))
    assert 1 <= short <= long <= fallbacks.LONGEST_SIDE
    if min(width, height) >= fallbacks.WORKING_SIDE and max(width, height) <= 2048:
        assert (where.shown_width, where.shown_height) == (width, height)
    if min(width, height) >= 32 and max(width, height) <= 256:
        assert short == fallbacks.WORKING_SIDE


def test_a_view_shows_what_is_there() -> None:
    image = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    np.testing.assert_array_equal(view(20, 10, 256, 256).of(image), image[10:266, 20:276])
    assert view(-20, -10, 60, 60).of(image).shape == (256, 256, 3)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_tiles_cover_the_picture_and_are_bounded(width: int, height: int) -> None:
    tiles = list(tile_views(width, height))
    assert len(tiles) <= fallbacks.MAX_TILES
    for side in {tile.width for tile in tiles}:
        assert side >= fallbacks.MIN_TILE
        level = [tile for tile in tiles if tile.width == side]
        for starts, length in (({t.x for t in level}, width), ({t.y for t in level}, height)):
            ordered = sorted(starts)
            assert ordered[0] == 0
            assert ordered[-1] + side == length
            overlaps = side - np.diff(ordered)
            assert np.all(overlaps >= fallbacks.TILE_OVERLAP * side - 1)


def test_the_number_of_tiles_is_as_documented() -> None:
    assert len(list(tile_views(640, 480))) == 85
    assert len(list(tile_views(256, 256))) == 9
    assert len(list(tile_views(8000, 6000))) == 85
    assert len(list(tile_views(100, 100))) == 0


@pytest.mark.parametrize(("width", "height"), [(7, 400), (400, 1), (1, 1), (0, 0)])
def test_nothing_is_found_in_a_tiny_picture(width: int, height: int) -> None:
    finder = SquareFinder()
    assert find_faces(np.zeros((height, width, 3), np.uint8), finder) == ()
    assert finder.seen == []


@pytest.fixture
def _squares_are_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """White squares have no dark brows, as faces do."""
    monkeypatch.setattr(fallbacks, "DOUBT", np.inf)


@pytest.mark.usefixtures("_squares_are_sure")
def test_an_ordinary_face_costs_one_pass() -> None:
    finder = SquareFinder()
    (face,) = find_faces(picture(640, 480, (200, 100, 200)), finder)
    assert face.box == pytest.approx((200, 100, 400, 300), abs=1e-3)
    assert finder.seen == [(640, 480)]


@pytest.mark.usefixtures("_squares_are_sure")
def test_a_small_picture_is_enlarged() -> None:
    finder = SquareFinder()
    (face,) = find_faces(picture(48, 48, (8, 8, 32)), finder)
    assert face.box == pytest.approx((8, 8, 40, 40), abs=0.5)
    assert finder.seen == [(256, 256)]


def test_a_face_at_the_frame_is_found_with_a_border() -> None:
    def find(image: ImageArray) -> list[FaceLandmarks]:
        height, width = image.shape[:2]
        return [face_at(200, 200, 300)] if (width, height) == (800, 800) else []

    (face,) = find_faces(np.zeros((400, 400, 3), np.uint8), find)
    assert face.box == pytest.approx((0, 0, 300, 300))


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    side=st.sampled_from([24, 32, 48, 64, 90]),
    x=st.floats(0.02, 0.98),
    y=st.floats(0.02, 0.98),
)
def test_a_small_face_is_found_once_wherever_it_is(side: int, x: float, y: float) -> None:
    left, top = 1 + round(x * (638 - side)), 1 + round(y * (478 - side))
    faces = find_faces(picture(640, 480, (left, top, side)), SquareFinder())
    assert len(faces) == 1
    assert faces[0].box == pytest.approx((left, top, left + side, top + side), abs=1.5)


def test_tiles_can_be_switched_off() -> None:
    finder = SquareFinder()
    assert find_faces(picture(640, 480, (300, 200, 32)), finder, search="never") == ()
    assert len(finder.seen) == 2


def test_a_small_face_beside_a_found_one_is_found_too() -> None:
    def find(image: ImageArray) -> Sequence[FaceLandmarks]:
        if image.shape == (480, 640, 3):
            return [face_at(50, 50, 100)]
        return SquareFinder()(image)

    faces = find_faces(picture(640, 480, (500, 300, 40)), find)
    assert [round(face.size) for face in faces] == [100, 40]


def test_a_row_of_people_is_a_scene_however_large_they_stand() -> None:
    """Each face fills half of the height, but the detector sees the whole width at 128 px."""

    def find(image: ImageArray) -> Sequence[FaceLandmarks]:
        if image.shape == (256, 1600, 3):
            return [face_at(20, 40, 120)]
        return SquareFinder()(image)

    faces = find_faces(picture(1600, 256, (1200, 100, 60)), find)
    assert [round(face.size) for face in faces] == [120, 60]


def test_small_faces_beside_a_large_one_are_found_when_asked_for() -> None:
    def find(image: ImageArray) -> Sequence[FaceLandmarks]:
        if image.shape == (480, 640, 3):
            return [face_at(20, 20, 300)]
        return SquareFinder()(image)

    scene = picture(640, 480, (500, 300, 40))
    assert [round(face.size) for face in find_faces(scene, find)] == [300]
    always = find_faces(scene, find, search="always")
    assert [round(face.size) for face in always] == [300, 40]


def test_a_face_seen_in_one_tile_only_is_not_believed() -> None:
    seen: list[tuple[int, ...]] = []

    def find(image: ImageArray) -> list[FaceLandmarks]:
        seen.append(image.shape)
        return [face_at(60, 60, 100)] if len(seen) == 3 else []

    assert find_faces(np.zeros((480, 640, 3), np.uint8), find) == ()
    assert len(seen) == 2 + 85 + 1 + 2 * len(fallbacks.LAST_VIEWS)


@pytest.mark.slow
@pytest.mark.parametrize("share", fallbacks.LAST_VIEWS)
@pytest.mark.parametrize("again", [0, 1, 2, 4])
def test_where_nothing_is_found_the_middle_is_shown_at_other_sizes(
    share: float, again: int
) -> None:
    """A face found there is believed if it is found again in enough squares around it."""
    finder = SquareFinder()
    squares_left = 0

    def find(image: ImageArray) -> Sequence[FaceLandmarks]:
        nonlocal squares_left
        height, width = image.shape[:2]
        if (width, height) == (round(share * 500), round(share * 750)):
            squares_left = again
            return finder(image)
        squares_left -= width == height
        return finder(image) if width == height and squares_left >= 0 else []

    scene = picture(500, 750, (150, 250, 200))
    faces = find_faces(scene, find)
    assert len(faces) == (1 if again >= fallbacks.LAST_NEEDED else 0)
    for face in faces:
        assert face.box == pytest.approx((150, 250, 350, 450), abs=1)
    assert find_faces(scene, find, search="never") == ()


def test_where_nothing_is_found_the_middle_is_shown_lighter() -> None:
    dim = picture(400, 600, (120, 200, 160)) // 3  # below what the finder sees
    (face,) = find_faces(dim, SquareFinder())
    assert face.box == pytest.approx((120, 200, 280, 360), abs=1)


def test_brightening_keeps_black_and_white() -> None:
    tones = np.array([[[0, 64, 255]]], np.uint8)
    assert fallbacks.brightened(tones).tolist() == [[[0, 128, 255]]]


def test_a_face_cut_by_its_tile_is_left_to_the_next_tile() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    inner = View(120, 120, 240, 240, 256, 256)
    corner = View(0, 0, 240, 240, 256, 256)
    assert fallbacks.is_whole(face_at(150, 150, 100), inner, image)
    assert not fallbacks.is_whole(face_at(122, 150, 100), inner, image)
    assert not fallbacks.is_whole(face_at(150, 259, 100), inner, image)
    assert fallbacks.is_whole(face_at(-3, 1, 100), corner, image)
    assert not fallbacks.is_whole(face_at(150, 1, 100), corner, image)


def test_duplicates_are_merged_and_the_first_stays() -> None:
    first, second, other = face_at(10, 10, 50), face_at(13, 8, 52), face_at(200, 10, 80)
    inside = face_at(20, 20, 20)
    assert merge([first, second, other, inside]) == (other, first)
    assert merge([]) == ()


def test_overlap() -> None:
    assert fallbacks.overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert fallbacks.overlap((0, 0, 1, 1), (1, 1, 2, 2)) == 0
    assert fallbacks.overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_a_small_face_in_a_face_crop_must_be_found_again() -> None:
    crop = picture(48, 48, (14, 14, 18))
    finder = SquareFinder()
    assert [face.size for face in find_faces(crop, finder)] == pytest.approx([18], abs=1)

    def only_in_the_whole(image: ImageArray) -> Sequence[FaceLandmarks]:
        found = SquareFinder()(image)
        share = found[0].size / max(image.shape[:2]) if found else 0
        return found if 0.3 < share < 0.4 else []  # 18 of 48; not in closer or wider squares

    assert find_faces(crop, only_in_the_whole) == ()
    large = picture(48, 48, (8, 8, 32))
    share = 32 / 48

    def only_once(image: ImageArray) -> Sequence[FaceLandmarks]:
        found = SquareFinder()(image)
        return found if found and abs(found[0].size / max(image.shape[:2]) - share) < 0.02 else []

    assert len(find_faces(large, only_once)) == 1  # it fills the crop
    scene = picture(400, 400, (100, 100, 140))
    assert len(find_faces(scene, SquareFinder(0.3))) == 1


def test_a_face_that_is_upside_down_beside_the_known_one_is_no_match() -> None:
    face = made_landmarks()
    turned = replace(face, pose=face.pose._replace(roll=178))
    assert match_face([turned], face) is None
    assert match_face([turned, face], face) is face
    assert match_face([turned], replace(face, pose=face.pose._replace(roll=-178))) is turned


def test_the_average_face_has_no_misfit_in_any_pose_and_a_stretched_one_has() -> None:
    for yaw, pitch, roll in ((0, 0, 0), (30, -10, 0), (0, 0, 120)):
        face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll)
        assert misfit(face.points) == pytest.approx(0, abs=1e-5)
    stretched = made_landmarks().points * np.array([1, 1.2, 1])
    assert 0.05 < misfit(stretched) < 0.15


def test_light_brows_and_eyes_are_doubtful() -> None:
    face = made_landmarks()
    image = made_picture(face)
    features = [*FEATURES["right brow"], *FEATURES["left brow"], *FEATURES["right eye"],
                *FEATURES["left eye"]]  # fmt: skip
    dark, light = image.copy(), image.copy()
    for x, y in np.round(face.points[features, :2]).astype(int):
        dark[y - 1 : y + 2, x - 1 : x + 2] //= 3
        light[y - 1 : y + 2, x - 1 : x + 2] = 255
    assert doubt(face, dark) < doubt(face, image) == pytest.approx(2, abs=0.1)
    assert doubt(face, light) > DOUBT
