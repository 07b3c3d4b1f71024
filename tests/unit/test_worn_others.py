from __future__ import annotations

import dataclasses
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.mesh import (
    CHIN,
    FACE_OVAL,
    LEFT_EYE,
    LOWER_LIP,
    MOUTH_CORNERS,
    NOSE_TIP,
    RIGHT_EYE,
    canonical_mesh,
)
from maskface.occluders import get_occluder, occluder_name
from maskface.occluders.drawing.geometry import ANCHORS, fit_head
from maskface.occluders.worn.drapes import CROWN, HOOD, SCARF, VEIL, Drape, surface_of_drape
from maskface.occluders.worn.eyewear import FRONT, STYLES, FrameShape, front, lens_outline
from maskface.occluders.worn.hats import brim, brim_below, upper_face
from maskface.occluders.worn.planes import Canvas
from maskface.occluders.worn.veils import scarf_cloth, scarf_print
from maskface.occluders.worn.visors import visor
from maskface.types import FaceLandmarks, Occlusion
from tests.fixtures.faces import made_landmarks, made_picture, noise_picture, overlap

IRISES = (468, 473)
SPECS = (
    "sunglasses",
    "glasses",
    "shield",
    "scarf:pattern=dots",
    "niqab",
    "cap",
    "cap:drawn=false",
)
CLEAR = ("glasses", "glasses:frame=round", "shield")
poses = st.tuples(st.floats(-60, 60), st.floats(-25, 25), st.floats(-180, 180))


def put(spec: str, face: FaceLandmarks, picture: np.ndarray | None = None) -> Occlusion:
    return get_occluder(spec).apply(made_picture(face) if picture is None else picture, face)


def at(plane: np.ndarray, face: FaceLandmarks, index: int) -> float:
    x, y = np.round(face.points[index, :2]).astype(int)
    return float(plane[y, x])


def oval(face: FaceLandmarks) -> np.ndarray:
    plane = np.zeros((300, 300), np.uint8)
    points = np.round(face.points[list(FACE_OVAL), :2] * 16).astype(np.int32)
    cv2.fillPoly(plane, [points], 1, cv2.LINE_8, 4)
    return plane > 0


@settings(max_examples=15, deadline=None)
@given(
    yaw=st.floats(-20, 20), pitch=st.floats(-15, 15), roll=st.floats(-180, 180),
    frame=st.sampled_from(["square", "round"]),
)  # fmt: skip
def test_sunglasses_hide_the_irises_and_not_the_mouth(
    yaw: float, pitch: float, roll: float, frame: str
) -> None:
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll)
    result = put(f"sunglasses:frame={frame}", face)
    assert result.covered[list(IRISES)].all()
    for index in (*MOUTH_CORNERS, LOWER_LIP, CHIN, NOSE_TIP, 10):
        assert at(result.alpha, face, index) == 0
    assert 0.12 < result.coverage < 0.30


def test_lenses_hide_the_share_that_was_asked_for() -> None:
    face = made_landmarks(scale=14)
    middle = [
        at(put(f"sunglasses:opacity={opacity}", face).alpha, face, 159) / 255
        for opacity in (0.5, 0.7, 0.95)
    ]
    # Reflections hide a little more.
    assert middle[0] == pytest.approx(0.55, abs=0.08)
    assert middle[0] < middle[1] < middle[2]


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (20, 0), (-20, 5), (0, -10)])
def test_a_niqab_leaves_the_eyes_free_and_hides_the_rest(yaw: float, pitch: float) -> None:
    face = made_landmarks(yaw=yaw, pitch=pitch, scale=10)
    result = put("niqab", face)
    assert not result.covered[list(IRISES)].any()
    near = RIGHT_EYE if yaw >= 0 else LEFT_EYE
    assert not result.covered[list(near)].any()
    eye_y = face.points[list(IRISES), 1].mean()
    rows = np.arange(300)[:, None]
    rest = oval(face) & ((rows < eye_y - 3.4 * 10) | (rows > eye_y + 2.2 * 10))
    assert result.mask[rest].all()
    assert result.coverage > 0.75


def test_a_niqab_hides_hair_and_neck() -> None:
    face = made_landmarks(scale=7, centre=(150, 120))
    result = put("niqab", face)
    fit = fit_head(face.points)
    places = fit.project(np.array([(0, 14, 0), (8, 9, 0), (-8, 9, 0), (0, -14, 0), (7, -16, 0.0)]))
    x, y = np.round(places[:, :2]).astype(int).T
    assert (result.alpha[y, x] == 255).all()


@pytest.mark.parametrize("yaw", [0.0, 30.0])
def test_a_niqab_follows_hair_of_heads_that_face_the_camera(yaw: float) -> None:
    face = made_landmarks(yaw=yaw, scale=7, centre=(150, 120))
    bare = made_picture(face)
    long = bare.copy()
    cv2.ellipse(long, (150, 130), (80, 95), 0, 0, 360, (60, 35, 20), -1)
    head = cv2.dilate(oval(face).astype(np.uint8), np.ones((3, 3), np.uint8))[..., None]
    long = np.where(head, bare, long)
    usual, wide = (
        np.ptp(np.nonzero(get_occluder("niqab").apply(picture, face).alpha[110:150] > 127)[1])
        for picture in (bare, long)
    )
    if yaw:
        assert usual == wide
    else:
        assert usual < 160 < wide


@settings(max_examples=15, deadline=None)
@given(pose=poses, drop=st.floats(0, 1), smile=st.floats(0, 1))
def test_a_scarf_hides_nose_mouth_and_chin(
    pose: tuple[float, float, float], drop: float, smile: float
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(
        yaw=yaw, pitch=pitch, roll=roll, jaw_drop=drop, smile=smile, scale=9
    )  # fmt: skip
    result = put("scarf", face)
    near = MOUTH_CORNERS[:1] if yaw > 0 else MOUTH_CORNERS[1:]
    assert result.covered[[NOSE_TIP, LOWER_LIP, CHIN, *near]].all()
    assert not result.covered[151]
    assert at(result.alpha, face, RIGHT_EYE[0] if yaw > 0 else LEFT_EYE[0]) == 0


@pytest.mark.parametrize("spec", CLEAR)
@pytest.mark.parametrize("yaw", [0, 30])
def test_what_is_behind_clear_glass_is_seen(spec: str, yaw: float) -> None:
    """Every pixel is a linear function of the photograph, and the pattern can be recovered."""
    face = made_landmarks(yaw=yaw)
    rows, columns = np.mgrid[:300, :300]
    pattern = np.where((rows // 6 + columns // 6) % 2, 90, 170).astype(np.uint8)
    picture = np.repeat(pattern[..., None], 3, axis=2)
    result = put(spec, face, picture)
    assert result.coverage < 0.1
    for index in (*IRISES, *MOUTH_CORNERS, LOWER_LIP):
        assert at(result.alpha, face, index) < 64
    box = slice(*np.round(face.points[[9, CHIN], 1]).astype(int))
    free = (result.alpha[box] < 64) & oval(face)[box]
    through = (1 - result.alpha[box] / 255) * (1 - result.shadow[box] / 255)
    smooth = cv2.GaussianBlur(result.image[box, :, 0].astype(np.float64), (0, 0), 12)
    seen = (result.image[box, :, 0] - smooth)[free]
    expected = (
        pattern[box] - cv2.GaussianBlur(pattern[box].astype(np.float64), (0, 0), 12)
    ) * through
    assert np.corrcoef(seen, expected[free])[0, 1] > 0.97
    assert np.polyfit(expected[free], seen, 1)[0] == pytest.approx(1, abs=0.06)


@settings(max_examples=12, deadline=None)
@given(strength=st.floats(0.1, 1), yaw=st.floats(-30, 30), roll=st.floats(-180, 180))
def test_a_brim_darkens_the_eyes_by_its_share_and_hides_nothing(
    strength: float, yaw: float, roll: float
) -> None:
    face = made_landmarks(yaw=yaw, roll=roll, scale=10)
    picture = made_picture(face)
    result = put(f"cap:drawn=false,shadow={strength:.3f}", face, picture)
    assert not result.alpha.any()
    assert result.coverage == 0
    assert (result.image <= picture).all()
    eye = 159 if yaw > 0 else 386  # the one that is turned to the camera
    assert at(result.shadow, face, eye) == pytest.approx(255 * strength, abs=8)
    assert at(result.shadow, face, LOWER_LIP) <= 0.03 * 255
    kept = result.image.astype(float) / picture
    np.testing.assert_allclose(kept[..., 0], 1 - result.shadow / 255, atol=0.012)


def test_the_shade_ends_where_it_is_told_to() -> None:
    face = made_landmarks()
    lit = [
        int((put(f"cap:drawn=false,edge={edge}", face).shadow > 10).sum())
        for edge in (20, 50, 80, 110)
    ]
    assert lit == sorted(lit, reverse=True)
    plane = put("cap:drawn=false,edge=80", face).shadow
    fit = fit_head(face.points)
    heights = fit.project(np.array([(3.5, y, 4.0) for y in (2.0, -3.5)]))[:, 1]
    column = round(fit.project(np.array([[3.5, 0, 4.0]]))[0, 0])
    assert plane[round(heights[0]), column] > 100 > 20 > plane[round(heights[1]), column]


def test_a_cap_hides_the_forehead_and_shades_the_eyes() -> None:
    face = made_landmarks(scale=9)
    result = put("cap", face)
    assert result.covered[10]
    assert not result.covered[[*IRISES, NOSE_TIP, LOWER_LIP]].any()
    alone = put("cap:drawn=false", face)
    for index in IRISES:
        assert at(result.shadow, face, index) >= at(alone.shadow, face, index) > 100
    assert not put("cap:shadow=0,drawn=false", face).shadow.any()


@pytest.mark.parametrize("spec", SPECS)
@settings(max_examples=6, deadline=None)
@given(pose=poses, scale=st.floats(2, 14), x=st.floats(-50, 350), y=st.floats(-50, 350))
def test_nothing_else_changes(
    spec: str, pose: tuple[float, float, float], scale: float, x: float, y: float
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll, scale=scale, centre=(x, y))
    picture = noise_picture()
    before = picture.copy()
    result = put(spec, face, picture)
    np.testing.assert_array_equal(picture, before)
    untouched = (result.alpha == 0) & (result.shadow == 0)
    np.testing.assert_array_equal(result.image[untouched], picture[untouched])
    assert result.image.dtype == result.alpha.dtype == result.shadow.dtype == np.uint8


@pytest.mark.parametrize("spec", SPECS)
def test_expressions_do_not_move_it(spec: str) -> None:
    face = made_landmarks(yaw=10, pitch=5)
    free = np.setdiff1d(np.arange(478), ANCHORS)
    points = face.points.copy()
    points[free] += np.random.default_rng(3).normal(0, 20, (len(free), 3)).astype(np.float32)
    waving = FaceLandmarks(points, face.blendshapes, face.pose)
    picture = noise_picture()
    still, moved = put(spec, face, picture), put(spec, waving, picture)
    np.testing.assert_array_equal(still.image, moved.image)
    np.testing.assert_array_equal(still.shadow, moved.shadow)


@pytest.mark.parametrize("spec", SPECS)
def test_the_same_seed_gives_the_same_bytes(spec: str) -> None:
    face, picture = made_landmarks(yaw=-25, roll=30), noise_picture()
    first, second = (get_occluder(spec).apply(picture, face, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    other = get_occluder(spec).apply(picture, face, seed=5)
    np.testing.assert_array_equal(first.alpha, other.alpha)


@pytest.mark.parametrize("spec", ["scarf:colour=red", "shield:colour=pink", "cap", "sunglasses"])
@pytest.mark.parametrize("scale", [2.7, 12.0])
def test_grey_stays_grey(spec: str, scale: float) -> None:
    grey = np.repeat(noise_picture()[..., :1], 3, axis=2)
    image = put(spec, made_landmarks(scale=scale), grey).image
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS)
def test_turning_the_head_changes_it_smoothly(spec: str) -> None:
    results = [put(spec, made_landmarks(yaw=yaw, scale=8)) for yaw in range(-60, 61, 4)]
    covered = np.array([result.coverage for result in results])
    assert np.abs(np.diff(covered)).max() < 0.04
    np.testing.assert_allclose(covered, covered[::-1], atol=0.04)
    # Frames are thinner than what they move by from one picture to the next.
    around = np.ones((9, 9), np.uint8)
    touched = [cv2.dilate(np.maximum(r.alpha, r.shadow), around) > 40 for r in results]
    assert min(overlap(a, b) for a, b in pairwise(touched)) > 0.75


@pytest.mark.parametrize("spec", SPECS)
def test_small_faces_are_like_large_ones(spec: str) -> None:
    large = made_landmarks(scale=12)
    points = (large.points + np.array([0.5, 0.5, 0])) / 4 - np.array([0.5, 0.5, 0])
    small = FaceLandmarks(points.astype(np.float32), large.blendshapes, large.pose)
    one = put(spec, large)
    other = put(spec, small, made_picture(small, (75, 75)))
    assert other.coverage == pytest.approx(one.coverage, abs=0.035)
    shrunk = cv2.resize(one.shadow, (75, 75), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(shrunk - other.shadow).mean() < 4


def test_colours_show() -> None:
    face = made_landmarks()
    for spec in ("scarf", "niqab", "cap", "shield"):
        red, blue = (
            put(f"{spec}:colour={code}", face).image[put(spec, face).mask].mean(axis=0)
            for code in ("#c02020", "#2020c0")
        )
        assert red[0] > 1.5 * red[2]
        assert blue[2] > 1.5 * blue[0]


def test_a_print_shows_on_a_scarf() -> None:
    face = made_landmarks()
    plain, dots = put("scarf:colour=navy", face), put("scarf:colour=navy,pattern=dots", face)
    assert overlap(plain.mask, dots.mask) > 0.99
    assert dots.image[plain.mask].std() > 2 * plain.image[plain.mask].std()


def test_no_print_nor_bright_rim_lies_along_the_fold_of_a_scarf() -> None:
    opacity, level = scarf_print().opacity, scarf_cloth().levels[0]
    assert opacity is not None
    height, width = level.shape
    sheet = surface_of_drape(SCARF, 40.0)
    rows = sheet.vertices.reshape(*sheet.shape, 3)
    # Lengths down the worn cloth, which is gathered at the ears, from the middle to the ears.
    for share in (0.5, 0.6, 0.7, 0.8):
        line = rows[:, round(share * (sheet.shape[1] - 1))]
        length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
        down = np.interp(np.linspace(0, 1, height), np.linspace(0, 1, len(length)), length)
        place = round(share * (width - 1))
        near = slice(max(0, place - 20), place + 21)
        assert opacity[0][down < 0.4, near].max() < 3
        assert opacity[0][down < 2.0, near].max() > 200
        rim, inside = level[down < 0.1, near].mean(), level[(down > 0.3) & (down < 0.6), near]
        assert rim < inside.mean() + 0.01


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sunglasses:opacity=0.2", "'opacity' of occluder 'sunglasses' got 0.2.*0.5 to 1"),
        ("sunglasses:frame=heart", "'frame' of occluder 'sunglasses' got 'heart'.*round.*square"),
        ("glasses:colour=gold", "No colour 'gold'|[Cc]olour.*gold"),
        ("cap:shadow=2", "'shadow' of occluder 'cap' got 2.*0 to 1"),
        ("cap:edge=130", "'edge' of occluder 'cap' got 130.*0 .*120"),
        ("scarf:pattern=stars", "'pattern' of occluder 'scarf' got 'stars'.*plain.*dots"),
        ("niqab:size=3", "size"),
    ],
)
def test_bad_parameters_are_refused(spec: str, message: str) -> None:
    with pytest.raises(MaskfaceError, match=message):
        get_occluder(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "sunglasses",
        "sunglasses:colour=brown,frame=round,lens=#3a2a1a,opacity=0.8",
        "glasses:colour=#aa8844,frame=round",
        "shield:colour=black",
        "scarf:colour=navy,pattern=dots",
        "niqab:colour=brown",
        "cap:colour=red,drawn=false,edge=60.0,shadow=0.7",
    ],
)
def test_names_can_be_read_back(spec: str) -> None:
    occluder = get_occluder(spec)
    assert occluder_name(occluder) == spec
    assert get_occluder(occluder_name(occluder)) == occluder
    assert set(occluder.params) == {field.name for field in dataclasses.fields(occluder)}


@pytest.mark.parametrize("drape", [SCARF, VEIL, HOOD, CROWN])
@pytest.mark.parametrize("scale", [5.0, 40.0])
def test_drapes_are_symmetric_and_look_outwards(drape: Drape, scale: float) -> None:
    surface = surface_of_drape(drape, scale)
    sheet = surface.vertices.reshape(*surface.shape, 3)
    np.testing.assert_allclose(sheet[:, ::-1] * [-1, 1, 1], sheet, atol=1e-9)
    middle = surface.normals.reshape(*surface.shape, 3)[:, surface.shape[1] // 2]
    assert (middle[2:, 2] > 0).all()


def test_drapes_stand_before_the_skin() -> None:
    skin = canonical_mesh().vertices
    tip = skin[NOSE_TIP]
    for drape in (SCARF, VEIL):
        sheet = surface_of_drape(drape, 40.0)
        column = sheet.vertices.reshape(*sheet.shape, 3)[:, sheet.shape[1] // 2]
        depth = np.interp(tip[1], column[::-1, 1], column[::-1, 2])
        assert depth > tip[2]


def test_spectacles_clear_the_eyes_and_rest_on_the_nose() -> None:
    skin = canonical_mesh().vertices
    surface = front()
    for corner in (*RIGHT_EYE, *LEFT_EYE, 6):
        x, y, z = skin[corner]
        near = np.linalg.norm(surface.vertices[:, :2] - [x, y], axis=1).argmin()
        assert 0 < surface.vertices[near, 2] - z < 3
    np.testing.assert_allclose(surface.vertices[:, 2], front(0.5).vertices[:, 2] + 0.5)


@pytest.mark.parametrize("frame", ["round", "square"])
@pytest.mark.parametrize("dark", [True, False])
def test_each_lens_is_before_its_eye(frame: FrameShape, *, dark: bool) -> None:
    outline = lens_outline(STYLES[frame, dark])
    low, high = outline.min(axis=0), outline.max(axis=0)
    assert low[0] > 0.6
    assert high[0] < FRONT.half
    for x, y in canonical_mesh().vertices[list(LEFT_EYE), :2]:
        assert low[0] < x < high[0]
        assert low[1] < y < high[1]


def test_distance_to_a_square() -> None:
    canvas = Canvas(half=2.0, low=-2.0, high=2.0, pixels=50)
    distance = canvas.distance(np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float))
    x, y = canvas.grid()
    away = np.maximum(np.abs(x), np.abs(y)) - 1
    beside = (np.abs(y) < 0.9) | (away < 0)
    assert np.abs(distance - away)[beside].max() < 0.05


def test_a_brim_has_two_sides_and_shade_lies_on_the_skin() -> None:
    above, below = brim(), brim_below()
    assert above.normals[:, 1].mean() > 0.5
    assert below.normals[:, 1].mean() < -0.5
    skin = canonical_mesh().vertices
    sheet = upper_face().vertices
    for index in (10, 151, 159, 386, 50, 280):
        x, y, z = skin[index]
        near = np.linalg.norm(sheet[:, :2] - [x, y], axis=1).argmin()
        assert sheet[near, 2] == pytest.approx(z, abs=1.2)


def test_a_visor_clears_the_nose() -> None:
    surface = visor()
    middle = surface.vertices.reshape(*surface.shape, 3)[:, surface.shape[1] // 2]
    depth = np.interp(canonical_mesh().vertices[NOSE_TIP, 1], middle[::-1, 1], middle[::-1, 2])
    assert depth > canonical_mesh().vertices[NOSE_TIP, 2] + 1
