"""Spectacles in the photograph lie before a mask; nothing else of the face does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskface.occluders import get_occluder
from maskface.occluders.drawing.geometry import fit_head
from maskface.occluders.photo.spectacles import find_frame
from maskface.types import ImageArray
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
FIT = fit_head(FACE.points)
EDGE = (3.2, 0.03)
"""A place in cm on the lower rim of the left lens; a usual mask reaches above it."""


Colour = tuple[int, int, int]
BLACK: Colour = (40, 40, 40)
GOLD: Colour = (214, 178, 96)
SILVER: Colour = (190, 192, 196)
PINK: Colour = (235, 150, 170)
WHITE: Colour = (236, 234, 230)


def ellipse(
    picture: ImageArray, half: tuple[float, float], colour: Colour, width: float, part: int
) -> None:
    """A lens's rim before either eye, or a part of it in degrees from its lower edge on."""
    t = np.radians(np.linspace(-90, part - 90, 90))
    for mirror in (-1, 1):
        x, y = mirror * (3.6 + half[0] * np.cos(t)), 2.4 + half[1] * np.sin(t)
        draw(picture, np.stack([x, y], 1), colour, width)


def draw(picture: ImageArray, line: np.ndarray, colour: Colour, width: float) -> None:
    head = np.column_stack([line, 6.15 - 0.043 * line[:, 0] ** 2])
    places = np.round(FIT.project(head)[:, :2] * 16).astype(np.int32)
    wide = max(1, round(width * FIT.scale))
    cv2.polylines(picture, [places], False, colour, wide, cv2.LINE_AA, 4)


def spectacles(
    colour: Colour = BLACK,
    width: float = 0.2,
    *,
    bridge: bool = True,
    part: int = 360,
    half: tuple[float, float] = (2.5, 2.4),
) -> ImageArray:
    picture = made_picture(FACE).copy()
    ellipse(picture, half, colour, width, part)
    if bridge:
        draw(picture, np.array([[-1.2, 3.0], [1.2, 3.0]]), colour, width)
    return picture


def folds() -> ImageArray:
    """Brows, bags under the eyes, a fold over the nose, and folds beside it; nothing at the sides.

    All darker than a rim needs to be.
    """
    picture = made_picture(FACE).copy()
    for mirror in (-1, 1):
        across = np.linspace(1.2, 5.4, 30)
        arch = ((across - 3.3) / 2.1) ** 2
        for height, bow in ((4.4, -0.5), (0.9, 0.4)):
            line = np.stack([mirror * across, height + bow * arch], 1)
            draw(picture, line, (110, 70, 50), 0.3)
        side = np.linspace(3.5, 0.8, 20)
        draw(picture, np.stack([mirror * (1.0 + 0 * side), side], 1), (150, 105, 85), 0.3)
    draw(picture, np.array([[-1.2, 3.4], [1.2, 3.4]]), (110, 70, 50), 0.2)
    return picture


def at(plane: np.ndarray, place: tuple[float, float]) -> int:
    x, y = FIT.project(np.array([*place, 6.15 - 0.043 * place[0] ** 2]))[:2].round().astype(int)
    return int(plane[y - 1 : y + 2, x].min())


@pytest.mark.parametrize("colour", [BLACK, GOLD, SILVER, PINK, WHITE])
@pytest.mark.parametrize("width", [0.1, 0.3])
def test_a_frame_is_found_where_it_is_drawn(colour: Colour, width: float) -> None:
    drawn = spectacles(colour, width)
    frame = find_frame(drawn, FIT)
    assert frame is not None
    found = frame.within(0, 0, drawn.shape[:2])
    beside = np.abs(np.arange(300) - FIT.project(np.zeros(3))[0]) > 1.3 * FIT.scale
    changed = np.abs(drawn.astype(int) - made_picture(FACE)).max(axis=2)
    rims = (changed > 0.9 * changed.max()) & beside
    assert (found[rims] > 127).mean() > 0.75
    near = cv2.dilate((changed > 0).astype(np.uint8), np.ones((3, 3)))
    assert found[near == 0].max() == 0


@pytest.mark.parametrize("colour", [BLACK, SILVER])
def test_colours_of_the_photograph_do_not_matter(colour: Colour) -> None:
    drawn = spectacles(colour)
    grey = np.asarray(cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY))
    frame = find_frame(np.dstack([grey, grey, grey]), FIT)
    assert frame is not None


@pytest.mark.parametrize(
    "picture",
    [
        made_picture(FACE),
        spectacles(bridge=False),  # rings under the eyes
        spectacles(part=180),  # a line over the nose and folds that enclose nothing
        spectacles(half=(2.0, 1.4)),  # brows and bags under the eyes that meet
        folds(),
    ],
)
def test_nothing_else_is_a_frame(picture: ImageArray) -> None:
    assert find_frame(picture, FIT) is None


@pytest.mark.parametrize("strength", [20, 60])
def test_grain_is_no_frame(strength: int) -> None:
    rng = np.random.default_rng(strength)
    noise = rng.normal(0, strength, (300, 300, 3))
    grainy = np.clip(made_picture(FACE) + noise, 0, 255).astype(np.uint8)
    assert find_frame(grainy, FIT) is None


def test_a_rim_whose_glints_cross_the_tone_of_skin_has_no_gap() -> None:
    """Metal is darker than skin in one place and lighter in another."""
    drawn, t = made_picture(FACE).copy(), np.radians(np.arange(0, 361, 4))
    for mirror in (-1, 1):
        x, y = mirror * (3.6 + 2.5 * np.cos(t)), 2.4 + 2.4 * np.sin(t)
        for start in range(len(t) - 1):
            level = 172 + round(80 * np.sin(3 * t[start]))
            piece = np.stack([x, y], 1)[start : start + 2]
            draw(drawn, piece, (level, level, level), 0.16)
    draw(drawn, np.array([[-1.2, 3.0], [1.2, 3.0]]), (90, 90, 90), 0.16)
    frame = find_frame(drawn, FIT)
    assert frame is not None
    found = frame.within(0, 0, drawn.shape[:2])
    around = np.stack([3.6 + 2.5 * np.cos(t), 2.4 + 2.4 * np.sin(t)], 1)
    missed = [at(cv2.dilate(found, np.ones((3, 3))), (x, y)) < 60 for x, y in around]
    assert np.mean(missed) < 0.05


def test_dark_lenses_hide_the_mask_and_clear_ones_do_not() -> None:
    middle = (3.6, 0.7)
    for tone, least, most in ((30, 250, 255), (None, 0, 0)):
        drawn = spectacles()
        if tone is not None:
            for mirror in (-1, 1):
                x, y = FIT.project(np.array([mirror * 3.6, 2.4, 5.6]))[:2].round().astype(int)
                size = (round(2.5 * FIT.scale), round(2.4 * FIT.scale))
                cv2.ellipse(drawn, (int(x), int(y)), size, 0, 0, 360, (tone,) * 3, -1)
        frame = find_frame(drawn, FIT)
        assert frame is not None
        assert least <= at(frame.within(0, 0, drawn.shape[:2]), middle) <= most


def test_small_faces_and_those_cut_off_have_none() -> None:
    small = cv2.resize(spectacles(), (60, 60), interpolation=cv2.INTER_AREA)
    points = (FACE.points * 0.2).astype(np.float32)
    assert find_frame(np.asarray(small, np.uint8), fit_head(points)) is None
    assert find_frame(np.zeros((40, 40, 3), np.uint8), fit_head(FACE.points + 500)) is None


def test_a_part_of_the_picture_has_its_part_of_the_frame() -> None:
    frame = find_frame(spectacles(), FIT)
    assert frame is not None
    whole = frame.within(0, 0, (300, 300))
    for top, left, height, width in ((100, 90, 60, 80), (0, 0, 130, 140), (250, 10, 40, 40)):
        part = frame.within(top, left, (height, width))
        np.testing.assert_array_equal(part, whole[top : top + height, left : left + width])


@pytest.mark.slow
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
