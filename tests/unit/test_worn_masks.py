from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskface.errors import MaskfaceError
from maskface.images import read_rgba
from maskface.mesh import CHIN, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP
from maskface.occluders import PictureMask, get_occluder, occluder_name
from maskface.occluders.drawing.garment import Cord, Garment, Sheet, Texture
from maskface.occluders.drawing.geometry import ANCHORS, HeadFit, fit_head
from maskface.occluders.drawing.raster import rasterise
from maskface.occluders.drawing.sheets import draw_garment
from maskface.occluders.photo.light import Light
from maskface.occluders.worn import weaves
from maskface.occluders.worn.base import Mask
from maskface.occluders.worn.picture_mask import picture_cloth
from maskface.occluders.worn.planes import make_texture
from maskface.occluders.worn.respirators import DOWN, cup, half
from maskface.occluders.worn.surface import sheet_surface
from maskface.occluders.worn.surgical import cloth
from maskface.occluders.worn.weaves import plain_cotton, print_on
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.faces import made_landmarks, made_picture, noise_picture, rotation

OPAQUE = ("cloth", "fashion", "ffp2", "n95", "texture")
SEE_THROUGH = ("window_mask", "clear")
ALL = OPAQUE + SEE_THROUGH
PATTERNS = ("plain", "stripes", "dots", "check", "floral")
WEARINGS = ("nose_out", "under_lip", "chin", "one_ear", "loose", "tight")
poses = st.tuples(st.floats(-45, 45), st.floats(-20, 20), st.floats(-180, 180))
every = pytest.mark.parametrize("name", ALL)


def mask(spec: str) -> Mask:
    occluder = get_occluder(spec)
    assert isinstance(occluder, Mask)
    return occluder


def outline(occluder: Mask, face: FaceLandmarks, size: int = 300) -> np.ndarray:
    """Where the mask's sheets are, solid or clear."""
    fit = fit_head(face.points)
    inside = np.zeros((size, size), bool)
    for item in occluder.garment(fit.scale).items:
        if isinstance(item, Sheet):
            points = fit.project(item.surface.vertices)
            inside |= rasterise(points, item.surface, inside.shape).alpha > 127
    return inside


def at(plane: np.ndarray, face: FaceLandmarks, index: int) -> bool:
    x, y = np.round(face.points[index, :2]).astype(int)
    return bool(plane[y, x])


def near_the_mouth(face: FaceLandmarks, size: int = 300) -> np.ndarray:
    """A disc of 1 cm between the lips."""
    x, y = face.points[[*MOUTH_CORNERS], :2].mean(axis=0)
    rows, columns = np.mgrid[:size, :size]
    return np.asarray(np.hypot(columns - x, rows - y) < fit_head(face.points).scale)


@every
@settings(max_examples=10, deadline=None)
@given(pose=poses, drop=st.floats(0, 0.8))
def test_nose_mouth_and_chin_lie_within(
    name: str, pose: tuple[float, float, float], drop: float
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll, jaw_drop=drop)
    inside = outline(mask(name), face)
    near = MOUTH_CORNERS if abs(yaw) < 20 else MOUTH_CORNERS[:1] if yaw > 0 else MOUTH_CORNERS[1:]
    chin = () if drop else (CHIN,)  # masks end just below the chin of a closed mouth
    for index in (NOSE_TIP, LOWER_LIP, *chin, *near):
        assert at(inside, face, index)
    for index in (33 if yaw > 0 else 263, 151):  # outer corner of the near eye, forehead
        assert not at(inside, face, index)


@pytest.mark.parametrize("name", ["surgical", *OPAQUE, "window_mask"])
@pytest.mark.parametrize("yaw", [-30, 0, 30])
def test_the_lip_of_a_jaw_that_drops_far_stays_within(name: str, yaw: float) -> None:
    face = made_landmarks(yaw=yaw, jaw_drop=2.2)
    assert at(outline(mask(name), face), face, LOWER_LIP)


@pytest.mark.parametrize("name", OPAQUE)
def test_cloth_hides_the_mouth(name: str) -> None:
    face = made_landmarks(yaw=15)
    hidden = mask(name).apply(made_picture(face), face).alpha
    assert (hidden[near_the_mouth(face)] == 255).all()


@pytest.mark.parametrize("name", SEE_THROUGH)
@pytest.mark.parametrize("yaw", [-30, 0, 30])
def test_film_shows_the_mouth(name: str, yaw: float) -> None:
    """What is behind the film can be recovered by a straight line, with most of its contrast."""
    face = made_landmarks(yaw=yaw)
    dark, light, drawn = (made_picture(face) for _ in range(3))
    mouth = near_the_mouth(face)
    dark[mouth], light[mouth], drawn[mouth] = 40, 220, noise_picture()[mouth] // 2 + 60
    seen = [mask(name).apply(picture, face) for picture in (dark, light, drawn)]
    assert not seen[0].mask[mouth].any()
    low, high, middle = (result.image[mouth].astype(float) for result in seen)
    contrast = (high - low) / 180
    assert contrast.min() > 0.4
    assert contrast.mean() > 0.75
    np.testing.assert_allclose(40 + (middle - low) / contrast, drawn[mouth], atol=6)


@pytest.mark.parametrize("name", SEE_THROUGH)
def test_clear_masks_hide_much_less_than_cloth(name: str) -> None:
    face = made_landmarks()
    covered = [mask(spec).apply(made_picture(face), face).coverage for spec in (name, "cloth")]
    assert covered[0] < 0.75 * covered[1]


@every
@settings(max_examples=4, deadline=None)
@given(pose=poses, scale=st.floats(2.0, 12.0), wearing=st.sampled_from(WEARINGS))
def test_changes_nothing_else(
    name: str, pose: tuple[float, float, float], scale: float, wearing: str
) -> None:
    yaw, pitch, roll = pose
    face = made_landmarks(yaw=yaw, pitch=pitch, roll=roll, scale=scale)
    picture = noise_picture()
    before = picture.copy()
    result = mask(f"{name}:wearing={wearing}").apply(picture, face)
    np.testing.assert_array_equal(picture, before)
    free = (result.alpha == 0) & (result.shadow == 0)
    np.testing.assert_array_equal(result.image[free], picture[free])


@every
def test_the_lower_face_does_not_move_the_mask(name: str) -> None:
    face = made_landmarks(yaw=10, pitch=5)
    free = np.setdiff1d(np.arange(478), ANCHORS)
    points = face.points.copy()
    points[free] += np.random.default_rng(0).normal(0, 20, (len(free), 3)).astype(np.float32)
    waving = FaceLandmarks(points, face.blendshapes, face.pose)
    picture = noise_picture()
    first, second = mask(name).apply(picture, face), mask(name).apply(picture, waving)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.alpha, second.alpha)


@every
@pytest.mark.parametrize("yaw", [20, 43])
def test_left_and_right_are_alike(name: str, yaw: float) -> None:
    """A head turned the other way is the mirrored picture, but for the fibres of the cloth."""
    drawn = []
    for turn in (yaw, -yaw):
        face = made_landmarks(yaw=turn, centre=(149.5, 149.5))
        result = mask(name).apply(made_picture(face), face)
        drawn.append((result.alpha, result.image))
    alpha, image = drawn[0][0].astype(int), drawn[0][1].astype(int)
    mirrored, other = drawn[1][0][:, ::-1], drawn[1][1][:, ::-1]
    assert np.abs(alpha - mirrored).mean() < 2.5
    if name in ("ffp2", "n95", "fashion"):
        difference = np.abs(image - other).astype(np.float32).mean(axis=2)
        inside = (alpha == 255) & (mirrored == 255)
        smooth = cv2.blur(np.where(inside, difference, 0), (9, 9))
        assert smooth.max() < 16


def square(z: float, side: float = 3.0) -> np.ndarray:
    """A sheet (3, 3, 3) across the line of sight."""
    y, x = np.mgrid[side:-side:3j, -side:side:3j]
    return np.stack([x, y, np.full_like(x, z)], axis=-1)


@pytest.mark.parametrize("near", [0, 1])
def test_sheets_by_depth_change_places_when_the_head_turns(near: int) -> None:
    red, blue = (
        Sheet(
            sheet_surface(np.add(square(0.0), [shift, 0, 0])),
            make_texture(np.ones((8, 8), np.float32)),
            colour,
            by_depth=True,
            lit=False,
        )
        for shift, colour in ((-2.5, (250, 0, 0)), (2.5, (0, 0, 250)))
    )
    turn = rotation((40, -40)[near], 0, 0)
    fit = HeadFit(np.diag([9.0, -9.0, -9.0]) @ turn, np.array([60.0, 60, 0]))
    light = Light(1.0, (0.0, 0.0, 0.0))
    for items in ((red, blue), (blue, red)):
        drawn = draw_garment(fit, Garment(items), light, (120, 120))
        assert drawn.colour[60, 60].argmax() == (0, 2)[near]


def test_a_sheet_on_the_head_is_hidden_where_the_head_turns_away() -> None:
    surface = sheet_surface(square(0.0))
    solid = np.ones((8, 8), np.float32)
    fit = HeadFit(np.diag([9.0, -9.0, -9.0]), np.array([60.0, 60, 0]))
    for direction, seen in (([0.0, 0.0, 1.0], 255), ([0.0, 0.0, -1.0], 0)):
        turned = replace(surface, normals=np.tile(direction, (9, 1)))
        sheet = Sheet(turned, make_texture(solid, solid), on_head=True)
        drawn = draw_garment(fit, Garment((sheet,)), Light(1.0, (0.0, 0.0, 0.0)), (120, 120))
        assert drawn.alpha[60, 60] == seen


@every
def test_grey_photographs_stay_grey(name: str) -> None:
    face = made_landmarks(yaw=-20)
    grey = np.repeat(made_picture(face)[..., :1], 3, axis=2)
    image = mask(name).apply(grey, face).image
    assert (image == image[..., :1]).all()
    assert (image != grey).any()


@every
def test_seed_decides(name: str) -> None:
    face = made_landmarks()
    picture = noise_picture()
    first, again = (mask(name).apply(picture, face, seed=3).image for _ in range(2))
    np.testing.assert_array_equal(first, again)


@every
@pytest.mark.parametrize("scale", [2.0, 50.0])
def test_small_and_large_faces_are_covered_alike(name: str, scale: float) -> None:
    size = round(22 * scale)
    face = made_landmarks(scale=scale, centre=(size / 2, size / 2))
    usual = made_landmarks()
    covered = mask(name).apply(made_picture(face, (size, size)), face).coverage
    expected = mask(name).apply(made_picture(usual), usual).coverage
    assert covered == pytest.approx(expected, abs=0.05)


@every
def test_a_higher_edge_covers_more(name: str) -> None:
    face = made_landmarks(yaw=5)
    areas = [outline(mask(f"{name}:top={top}"), face).sum() for top in (10, 30, 50, 70, 90)]
    assert all(low < high for low, high in pairwise(areas))


@every
def test_each_way_to_wear_it_differs_and_shows_what_it_says(name: str) -> None:
    face = made_landmarks()
    worn = {wearing: outline(mask(f"{name}:wearing={wearing}"), face) for wearing in WEARINGS}
    for first, second in combinations(worn.values(), 2):
        assert (first != second).any()
    assert not at(worn["nose_out"], face, NOSE_TIP)
    assert at(worn["nose_out"], face, LOWER_LIP)
    assert not at(worn["under_lip"], face, LOWER_LIP)
    for index in (NOSE_TIP, LOWER_LIP):
        assert not at(worn["chin"], face, index)
        assert not at(worn["one_ear"], face, index)


@pytest.mark.parametrize(
    ("texture", "tall"), [(cloth(), 15.0), (half(), DOWN), (plain_cotton(), weaves.DOWN)]
)
def test_hems_get_darker_to_the_edge(texture: Texture, tall: float) -> None:
    """A bright line along the edge would look like a halo on the skin beside it."""
    level = texture.levels[0].mean(axis=1)
    millimetre = round(len(level) / tall / 10)
    for side in (level, level[::-1]):
        first, second = side[:millimetre].mean(), side[millimetre : 2 * millimetre].mean()
        assert first < second < level.mean()


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_a_print_ends_before_the_edge(pattern: str) -> None:
    """Cut by the edge, it would be bright and dark spots along the skin."""
    level = weaves.cotton(pattern, (0, 0, 0), (255, 255, 255)).levels[0].max(axis=2)
    centimetre = len(level) / weaves.DOWN
    bound = round(0.9 * centimetre)
    assert level[:bound].max() < 0.02
    assert level[-round(0.6 * centimetre) :].max() < 0.02
    assert level[2 * bound : -2 * bound].max() > 0.8


def test_the_rim_of_a_cup_is_even_up_to_the_metal_strip() -> None:
    """A ring or a strip near the edge would be a line along the skin."""
    level = cup((200, 200, 200)).levels[0].mean(axis=2)
    smooth = cv2.blur(level, (61, 5))
    rows, columns = level.shape
    for column in (0.3, 0.5, 0.7):
        tall = 0.24 + 0.76 * np.cos(np.pi * (column - 0.5)) ** 1.3  # of the 17 cm in the middle
        down = smooth[:, round(column * columns)]
        rim = down[: round(0.7 / 17 / tall * rows)]
        strip = down[: round(3.2 / 17 / tall * rows)]
        assert np.ptp(rim) < 0.07
        assert strip.min() < rim.min() - 0.1


@pytest.mark.parametrize("yaw", [-40, 40])
def test_bands_end_at_the_ear_and_not_in_prongs(yaw: float) -> None:
    face = made_landmarks(yaw=yaw)
    fit = fit_head(face.points)
    hidden = get_occluder("fashion").apply(made_picture(face), face).mask
    ear = np.array([(-7.9, 1.8, -2.7), (-7.9, 0.9, -1.8), (-7.8, -0.4, -2.9), (-7.9, 0.9, -3.9)])
    near = fit.project(ear * [np.sign(yaw), 1, 1])[:, :2].round().astype(int)
    upper, middle, lower, behind = (bool(hidden[y, x]) for x, y in near)
    assert upper
    assert middle
    assert lower
    assert not behind


def test_patterns_and_their_colours_differ() -> None:
    face = made_landmarks()
    picture = made_picture(face)
    colours = "colour=#306030,accent=#f0e0a0"
    drawn = [mask(f"cloth:pattern={p},{colours}").apply(picture, face) for p in PATTERNS]
    for first, second in combinations(drawn, 2):
        np.testing.assert_array_equal(first.alpha, second.alpha)
        changed = np.abs(first.image.astype(int) - second.image).max(axis=2) > 20
        assert changed[first.mask].mean() > 0.05
    other = mask("cloth:pattern=dots,colour=#306030,accent=red").apply(picture, face).image
    assert (other != drawn[PATTERNS.index("dots")].image).any()


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_prints_leave_much_of_the_ground(pattern: str) -> None:
    down, across = np.mgrid[-6:6:600j, -8:8:800j]
    share = print_on(pattern, across, down)  # type: ignore[arg-type]
    assert share.min() >= 0
    assert share.max() <= 1
    assert 0.05 < share.mean() < 0.6
    # Flat inside and out: little lies on the edges between.
    assert ((share > 0.02) & (share < 0.98) & (np.abs(share - 0.5) > 0.05)).mean() < 0.45


def test_stripes_run_down_every_eight_millimetres() -> None:
    across = np.linspace(0.1, 7.9, 3000)
    down = -0.16 * across  # along the grain of the panel
    share = print_on("stripes", across * 1.0, down * 0.0)
    edges = np.flatnonzero(np.diff((share > 0.5).astype(int)) == 1)
    np.testing.assert_allclose(np.diff(across[edges]), 0.8, atol=0.01)


@pytest.mark.parametrize("name", [n for n in ALL if n != "texture"])
def test_colours(name: str) -> None:
    face = made_landmarks()
    picture = made_picture(face)
    red = mask(f"{name}:colour=#c02020").apply(picture, face).image
    usual = mask(name).apply(picture, face).image
    assert red[..., 0].astype(int).sum() - red[..., 2].sum() > 1.1 * (
        usual[..., 0].astype(int).sum() - usual[..., 2].sum()
    )
    with pytest.raises(MaskfaceError, match=r"no colour named 'rde'.*'red'.*#rrggbb"):
        get_occluder(f"{name}:colour=rde")


def test_the_accent_is_checked() -> None:
    with pytest.raises(MaskfaceError, match="no colour named 'withe'"):
        get_occluder("cloth:accent=withe")
    with pytest.raises(MaskfaceError, match=r"'pattern'.*'tartan'.*'plain', 'stripes'"):
        get_occluder("cloth:pattern=tartan")


@pytest.mark.parametrize(
    "spec",
    [
        *ALL,
        "cloth:accent=red,colour=white,pattern=floral",
        "fashion:colour=grey,wearing=nose_out",
        "ffp2:top=55.0",
        "window_mask:wearing=loose",
    ],
)
def test_specs_come_back(spec: str) -> None:
    occluder = mask(spec)
    assert occluder_name(occluder) == spec
    assert get_occluder(occluder_name(occluder)) == occluder
    assert pickle.loads(pickle.dumps(occluder)) == occluder  # noqa: S301


def flag(path: Path, *, clear: bool = False) -> Path:
    """Red above, green below; the person's right half transparent if asked."""
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[:20, :, 0], pixels[20:, :, 1], pixels[..., 3] = 220, 200, 255
    if clear:
        pixels[:, :30] = [255, 0, 255, 0]
    Image.fromarray(pixels).save(path)
    return path


def test_a_picture_lies_upright_on_the_mask(tmp_path: Path) -> None:
    face = made_landmarks()
    image = PictureMask(path=str(flag(tmp_path / "flag.png"))).apply(made_picture(face), face).image
    (x, y), (_, chin) = face.points[NOSE_TIP, :2].astype(int), face.points[CHIN, :2].astype(int)
    assert image[y, x, 0] > 100 > image[y, x, 1] + 50
    assert image[chin - 10, x, 1] > 100 > image[chin - 10, x, 0] + 50


def test_the_chart_has_a_plain_margin_and_a_picture_none(tmp_path: Path) -> None:
    chart = picture_cloth("", "").levels[0]
    path = str(flag(tmp_path / "flag.png"))
    own = picture_cloth(path, PictureMask(path=path).sha256).levels[0]
    for colours, plain in ((chart, True), (own, False)):
        rim = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
        assert (np.ptp(rim, axis=0).max() < 0.02) == plain
    height, width = chart.shape[:2]
    assert np.ptp(chart[: height // 30], axis=(0, 1)).max() < 0.02
    assert np.ptp(chart[:, : width // 20], axis=(0, 1)).max() < 0.02
    assert np.ptp(chart[height // 10 : -height // 10, width // 2 + 20], axis=0).max() > 0.1


def test_a_clear_part_of_a_picture_shows_the_face(tmp_path: Path) -> None:
    face = made_landmarks()
    picture = made_picture(face)
    path = flag(tmp_path / "half.png", clear=True)
    result = PictureMask(path=str(path)).apply(picture, face)
    right, left = (face.points[i, :2].astype(int) for i in MOUTH_CORNERS)
    assert result.alpha[right[1], right[0]] == 0
    assert result.alpha[left[1], left[0]] == 255
    # The colour of what is clear bleeds nowhere: no pixel has more blue than skin or cloth.
    edge = result.image[right[1], right[0] : left[0]].astype(int)
    assert (edge[:, 2] <= picture[..., 2].max()).all()


def test_the_name_of_a_picture_mask_has_the_path_as_given(tmp_path: Path) -> None:
    path = flag(tmp_path / "flag.png")
    occluder = mask(f"texture:path={path}")
    assert occluder_name(occluder) == f"texture:path={path}"
    assert occluder.params["path"] == str(path)
    assert occluder_name(mask("texture")) == "texture"


def test_a_picture_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"'path'.*nowhere.png.*cannot read.*texture:path="):
        PictureMask(path=str(tmp_path / "nowhere.png"))
    text = tmp_path / "notes.png"
    text.write_text("not a picture")
    with pytest.raises(MaskfaceError, match=r"not a picture.*Give the path"):
        PictureMask(path=str(text))
    empty = tmp_path / "empty.png"
    Image.new("RGBA", (20, 20)).save(empty)
    with pytest.raises(MaskfaceError, match=r"empty.png.*transparent everywhere.*Give the path"):
        PictureMask(path=str(empty))


def test_another_picture_under_the_same_name_is_another_mask(tmp_path: Path) -> None:
    face, path = made_landmarks(), tmp_path / "own.png"
    drawn, masks = [], []
    for colour in ((220, 30, 30), (30, 30, 220)):
        Image.new("RGB", (30, 20), colour).save(path)
        masks.append(mask(f"texture:path={path}"))
        drawn.append(masks[-1].apply(made_picture(face), face).image)
    x, y = face.points[NOSE_TIP, :2].astype(int)
    assert drawn[0][y, x, 0] > 100 > drawn[0][y, x, 2]
    assert drawn[1][y, x, 2] > 100 > drawn[1][y, x, 0]
    pixels = np.full((20, 30, 4), (30, 30, 220, 255), np.uint8)
    assert masks[1].params["sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
    assert masks[0] != masks[1]
    assert occluder_name(masks[0]) == occluder_name(masks[1])
    assert mask("texture").params["sha256"] == ""


def test_a_picture_that_changes_before_it_is_drawn_is_told(tmp_path: Path) -> None:
    face, path = made_landmarks(), tmp_path / "own.png"
    Image.new("RGB", (30, 20), (220, 30, 30)).save(path)
    made = mask(f"texture:path={path}")
    Image.new("RGB", (30, 20), (30, 30, 220)).save(path)
    with pytest.raises(MaskfaceError, match=r"own\.png' .* is another than when"):
        made.apply(made_picture(face), face)


def test_a_black_picture_is_cloth_and_no_hole(tmp_path: Path) -> None:
    face, path = made_landmarks(), tmp_path / "black.png"
    Image.new("RGB", (30, 20)).save(path)
    result = PictureMask(path=str(path)).apply(made_picture(face), face)
    cloth = result.image[result.alpha == 255].mean(axis=1)
    assert 8 < cloth.mean() < 30
    assert cloth.std() > 0.5  # the light on it is seen


def test_loops_have_the_colour_of_what_is_seen_of_a_picture(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[24:40, 24:40] = (220, 30, 30, 255)
    path = tmp_path / "badge.png"
    Image.fromarray(pixels).save(path)
    items = PictureMask(path=str(path)).garment(10).items
    cords = [item for item in items if isinstance(item, Cord)]
    assert cords
    for cord in cords:
        red, green, blue = cord.colour
        assert red > 2 * max(green, blue)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L"])
def test_transparency_is_read(tmp_path: Path, mode: str) -> None:
    pixels: ImageArray = np.full((20, 24, 3), 102, np.uint8)  # in the palette
    picture = Image.fromarray(pixels).convert(mode, dither=Image.Dither.NONE)
    if mode in ("RGBA", "LA"):
        picture.putalpha(70)
    path = tmp_path / "picture.png"
    if mode == "P":
        picture.info["transparency"] = picture.getpixel((0, 0))
    picture.save(path)
    read = read_rgba(path)
    assert read.shape == (20, 24, 4)
    assert not read.flags.writeable
    alpha = {"RGBA": 70, "LA": 70, "P": 0}.get(mode, 255)
    assert (read[..., 3] == alpha).all()
    assert (np.abs(read[..., :3].astype(int) - 102) <= 3).all()
