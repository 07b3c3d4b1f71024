"""With what controls hide a face; where they do is in `test_regions`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from maskface.occluders import OCCLUDERS, Drawing, Occluder, get_occluder
from maskface.types import FaceLandmarks, ImageArray, Occlusion
from tests.fixtures.faces import SKIN, made_landmarks, made_picture, noise_picture

FLAT = ("fill", "mean", "noise")
PAINTS = (*FLAT, "blur", "pixelate")
REGIONS = ("block", "half", "window(show=mouth)", "bubbles", "sweep(share=0.4)", "surgical")
WHOLE = "bubbles(n=0)"
WIDTH = 2 * 7.743 * 12
"""Pixels across the average head at the fixture's size."""


def put(
    spec: str, picture: ImageArray, face: FaceLandmarks | None = None, seed: int = 0
) -> Occlusion:
    return get_occluder(spec).apply(picture, face or made_landmarks(yaw=10), seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("paint", PAINTS)
@pytest.mark.parametrize("region", REGIONS)
def test_only_the_region_changes(paint: str, region: str) -> None:
    picture = noise_picture()
    before = picture.copy()
    result, other = put(f"{paint}:region={region}", picture, seed=4), put(region, picture, seed=4)
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(result.alpha, other.alpha)
    assert result.coverage == other.coverage
    assert result.shadow.max() == 0
    np.testing.assert_array_equal(result.image[result.alpha == 0], picture[result.alpha == 0])
    assert (result.image[result.mask] != picture[result.mask]).any(axis=-1).mean() > 0.9


@pytest.mark.parametrize("paint", FLAT)
@pytest.mark.parametrize("region", REGIONS)
def test_what_is_hidden_does_not_show(paint: str, region: str) -> None:
    plain = made_picture(made_landmarks(yaw=10))
    first = put(f"{paint}:region={region}", plain, seed=2)
    scribbled = plain.copy()
    scribbled[first.alpha == 255] = noise_picture()[first.alpha == 255]
    second = put(f"{paint}:region={region}", scribbled, seed=2)
    np.testing.assert_array_equal(first.image, second.image)


@pytest.mark.parametrize(
    "spec", ["fill", "mean", "blur", "pixelate", "half", "window", "block", "sweep", "upper"]
)
def test_chance_plays_no_part(spec: str) -> None:
    picture = noise_picture()
    first, second = put(spec, picture, seed=1), put(spec, picture, seed=2)
    np.testing.assert_array_equal(first.image, second.image)


@pytest.mark.parametrize(
    "spec", ["noise:region=half", "bubbles", "patch:like=half", "blur:region=bubbles"]
)
def test_the_seed_decides(spec: str) -> None:
    picture = noise_picture()
    first, again, other = (put(spec, picture, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.image != other.image).any()


@pytest.mark.parametrize("colour", ["grey", "black", "#12ab34"])
@pytest.mark.parametrize("spec", ["fill:region=half,", "half:", "window:", "bubbles:"])
def test_flat_colours(spec: str, colour: str) -> None:
    result = put(f"{spec}colour={colour}", noise_picture())
    painted = result.image[result.alpha == 255]
    assert (painted == painted[0]).all()
    if colour.startswith("#"):
        assert painted[0].tolist() == [0x12, 0xAB, 0x34]


def test_a_colour_is_mixed_by_alpha() -> None:
    picture = noise_picture()
    result = put("bubbles:colour=#c86432", picture)
    share = result.alpha[..., None] / 255.0
    expected = (1 - share) * picture + share * [200, 100, 50]
    assert np.abs(result.image - expected).max() <= 1


@pytest.mark.parametrize("region", ["half", "window", "sweep(share=0.6)", "surgical"])
def test_the_mean_is_that_of_the_visible_skin(region: str) -> None:
    face = made_landmarks(yaw=10)
    picture = made_picture(face)
    picture[::4] = (20, 15, 10)  # hair
    picture[put(region, picture, face).alpha > 0] = (0, 255, 0)
    result = put(f"mean:region={region}", picture, face)
    painted = result.image[result.alpha == 255]
    np.testing.assert_array_equal(painted, np.broadcast_to(SKIN, painted.shape))


def test_the_mean_of_several_tones() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    picture[:, :150] = (180, 140, 120)
    picture[:, 150:] = (220, 180, 140)
    result = put("mean:region=sweep(share=0.5)", picture, face)
    painted = result.image[result.alpha == 255][0].astype(int)
    assert np.abs(painted - [200, 160, 130]).max() <= 1


@pytest.mark.parametrize("paint", ["mean", "noise"])
def test_colours_without_any_visible_face(paint: str) -> None:
    face = made_landmarks()
    picture = np.full((300, 300, 3), (10, 20, 30), np.uint8)
    result = put(f"{paint}:region={WHOLE}", picture, face)
    np.testing.assert_array_equal(result.image, picture)
    everything = put(f"{paint}:region={WHOLE}", noise_picture((20, 20)), face)
    assert everything.alpha.max() in {0, 255}
    close = made_landmarks(scale=200)
    filled = put(f"{paint}:region={WHOLE}", noise_picture((300, 300)), close)
    assert (filled.alpha == 255).all()
    assert (filled.image == 128).all()


def test_noise_has_the_colours_of_the_visible_face() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    picture[:, 150:] = (90, 60, 50)
    result = put("noise:region=sweep(share=0.5),blocks=64", picture, face)
    painted = result.image[result.alpha == 255]
    tones, counts = np.unique(painted, axis=0, return_counts=True)
    np.testing.assert_array_equal(tones, [(90, 60, 50), SKIN])
    assert counts[0] / counts.sum() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("blocks", [8, 32])
def test_noise_is_in_blocks(blocks: int) -> None:
    result = put(f"noise:region={WHOLE},blocks={blocks}", noise_picture(), made_landmarks())
    row = result.image[150, 80:220]
    steps = np.flatnonzero((row[1:] != row[:-1]).any(axis=1))
    assert np.diff(steps).mean() == pytest.approx(WIDTH / blocks, rel=0.05)


@pytest.mark.parametrize("size", [0.01, 0.05, 0.1, 0.3])
def test_blur_is_gaussian(size: float) -> None:
    picture = noise_picture()
    picture = gaussian_filter(picture, (1, 1, 0))
    picture[:, :140] //= 3
    picture[100:130] = 255 - picture[100:130]
    result = put(f"blur:region={WHOLE},size={size}", picture, made_landmarks())
    sigma = size * WIDTH
    expected = gaussian_filter(picture.astype(float), (sigma, sigma, 0), mode="mirror")
    inside = result.alpha == 255
    # A wide blur is cut off three deviations away and at the border of the picture.
    assert np.abs(result.image - expected)[inside].max() < (3 if size < 0.2 else 8)


def test_pixels_are_the_means_of_their_blocks() -> None:
    picture = noise_picture()
    result = put(f"pixelate:region={WHOLE}", picture, made_landmarks())
    solid = np.ix_(range(90, 210), range(90, 210))
    image = result.image[solid].astype(int)
    down = np.flatnonzero(np.diff(image[:, 0], axis=0).any(axis=1)) + 91
    along = np.flatnonzero(np.diff(image[0], axis=0).any(axis=1)) + 91
    assert len(down) >= 2
    assert len(along) >= 2
    for top, bottom in pairwise(down):
        assert bottom - top == pytest.approx(WIDTH / 6, abs=1)
        for left, right in pairwise(along):
            block = np.s_[top:bottom, left:right]
            mean = picture[block].reshape(-1, 3).mean(axis=0)
            assert np.abs(result.image[block] - mean).max() <= 0.5001


@pytest.mark.parametrize("paint", ["blur", "pixelate"])
def test_another_crop_of_the_picture_shows_the_same(paint: str) -> None:
    face = made_landmarks(scale=6)
    points = (face.points - [31, 17, 0]).astype(np.float32)
    moved = FaceLandmarks(points, face.blendshapes, face.pose)
    picture = noise_picture()
    spec = f"{paint}:region=block,{'size=0.02' if paint == 'blur' else 'blocks=9'}"
    whole, part = put(spec, picture, face), put(spec, picture[17:, 31:].copy(), moved)
    np.testing.assert_array_equal(whole.alpha[17:, 31:], part.alpha)
    np.testing.assert_array_equal(whole.image[17:, 31:], part.image)


@pytest.mark.parametrize("spec", [*PAINTS, "half:colour=pink", "bubbles", "patch:like=half"])
def test_grey_stays_grey(spec: str) -> None:
    grey = np.repeat(noise_picture()[..., :1], 3, axis=2)
    image = put(spec, grey).image
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


@pytest.mark.parametrize("paint", PAINTS)
@settings(max_examples=8, deadline=None)
@given(
    place=st.tuples(st.floats(-60, 360), st.floats(-60, 360)),
    scale=st.floats(0.3, 40),
    region=st.sampled_from(["half", "bubbles", "window", WHOLE]),
)
def test_any_place_and_size(
    paint: str, place: tuple[float, float], scale: float, region: str
) -> None:
    picture = noise_picture()
    result = put(f"{paint}:region={region}", picture, made_landmarks(scale=scale, centre=place))
    np.testing.assert_array_equal(result.image[result.alpha == 0], picture[result.alpha == 0])


@pytest.mark.parametrize("paint", PAINTS)
def test_pictures_of_16_pixels(paint: str) -> None:
    face = made_landmarks(scale=0.6, centre=(7.5, 7.5))
    result = put(f"{paint}:region=half", noise_picture((16, 16)), face)
    assert 0 < result.coverage < 1


@pytest.mark.parametrize("paint", PAINTS)
def test_the_region_none_is_the_picture_itself(paint: str) -> None:
    picture = noise_picture()
    result = put(f"{paint}:region=none", picture)
    np.testing.assert_array_equal(result.image, picture)
    assert result.coverage == 0


def test_a_region_may_be_another_control() -> None:
    picture = noise_picture()
    inner = put("fill:region=blur(region=half)", picture)
    np.testing.assert_array_equal(inner.image, put("half", picture).image)


@dataclass(frozen=True)
class Stripe(Occluder):
    """Another package's occluder."""

    name: ClassVar[str] = "stripe"

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        alpha = np.zeros(image.shape[:2], np.uint8)
        alpha[140:160] = 255
        return Drawing.of(np.zeros_like(image), alpha)


@dataclass(frozen=True)
class QuickStripe(Stripe):
    """One that can say what it hides without painting it."""

    def hide(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        alpha = np.zeros(image.shape[:2], np.uint8)
        alpha[150:170] = 255
        return alpha


@pytest.mark.parametrize(("made", "rows"), [(Stripe, (140, 160)), (QuickStripe, (150, 170))])
def test_other_packages_have_regions_too(made: type[Stripe], rows: tuple[int, int]) -> None:
    OCCLUDERS.register("stripe")(made)
    try:
        result = put("fill:region=stripe", noise_picture())
    finally:
        OCCLUDERS.unregister("stripe")
    assert np.flatnonzero(result.mask.all(axis=1)).tolist() == list(range(*rows))
    assert result.mask.sum() == 20 * 300
