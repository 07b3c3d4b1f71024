"""Where controls hide a face; with what they do is in `test_controls`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.mesh import CHIN, FACE_OVAL, FOREHEAD, LEFT_EYE, LOWER_LIP, NOSE_TIP, RIGHT_EYE
from maskface.mesh import canonical_mesh as mesh
from maskface.occluders import Occluder, coverage, get_occluder
from maskface.occluders.drawing.geometry import ANCHORS
from maskface.types import FaceLandmarks, Occlusion
from tests.fixtures.faces import made_landmarks, noise_picture

PICTURE = noise_picture()
poses = st.tuples(st.floats(-45, 45), st.floats(-25, 25), st.floats(-180, 180))
places = st.tuples(st.floats(-60, 360), st.floats(-60, 360))
seeds = st.integers(0, 1000)
RIGHT_BROW, LEFT_BROW = 105, 334
RIGHT_MOUTH, LEFT_MOUTH = 61, 291
RIGHT_CHEEK, LEFT_CHEEK = 50, 280
SHAPES = (
    "sweep",
    "half",
    "window",
    "window:show=mouth",
    "block",
    "block:over=mouth",
    "bubbles",
    "patch:like=block",
    "upper:like=block",
    "lower:like=half",
)


def put(spec: str | Occluder, face: FaceLandmarks, seed: int = 0) -> Occlusion:
    occluder = get_occluder(spec) if isinstance(spec, str) else spec
    return occluder.apply(PICTURE, face, seed=seed)


def posed(pose: tuple[float, float, float], **more: float) -> FaceLandmarks:
    yaw, pitch, roll = pose
    return made_landmarks(yaw=yaw, pitch=pitch, roll=roll, **more)  # type: ignore[arg-type]


def hidden(result: Occlusion, *indices: int) -> list[bool]:
    return [bool(result.covered[index]) for index in indices]


def oval(face: FaceLandmarks) -> np.ndarray:
    """Pixel centres inside the outline, by crossings of a ray: no drawing library."""
    rows, columns = np.mgrid[:300, :300]
    inside = np.zeros((300, 300), bool)
    corners = face.points[list(FACE_OVAL), :2].astype(float)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (rows >= min(y0, y1)) & (rows < max(y0, y1))
            inside ^= crosses & (columns < x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
    return inside


@settings(max_examples=60, deadline=None)
@given(
    pose=poses,
    share=st.floats(0, 1),
    start=st.sampled_from(["below", "above"]),
    drop=st.floats(0, 2),
    scale=st.floats(4, 13),
)
def test_a_sweep_hides_the_share_asked_for(
    pose: tuple[float, float, float], share: float, start: str, drop: float, scale: float
) -> None:
    face = posed(pose, jaw_drop=drop, scale=scale)
    result = put(f"sweep:share={share},start={start}", face)
    # Half a row of pixels is the least that can be missed.
    assert result.coverage == pytest.approx(share, abs=max(0.01, 0.6 / (14 * scale)))


def test_a_sweep_counts_the_pixels_of_the_oval() -> None:
    face = made_landmarks(yaw=20, roll=12)
    inside = oval(face)
    for share in (0.2, 0.5, 0.8):
        mask = put(f"sweep:share={share}", face).mask
        assert (mask & inside).sum() / inside.sum() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("start", ["below", "above"])
def test_a_larger_share_hides_all_of_a_smaller(start: str) -> None:
    face = made_landmarks(yaw=-25, pitch=10, roll=40)
    results = [put(f"sweep:share={share},start={start}", face) for share in np.linspace(0, 1, 9)]
    assert all((a.alpha <= b.alpha).all() for a, b in pairwise(results))
    assert results[0].alpha.max() == 0
    assert results[-1].coverage == pytest.approx(1, abs=0.005)
    ends = (CHIN, FOREHEAD) if start == "below" else (FOREHEAD, CHIN)
    assert all(hidden(result, *ends) == [True, False] for result in results[2:-2])


def test_a_sweep_follows_the_eyes() -> None:
    """The cut is parallel to the line through the eyes, however the head is turned."""
    face = made_landmarks(yaw=30, pitch=15, roll=25)
    result = put("sweep:share=0.5", face)
    middle = round(float(face.points[NOSE_TIP, 0]))
    low = [np.nonzero(result.mask[:, x])[0].min() for x in range(middle - 20, middle + 20)]
    slope = np.polyfit(np.arange(len(low)), low, 1)[0]
    (x0, y0, _), (x1, y1, _) = face.points[[RIGHT_EYE[0], LEFT_EYE[0]]]
    assert np.degrees(np.arctan(slope) - np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(0, abs=4)


@settings(max_examples=15, deadline=None)
@given(pose=poses, like=st.sampled_from(["block", "half", "window", "block(over=mouth)"]))
def test_upper_and_lower_hide_as_much_as_what_they_are_like(
    pose: tuple[float, float, float], like: str
) -> None:
    face = posed(pose)
    size = put(like, face).coverage
    upper, lower = put(f"upper:like={like}", face), put(f"lower:like={like}", face)
    assert upper.coverage == pytest.approx(size, abs=0.01)
    assert lower.coverage == pytest.approx(size, abs=0.01)
    assert hidden(upper, FOREHEAD, CHIN) == [True, False]
    assert hidden(lower, FOREHEAD, CHIN) == [False, True]


def test_upper_hides_as_much_as_a_surgical_mask() -> None:
    face = made_landmarks(yaw=10)
    assert put("upper", face).coverage == pytest.approx(put("surgical", face).coverage, abs=0.006)


@settings(max_examples=40, deadline=None)
@given(
    pose=poses,
    seed=seeds,
    place=places,
    scale=st.floats(0.5, 25),
    like=st.sampled_from(["block", "half", "window", "patch(like=half)", "sweep(share=1.0)"]),
)
def test_a_patch_hides_exactly_as_many_pixels(
    pose: tuple[float, float, float],
    seed: int,
    place: tuple[float, float],
    scale: float,
    like: str,
) -> None:
    face = posed(pose, scale=scale, centre=place)  # type: ignore[arg-type]
    pixels = put(like, face, seed=seed).mask.sum()
    assert put(f"patch:like={like}", face, seed=seed).mask.sum() == pixels


def test_a_patch_of_the_surgical_mask() -> None:
    face = made_landmarks(yaw=-15)
    assert put("patch", face, seed=3).mask.sum() == put("surgical", face).mask.sum()


def test_a_patch_goes_all_over_the_face_and_not_beyond() -> None:
    face = made_landmarks(roll=20)
    masks = np.array([put("patch:like=block", face, seed=k).mask for k in range(60)])
    inside = oval(face)
    assert (masks.any(axis=0) & inside).sum() > 0.95 * inside.sum()
    # The corners of the face's box lie outside the oval; a patch in one still touches the face.
    assert min(coverage(mask, face) for mask in masks) > 0.05
    left, top, right, bottom = face.box
    rows, columns = np.nonzero(masks.any(axis=0))
    assert columns.min() > left - 40
    assert columns.max() < right + 40
    assert rows.min() > top - 40
    assert rows.max() < bottom + 40


@settings(max_examples=25, deadline=None)
@given(pose=poses, drop=st.floats(0, 1.5), smile=st.floats(0, 1))
def test_the_halves_make_up_the_face(
    pose: tuple[float, float, float], drop: float, smile: float
) -> None:
    face = posed(pose, jaw_drop=drop, smile=smile)
    left, right = put("half:side=left", face), put("half:side=right", face)
    assert not (left.mask & right.mask).any()
    assert left.coverage + right.coverage == pytest.approx(1, abs=0.003)


def test_left_is_the_left_of_the_shown_person() -> None:
    face = made_landmarks()
    left, right = put("half", face), put("half:side=right", face)
    assert left.coverage == pytest.approx(0.5, abs=0.01)
    on_left = (LEFT_EYE[0], LEFT_EYE[1], LEFT_MOUTH, LEFT_CHEEK)
    on_right = (RIGHT_EYE[0], RIGHT_EYE[1], RIGHT_MOUTH, RIGHT_CHEEK)
    assert hidden(left, *on_left, *on_right) == 4 * [True] + 4 * [False]
    assert hidden(right, *on_left, *on_right) == 4 * [False] + 4 * [True]


@pytest.mark.parametrize("yaw", [-40, -20, 20, 40])
@pytest.mark.parametrize("pitch", [-20, 0, 20])
def test_the_halves_of_a_turned_head_are_those_of_the_head(yaw: int, pitch: int) -> None:
    face = made_landmarks(yaw=yaw, pitch=pitch)
    left = put("half", face)
    x = mesh().vertices[:, 0]
    # The near half shows all its points; of the far half the nose hides some.
    near = np.flatnonzero((x < -0.5) if yaw > 0 else (x > 0.5))
    inner = near[np.abs(x[near]) < 5]
    assert (left.covered[inner] == (yaw < 0)).mean() > 0.98
    assert (left.coverage < 0.45) if yaw > 0 else (left.coverage > 0.55)


@settings(max_examples=20, deadline=None)
@given(
    pose=st.tuples(st.floats(-30, 30), st.floats(-15, 15), st.floats(-180, 180)),
    drop=st.floats(0, 1),
    smile=st.floats(0, 1),
)
def test_windows_show_one_feature(
    pose: tuple[float, float, float], drop: float, smile: float
) -> None:
    face = posed(pose, jaw_drop=drop, smile=smile)
    eyes = (*RIGHT_EYE, *LEFT_EYE, RIGHT_BROW, LEFT_BROW)
    mouth = (RIGHT_MOUTH, LEFT_MOUTH, LOWER_LIP)
    others = (NOSE_TIP, FOREHEAD, CHIN)
    assert not any(hidden(put("window", face), *eyes))
    assert all(hidden(put("window", face), *mouth, *others))
    assert not any(hidden(put("window:show=mouth", face), *mouth))
    assert all(hidden(put("window:show=mouth", face), *eyes, NOSE_TIP, FOREHEAD))
    assert all(hidden(put("block", face), *eyes))
    assert not any(hidden(put("block", face), *mouth, *others))
    assert all(hidden(put("block:over=mouth", face), *mouth))
    assert not any(hidden(put("block:over=mouth", face), *eyes, FOREHEAD))


@pytest.mark.parametrize("feature", ["eyes", "mouth"])
def test_window_and_block_make_up_the_face(feature: str) -> None:
    face = made_landmarks(yaw=25, roll=10)
    window, block = put(f"window:show={feature}", face), put(f"block:over={feature}", face)
    assert not (window.mask & block.mask).any()
    assert window.coverage + block.coverage == pytest.approx(1, abs=0.003)


@pytest.mark.parametrize("spec", [s for s in SHAPES if s[:5] not in {"sweep", "upper", "lower"}])
@settings(max_examples=5, deadline=None)
@given(seed=seeds, size=st.floats(0, 60))
def test_mouth_and_chin_move_nothing(spec: str, seed: int, size: float) -> None:
    """Sweeps alone read the face oval, since they promise a share of it."""
    face = made_landmarks(yaw=10, pitch=5)
    free = np.setdiff1d(np.arange(478), ANCHORS)
    points = face.points.copy()
    points[free] += np.random.default_rng(seed).normal(0, size, (len(free), 3))
    moved = FaceLandmarks(points, face.blendshapes, face.pose)
    np.testing.assert_array_equal(put(spec, face).alpha, put(spec, moved).alpha)


def test_bubbles_are_gaussian() -> None:
    face = made_landmarks()
    sigma = 0.1 * 2 * 7.743 * 12  # the average head is 2 x 7.743 cm wide
    drawn = (put("bubbles:n=1,size=0.1", face, seed=seed).alpha for seed in range(99))
    inner = np.s_[120:180, 120:180]
    alpha = next(alpha for alpha in drawn if alpha[inner].min() < 2)
    row, column = np.add(np.unravel_index(np.argmin(alpha[inner]), (60, 60)), 120)
    shown = 1 - alpha.astype(float) / 255
    # The logarithm of a Gaussian is a parabola.
    for step in (8, 14, 20):
        bends = -2 * np.log([shown[row, column + k] for k in (-step, 0, step)])
        assert bends @ [1, -2, 1] == pytest.approx(2 * step**2 / sigma**2, rel=0.06)
        bends = -2 * np.log([shown[row + k, column] for k in (-step, 0, step)])
        assert bends @ [1, -2, 1] == pytest.approx(2 * step**2 / sigma**2, rel=0.06)


def test_more_bubbles_show_more() -> None:
    face = made_landmarks(yaw=20)
    shares = [put(f"bubbles:n={n}", face, seed=5).coverage for n in (0, 5, 20, 60, 400)]
    assert shares[0] == 1
    assert all(a > b for a, b in pairwise(shares))
    assert shares[-1] < 0.1


def test_bubbles_are_spread_evenly() -> None:
    face = made_landmarks()
    shown = np.mean([1 - put("bubbles", face, seed=k).alpha / 255.0 for k in range(80)], axis=0)
    middle = shown[80:230, 90:210]
    assert middle.std() / middle.mean() < 0.25


@pytest.mark.parametrize("spec", ["bubbles", "patch:like=block"])
def test_size_does_not_move_what_is_random(spec: str) -> None:
    face = made_landmarks(yaw=15)
    double = FaceLandmarks((face.points + 0.5) * 2 - 0.5, face.blendshapes, face.pose)
    small = get_occluder(spec).apply(PICTURE, face, seed=2)
    large = get_occluder(spec).apply(noise_picture((600, 600)), double, seed=2)
    difference = np.abs(small.alpha.astype(int) - large.alpha[::2, ::2])
    assert (difference > 40).mean() < 0.01


@pytest.mark.parametrize("spec", SHAPES)
@settings(max_examples=5, deadline=None)
@given(pose=poses, place=places, scale=st.floats(0.3, 40))
def test_any_place_and_size(
    spec: str, pose: tuple[float, float, float], place: tuple[float, float], scale: float
) -> None:
    result = put(spec, posed(pose, scale=scale, centre=place))  # type: ignore[arg-type]
    unhidden = result.alpha == 0
    np.testing.assert_array_equal(result.image[unhidden], PICTURE[unhidden])
    assert 0 <= result.coverage <= 1


@pytest.mark.parametrize("spec", SHAPES)
def test_a_face_outside_the_picture_hides_nothing(spec: str) -> None:
    result = put(spec, made_landmarks(centre=(900, -700)))
    np.testing.assert_array_equal(result.image, PICTURE)
    assert result.coverage == 0


@pytest.mark.parametrize("spec", SHAPES)
def test_pictures_of_16_pixels(spec: str) -> None:
    face = made_landmarks(scale=0.6, centre=(7.5, 7.5))
    result = get_occluder(spec).apply(noise_picture((16, 16)), face)
    assert 0 < result.coverage < 1
