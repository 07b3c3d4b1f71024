from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.mesh import CHIN, FACE_OVAL, LEFT_EYE, NOSE_TIP, RIGHT_EYE
from maskface.occluders import Occluder, SurgicalMask, Tears, get_occluder, occluder_name
from maskface.occluders.drawing.geometry import ANCHORS
from maskface.occluders.tears.paths import LIDS
from maskface.types import FaceLandmarks
from tests.fixtures.faces import made_landmarks, made_picture, noise_picture, overlap

TEARS = Tears()
FACE = made_landmarks(scale=13.0)


def moved(landmarks: FaceLandmarks, points: np.ndarray) -> FaceLandmarks:
    return FaceLandmarks(points.astype(np.float32), landmarks.blendshapes, landmarks.pose)


@settings(max_examples=25, deadline=None)
@given(
    pose=st.tuples(st.floats(-50, 50), st.floats(-25, 25), st.floats(-180, 180)),
    scale=st.floats(2, 30),
    x=st.floats(-80, 380),
    y=st.floats(-80, 380),
    seed=st.integers(0, 9),
    tears=st.builds(
        Tears,
        side=st.sampled_from(["both", "left", "right"]),
        amount=st.integers(1, 3),
        length=st.sampled_from(["lid", "cheek", "jaw"]),
        wet=st.booleans(),
    ),
)
def test_changes_nothing_else(
    pose: tuple[float, float, float], scale: float, x: float, y: float, seed: int, tears: Tears
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll, scale=scale, centre=(x, y))
    picture = noise_picture()
    before = picture.copy()
    result = tears.apply(picture, face, seed=seed)
    np.testing.assert_array_equal(picture, before)
    untouched = (result.alpha == 0) & (result.shadow == 0)
    np.testing.assert_array_equal(result.image[untouched], picture[untouched])
    # Of the whole face, which may lie outside the picture in part.
    outline = face.points[list(FACE_OVAL), :2]
    assert result.mask.sum() < 0.08 * cv2.contourArea(outline) + 4
    # What is only shaded gets darker, by little.
    shaded = (result.alpha == 0) & (result.shadow > 0)
    assert (result.image[shaded] <= picture[shaded]).all()
    assert result.shadow.max() < 64


def test_far_outside_the_picture_nothing_is_drawn() -> None:
    face = made_landmarks(centre=(2000.0, -900.0))
    picture = noise_picture()
    np.testing.assert_array_equal(TEARS.apply(picture, face).image, picture)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_side_is_the_persons_own(side: str) -> None:
    picture = made_picture(FACE)
    both, one = TEARS.apply(picture, FACE, seed=4), get_occluder(f"tears:side={side}")
    result = one.apply(picture, FACE, seed=4)
    nose = round(float(FACE.points[NOSE_TIP, 0]))
    # The shown person's left is on the right-hand side of the picture.
    own = np.s_[:, nose:] if side == "left" else np.s_[:, :nose]
    other = np.s_[:, :nose] if side == "left" else np.s_[:, nose:]
    assert not result.alpha[other].any()
    assert not result.shadow[other].any()
    assert result.alpha[own].any()
    np.testing.assert_array_equal(result.image[own], both.image[own])


@pytest.mark.parametrize("scale", [3.0, 8.0, 25.0])
def test_grey_stays_grey(scale: float) -> None:
    grey = np.repeat(noise_picture()[..., :1], 3, axis=2)
    image = TEARS.apply(grey, made_landmarks(scale=scale)).image
    assert (image[..., :1] == image[..., 1:]).all()


def test_chance_comes_from_the_seed_alone() -> None:
    picture = made_picture(FACE)
    first, again, other = (TEARS.apply(picture, FACE, seed=seed).image for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_two_sides_differ() -> None:
    result = TEARS.apply(made_picture(FACE), FACE)
    assert overlap(result.mask, result.mask[:, ::-1]) < 0.6


def test_lower_face_does_not_move_the_tears() -> None:
    free = np.setdiff1d(np.arange(478), [*ANCHORS, *LIDS[0], *LIDS[1]])
    points = FACE.points.copy()
    points[free] += np.random.default_rng(0).normal(0, 20, (len(free), 3))
    picture = noise_picture()
    still, waving = TEARS.apply(picture, FACE), TEARS.apply(picture, moved(FACE, points))
    np.testing.assert_array_equal(still.image, waving.image)


def test_length_says_how_far_they_run() -> None:
    rows = {}
    for length in ("lid", "cheek", "jaw"):
        result = get_occluder(f"tears:length={length}").apply(made_picture(FACE), FACE, seed=3)
        rows[length] = int(np.flatnonzero(result.mask.any(axis=1)).max())
    eyes, nose, chin = (float(FACE.points[index, 1]) for index in (RIGHT_EYE[0], NOSE_TIP, CHIN))
    assert eyes < rows["lid"] < nose < rows["cheek"] < rows["jaw"] < chin


def test_short_tears_show_above_a_mask() -> None:
    picture = made_picture(FACE)
    hidden = SurgicalMask().apply(picture, FACE).mask
    for length, share in (("lid", 0.9), ("cheek", 0.2)):
        tears = get_occluder(f"tears:length={length},wet=false").apply(picture, FACE).mask
        assert (tears & ~hidden).sum() > share * tears.sum()


def test_moist_eyes_alone_stay_at_the_lid() -> None:
    result = get_occluder("tears:amount=0").apply(made_picture(FACE), FACE)
    rows = np.flatnonzero(result.alpha.any(axis=1))
    lids = FACE.points[[*LIDS[0], *LIDS[1]], 1]
    assert lids.min() - 3 < rows.min() <= rows.max() < lids.max() + 0.5 * 13


def test_water_is_clear() -> None:
    dark, fair = made_picture(FACE, skin=(60, 45, 38)), made_picture(FACE, skin=(220, 175, 150))
    under = TEARS.apply(fair, FACE).alpha == 255
    seen = [np.median(TEARS.apply(picture, FACE).image[under], axis=0) for picture in (dark, fair)]
    assert (seen[1] > 1.6 * seen[0]).all()
    # Neither paint nor shadow: some of it is darker than the skin, some lighter.
    change = TEARS.apply(fair, FACE).image[under].astype(int).sum(axis=1) - sum((220, 175, 150))
    assert (change < -6).mean() > 0.1
    assert (change > 6).mean() > 0.1
    assert change.max() > 60


def test_water_bends_what_lies_under_it() -> None:
    """Stripes without any difference in brightness between them shift, but only under water."""
    face = made_landmarks(scale=40.0, centre=(400.0, 400.0))
    picture = made_picture(face, (800, 800), (128, 128, 128))
    picture[::2, :, 0], picture[1::2, :, 0] = 100, 160
    result = TEARS.apply(picture, face)
    # Red and green would stay in proportion if the light alone had changed.
    under = result.alpha == 255
    ratio = result.image[..., 0][under] / np.maximum(result.image[..., 1][under].astype(float), 1)
    plain = picture[..., 0][under] / picture[..., 1][under]
    assert (np.abs(ratio - plain) > 0.1).mean() > 0.1


def test_highlights_lie_towards_the_light() -> None:
    face = made_landmarks(scale=36.0, centre=(400.0, 400.0))
    offsets = []
    for falls in (np.linspace(1.1, 0.6, 800), np.linspace(0.6, 1.1, 800)):
        even = made_picture(face, (800, 800)) * falls[None, :, None]
        picture = np.clip(even, 0, 255).astype(np.uint8)
        result = get_occluder("tears:wet=false,amount=1,side=right").apply(picture, face)
        rows = np.flatnonzero(result.mask.any(axis=1))
        drop = slice(rows.max() - 15, rows.max() + 1)
        columns = np.flatnonzero(result.mask[drop].any(axis=0))
        glint = int(result.image[drop].astype(int).sum(axis=(0, 2))[columns].argmax())
        offsets.append(glint / len(columns))
    assert offsets[0] < 0.45
    assert offsets[1] > 0.55


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_picture_turns_the_tears(turns: int) -> None:
    picture, points = made_picture(FACE), FACE.points.copy()
    for _ in range(turns):  # np.rot90 turns anticlockwise
        points[:, 0], points[:, 1] = points[:, 1].copy(), 299 - points[:, 0]
    upright = TEARS.apply(picture, FACE)
    turned = TEARS.apply(np.ascontiguousarray(np.rot90(picture, turns)), moved(FACE, points))
    assert overlap(np.rot90(upright.mask, turns), turned.mask) > 0.97


def test_a_tear_behind_the_nose_or_the_cheek_is_not_drawn() -> None:
    shown = {}
    for yaw in (0, 75):
        face = made_landmarks(yaw=yaw, scale=13.0)
        shown[yaw] = get_occluder("tears:side=left").apply(made_picture(face), face).mask.sum()
    assert shown[75] < 0.1 * shown[0]


def test_small_faces_get_a_hint() -> None:
    face = made_landmarks(scale=2.7, centre=(30.0, 30.0))
    picture = made_picture(face, (60, 60), (90, 65, 50))
    result = TEARS.apply(picture, face)
    change = result.image.astype(int).sum(axis=2) - picture.sum(axis=2)
    assert (change > 9).sum() >= 6
    eyes = face.points[[*RIGHT_EYE, *LEFT_EYE], 1]
    assert np.flatnonzero((change > 9).any(axis=1)).min() > eyes.min() - 3


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("tears:side=lfet", "left"),
        ("tears:length=chin", "cheek"),
        ("tears:amount=4", "0 to 3"),
        ("tears:amount=-1", "0 to 3"),
        ("tears:amount=0,wet=false", "at least 1"),
        ("tears:amount=some", "amount"),
    ],
)
def test_refusals_help(spec: str, says: str) -> None:
    with pytest.raises(MaskfaceError, match=says):
        get_occluder(spec)


@pytest.mark.parametrize("kind", [{"side": "up"}, {"length": ""}, {"amount": 9}])
def test_the_class_itself_checks(kind: dict[str, object]) -> None:
    with pytest.raises(MaskfaceError):
        Tears(**kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "made", [Tears(), Tears(side="left", amount=1), Tears(length="jaw", wet=False)]
)
def test_names_lead_back(made: Occluder) -> None:
    assert get_occluder(occluder_name(made)) == made
