from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from maskface.occluders.drawing.garment import Cord, Garment, Sheet, Surface
from maskface.occluders.drawing.geometry import HeadFit, fit_head, head_fit
from maskface.occluders.drawing.raster import quads_of, rasterise
from maskface.occluders.drawing.sheets import draw_garment, extent, project
from maskface.occluders.photo.appearance import is_grey
from maskface.occluders.photo.light import Light, estimate_light, quantile, skin_places
from maskface.occluders.worn.base import ear_loops
from maskface.occluders.worn.mask_shapes import FOLDED
from maskface.occluders.worn.surface import SURGICAL, sheet_surface, surface_of
from maskface.occluders.worn.surgical import HEIGHT, WIDTH, cloth
from tests.fixtures.faces import made_landmarks, made_picture

SQUARE = np.array([[10, 10, 0], [50, 10, 0], [10, 40, 0], [50, 40, 0]], float)
"""A sheet of two by two vertices."""


def flat(points: np.ndarray, rows: int) -> Surface:
    """A sheet through points (n, 3) in so many rows."""
    return sheet_surface(points.reshape(rows, -1, 3))


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_flat_square_is_drawn_exactly(step: int) -> None:
    raster = rasterise(SQUARE, flat(SQUARE, 2), (60, 70), step)
    assert (raster.alpha > 127).sum() == pytest.approx(41 * 31, rel=0.03)
    assert raster.alpha[25, 30] == 255
    assert raster.alpha[5, 5] == 0
    rows, columns = np.mgrid[12:39, 12:49]
    across, down = (way[12:39, 12:49] for way in raster.lookup(1001, 2001))
    np.testing.assert_allclose(across / 2000, (columns - 10) / 40, atol=0.01)
    np.testing.assert_allclose(down / 1000, (rows - 10) / 30, atol=0.01)


def test_texture_follows_both_halves_of_a_bent_quadrangle() -> None:
    bent = SQUARE.copy()
    bent[3, :2] = 70, 60
    across, down = rasterise(bent, flat(SQUARE, 2), (80, 90)).lookup(101, 101)
    # In the middles of the two triangles, and on the diagonal between them.
    for corners in ((0, 1, 2), (1, 2, 3), (1, 2)):
        x, y = bent[list(corners), :2].mean(axis=0).astype(int)
        expected = 100 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[list(corners)].mean(axis=0)
        assert across[y, x] == pytest.approx(expected[0], abs=3)
        assert down[y, x] == pytest.approx(expected[1], abs=3)


def test_near_parts_hide_far_ones_and_backs_are_left_out() -> None:
    # Folded like a Z, as seen from above: front, back, front again, nearer to the camera.
    x, z = np.array([10.0, 50, 30, 65]), np.array([0.0, -2, -4, -6])
    points = np.array([[x[k], y, z[k]] for y in (10, 40) for k in range(4)])
    one, both = (
        rasterise(points, flat(points, 2), (60, 70), both_sides=both_sides)
        for both_sides in (False, True)
    )
    assert one.lookup(2, 301)[0][25, 20] == pytest.approx(25, abs=2)
    assert one.lookup(2, 301)[0][25, 45] == pytest.approx(243, abs=4)  # not 88: that is behind
    turned = points * [-1, 1, 1] + [80, 0, 0]
    back = rasterise(turned, flat(points, 2), (60, 90))
    assert back.alpha[25, 37] == 255  # the middle part's back was its front
    assert back.alpha[25, 65] == 0
    assert both.alpha[25, 20] == one.alpha[25, 20] == 255


def test_outlines_are_those_of_all_triangles() -> None:
    rng = np.random.default_rng(0)
    for form in (SURGICAL, FOLDED):
        surface = surface_of(form, 8.0)
        for _ in range(6):
            turn = cv2.Rodrigues(rng.normal(0, 0.5, 3))[0]
            fit = HeadFit(np.diag([8.0, -8.0, -8.0]) @ turn, np.array([80.0, 90, 0]))
            points = fit.project(surface.vertices)
            triangles = points[surface.triangles][:, :, :2]
            first, second = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
            front = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0
            # Sixteen times as large and without soft edges: the share of each pixel.
            large = np.zeros((180 * 16, 160 * 16), np.uint8)
            for triangle in np.round((triangles[front] + 0.5) * 16).astype(np.int32):
                cv2.fillConvexPoly(large, triangle, (255,))
            exact = cv2.resize(large, (160, 180), interpolation=cv2.INTER_AREA)
            drawn = rasterise(points, surface, exact.shape).alpha
            sure = cv2.erode(exact, np.ones((3, 3))) == 255
            assert (drawn[sure] == 255).all()
            assert drawn[cv2.dilate(exact, np.ones((5, 5))) == 0].max() == 0


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
    seen = quads_of(surface.vertices * [1, -1, -1], surface.shape)
    assert (seen.whole > 0).mean() > 0.8
    for loop in ear_loops(surface, (255, 255, 255)):
        assert np.linalg.norm(surface.vertices - loop.points[0], axis=1).min() < 1e-9
        assert abs(loop.points[-1, 0]) > 7.4  # ends at an ear


def with_loops() -> Garment:
    surface = surface_of(SURGICAL, 8.0)
    return Garment((Sheet(surface, cloth()), *ear_loops(surface, (255, 255, 255))))


def test_parts_are_seen_together_as_each_alone() -> None:
    turn = cv2.Rodrigues(np.array([0.2, 0.7, -0.1]))[0]
    fit = HeadFit(np.diag([8.0, -8.0, -8.0]) @ turn, np.array([80.0, 90, 0]))
    garment = with_loops()
    seen = project(fit, garment, (30, -20))
    assert len(seen) == len(garment.items) == 5
    for item, own in zip(garment.items, seen, strict=True):
        places = item.points if isinstance(item, Cord) else item.surface.vertices
        normals = item.normals if isinstance(item, Cord) else item.surface.normals
        np.testing.assert_allclose(own.points, fit.project(places) - [30, -20, 0], atol=1e-9)
        np.testing.assert_allclose(own.normals, fit.turn(normals), atol=1e-12)
        np.testing.assert_array_equal(own.low, own.points.min(axis=0))
        np.testing.assert_array_equal(own.high, own.points.max(axis=0))
        # Hidden behind the head's horizon, and shown well before it.
        np.testing.assert_array_equal(own.shown == 0, own.normals[:, 2] >= 0.15)
        np.testing.assert_array_equal(own.shown == 1, own.normals[:, 2] <= 0.03)
    low, high = extent(fit, garment)
    everything = np.vstack([own.points for own in seen]) + np.array([30, -20, 0])
    np.testing.assert_allclose([low, high], [everything.min(axis=0), everything.max(axis=0)])


@pytest.mark.parametrize("scale", [3.0, 8.0])
def test_part_of_a_picture_is_drawn_as_in_the_whole(scale: float) -> None:
    fit = HeadFit(np.diag([scale, -scale, -scale]), np.array([80.0, 90, 0]))
    light = Light(0.9, (0.1, -0.1, -0.2))
    whole = draw_garment(fit, with_loops(), light, (180, 160))
    part = draw_garment(fit, with_loops(), light, (90, 100), corner=(40, 60))
    # Where an outline leaves a drawing, the picture's edge shows in its last pixels.
    inner, same = np.s_[6:-6, 6:-6], np.s_[66:144, 46:134]
    assert (whole.alpha[same] > 0).mean() > 0.15
    np.testing.assert_array_equal(part.alpha[inner], whole.alpha[same])
    assert np.abs(part.colour[inner].astype(int) - whole.colour[same]).mean() < 1


def test_nothing_is_brighter_than_white() -> None:
    fit = HeadFit(np.diag([8.0, -8.0, -8.0]), np.array([80.0, 90, 0]))
    drawn = draw_garment(fit, with_loops(), Light(1.5, (0.0, 0.0, 0.0)), (180, 160))
    assert drawn.colour.max() == 255
    assert (drawn.colour <= drawn.alpha[..., None]).all()


def test_a_head_is_found_anew_where_its_points_are_others() -> None:
    face = made_landmarks()
    points = face.points.copy()
    found = []
    for by in (0.0, 7.0):
        points[:, 0] += np.float32(by)
        fit = head_fit(replace(face, points=points))
        found.append(fit.offset[0])
        np.testing.assert_array_equal(fit.offset, fit_head(points).offset)
        np.testing.assert_array_equal(fit.linear, fit_head(points).linear)
    assert found[1] - found[0] == pytest.approx(7.0, abs=1e-3)


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


@pytest.mark.parametrize("slope", [-0.45, -0.2, -0.1, 0.0, 0.1, 0.2, 0.45])
@pytest.mark.parametrize("yaw", [-25.0, 0.0, 25.0])
def test_light_from_the_side_is_measured(slope: float, yaw: float) -> None:
    """Strong light only in part: what lies in deep shade may be hair, and is left out."""
    fit = fit_head(made_landmarks(yaw=yaw, scale=24.0, centre=(300.0, 300.0)).points)
    # The canonical face as a matt surface in a known light, dot by dot.
    lit = Light(1.0, (slope, -0.16, -0.41))
    places, normals = skin_places()
    picture = np.full((600, 600, 3), 240, np.uint8)
    for (x, y), shade in zip(fit.project(places)[:, :2], lit.shade(fit.turn(normals)), strict=True):
        cv2.circle(picture, (round(x), round(y)), 12, (int(150 * shade),) * 3, -1)
    found = estimate_light(picture, fit).slope[0]
    if abs(slope) < 0.15:
        assert found == pytest.approx(slope, abs=0.04)
    else:
        assert 0.1 < np.sign(slope) * found < 1.1 * abs(slope)


@pytest.mark.parametrize("places", [slice(0, 3), slice(5, 10), slice(0, 9)])
def test_hair_on_one_side_is_no_light_from_the_other(places: slice) -> None:
    face = made_landmarks()
    fit = fit_head(face.points)
    picture = made_picture(face)
    even = estimate_light(picture, fit)
    for x, y in fit.project(skin_places()[0][places])[:, :2].astype(int):  # of the right side
        picture[y - 5 : y + 6, x - 5 : x + 6] = 20
    assert estimate_light(picture, fit).slope[0] == pytest.approx(even.slope[0], abs=0.03)


def test_raised_brows_change_no_light() -> None:
    """Rows of the forehead, lit like a bulge: only the side that light comes from is read."""
    face = made_landmarks()
    fit = fit_head(face.points)
    picture = made_picture(face).astype(float)
    top, bottom = (int(fit.project(np.array([0.0, y, 5.0]))[1]) for y in (9.0, 4.0))
    picture[top:bottom] *= np.linspace(1.1, 0.9, bottom - top)[:, None, None]
    bulged = estimate_light(np.clip(picture, 0, 255).astype(np.uint8), fit)
    assert bulged.slope == pytest.approx(estimate_light(made_picture(face), fit).slope, abs=0.01)


@pytest.mark.parametrize("dim", [0.15, 0.3, 0.5])
def test_no_mask_glows_in_a_dim_picture(dim: float) -> None:
    face = made_landmarks()
    fit = fit_head(face.points)
    bright = made_picture(face)
    bright[:60] = 235  # a wall
    light, dimmed = (estimate_light((bright * by).astype(np.uint8), fit) for by in (1, dim))
    assert dimmed.level <= 1.6 * dim * light.level


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


def test_quantiles_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=1), rng.normal(size=(7, 9)), np.arange(200, dtype=np.uint8)):
        for share in (0.0, 0.31, 0.5, 0.95, 1.0):
            assert quantile(values, share) == pytest.approx(np.quantile(values, share))


def test_grey_is_told_from_colour() -> None:
    grey = np.full((40, 40, 3), 90, np.uint8)
    assert is_grey(grey)
    grey[33, 3, 1] = 91
    assert not is_grey(grey)
