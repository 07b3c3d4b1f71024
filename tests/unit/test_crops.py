"""Cutting pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.crops import cut, face_crop, middle, upright_crop
from maskface.types import Face, FaceLandmarks, Pose
from tests.fixtures.faces import made_landmarks


@given(
    x0=st.integers(-50, 80), y0=st.integers(-50, 80),
    width=st.integers(1, 90), height=st.integers(1, 90),
)  # fmt: skip
def test_cut_repeats_the_border(x0: int, y0: int, width: int, height: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    padded = np.pad(picture, ((150, 150), (150, 150), (0, 0)), mode="edge")
    expected = padded[150 + y0 : 150 + y0 + height, 150 + x0 : 150 + x0 + width]
    np.testing.assert_array_equal(cut(picture, x0, y0, width, height), expected)


def test_crop_is_the_square_around_the_landmarks() -> None:
    points = np.zeros((478, 3), np.float32)
    points[:, 0] = np.linspace(100, 180, 478)  # 80 wide
    points[:, 1] = np.linspace(100, 200, 478)  # 100 high: side 105
    face = FaceLandmarks(points, np.zeros(52, np.float32), Pose(0, 0, 0))
    yy, xx = np.mgrid[:300, :300]
    picture = np.dstack([xx // 2, yy // 2, np.zeros_like(xx)]).astype(np.uint8)
    crop = face_crop(picture, face)
    assert crop.shape == (105, 105, 3)
    # left = 140 - 52.5 = 87.5, rounded to the even 88; top = 150 - 52.5 = 97.5, rounded to 98
    np.testing.assert_array_equal(crop[0, 0], [88 // 2, 98 // 2, 0])


@pytest.mark.parametrize(
    ("side", "fraction", "margin"), [(105, 0.95 / 1.05, 5), (10, 0.5, 2), (7, 1, 0), (2, 0.3, 0)]
)
def test_the_middle_has_the_same_margin_on_all_sides(
    side: int, fraction: float, margin: int
) -> None:
    picture = np.arange(side * side * 3, dtype=np.uint32).astype(np.uint8).reshape(side, side, 3)
    inside = picture[margin : side - margin, margin : side - margin]
    np.testing.assert_array_equal(middle(picture, fraction), inside)


@pytest.mark.parametrize(
    ("roll", "turns"), [(0, 0), (44, 0), (-44, 0), (90, 1), (-90, 3), (180, 2)]
)
def test_crops_of_heads_on_their_side_are_turned_by_quarter_turns(roll: float, turns: int) -> None:
    upright = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    lying = np.rot90(upright, -turns)  # a positive roll is clockwise
    landmarks = replace(made_landmarks(), pose=Pose(0, 0, roll))
    np.testing.assert_array_equal(upright_crop(Face(lying, landmarks)), upright)
