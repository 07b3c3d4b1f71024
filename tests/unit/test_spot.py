"""Squares at any place of the face, and places that are known without a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import griddata

from maskface.errors import MaskfaceError
from maskface.mesh import CHIN, FOREHEAD, LEFT_EYE, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE
from maskface.mesh import canonical_mesh as mesh
from maskface.occluders import get_occluder, occluder_name
from maskface.occluders.controls.frame import (
    face_size,
    on_face,
    on_head,
    random_places,
    to_places,
)
from tests.fixtures.faces import made_landmarks, noise_picture

PICTURE = noise_picture()
poses = st.tuples(st.floats(-30, 30), st.floats(-8, 8), st.floats(-180, 180))


def place_of(*indices: int) -> tuple[float, float]:
    x, y = to_places(mesh().vertices[list(indices)].astype(float)).mean(axis=0)
    return float(x), float(y)


def test_places_run_over_the_face() -> None:
    assert face_size() == pytest.approx((2 * 7.743095, 8.261778 + 9.403378))
    assert place_of(NOSE_TIP)[0] == pytest.approx(0.5)
    assert place_of(CHIN) == pytest.approx((0.5, 1))
    assert place_of(FOREHEAD) == pytest.approx((0.5, 0))
    assert place_of(*RIGHT_EYE)[0] < 0.5 < place_of(*LEFT_EYE)[0]


def test_places_lead_to_the_surface_and_back() -> None:
    head = mesh().vertices.astype(float)
    front = head[[NOSE_TIP, *RIGHT_EYE, *LEFT_EYE, CHIN, FOREHEAD]]
    np.testing.assert_allclose(on_head(to_places(front)), front, atol=1e-4)
    places = random_places(200, np.random.default_rng(0))
    np.testing.assert_allclose(to_places(on_head(places)), places, atol=1e-12)
    # Another triangulation of the same points lies near the surface.
    depth = griddata(head[:, :2], head[:, 2], on_head(places)[:, :2])
    assert np.nanmedian(np.abs(depth - on_head(places)[:, 2])) < 0.15


def test_places_beside_the_face_are_as_deep_as_its_rim() -> None:
    corners = np.array([(0, 0), (1, 0), (0, 1), (1, 1)], float)
    assert not on_face(corners).any()
    depth = on_head(corners)[:, 2]
    assert depth == pytest.approx(depth[[1, 0, 3, 2]], abs=1e-3)
    assert ((depth >= mesh().vertices[:, 2].min()) & (depth < 5)).all()


def test_random_places_are_even_over_the_face() -> None:
    places = random_places(4000, np.random.default_rng(3))
    assert on_face(places).all()
    grid = np.stack(np.meshgrid(*[np.arange(0.005, 1, 0.01)] * 2), axis=-1).reshape(-1, 2)
    inside = grid[on_face(grid)]
    for low, high in ((0, 0.3), (0.3, 0.6), (0.6, 1)):
        for axis in (0, 1):
            share = [((p[:, axis] >= low) & (p[:, axis] < high)).mean() for p in (places, inside)]
            assert share[0] == pytest.approx(share[1], abs=0.03)


@settings(deadline=None)
@given(number=st.integers(0, 30), seed=st.integers(0, 99))
def test_random_places_depend_on_number_and_seed_alone(number: int, seed: int) -> None:
    first, second = (random_places(number, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (number, 2)


@settings(max_examples=25, deadline=None)
@given(pose=poses, index=st.sampled_from([NOSE_TIP, *MOUTH_CORNERS, 105, 334]))
def test_a_spot_lies_on_its_landmark(pose: tuple[float, float, float], index: int) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll)
    x, y = place_of(index)
    alpha = get_occluder(f"spot:x={x},y={y},size=0.12").apply(PICTURE, face).alpha
    rows, columns = np.nonzero(alpha > 127)
    # The fit takes a slight pitch for none, which moves what lies far from the eyes.
    assert [columns.mean(), rows.mean()] == pytest.approx(face.points[index, :2], abs=16)
    assert (
        index in (105, 334)
        or abs(yaw) > 12
        or alpha[tuple(face.points[index, 1::-1].astype(int))] > 0
    )


def test_a_spot_is_a_square_of_its_size() -> None:
    face = made_landmarks(scale=12)
    drawn = get_occluder("spot:x=0.5,y=0.5,size=0.25").apply(PICTURE, face)
    side = 0.25 * face_size()[0] * 12
    assert np.count_nonzero(drawn.mask) == pytest.approx(side**2, rel=0.03)
    rows, columns = np.nonzero(drawn.mask)
    assert np.ptp(rows) + 1 == pytest.approx(side, abs=1.5)
    assert np.ptp(columns) + 1 == pytest.approx(side, abs=1.5)
    assert (drawn.image[drawn.alpha == 255] == drawn.image[drawn.alpha == 255][0]).all()


def test_spots_side_by_side_hide_the_face() -> None:
    face = made_landmarks(scale=12)
    grid = [(x, y) for x in (0, 0.25, 0.5, 0.75, 1) for y in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    drawn = [get_occluder(f"spot:x={x},y={y},size=0.27").apply(PICTURE, face) for x, y in grid]
    points = on_head(random_places(500, np.random.default_rng(0)))[:, :2] * [12, -12] + 150
    columns, rows = points.astype(int).T
    hidden = np.max([one.alpha for one in drawn], axis=0)[rows, columns]
    assert (hidden > 127).mean() > 0.99
    assert max((one.alpha[rows, columns] > 127).mean() for one in drawn) < 0.15


def test_bubbles_open_where_their_seed_says() -> None:
    face = made_landmarks(scale=13)
    alpha = get_occluder("bubbles:n=1,size=0.05,sample=4").apply(PICTURE, face, seed=9).alpha
    opened = on_head(random_places(1, np.random.default_rng(9)))
    expected = opened[0, :2] * [13, -13] + 150
    hidden = get_occluder("bubbles:n=0").apply(PICTURE, face).alpha.astype(float)
    rows, columns = np.nonzero(hidden - alpha > 200)
    assert [columns.mean(), rows.mean()] == pytest.approx(expected, abs=1)


def test_samples_are_conditions_of_their_own() -> None:
    names = [occluder_name(get_occluder(f"bubbles:sample={k}")) for k in (0, 1, 2)]
    assert names == ["bubbles", "bubbles:sample=1", "bubbles:sample=2"]


@pytest.mark.parametrize("spec", ["spot:x=1.1", "spot:y=-0.1", "spot:size=0", "spot:colour=pine"])
def test_refusals(spec: str) -> None:
    with pytest.raises(MaskfaceError, match=r"Allowed|colour"):
        get_occluder(spec)
