from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from maskface.occluders.geometry import fit_head
from maskface.occluders.light import Light, estimate_light
from maskface.occluders.look import is_grey
from maskface.occluders.raster import rasterise, visible_triangles
from maskface.occluders.worn.cords import ear_loops
from maskface.occluders.worn.shapes import SURGICAL
from maskface.occluders.worn.surface import surface_of
from maskface.occluders.worn.surgical_cloth import HEIGHT, WIDTH, cloth
from tests.fixtures.faces import made_landmarks, made_picture

SQUARE = np.array([[10, 10, 0], [50, 10, 0], [10, 40, 0], [50, 40, 0]], float)
CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], float)
FACES = np.array([[0, 2, 1], [1, 2, 3]], np.int32)


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_flat_square_is_drawn_exactly(step: int) -> None:
    raster = rasterise(SQUARE, FACES, CORNERS, (60, 70), step)
    assert (raster.alpha > 127).sum() == pytest.approx(41 * 31, rel=0.03)
    assert raster.alpha[25, 30] == 255
    assert raster.alpha[5, 5] == 0
    rows, columns = np.mgrid[12:39, 12:49]
    inside = raster.lookup[12:39, 12:49]
    np.testing.assert_allclose(inside[..., 0], (columns - 10) / 40, atol=0.01)
    np.testing.assert_allclose(inside[..., 1], (rows - 10) / 30, atol=0.01)


def test_near_triangles_come_last_and_backs_are_left_out() -> None:
    near, far = np.add(SQUARE, [0, 0, -5]), np.add(SQUARE, [5, 5, 5])
    points = np.vstack([near, far])
    backs = FACES[:, ::-1]
    order = visible_triangles(points, np.vstack([FACES, FACES + 4, backs]))
    assert [triangle.min() >= 4 for triangle in order] == [True, True, False, False]
    both = rasterise(points, order, np.vstack([CORNERS * 0, CORNERS * 0 + 1]), (60, 70))
    assert both.lookup[25, 30, 0] == pytest.approx(0)  # the near square
    assert both.lookup[43, 53, 0] == pytest.approx(1)  # the far one beside it


@pytest.mark.parametrize("scale", [5.0, 50.0])
def test_surface_is_a_symmetric_sheet_before_the_face(scale: float) -> None:
    surface = surface_of(SURGICAL, scale)
    assert surface.vertices.shape == (surface.shape[0] * surface.shape[1], 3)
    mirrored = surface.vertices * [-1, 1, 1]
    distance = np.linalg.norm(surface.vertices[:, None] - mirrored[None], axis=2).min(axis=1)
    assert distance.max() < 1e-9
    assert surface.vertices[:, 2].max() > 8.0  # room for the nose, which reaches 7.6
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1)
    rows, columns = surface.shape
    assert surface.normals.reshape(rows, columns, 3)[rows // 2, columns // 2, 2] > 0.9
    front = visible_triangles(surface.vertices * [1, -1, -1], surface.triangles)
    assert len(front) > 0.8 * len(surface.triangles)
    for loop in ear_loops(surface, (255, 255, 255)):
        assert np.linalg.norm(surface.vertices - loop.points[0], axis=1).min() < 1e-9
        assert abs(loop.points[-1, 0]) > 7.4  # ends at an ear


def test_even_light_has_the_usual_slope_and_ignores_the_lower_face() -> None:
    face = made_landmarks()
    fit = fit_head(face.points)
    picture = made_picture(face)
    light = estimate_light(picture, fit)
    assert light.slope[0] == pytest.approx(0, abs=0.02)
    assert light.slope[1] < 0  # from above
    picture[160:] = 0
    assert estimate_light(picture, fit) == light


def test_light_from_the_right_is_found() -> None:
    face = made_landmarks()
    picture = made_picture(face) * np.linspace(0.6, 1.2, 300)[None, :, None]
    light = estimate_light(np.clip(picture, 0, 255).astype(np.uint8), fit_head(face.points))
    assert light.slope[0] > 0.1


def test_hair_over_the_forehead_does_not_dim_the_mask() -> None:
    face = made_landmarks()
    fit = fit_head(face.points)
    bare, fringed = made_picture(face), made_picture(face)
    fringed[:100] = 20
    assert estimate_light(fringed, fit).level == pytest.approx(
        estimate_light(bare, fit).level, abs=0.05
    )


def test_a_face_outside_the_picture_gets_the_usual_light() -> None:
    fit = fit_head(made_landmarks(centre=(1000, 1000)).points)
    light = estimate_light(np.zeros((50, 50, 3), np.uint8), fit)
    assert light.level == pytest.approx(0.9)


def test_shade_is_level_towards_the_camera_and_bounded() -> None:
    light = Light(0.8, (0.3, -0.2, -0.2))
    normals = np.array([[0, 0, -1], [1, 0, 0], [-1, 0, 0], [0, 1, 0]], float)
    shade = light.shade(normals)
    assert shade[0] == pytest.approx(0.8)
    assert shade[1] > shade[2]
    assert (shade > 0.4).all()


def test_cloth_sizes() -> None:
    sizes = cloth().levels
    assert sizes[0].shape == (HEIGHT, WIDTH)
    for large, small in pairwise(sizes):
        assert small.shape == (large.shape[0] // 2, large.shape[1] // 2)
        assert small.mean() == pytest.approx(large.mean(), abs=0.005)
    assert 0.9 < sizes[0].mean() < 1.02
    assert sizes[0].min() > 0.5


def test_grey_is_told_from_colour() -> None:
    grey = np.full((40, 40, 3), 90, np.uint8)
    assert is_grey(grey)
    grey[33, 3, 1] = 91
    assert not is_grey(grey)
