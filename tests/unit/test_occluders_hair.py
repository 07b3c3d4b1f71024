"""Loops go under hair that covers the ears, and over everything else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from maskface.mesh import FACE_OVAL
from maskface.occluders import get_occluder
from maskface.occluders.drawing.geometry import fit_head
from maskface.occluders.photo.hair import Colours, Hair, classify_colours, colours_of, find_hair
from maskface.types import ImageArray
from tests.fixtures.faces import SKIN, made_landmarks, made_picture

FACE = made_landmarks()
FIT = fit_head(FACE.points)
DARK = (42, 34, 30)
CAP = [(-8.6, 3.0), (-8.4, 9.0), (-5.0, 12.0), (5.0, 12.0), (8.4, 9.0), (8.6, 3.0), (6.5, 6.8)]
CAP += [(3.0, 8.6), (-3.0, 8.6), (-6.5, 6.8)]
CURTAIN = [(6.9, 7.0), (9.7, 7.0), (9.7, -7.0), (6.9, -7.0)]
EAR = [(7.4, 3.2), (8.6, 3.6), (9.3, 2.4), (8.8, -0.5), (8.0, -2.4), (7.4, -1.8)]
ENDS = ((7.6, 2.35, -1.9), (7.5, -1.3, -2.0))
"""Places in cm on the upper and the lower left loop, shortly before they fade at the ear."""


def paint(
    picture: ImageArray, outline: list[tuple[float, float]], colour: tuple[int, ...], sides: str
) -> None:
    """Fill a polygon of the head, seen from before, on the left (l), the right (r) or both."""
    for mirror in [{"l": 1, "r": -1}[side] for side in sides]:
        head = np.array([(mirror * x, y, -1.0) for x, y in outline])
        places = np.round(FIT.project(head)[:, :2] * 16).astype(np.int32)
        cv2.fillPoly(picture, [places], [*colour], cv2.LINE_AA, 4)


def haired(
    *, over: str = "lr", ears: str = "", hair: tuple[int, ...] = DARK, skin: tuple[int, ...] = SKIN
) -> ImageArray:
    """A face with short hair, hair over the ears of some sides and bare ears on some."""
    picture = made_picture(FACE, skin=skin).copy()
    paint(picture, CAP, hair, "l")
    paint(picture, CURTAIN, hair, over)
    paint(picture, EAR, skin, ears)
    return picture


def at(plane: np.ndarray, place: tuple[float, float, float]) -> int:
    x, y = FIT.project(np.array(place))[:2].round().astype(int)
    return int(plane[y - 1 : y + 2, x - 1 : x + 2].max())


def mirrored(place: tuple[float, float, float]) -> tuple[float, float, float]:
    return -place[0], place[1], place[2]


def whole(hair: Hair, picture: ImageArray) -> np.ndarray:
    return hair.free((slice(0, picture.shape[0]), slice(0, picture.shape[1])))


@pytest.mark.parametrize("spec", ["surgical", "cloth", "ffp2", "fashion"])
def test_loops_go_under_long_hair(spec: str) -> None:
    occluder = get_occluder(spec)
    plain, covered = (occluder.apply(haired(over=over), FACE).alpha for over in ("", "lr"))
    beside = np.abs(np.arange(300) - FIT.project(np.zeros(3))[0]) > 7.5 * FIT.scale
    for side in (beside & (np.arange(300) > 150), beside & (np.arange(300) < 150)):
        assert plain[:, side].max() > 200
        assert covered[:, side].max() == 0
    inside = np.abs(np.arange(300) - FIT.project(np.zeros(3))[0]) < 5.0 * FIT.scale
    assert np.array_equal(plain[:, inside], covered[:, inside])


def test_nothing_changes_outside_of_alpha_and_shadow_and_copies_hide_the_same() -> None:
    picture = haired()
    drawn = get_occluder("surgical").apply(picture, FACE)
    free = (drawn.alpha == 0) & (drawn.shadow == 0)
    assert np.array_equal(drawn.image[free], picture[free])
    copy = get_occluder("fill:region=surgical").apply(picture, FACE)
    assert np.array_equal(copy.alpha, drawn.alpha)


def test_only_the_side_that_hair_covers_is_hidden() -> None:
    hair = find_hair(haired(over="l", ears="r"), FIT)
    assert hair is not None
    assert len(hair.sides) == 1
    free = whole(hair, haired())
    assert at(free, ENDS[0]) == 0
    assert at(free, mirrored(ENDS[0])) == 255


@pytest.mark.parametrize(
    "picture",
    [
        made_picture(FACE),  # no hair
        haired(over="", ears="lr"),  # short hair
        haired(ears="lr"),  # long hair behind the ears
        haired(hair=SKIN),  # as light as skin
        haired(hair=(230, 226, 220)),  # lighter
        haired(hair=(34, 30, 28), skin=(44, 36, 33)),  # skin nearly as dark
    ],
)
def test_bare_ears_and_doubtful_hair_hide_nothing(picture: ImageArray) -> None:
    assert find_hair(picture, FIT) is None


@pytest.mark.parametrize("skin", [(224, 180, 155), SKIN, (110, 78, 62)])
def test_dark_hair_is_found_beside_any_skin(skin: tuple[int, int, int]) -> None:
    hair = find_hair(haired(skin=skin, hair=(24, 20, 19)), FIT)
    assert hair is not None
    assert len(hair.sides) == 2


def test_grey_pictures_have_hair() -> None:
    grey = cv2.cvtColor(haired(), cv2.COLOR_RGB2GRAY)
    hair = find_hair(np.asarray(cv2.merge([grey] * 3), np.uint8), FIT)
    assert hair is not None
    assert at(whole(hair, haired()), ENDS[0]) == 0


def test_the_mouth_is_not_read() -> None:
    picture = haired()
    hair = find_hair(picture, FIT)
    below = picture.copy()
    x, y = FIT.project(np.array([0.0, -0.5, 7.5]))[:2].round().astype(int)
    half = int(5.0 * FIT.scale)
    below[y:, x - half : x + half] = np.random.default_rng(0).integers(0, 256, 3)
    again = find_hair(below, FIT)
    assert hair is not None
    assert again is not None
    assert np.array_equal(whole(hair, picture), whole(again, picture))


def test_noise_hardly_changes_it() -> None:
    picture = haired()
    rng = np.random.default_rng(3)
    planes = []
    for _ in range(6):
        noisy = picture + rng.normal(0, 5, picture.shape)
        hair = find_hair(np.clip(np.round(noisy), 0, 255).astype(np.uint8), FIT)
        assert hair is not None
        planes.append(whole(hair, picture).astype(float))
    assert np.std(planes, axis=0).mean() < 1.0
    assert np.percentile(np.std(planes, axis=0), 99) < 12.0


def test_small_heads_have_none() -> None:
    points = (FACE.points * 0.3).astype(np.float32)
    small = np.asarray(cv2.resize(haired(), (90, 90), interpolation=cv2.INTER_AREA), np.uint8)
    assert find_hair(small, fit_head(points)) is None


@pytest.mark.parametrize(("yaw", "sides"), [(0, 2), (40, 1), (-40, 1)])
def test_the_far_side_of_a_turned_head_is_left_alone(yaw: float, sides: int) -> None:
    face = made_landmarks(yaw=yaw)
    picture = np.full((300, 300, 3), DARK, np.uint8)
    outline = np.round(face.points[list(FACE_OVAL), :2]).astype(np.int32)
    cv2.fillPoly(picture, [outline], SKIN)
    hair = find_hair(picture, fit_head(face.points))
    assert hair is not None
    assert len(hair.sides) == sides


def test_a_part_of_the_picture_is_a_part_of_the_whole() -> None:
    picture = haired()
    hair = find_hair(picture, FIT)
    assert hair is not None
    rows, columns = slice(90, 200), slice(30, 270)
    part = whole(hair, picture)[rows, columns]
    moved = hair.moved(-30, -90).free((slice(0, 110), slice(0, 240)))
    for same in (hair.free((rows, columns)), moved):
        # OpenCV rounds places to 1/32 px.
        assert np.abs(same.astype(int) - part).max() <= 6


def test_the_upper_strap_of_an_n95_lies_on_the_hair() -> None:
    covered, plain = (
        get_occluder("n95").apply(haired(over=over), FACE).alpha for over in ("lr", "")
    )
    upper, lower = (7.55, 1.7, 0.2), (6.9, -3.6, -1.0)
    assert at(covered, upper) == at(plain, upper) > 150
    assert at(covered, lower) < at(plain, lower)


def test_larger_pictures_give_the_same_hair() -> None:
    large = np.asarray(cv2.resize(haired(), (900, 900), interpolation=cv2.INTER_CUBIC), np.uint8)
    points = FACE.points * np.float32(3) + np.array([1, 1, 0], np.float32)
    hair, other = find_hair(large, fit_head(points)), find_hair(haired(), FIT)
    assert hair is not None
    assert other is not None
    shrunk = cv2.resize(whole(hair, large), (300, 300), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(float) - whole(other, haired())).mean() < 2.0


def test_likelihoods_are_those_of_normal_distributions() -> None:
    kind = Colours(np.array([4.5, 0.2, 0.1], np.float32), np.array([0.3, 0.1, 0.05], np.float32))
    seen = np.array([[[4.1, 0.25, 0.1], [5.0, 0.1, 0.2]]], np.float32)
    density = np.asarray(norm.logpdf(seen, kind.middle, kind.spread)).sum(axis=-1)
    surprise = kind.surprisal(seen)
    assert np.diff(surprise)[0, 0] == pytest.approx(-np.diff(density)[0, 0], rel=1e-5)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_shares_are_shares(colour: tuple[int, int, int]) -> None:
    skin, hair = (
        Colours(colours_of(np.full((1, 1, 3), tone, np.uint8))[0, 0], np.full(3, 0.2, np.float32))
        for tone in (SKIN, DARK)
    )
    one, other = classify_colours(colours_of(np.full((1, 1, 3), colour, np.uint8)), skin, hair)
    assert 0 <= float(one[0, 0]) <= 1
    assert 0 <= float(other[0, 0]) <= 1
    assert float(one[0, 0] + other[0, 0]) <= 1 + 1e-5
