from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.blendshapes import BLENDSHAPES
from maskface.composites import Composite, compose
from maskface.errors import MaskfaceError
from maskface.mesh import CHIN, FOREHEAD, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP, canonical_mesh
from maskface.types import FaceLandmarks, ImageArray, Pose
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks(scale=12.0)
SEAM = 5
"""The landmark in the middle of the nose's back, at the seam's height."""


def textured(face: FaceLandmarks, size: tuple[int, int] = (300, 300), seed: int = 0) -> ImageArray:
    """A face with smooth spots, bright enough not to be clipped when it is matched."""
    noise = np.random.default_rng(seed).normal(0, 1, (*size, 3))
    spots = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3))
    picture = made_picture(face, size) * 0.7 + spots / spots.std() * 6
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def rows_from_seam(face: FaceLandmarks, composite: Composite) -> np.ndarray:
    """Rows of the picture counted from the seam of an upright face."""
    return np.arange(composite.image.shape[0]) - float(face.points[SEAM, 1])


@settings(max_examples=15, deadline=None)
@given(
    pose=st.tuples(st.floats(-40, 40), st.floats(-15, 15), st.floats(-60, 60)),
    blend=st.floats(0, 2),
    seed=st.integers(0, 99),
)
def test_a_picture_with_itself_is_itself(
    pose: tuple[float, float, float], blend: float, seed: int
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll, scale=10.0)
    picture = np.random.default_rng(seed).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    composite = compose(picture, face, picture, face, blend=blend)
    np.testing.assert_array_equal(composite.image, picture)
    np.testing.assert_allclose(composite.landmarks.points, face.points, atol=1e-2)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(blend=st.floats(0, 2), roll=st.floats(-180, 180), aligned=st.booleans())
def test_each_half_comes_from_its_photograph(blend: float, roll: float, aligned: bool) -> None:
    face = made_landmarks(roll=roll, scale=9.0)
    upper, lower = textured(face), textured(face, seed=1)
    composite = compose(upper, face, lower, face, blend=blend, aligned=aligned, shift=0.3)
    share = composite.lower_share
    assert composite.image.shape == upper.shape
    assert 0 <= share.min() <= share.max() <= 1
    np.testing.assert_array_equal(composite.image[share == 0], upper[share == 0])
    # Landmarks of the canonical head say which side is which, whatever the roll.
    x, y = np.round(face.points[[FOREHEAD, CHIN, LOWER_LIP], :2]).astype(int).T
    assert share[y, x].tolist() == [0, 1, 1]
    if aligned:
        below = composite.image[share == 1].astype(int)
        wrong = np.abs(below - upper[share == 1]).mean()
        assert np.abs(below - lower[share == 1]).mean() < 0.35 * wrong


def test_upper_half_is_exact_above_the_feather() -> None:
    upper, lower = textured(FACE), textured(FACE, seed=1)
    composite = compose(upper, FACE, lower, FACE, blend=0.5)
    rows = rows_from_seam(FACE, composite)
    above, below = rows < -0.25 * 12 - 1, rows > 0.25 * 12 + 1
    np.testing.assert_array_equal(composite.image[above], upper[above])
    assert (composite.lower_share[above] == 0).all()
    assert (composite.lower_share[below] == 1).all()


def test_an_even_pattern_is_not_relit() -> None:
    """Red and blue lines that the other photograph lacks stay where they were painted."""
    upper, lower = made_picture(FACE), made_picture(FACE)
    lower[230:, ::7] = (250, 30, 30)
    composite = compose(upper, FACE, lower, FACE)
    np.testing.assert_array_equal(composite.image[230:], lower[230:])


@pytest.mark.parametrize("zoom", [0.5, 1.6])
def test_photographs_may_differ_in_size_and_tilt(zoom: float) -> None:
    size = round(300 * zoom)
    middle = (0.55 * size, 0.48 * size)
    other = made_landmarks(scale=12.0 * zoom, roll=20, centre=middle)
    upper, lower = made_picture(FACE), made_picture(other, (size, size))
    for index in MOUTH_CORNERS:
        x, y = np.round(other.points[index, :2]).astype(int).tolist()
        cv2.circle(lower, (x, y), round(8 * zoom), (20, 20, 20), -1)
    composite = compose(upper, FACE, lower, other)
    for index in MOUTH_CORNERS:
        x, y = np.round(FACE.points[index, :2]).astype(int)
        assert composite.image[y, x].max() < 60
        np.testing.assert_allclose(composite.landmarks.points[index, :2], (x, y), atol=1)
    np.testing.assert_allclose(composite.landmarks.points, FACE.points, atol=0.5)


@pytest.mark.parametrize("gain", [(0.7, 0.7, 0.7), (0.9, 1.0, 1.2)])
def test_exposure_and_white_balance_are_matched(gain: tuple[float, ...]) -> None:
    upper = made_picture(FACE, skin=(170, 130, 110))
    lower = np.clip(upper * np.array(gain), 0, 255).round().astype(np.uint8)
    composite = compose(upper, FACE, lower, FACE)
    assert np.abs(composite.image.astype(int) - upper).max() <= 3


def test_another_background_keeps_its_own_colour() -> None:
    upper, lower = made_picture(FACE), made_picture(FACE)
    blank = (lower == (120, 130, 140)).all(axis=2)
    lower[blank] = (30, 160, 60)
    composite = compose(upper, FACE, lower, FACE)
    assert np.abs(composite.image[290, 5].astype(int) - (30, 160, 60)).max() <= 3
    nose = np.round(FACE.points[NOSE_TIP, :2]).astype(int)
    assert (
        np.abs(composite.image[nose[1], nose[0]].astype(int) - upper[nose[1], nose[0]]).max() <= 3
    )


@pytest.mark.parametrize("side_light", [-0.25, 0.25])
def test_no_step_at_the_seam(side_light: float) -> None:
    """Light from the side, which no gain of the whole picture can match, is evened out there."""
    upper = made_picture(FACE)
    falls = 1 + side_light * np.linspace(-0.5, 0.5, 300)[None, :, None]
    lower = np.clip(upper * falls, 0, 255).astype(np.uint8)
    composite = compose(upper, FACE, lower, FACE)
    row = round(float(FACE.points[SEAM, 1]))
    skin = np.s_[:, 100:200]
    step = composite.image[row - 4][None][skin].astype(int) - composite.image[row + 4][None][skin]
    plain = lower[row + 4][None][skin].astype(int) - upper[row - 4][None][skin]
    assert np.abs(step).max() <= 4 < np.abs(plain).max()


@pytest.mark.parametrize("shift", [-0.4, 0.25, 0.5])
def test_misaligned_halves_are_shifted(shift: float) -> None:
    face = made_landmarks(scale=6.0)
    upper, lower = made_picture(face), made_picture(face)
    x, y = np.round(face.points[LOWER_LIP, :2]).astype(int).tolist()
    cv2.circle(lower, (x, y), 4, (10, 10, 10), -1)
    composite = compose(upper, face, lower, face, aligned=False, shift=shift)
    dark = np.argwhere(composite.image.max(axis=2) < 60).mean(axis=0)
    ears = canonical_mesh().vertices[[234, 454], 0]
    expected = shift * float(ears[1] - ears[0]) * 6.0
    assert dark[1] - x == pytest.approx(expected, abs=1.5)
    assert dark[0] == pytest.approx(y, abs=1)
    moved = composite.landmarks.points[LOWER_LIP, :2] - face.points[LOWER_LIP, :2]
    np.testing.assert_allclose(moved, [expected, 0], atol=1)
    assert not composite.aligned


def test_misaligned_lower_half_is_that_of_the_aligned_one() -> None:
    upper, lower = textured(FACE), textured(FACE, seed=1)
    together = compose(upper, FACE, lower, FACE)
    width = 15.3 * 12
    apart = compose(upper, FACE, lower, FACE, aligned=False, shift=20 / width)
    below = round(float(FACE.points[SEAM, 1])) + 8
    difference = apart.image[below:, 25:].astype(int) - together.image[below:, 5:-20]
    assert np.abs(difference).max() <= 2


def test_a_shift_lays_bare_plain_background() -> None:
    face = made_landmarks(scale=6.0)
    picture = made_picture(face)
    composite = compose(picture, face, picture, face, aligned=False, shift=0.5)
    bare = composite.image[160:, :40].astype(int) - (120, 130, 140)
    assert np.abs(bare).max() <= 1


def test_where_the_lower_photograph_ends_the_upper_one_shows() -> None:
    low = made_landmarks(scale=12.0, centre=(150.0, 150.0))
    upper, lower = made_picture(FACE), made_picture(low)[:280]
    upper[290:] = (10, 200, 10)
    composite = compose(upper, FACE, lower, low)
    np.testing.assert_array_equal(composite.image[292:], upper[292:])
    assert (composite.lower_share[295:] == 0).all()


def test_two_tight_crops_fit() -> None:
    """What neither photograph shows is not missed."""
    face = made_landmarks(scale=16.0, centre=(140.0, 150.0))
    picture = made_picture(face, (270, 280))
    assert (face.points[:, 1] > 270).any()
    composite = compose(picture, face, picture, face)
    np.testing.assert_array_equal(composite.image, picture)


def test_grey_stays_grey() -> None:
    pictures = [np.repeat(textured(FACE, seed=seed)[..., :1], 3, axis=2) for seed in (0, 1)]
    for aligned in (True, False):
        image = compose(pictures[0], FACE, pictures[1], FACE, aligned=aligned).image
        assert (image[..., :1] == image[..., 1:]).all()


def test_neither_photograph_is_changed() -> None:
    upper, lower = textured(FACE), textured(FACE, seed=1)
    kept = upper.copy(), lower.copy()
    first = compose(upper, FACE, lower, FACE, aligned=False)
    np.testing.assert_array_equal(upper, kept[0])
    np.testing.assert_array_equal(lower, kept[1])
    np.testing.assert_array_equal(
        first.image, compose(upper, FACE, lower, FACE, aligned=False).image
    )


def test_blendshapes_are_those_of_the_half_that_shows_them() -> None:
    zeros, ones = (np.full(52, value, np.float32) for value in (0.0, 1.0))
    upper = FaceLandmarks(FACE.points, zeros, FACE.pose)
    lower = FaceLandmarks(FACE.points, ones, FACE.pose)
    picture = made_picture(FACE)
    shapes = compose(picture, upper, picture, lower).landmarks.blendshapes
    told = dict(zip(BLENDSHAPES, shapes.tolist(), strict=True))
    assert told["browInnerUp"] == told["eyeSquintLeft"] == told["cheekSquintRight"] == 0
    assert told["mouthSmileLeft"] == told["jawOpen"] == told["mouthFrownRight"] == 1


def posed(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> FaceLandmarks:
    return FaceLandmarks(FACE.points, FACE.blendshapes, Pose(yaw, pitch, roll))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"upper_face": None}, "No face.*upper half"),
        ({"lower_face": None}, "No face.*lower half"),
        ({"lower_face": made_landmarks(centre=(900.0, 150.0))}, "lower half.*outside"),
        ({"upper_face": made_landmarks(centre=(150.0, -90.0))}, "upper half.*outside"),
        ({"lower_face": made_landmarks(scale=12.0, centre=(150.0, 240.0))}, "lower half.*cut off"),
        ({"lower_face": posed(yaw=16)}, "16 degrees.*at most 15"),
        ({"upper_face": posed(pitch=-20)}, "20.*pitch.*at most 15"),
        ({"shift": 1.5}, "shift is -1 to 1.*1.5"),
        ({"shift": float("nan")}, "shift"),
        ({"blend": -0.1}, "blend is 0 to 2"),
        ({"lower": np.full((300, 300, 3), 90, np.uint8)}, "grey"),
    ],
)
def test_refusals_help(change: dict[str, Any], says: str) -> None:
    picture = made_picture(FACE)
    given_values = {
        "upper": picture, "upper_face": FACE, "lower": picture, "lower_face": FACE, **change
    }  # fmt: skip
    upper, upper_face = given_values.pop("upper"), given_values.pop("upper_face")
    lower, lower_face = given_values.pop("lower"), given_values.pop("lower_face")
    with pytest.raises(MaskfaceError, match=says):
        compose(upper, upper_face, lower, lower_face, **given_values)


def test_tilted_heads_fit() -> None:
    picture = made_picture(FACE)
    compose(picture, FACE, picture, posed(roll=170))
