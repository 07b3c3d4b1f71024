from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.mesh import CHIN, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP, canonical_mesh
from maskface.occluders.drawing.geometry import ANCHORS, EYES, HeadFit, fit_head, unit
from tests.fixtures.faces import made_landmarks, rotation

poses = st.tuples(st.floats(-60, 60), st.floats(-25, 25), st.floats(-180, 180))
FLIP = np.array([1.0, -1.0, -1.0])
PLACES = canonical_mesh().vertices[[NOSE_TIP, *MOUTH_CORNERS, LOWER_LIP, CHIN]].astype(float)


def turned(fit: HeadFit) -> np.ndarray:
    """The head's axes without size and stretch, y up and z towards the viewer."""
    return np.asarray(unit((FLIP[:, None] * fit.linear).T).T)


def angle(first: np.ndarray, second: np.ndarray) -> float:
    """Degrees between two rotations."""
    cosine = (np.trace(first.T @ second) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def test_anchors_are_distinct_and_off_the_lower_face() -> None:
    assert len(ANCHORS) == len(set(ANCHORS))
    assert canonical_mesh().vertices[list(ANCHORS), 1].min() > -1.5


@settings(max_examples=50, deadline=None)
@given(pose=poses, scale=st.floats(2, 40))
def test_finds_pose_and_size(pose: tuple[float, float, float], scale: float) -> None:
    yaw, pitch, roll = pose
    fit = fit_head(made_landmarks(yaw=yaw, pitch=pitch, roll=roll, scale=scale).points)
    # Small pitch is taken to none on purpose; what is left out is at most 5.7 degrees.
    assert angle(turned(fit), rotation(yaw, pitch, roll)) < 6
    assert fit.scale == pytest.approx(scale, rel=0.01)


@pytest.mark.parametrize("yaw", [-60, -30, 0, 15, 60])
@pytest.mark.parametrize("roll", [-135, 0, 90, 180])
def test_level_heads_are_found_exactly(yaw: float, roll: float) -> None:
    fit = fit_head(made_landmarks(yaw=yaw, roll=roll, scale=9.0, centre=(80, 70)).points)
    np.testing.assert_allclose(fit.linear, 9 * FLIP[:, None] * rotation(yaw, 0, roll), atol=1e-3)
    np.testing.assert_allclose(fit.offset, [80, 70, 0], atol=1e-2)


@pytest.mark.parametrize("apart", [0.9, 0.96, 1.04])
def test_the_size_is_that_of_the_eyes_alone(apart: float) -> None:
    points = made_landmarks(scale=10.0).points.astype(np.float64)
    eyes = [*EYES[0], *EYES[1]]
    middle = points[eyes, 0].mean()
    for eye in EYES:
        points[list(eye), 0] += (apart - 1) * (points[list(eye), 0].mean() - middle)
    fit = fit_head(points.astype(np.float32))
    assert fit.scale == pytest.approx(10 * apart, rel=1e-3)
    points[np.setdiff1d(np.arange(478), eyes), 0] *= 1.05
    assert fit_head(points.astype(np.float32)).scale == pytest.approx(fit.scale, rel=1e-3)


@pytest.mark.parametrize(
    ("pitch", "taken"), [(-25, -24.4), (-10, -5), (-4, -0.1), (0, 0), (4, 0.1), (10, 5), (25, 24.4)]
)
def test_pitch_follows_only_where_it_is_large(pitch: float, taken: float) -> None:
    fit = fit_head(made_landmarks(pitch=pitch).points)
    assert angle(turned(fit), rotation(0, taken, 0)) < 0.2


@pytest.mark.parametrize(
    ("squeeze", "taken"), [(0.70, 0.82), (0.80, 0.82), (0.95, 1), (1, 1), (1.05, 1), (1.25, 1.21)]
)
def test_only_squeezed_pictures_change_the_masks_proportions(squeeze: float, taken: float) -> None:
    face = made_landmarks()
    points = face.points * np.array([1, squeeze, 1], np.float32)
    fit = fit_head(points)
    assert np.linalg.norm(fit.linear[:, 1]) / np.linalg.norm(fit.linear[:, 0]) == pytest.approx(
        taken, abs=0.02
    )


@settings(max_examples=30, deadline=None)
@given(
    pose=poses,
    turn=st.floats(-180, 180),
    factor=st.floats(0.2, 5),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_moves_with_the_picture(
    pose: tuple[float, float, float], turn: float, factor: float, shift: tuple[float, float]
) -> None:
    yaw, pitch, roll = pose
    points = made_landmarks(yaw=yaw, pitch=pitch, roll=roll).points.astype(np.float64)
    a = np.radians(turn)
    spin = factor * np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    moved = points @ spin.T + [*shift, 0.0]
    before, after = fit_head(points.astype(np.float32)), fit_head(moved.astype(np.float32))
    expected = before.project(PLACES) @ spin.T + [*shift, 0.0]
    np.testing.assert_allclose(after.project(PLACES), expected, atol=0.02 * factor + 0.02)


@settings(max_examples=30, deadline=None)
@given(pose=poses, seed=st.integers(0, 1000), size=st.floats(0, 100))
def test_nothing_but_the_anchors_matters(
    pose: tuple[float, float, float], seed: int, size: float
) -> None:
    yaw, pitch, roll = pose
    points = made_landmarks(yaw=yaw, pitch=pitch, roll=roll).points
    free = np.setdiff1d(np.arange(len(points)), ANCHORS)
    waving = points.copy()
    waving[free] += np.random.default_rng(seed).normal(0, size, (len(free), 3))
    still, other = fit_head(points), fit_head(waving)
    np.testing.assert_array_equal(still.linear, other.linear)
    np.testing.assert_array_equal(still.offset, other.offset)


@pytest.mark.parametrize("roll", [0, 120])
@pytest.mark.parametrize("pitch", [-20, 0, 20])
def test_turning_the_head_moves_the_mask_smoothly(pitch: float, roll: float) -> None:
    steps = [made_landmarks(yaw=y, pitch=pitch, roll=roll).points for y in np.arange(-60, 60.1, 1)]
    places = np.array([fit_head(points).project(PLACES)[:, :2] for points in steps])
    # A degree moves a place 9 cm from the axis by 0.16 cm, or 1.9 pixels.
    assert np.linalg.norm(np.diff(places, axis=0), axis=2).max() < 2.5


def test_nodding_and_squeezing_move_the_mask_smoothly() -> None:
    nods = [made_landmarks(pitch=pitch).points for pitch in np.arange(-30, 30.1, 0.5)]
    squeezes = [made_landmarks().points * np.array([1, s, 1]) for s in np.arange(0.7, 1.4, 0.005)]
    for steps, most in ((nods, 2.0), (squeezes, 4.0)):
        fits = [fit_head(points.astype(np.float32)) for points in steps]
        places = np.array([fit.project(PLACES)[:, :2] for fit in fits])
        assert np.linalg.norm(np.diff(places, axis=0), axis=2).max() < most


@settings(max_examples=30, deadline=None)
@given(yaw=st.floats(-45, 45), roll=st.floats(0, 360))
def test_a_full_turn_has_no_seam(yaw: float, roll: float) -> None:
    one, two = (fit_head(made_landmarks(yaw=yaw, roll=r).points) for r in (roll, roll + 1))
    moved = np.linalg.norm(one.project(PLACES)[:, :2] - two.project(PLACES)[:, :2], axis=1)
    assert moved.max() < 3


def test_mirrored_faces_get_mirrored_masks() -> None:
    left, right = (fit_head(made_landmarks(yaw=yaw, pitch=8).points) for yaw in (-35, 35))
    mirrored = right.project(PLACES * [-1, 1, 1])[:, :2] * [-1, 1] + [300, 0]
    np.testing.assert_allclose(left.project(PLACES)[:, :2], mirrored, atol=0.05)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_noise_of_a_pixel_moves_the_mask_little(seed: int) -> None:
    face = made_landmarks(scale=12.0)
    noise = np.random.default_rng(seed).normal(0, 1, face.points.shape).astype(np.float32)
    still, noisy = fit_head(face.points), fit_head(face.points + noise)
    moved = np.linalg.norm(still.project(PLACES)[:, :2] - noisy.project(PLACES)[:, :2], axis=1)
    assert moved.max() < 4


def test_landmarks_in_one_place_give_no_nonsense() -> None:
    fit = fit_head(np.zeros((478, 3), np.float32))
    assert np.isfinite(fit.linear).all()
    assert np.isfinite(fit.offset).all()


def test_normals_turn_with_the_head() -> None:
    pose = (25.0, -30.0, 40.0)
    fit = fit_head(made_landmarks(yaw=pose[0], pitch=pose[1], roll=pose[2]).points)
    ahead = fit.turn(np.array([[0.0, 0.0, 1.0]]))[0]
    np.testing.assert_allclose(ahead, rotation(*pose)[:, 2] * FLIP, atol=0.02)


def test_moved_and_zoomed_fits() -> None:
    fit = fit_head(made_landmarks(yaw=10).points)
    expected = np.add(fit.project(PLACES), [3, -4, 0])
    np.testing.assert_allclose(fit.moved(3, -4).project(PLACES), expected)
    larger = fit.zoomed(3)
    assert larger.scale == pytest.approx(3 * fit.scale)
    # The middle of pixel (0, 0) becomes that of the 3 x 3 pixels it is made of.
    np.testing.assert_allclose(
        larger.project(PLACES)[:, :2], 3 * fit.project(PLACES)[:, :2] + 1, atol=1e-9
    )
