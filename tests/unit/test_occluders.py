from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.mesh import CHIN, FACE_OVAL, LEFT_EYE, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE
from maskface.occluders import SurgicalMask, Unoccluded, coverage, get_occluder
from maskface.occluders.drawing.geometry import ANCHORS, fit_head
from maskface.occluders.drawing.raster import rasterise
from maskface.occluders.worn.base import WornOccluder
from maskface.occluders.worn.surface import SURGICAL, surface_of
from maskface.types import FaceLandmarks, ImageArray, Pose
from tests.fixtures.faces import made_landmarks, made_picture, noise_picture, overlap

MASK = SurgicalMask()
POSE = Pose(0.0, 0.0, 0.0)
poses = st.tuples(st.floats(-45, 45), st.floats(-25, 25), st.floats(-180, 180))


def at(mask: np.ndarray, landmarks: FaceLandmarks, index: int) -> bool:
    x, y = np.round(landmarks.points[index, :2]).astype(int)
    return bool(mask[y, x])


def moved(landmarks: FaceLandmarks, points: np.ndarray) -> FaceLandmarks:
    return FaceLandmarks(points.astype(np.float32), landmarks.blendshapes, landmarks.pose)


@settings(max_examples=25, deadline=None)
@given(pose=poses, drop=st.floats(0, 1.5), smile=st.floats(0, 1), scale=st.floats(4, 13))
def test_covers_nose_mouth_and_chin(
    pose: tuple[float, float, float], drop: float, smile: float, scale: float
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(
        yaw=yaw, pitch=pitch, roll=roll, jaw_drop=min(drop, 1.0), smile=smile, scale=scale
    )
    result = MASK.apply(made_picture(face), face)
    # The far corner of the mouth of a turned head is hidden by the head itself.
    near = MOUTH_CORNERS if abs(yaw) < 20 else MOUTH_CORNERS[:1] if yaw > 0 else MOUTH_CORNERS[1:]
    # Masks end just below the chin of a closed mouth.
    for index in (NOSE_TIP, LOWER_LIP, *((CHIN,) if drop < 0.05 and abs(yaw) < 20 else ()), *near):
        assert at(result.mask, face, index)
    # Seen from below or from the side, the nose hides inner corners of the eyes.
    inner = (RIGHT_EYE[1], LEFT_EYE[1]) if abs(yaw) < 20 and pitch < 10 else ()
    for index in (RIGHT_EYE[0] if yaw > 0 else LEFT_EYE[0], *inner, 151):
        assert not at(result.mask, face, index)
    assert 0.35 < result.coverage < 0.65


def test_frontal_coverage_is_that_of_a_worn_mask() -> None:
    face = made_landmarks()
    assert 0.48 < MASK.apply(made_picture(face), face).coverage < 0.60


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), size=st.floats(0, 60))
def test_mouth_and_chin_do_not_move_the_mask(seed: int, size: float) -> None:
    """The strongest statement about leakage: whatever the lower face does, not a byte changes."""
    face = made_landmarks(yaw=10, pitch=5)
    free = np.setdiff1d(np.arange(478), ANCHORS)
    points = face.points.copy()
    points[free] += np.random.default_rng(seed).normal(0, size, (len(free), 3))
    picture = noise_picture()
    still, waving = MASK.apply(picture, face), MASK.apply(picture, moved(face, points))
    np.testing.assert_array_equal(still.image, waving.image)
    np.testing.assert_array_equal(still.mask, waving.mask)


def test_no_anchor_lies_on_the_lower_face() -> None:
    face = made_landmarks(jaw_drop=2.0, smile=1.0)
    still = made_landmarks()
    change = np.linalg.norm(face.points - still.points, axis=1)
    assert change[list(MOUTH_CORNERS)].min() > 5
    assert change[list(ANCHORS)].max() < 0.5


def test_what_is_under_the_mask_does_not_show() -> None:
    face = made_landmarks(yaw=-20)
    plain, scribbled = made_picture(face), made_picture(face)
    alpha = MASK.apply(plain, face).alpha
    hidden = alpha == 255
    scribbled[hidden] = noise_picture()[hidden]
    np.testing.assert_array_equal(MASK.apply(plain, face).image, MASK.apply(scribbled, face).image)


@settings(max_examples=15, deadline=None)
@given(pose=poses, scale=st.floats(2, 14), x=st.floats(-50, 350), y=st.floats(-50, 350))
def test_changes_nothing_else(
    pose: tuple[float, float, float], scale: float, x: float, y: float
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll, scale=scale, centre=(x, y))
    picture = noise_picture()
    before = picture.copy()
    result = MASK.apply(picture, face)
    drawn, alpha = result.image, result.alpha
    np.testing.assert_array_equal(picture, before)
    assert drawn.dtype == alpha.dtype == np.uint8
    # A contact shadow reaches at most 2 cm from the mask.
    reach = 2 * int(2 * scale + 3) + 1
    near = cv2.dilate(alpha, np.ones((reach, reach), np.uint8)) > 0
    np.testing.assert_array_equal(drawn[~near], picture[~near])
    untouched = (alpha == 0) & (result.shadow == 0)
    np.testing.assert_array_equal(drawn[untouched], picture[untouched])
    # Beside the mask the picture may only get darker, and not much.
    beside = alpha == 0
    assert (drawn[beside] <= picture[beside]).all()
    assert (drawn[beside] >= 0.4 * picture[beside].astype(float) - 2).all()


def test_shadow_stays_on_the_skin() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    result = MASK.apply(picture, face)
    drawn, alpha = result.image, result.alpha
    left = slice(0, int(face.box[0]) - 10)
    beside = alpha[:, left] == 0
    change = np.abs(drawn[:, left].astype(int) - picture[:, left])[beside]
    assert change.max() <= 12


def test_same_seed_same_bytes() -> None:
    face = made_landmarks(yaw=15, roll=30)
    picture = noise_picture()
    first, second, other = (MASK.apply(picture, face, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, second.image)
    # Only the grain, as strong as the photograph's, depends on the seed.
    assert (first.image != other.image).any()
    np.testing.assert_array_equal(first.alpha, other.alpha)
    np.testing.assert_array_equal(first.shadow, other.shadow)


@pytest.mark.parametrize("spec", ["surgical", "glasses", "clear", "surgical:wearing=one_ear"])
def test_what_is_hidden_can_be_said_without_painting(spec: str) -> None:
    face, picture = made_landmarks(yaw=15, roll=30), noise_picture()
    occluder = get_occluder(spec)
    assert isinstance(occluder, WornOccluder)
    hidden = occluder.hide(picture, face, np.random.default_rng(0))
    np.testing.assert_array_equal(hidden, occluder.apply(picture, face).alpha)


def test_a_photograph_that_cannot_change_is_read_once_with_the_same_result() -> None:
    face, picture = made_landmarks(yaw=15), noise_picture()
    fixed = picture.copy()
    fixed.flags.writeable = False
    for spec in ("surgical", "ffp2", "surgical"):
        worn = get_occluder(spec)
        np.testing.assert_array_equal(
            worn.apply(picture, face).image, worn.apply(fixed, face).image
        )


def test_a_photograph_that_can_change_through_another_array_is_read_anew() -> None:
    face, buffer = made_landmarks(), made_picture(made_landmarks()).copy()
    frame = buffer.view()
    frame.flags.writeable = False
    mask = SurgicalMask()
    mask.apply(frame, face)
    buffer //= 3
    np.testing.assert_array_equal(
        mask.apply(frame, face).image, mask.apply(buffer.copy(), face).image
    )


@pytest.mark.parametrize("scale", [3.0, 12.0])
def test_grey_stays_grey(scale: float) -> None:
    face = made_landmarks(scale=scale)
    grey = np.repeat(noise_picture()[..., :1], 3, axis=2)
    image = SurgicalMask(colour="pink").apply(grey, face).image
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    np.testing.assert_array_equal(image[..., 0], image[..., 2])
    one_coloured = grey.copy()
    one_coloured[5, 5] = (1, 2, 3)
    image = SurgicalMask(colour="pink").apply(one_coloured, face).image
    assert (image[..., 0] != image[..., 2]).sum() > 1000


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_picture_turns_the_mask(turns: int) -> None:
    face = made_landmarks(yaw=20, pitch=-5, roll=8)
    picture = made_picture(face)
    points = face.points.copy()
    for _ in range(turns):  # np.rot90 turns anticlockwise
        points[:, 0], points[:, 1] = points[:, 1].copy(), 299 - points[:, 0]
    turned_picture = np.ascontiguousarray(np.rot90(picture, turns))
    upright, turned = MASK.apply(picture, face), MASK.apply(turned_picture, moved(face, points))
    assert overlap(np.rot90(upright.mask, turns), turned.mask) > 0.985
    assert turned.coverage == pytest.approx(upright.coverage, abs=0.005)
    difference = np.abs(np.rot90(upright.image, turns).astype(int) - turned.image)
    assert difference[turned.mask & np.rot90(upright.mask, turns)].mean() < 6


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0])
def test_size_does_not_matter(factor: float) -> None:
    size = round(300 * factor)
    face = made_landmarks(yaw=-15)
    # Whole numbers are pixel centres.
    points = (face.points + np.array([0.5, 0.5, 0])) * factor - np.array([0.5, 0.5, 0])
    sized = moved(face, points)
    one = MASK.apply(made_picture(face), face)
    other = MASK.apply(made_picture(sized, (size, size)), sized)
    enlarged = cv2.resize(other.mask.astype(np.float32), (300, 300), interpolation=cv2.INTER_LINEAR)
    assert overlap(one.mask, enlarged > 0.5) > 0.94
    assert other.coverage == pytest.approx(one.coverage, abs=0.02)


def test_turning_the_head_changes_the_mask_smoothly() -> None:
    faces = [made_landmarks(yaw=yaw) for yaw in range(-60, 61, 3)]
    results = [MASK.apply(made_picture(face), face) for face in faces]
    covered = np.array([result.coverage for result in results])
    assert np.abs(np.diff(covered)).max() < 0.02
    assert (covered > 0.35).all()
    np.testing.assert_allclose(covered, covered[::-1], atol=0.01)
    assert min(overlap(a.mask, b.mask) for a, b in pairwise(results)) > 0.9


@pytest.mark.parametrize("yaw", [-45, 45])
def test_far_loops_are_hidden(yaw: int) -> None:
    face = made_landmarks(yaw=yaw)
    alpha = MASK.apply(made_picture(face), face).alpha
    fit = fit_head(face.points)
    surface = surface_of(SURGICAL, fit.scale)
    points = fit.project(surface.vertices)
    sheet = rasterise(points, surface, alpha.shape).alpha
    loops = (alpha > 127) & (cv2.dilate(sheet, np.ones((5, 5), np.uint8)) == 0)
    columns = np.nonzero(loops)[1]
    assert len(columns) > 100
    # Yaw is positive when the face turns to the right edge: the left side of the image is near.
    nose = face.points[NOSE_TIP, 0]
    assert (columns < nose).all() if yaw > 0 else (columns > nose).all()
    ear = face.points[234 if yaw > 0 else 454, 0]
    assert np.abs(columns - ear).min() < 6


def test_brightness_follows_the_light() -> None:
    face = made_landmarks()
    skins = ((60, 45, 38), (120, 90, 76), (220, 175, 150))
    middle = [
        MASK.apply(made_picture(face, skin=skin), face).image[170:200, 130:170].mean()
        for skin in skins
    ]
    assert middle[0] < middle[1] < middle[2]
    assert middle[0] > 0.5 * middle[2]  # dark skin does not make a dark mask


def test_side_light_shows_on_the_mask() -> None:
    face = made_landmarks()
    picture = made_picture(face).astype(np.float64)
    picture *= np.linspace(0.6, 1.2, 300)[None, :, None]
    image = MASK.apply(np.clip(picture, 0, 255).astype(np.uint8), face).image
    assert image[190:220, 190:205].mean() > 1.1 * image[190:220, 95:110].mean()


def circle(radius: float) -> FaceLandmarks:
    points = np.zeros((478, 3), np.float32)
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    points[list(FACE_OVAL), 0] = 50 + radius * np.sin(angles)
    points[list(FACE_OVAL), 1] = 50 - radius * np.cos(angles)
    return FaceLandmarks(points, np.zeros(52, np.float32), POSE)


def test_coverage_of_a_hand_made_oval() -> None:
    oval = circle(40)
    rows, columns = np.mgrid[:100, :100]
    assert coverage(np.zeros((100, 100), bool), oval) == 0
    assert coverage(np.ones((100, 100), bool), oval) == 1
    assert coverage(columns < 50, oval) == pytest.approx(0.5, abs=0.015)
    inner = (rows - 50) ** 2 + (columns - 50) ** 2 < 20**2
    # A 36-sided polygon is a little smaller than the circle around it.
    exact = np.pi * 20**2 / (18 * 40**2 * np.sin(2 * np.pi / 36))
    assert coverage(inner, oval) == pytest.approx(exact, abs=0.015)
    corner = (rows < 10) & (columns < 10)
    assert coverage(corner, oval) == 0


def test_coverage_of_an_oval_outside_the_picture() -> None:
    oval = moved(circle(40), np.add(circle(40).points, [500, 0, 0]))
    assert coverage(np.ones((100, 100), bool), oval) == 0


def test_none_is_the_picture_itself() -> None:
    picture, face = noise_picture(), made_landmarks()
    result = Unoccluded().apply(picture, face)
    np.testing.assert_array_equal(result.image, picture)
    assert not result.mask.any()
    assert result.coverage == 0


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3)),
        np.zeros((0, 9, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(picture: ImageArray) -> None:
    with pytest.raises(ValueError, match=r"Expected an image of shape \(H, W, 3\)"):
        MASK.apply(picture, made_landmarks())
