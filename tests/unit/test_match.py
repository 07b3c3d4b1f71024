"""Sharpness, grain and colour of the light, on pictures where they are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskface.occluders import SurgicalMask
from maskface.occluders.drawing.geometry import fit_head
from maskface.occluders.drawing.layer import Layer, plain
from maskface.occluders.drawing.render import grain_tile, match
from maskface.occluders.photo.light import estimate_balance
from maskface.occluders.photo.sharpness import Quality, estimate_quality
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
FIT = fit_head(FACE.points)


def with_brows(face: FaceLandmarks = FACE) -> ImageArray:
    """A made face with dark bars where eyes and brows are: the only sharp edges above a mask."""
    picture = made_picture(face)
    for y in (-40, -28):
        for x in (-45, 20):
            cv2.rectangle(
                picture, (150 + x, 150 + y), (150 + x + 25, 150 + y + 5), (40, 30, 30), -1
            )
    return picture


def degraded(sigma: float, noise: float) -> ImageArray:
    blurred = cv2.GaussianBlur(with_brows(), (0, 0), sigma).astype(np.float64)
    grain = np.random.default_rng(3).normal(0, noise, blurred.shape[:2])
    return np.asarray(np.clip(np.round(blurred + grain[..., None]), 0, 255), np.uint8)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_blur_is_measured(sigma: float, noise: float) -> None:
    assert estimate_quality(degraded(sigma, noise), FIT).blur == pytest.approx(sigma, rel=0.2)


def test_what_lids_do_to_sharpness_is_not_followed() -> None:
    for sigma in (0.3, 0.4, 0.45):  # 0.61 to 0.68 px by what is left of the edges
        assert estimate_quality(degraded(sigma, 0.0), FIT).blur == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("noise", [2.0, 5.0, 9.0])
def test_noise_is_measured(noise: float) -> None:
    assert estimate_quality(degraded(1.0, noise), FIT).grain == pytest.approx(noise, rel=0.1)


def test_quality_ignores_the_lower_face() -> None:
    picture = degraded(1.5, 3.0)
    before = estimate_quality(picture, FIT)
    picture[165:] = np.random.default_rng(0).integers(0, 256, picture[165:].shape)
    assert estimate_quality(picture, FIT) == before


def test_a_face_outside_the_picture_is_sharp_and_clean() -> None:
    fit = fit_head(made_landmarks(centre=(1000, 1000)).points)
    assert estimate_quality(np.zeros((50, 50, 3), np.uint8), fit) == Quality(0.5, 0.0)


def flat_layer(level: int = 120) -> Layer:
    layer = Layer.empty((80, 90))
    alpha = np.zeros((80, 90), np.uint8)
    alpha[20:60, 20:70] = 255
    layer.put_behind(plain((level, level, level)), alpha)
    return layer


def test_grain_is_as_strong_as_asked_and_stays_on_the_drawing() -> None:
    layer = match(flat_layer(), Quality(0.5, 6.0), np.random.default_rng(0))
    assert layer.colour[25:55, 25:65].std() == pytest.approx(6.0, rel=0.1)
    assert layer.colour[25:55, 25:65].mean() == pytest.approx(120, abs=0.5)
    assert (layer.colour <= layer.alpha[..., None]).all()
    assert layer.colour[:10].max() == 0


def test_grain_for_many_sizes_is_not_kept() -> None:
    for repeats in range(1, 6):
        assert grain_tile(repeats).shape == (512 * repeats, 512 * repeats)
    assert grain_tile.cache_info().currsize <= 3


def two_layers(places: list[tuple[int, int]]) -> Layer:
    layer = Layer.empty((90, 120))
    alpha = np.zeros((90, 120), np.uint8)
    for y, x in places:
        alpha[y : y + 20, x : x + 30] = 255
    layer.put_behind(plain((200, 120, 40)), alpha)
    return layer


@pytest.mark.parametrize("place", [(0, 0), (35, 50), (70, 90), (0, 90)])
def test_softness_and_grain_do_not_depend_on_what_else_is_drawn(place: tuple[int, int]) -> None:
    y, x = place
    far = (y + 45) % 90, (x + 60) % 120
    one, both = (
        match(two_layers(places), Quality(1.5, 6.0), np.random.default_rng(2))
        for places in ([place], [place, far])
    )
    near = np.s_[max(y - 8, 0) : y + 28, max(x - 8, 0) : x + 38]
    np.testing.assert_array_equal(one.alpha[near], both.alpha[near])
    np.testing.assert_array_equal(one.colour[near], both.colour[near])
    # The drawing is softened as a whole picture would be, also beside the picture's edge.
    whole = cv2.GaussianBlur(two_layers([place]).alpha, (9, 9), np.sqrt(1.5**2 - 0.29**2))
    np.testing.assert_array_equal(one.alpha, whole)


def test_what_lies_behind_shows_as_far_as_it_is_free() -> None:
    near, far = np.random.default_rng(0).integers(0, 256, (2, 40, 50), np.uint8)
    near[:, 40:] = 0
    tone = np.array([7, 130, 251])
    layer = Layer.empty((40, 50))
    layer.put_behind(plain((9, 9, 9)), near[:, :40], np.s_[:, :40])
    layer.put_behind(plain((7, 130, 251)), far)
    free = far / 255 * (255 - near.astype(float))
    np.testing.assert_allclose(layer.alpha, near + free, atol=0.6)
    expected = (near[..., None] * 9.0 + free[..., None] * tone) / 255
    np.testing.assert_allclose(layer.colour, expected, atol=1.6)
    assert (layer.colour <= layer.alpha[..., None]).all()


def test_edges_become_as_soft_as_asked() -> None:
    layer = match(flat_layer(), Quality(2.0, 0.0), np.random.default_rng(0))
    profile = np.diff(layer.alpha[40, :45].astype(float)) / 255
    places = np.arange(44) + 0.5
    middle = (profile * places).sum()
    spread = np.sqrt((profile * (places - middle) ** 2).sum())
    # A drawn edge has some softness of its own already.
    assert spread == pytest.approx(2.0, abs=0.15)
    np.testing.assert_allclose(
        layer.colour[40, :, 0], 120 / 255 * layer.alpha[40].astype(float), atol=2
    )


def test_blurry_photographs_get_blurry_masks() -> None:
    def steepest(picture: ImageArray) -> float:
        return float(np.abs(np.diff(SurgicalMask().apply(picture, FACE).alpha.astype(int))).max())

    assert steepest(degraded(3.0, 0.0)) < 0.5 * steepest(with_brows())


@pytest.mark.parametrize("gains", [(1.1, 1.0, 0.9), (0.92, 1.0, 1.08), (1.0, 1.0, 1.0)])
def test_the_colour_of_the_light_is_found(gains: tuple[float, float, float]) -> None:
    scene = np.full((300, 300, 3), 60, np.uint8)  # grey things of several brightnesses
    for number, level in enumerate((20, 90, 140, 180)):
        scene[20:90, 20 + 65 * number : 60 + 65 * number] = level
    tinted = np.clip(np.round(scene * np.array(gains)), 0, 255).astype(np.uint8)
    found = np.array(estimate_balance(tinted, FIT))
    expected = np.array(gains) / np.prod(gains) ** (1 / 3)
    # Most of the cast is taken over, none of it in the wrong direction.
    np.testing.assert_allclose(np.log(found), 0.5 * np.log(expected), atol=0.01)


def test_a_plain_picture_has_white_light() -> None:
    assert estimate_balance(np.full((300, 300, 3), (200, 90, 40), np.uint8), FIT) == (1, 1, 1)


def test_the_lower_face_does_not_colour_the_light() -> None:
    picture = with_brows()
    before = estimate_balance(picture, FIT)
    picture[165:, :, 0] = np.random.default_rng(0).integers(0, 256, picture[165:, :, 0].shape)
    assert estimate_balance(picture, FIT) == before


def test_a_mask_takes_the_colour_of_the_light() -> None:
    white = SurgicalMask(colour="#e0e0e0")
    scene = with_brows()
    scene[5:35, 40:260] = 10
    scene[12:28, 60:240] = 230  # the strongest edges are those of something grey
    warm = np.clip(scene * np.array([1.1, 1.0, 0.85]), 0, 255).astype(np.uint8)
    plain, tinted = (white.apply(picture, FACE) for picture in (scene, warm))
    inside = plain.alpha == 255
    ratio = tinted.image[inside].mean(axis=0) / plain.image[inside].mean(axis=0)
    assert ratio[0] > 1.02 > 0.98 > ratio[2]
