"""The skin's typology angle, against CIELAB worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.mesh import canonical_mesh
from maskface.skin import FOREHEAD_SKIN, LEFT_CHEEK, RIGHT_CHEEK, skin_ita
from maskface.types import FaceLandmarks
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
# IEC 61966-2-1 (sRGB): linear RGB to Y and Z under D65.
TO_Y, TO_Z = (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)
WHITE_Z = 1.0890


def linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def cube_root(t: float) -> float:
    return t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29


def ita_by_hand(rgb: tuple[int, ...]) -> float:
    light = [linear(value) for value in rgb]
    y = cube_root(float(np.dot(TO_Y, light)))
    z = cube_root(float(np.dot(TO_Z, light)) / WHITE_Z)
    return math.degrees(math.atan((116 * y - 16 - 50) / (200 * (y - z))))


@settings(max_examples=40, deadline=None)
@given(
    red=st.integers(60, 250),
    green=st.floats(0.6, 0.9),
    blue=st.floats(0.4, 0.9),
    scale=st.floats(5, 40),
    yaw=st.floats(-40, 40),
)
def test_is_the_published_angle(
    red: int, green: float, blue: float, scale: float, yaw: float
) -> None:
    skin = (red, round(red * green), round(red * green * blue))
    face = made_landmarks(scale=scale, yaw=yaw, centre=(200, 200))
    assert skin_ita(made_picture(face, (400, 400), skin), face) == pytest.approx(
        ita_by_hand(skin), abs=0.3
    )


def test_lighter_skin_has_the_larger_angle() -> None:
    tones = [(90, 60, 45), (140, 100, 75), (190, 145, 115), (230, 195, 170)]
    angles = [skin_ita(made_picture(FACE, skin=tone), FACE) for tone in tones]
    assert angles == sorted(angles)
    assert angles[0] < 0 < angles[-1]


def test_a_bluish_cast_does_not_make_light_skin_dark() -> None:
    assert 90 < skin_ita(made_picture(FACE, skin=(200, 205, 235)), FACE) < 180


@pytest.mark.parametrize("patch", [FOREHEAD_SKIN, RIGHT_CHEEK, LEFT_CHEEK])
def test_one_hidden_patch_changes_nothing(patch: tuple[int, ...]) -> None:
    picture = made_picture(FACE)
    plain = skin_ita(picture, FACE)
    low, high = (np.round(f(FACE.points[list(patch), :2], axis=0)) for f in (np.min, np.max))
    x0, y0, x1, y1 = (int(value) for value in (*low, *high))
    picture[y0 - 1 : y1 + 2, x0 - 1 : x1 + 2] = (40, 25, 15)  # hair
    assert skin_ita(picture, FACE) == pytest.approx(plain, abs=0.01)


def test_mouth_nose_and_eyes_do_not_count() -> None:
    picture = made_picture(FACE)
    plain = skin_ita(picture, FACE)
    head = canonical_mesh().vertices
    nose_wing, lids = -1.8, (1.3, 4.3)
    for low, high in ((-10.0, nose_wing), lids):
        y = 150 - 12 * np.array([high, low])  # pixels a centimetre and centre of `made_landmarks`
        picture[round(y[0]) : round(y[1])] = (250, 20, 20)
    assert head[:, 1].min() > -10
    assert skin_ita(picture, FACE) == pytest.approx(plain, abs=0.01)


def test_grey_pictures_have_no_angle() -> None:
    grey = np.repeat(made_picture(FACE).mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert math.isnan(skin_ita(grey, FACE))


def test_a_face_outside_the_picture_has_no_angle() -> None:
    picture = made_picture(FACE)
    away = FaceLandmarks(FACE.points + np.float32(1000), FACE.blendshapes, FACE.pose)
    assert math.isnan(skin_ita(picture, away))
    left = FaceLandmarks(FACE.points - np.float32(1000), FACE.blendshapes, FACE.pose)
    assert math.isnan(skin_ita(picture, left))


def test_a_face_cut_in_half_is_measured_on_what_is_there() -> None:
    picture = made_picture(FACE)
    assert skin_ita(picture[:, :150], FACE) == pytest.approx(skin_ita(picture, FACE), abs=0.01)
