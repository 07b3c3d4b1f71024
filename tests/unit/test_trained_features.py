"""What trained classifiers measure of a face."""

from __future__ import annotations

import copy
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import procrustes

from maskface.blendshapes import BLENDSHAPE_LANDMARKS, BLENDSHAPES, FACE_PARTS
from maskface.classifiers import get_classifier
from maskface.classifiers.trained.blendshapes import Blendshapes
from maskface.classifiers.trained.embedding import Embedding
from maskface.classifiers.trained.fusion import N_PIXELS, Fusion
from maskface.classifiers.trained.hog import BINS, CELL, SIDE, Hog, _descriptor, gradients
from maskface.classifiers.trained.landmarks import (
    EYES_APART,
    EYES_DOWN,
    LOWER,
    POINTS,
    UPPER,
    Landmarks,
    similarity,
    upright,
)
from maskface.crops import crop_box, face_crop
from maskface.errors import MaskfaceError
from maskface.mesh import LEFT_EYE, RIGHT_EYE, canonical_mesh
from maskface.types import Face, FaceLandmarks, Pose

CROP = np.zeros((4, 4, 3), np.uint8)
POSE = Pose(0.0, 0.0, 0.0)
NAMES = list(BLENDSHAPE_LANDMARKS)

SHAPES, PLACES = Blendshapes(points="plain"), Landmarks(points="plain")
"""Of the plain picture, which these tests make."""


def head(seed: int = 0, size: float = 10.0) -> np.ndarray:
    """(478, 3) landmarks in a picture: the average head, a little different, and irises."""
    mesh = canonical_mesh().vertices * [1, -1, -1]
    irises = np.repeat([mesh[list(RIGHT_EYE)].mean(0), mesh[list(LEFT_EYE)].mean(0)], 5, axis=0)
    points = np.vstack([mesh, irises]) + np.random.default_rng(seed).normal(0, 0.1, (478, 3))
    return np.asarray(points * size + [150.0, 150.0, 0.0])


def landmarks(points: np.ndarray, scores: np.ndarray | None = None) -> FaceLandmarks:
    scores = np.linspace(0.01, 0.99, 52) if scores is None else scores
    return FaceLandmarks(points.astype(np.float32), scores.astype(np.float32), POSE)


def hidden(*indices: int) -> np.ndarray:
    covered = np.zeros(478, bool)
    covered[list(indices)] = True
    return covered


def turned(points: np.ndarray, degrees: float, scale: float, shift: np.ndarray) -> np.ndarray:
    """Points rolled about the origin in the picture's plane, scaled and moved."""
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    return np.asarray(points @ turn.T * scale + shift)


# Blendshapes


def test_every_movement_has_a_place_and_sides_mirror_each_other() -> None:
    assert list(BLENDSHAPES[1:]) == NAMES
    mesh = np.round(canonical_mesh().vertices.astype(np.float64), 4)
    for name in NAMES:
        if not name.endswith("Right") or name in {"mouthRight", "jawRight"}:
            continue
        right = [i for i in BLENDSHAPE_LANDMARKS[name] if i < len(mesh)]
        left = [i for i in BLENDSHAPE_LANDMARKS[f"{name[:-5]}Left"] if i < len(mesh)]
        assert (mesh[right, 0] < 0).all(), name
        mirrored = {tuple(point) for point in mesh[right] * [-1, 1, 1]}
        assert mirrored == {tuple(point) for point in mesh[left]}, name
        irises = [
            {i - side for i in BLENDSHAPE_LANDMARKS[n] if i >= 468}
            for n, side in ((name, 0), (f"{name[:-5]}Left", 5))
        ]
        assert irises[0] == irises[1]


def test_places_are_where_their_names_say() -> None:
    mesh = canonical_mesh().vertices
    high = {
        part: np.mean([mesh[[i for i in BLENDSHAPE_LANDMARKS[n] if i < 468], 1].mean() for n in ns])
        for part in ("brow", "eye", "nose", "mouth", "jaw")
        if (ns := [name for name in NAMES if name.startswith(part)])
    }
    order = [high[part] for part in ("brow", "eye", "nose", "mouth", "jaw")]
    assert order == sorted(order, reverse=True)
    assert {13, 14, 61, 291, 0, 17} <= set(BLENDSHAPE_LANDMARKS["mouthPucker"])
    assert 152 in BLENDSHAPE_LANDMARKS["jawOpen"]
    assert {33, 133, 468} <= set(BLENDSHAPE_LANDMARKS["eyeBlinkRight"])


def test_plain_scores_are_all_there() -> None:
    scores = np.linspace(0.01, 0.99, 52)
    plain = Face(CROP, landmarks(head(), scores))
    np.testing.assert_allclose(SHAPES.features([plain])[0], scores[1:], rtol=1e-6)


def test_a_part_is_hidden_by_more_than_half_of_its_landmarks() -> None:
    brow = BLENDSHAPE_LANDMARKS["browDownLeft"]
    half, more = brow[: len(brow) // 2], brow[: len(brow) // 2 + 1]
    faces = [Face(CROP, landmarks(head()), hidden(*part)) for part in (half, more)]
    gaps = np.isnan(SHAPES.features(faces))
    assert not gaps[0].any()
    gone = {name for name, gap in zip(NAMES, gaps[1], strict=True) if gap}
    assert gone == {"browDownLeft", "browOuterUpLeft"}  # and browInnerUp needs both brows


def test_a_hidden_mouth_takes_its_scores_along_and_no_others() -> None:
    face = Face(CROP, landmarks(head()), hidden(*BLENDSHAPE_LANDMARKS["jawOpen"]))
    gaps = np.isnan(SHAPES.features([face])[0])
    expected = [name.startswith(("mouth", "jaw")) for name in NAMES]
    np.testing.assert_array_equal(gaps, expected)


def test_redetected_scores_are_those_found_anew_and_have_no_gaps() -> None:
    anew = landmarks(head(), np.linspace(0.9, 0.1, 52))
    face = Face(CROP, landmarks(head()), np.ones(478, bool), anew)
    found = Blendshapes(points="redetected").features([face])[0]
    np.testing.assert_array_equal(found, anew.blendshapes[1:].astype(np.float64))


def test_seen_scores_are_those_found_anew_without_the_hidden_ones() -> None:
    anew = landmarks(head(), np.linspace(0.9, 0.1, 52))
    face = Face(CROP, landmarks(head()), hidden(*BLENDSHAPE_LANDMARKS["jawOpen"]), anew)
    found = Blendshapes().features([face])[0]
    gaps = np.isnan(SHAPES.features([face])[0])
    np.testing.assert_array_equal(np.isnan(found), gaps)
    np.testing.assert_array_equal(found[~gaps], anew.blendshapes[1:].astype(np.float64)[~gaps])
    assert Blendshapes().needs == {"redetected", "covered"}


@pytest.mark.parametrize("reader", [Blendshapes, Landmarks])
def test_redetected_without_any_is_an_error(reader: type[Blendshapes] | type[Landmarks]) -> None:
    with pytest.raises(ValueError, match="Expected redetected landmarks"):
        reader(points="redetected").features([Face(CROP, landmarks(head()))])


# Landmarks


def test_similarity_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 9, 3))
    # scipy also allows mirroring, so the one of two is tried that needs none.
    if np.linalg.det((one - one.mean(axis=0)).T @ (other - other.mean(axis=0))) < 0:
        one = one * [-1, 1, 1]
    matrix, shift = similarity(one, other)
    size = np.linalg.norm(other - other.mean(axis=0))
    disparity = (((one @ matrix + shift - other) / size) ** 2).sum()
    assert disparity == pytest.approx(procrustes(other, one)[2], abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_similarity_finds_the_move_and_never_mirrors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    one = rng.normal(size=(6, 3))
    matrix, shift = similarity(one, one @ turn * 2.5 + [3.0, -4.0, 5.0])
    np.testing.assert_allclose(matrix, turn * 2.5, atol=1e-9)
    np.testing.assert_allclose(shift, [3.0, -4.0, 5.0], atol=1e-9)
    assert np.linalg.det(similarity(one, one * [-1, 1, 1])[0]) > 0


def test_the_average_head_is_where_it_was() -> None:
    mesh = canonical_mesh().vertices * [1, -1, -1]
    points = np.vstack([mesh, np.zeros((10, 3))]) * 7 + 100
    found = PLACES.features([Face(CROP, landmarks(points))]).reshape(len(POINTS), 3)
    skin = [k for k, i in enumerate(POINTS) if i < 468]
    np.testing.assert_allclose(found[skin], mesh[[POINTS[k] for k in skin]], atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.floats(-180, 180), st.floats(0.3, 4), st.floats(-500, 500), st.floats(-500, 500))
def test_positions_do_not_depend_on_where_the_face_is(
    degrees: float, scale: float, x: float, y: float
) -> None:
    points = head(3)
    moved = turned(points, degrees, scale, np.array([x, y, 0.0]))
    one, other = PLACES.features([Face(CROP, landmarks(p)) for p in (points, moved)])
    np.testing.assert_allclose(one, other, atol=2e-3)  # cm; landmarks are float32


def test_positions_show_movement() -> None:
    points = head()
    lower = points.copy()
    lower[17, 1] += 5.0  # px, of 10 to a cm
    one, other = (
        PLACES.features([Face(CROP, landmarks(p))]).reshape(-1, 3) for p in (points, lower)
    )
    lip = POINTS.index(17)
    assert other[lip, 1] - one[lip, 1] == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(np.delete(one, lip, axis=0), np.delete(other, lip, axis=0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_hidden_landmarks_change_nothing(seed: int, share: float) -> None:
    """Wherever they are, features are the same, and exactly theirs are not known."""
    rng = np.random.default_rng(seed)
    covered = rng.random(478) < share
    points, other = head(), head()
    other[covered] += rng.normal(0, 50, (int(covered.sum()), 3))
    faces = [Face(CROP, landmarks(p), covered) for p in (points, other)]
    one, two = PLACES.features(faces)
    np.testing.assert_array_equal(one, two)
    gaps = np.isnan(one).reshape(-1, 3)
    if (~covered[[*UPPER, *LOWER]]).sum() < 4:
        assert gaps.all()
    else:
        mostly = {
            i for part in FACE_PARTS.values() for i in part if covered[list(part)].mean() > 0.5
        }
        unknown = [covered[i] or i in mostly for i in POINTS]
        np.testing.assert_array_equal(gaps, np.repeat(np.array(unknown)[:, None], 3, axis=1))


def test_a_part_mostly_hidden_is_not_known_at_all() -> None:
    """Otherwise which landmarks peep out beside an edge would tell how the cheek has moved."""
    cheek = FACE_PARTS["right cheek"]
    gaps = [
        np.isnan(PLACES.features([Face(CROP, landmarks(head()), hidden(*cheek[:count]))])[0])
        for count in (5, 6, 11)
    ]
    known = [{POINTS[k] for k in np.flatnonzero(~gap[::3])} for gap in gaps]
    assert set(POINTS) - known[0] == set(cheek[:5])
    assert set(POINTS) - known[1] == set(cheek) == set(POINTS) - known[2]


def test_parts_share_no_landmark() -> None:
    together = [i for part in FACE_PARTS.values() for i in part]
    assert sorted(together) == list(POINTS)


def test_hidden_eyes_leave_the_rest_and_a_hidden_face_nothing() -> None:
    eyes = Face(CROP, landmarks(head()), hidden(*UPPER))
    everything = Face(CROP, landmarks(head()), np.ones(478, bool))
    one, other = np.isnan(PLACES.features([eyes, everything])).reshape(2, -1, 3)
    assert one.all(axis=1).sum() == len(set(UPPER) & set(POINTS))
    assert other.all()


def test_redetected_positions_are_those_found_anew() -> None:
    face = Face(CROP, landmarks(head(1)), np.ones(478, bool), landmarks(head(2)))
    plain = Face(CROP, landmarks(head(2)))
    np.testing.assert_array_equal(
        Landmarks(points="redetected").features([face]), PLACES.features([plain])
    )


# Histograms of oriented gradients


def ramp(direction: str) -> np.ndarray:
    grey = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1))
    grey = grey if direction == "right" else grey.T
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize(("direction", "bins"), [("down", [4]), ("right", [0, 8])])
def test_gradients_of_a_ramp_worked_by_hand(direction: str, bins: list[int]) -> None:
    """One block of 2 x 2 cells; nine directions, whose middles are 10, 30, ... 170 degrees.

    Down a ramp the gradient is at 90 degrees, the middle of direction 4. To the right it is at 0
    degrees, as far from 10 as from 170, so that directions 0 and 8 share it. All four
    cells have at least 0.2 of a vector of length 1. Clipping makes all of them 0.2, and the second
    normalisation 1/2 each, or 1 / sqrt(8).
    """
    found = gradients(ramp(direction), _descriptor(32, 16)).reshape(4, BINS)
    expected = np.zeros((4, BINS))
    expected[:, bins] = 1 / np.sqrt(4 * len(bins))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_gradients_ignore_contrast() -> None:
    picture = np.random.default_rng(0).integers(0, 100, (32, 32, 1), dtype=np.uint8).repeat(3, 2)
    one, other = (gradients(p, _descriptor(32, 16)) for p in (picture, picture * 2))
    np.testing.assert_allclose(one, other, atol=2e-3)


def test_a_flat_picture_has_no_gradients() -> None:
    picture = np.full((32, 32, 3), 77, np.uint8)
    np.testing.assert_array_equal(gradients(picture, _descriptor(32, 16)), 0)


def textured(size: int = 300) -> np.ndarray:
    noise = np.random.default_rng(4).integers(0, 256, (size // 10, size // 10, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC))


def face_in(picture: np.ndarray, points: np.ndarray) -> Face:
    found = landmarks(points)
    return Face(face_crop(picture, found), found)


def test_eyes_of_an_upright_face_are_in_place() -> None:
    """White dots on the eyes of a black picture of a tilted head come out where they belong."""
    points = turned(head() - [150, 150, 0], 25, 1.1, np.array([150.0, 150.0, 0.0]))
    eyes = [points[list(eye), :2].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE)]
    for eye, x in zip(eyes, (0.5 - EYES_APART / 2, 0.5 + EYES_APART / 2), strict=True):
        yy, xx = np.mgrid[:300, :300]
        dot = np.exp(-((xx - eye[0]) ** 2 + (yy - eye[1]) ** 2) / 18) * 255
        picture = np.repeat(dot.astype(np.uint8)[..., None], 3, axis=2)
        found = upright(face_in(picture, points), 128)[..., 0].astype(float)
        ys, xs = np.mgrid[:128, :128]
        centre = np.array([(xs * found).sum(), (ys * found).sum()]) / found.sum()
        np.testing.assert_allclose(centre, [x * 128 - 0.5, EYES_DOWN * 128 - 0.5], atol=0.3)


@pytest.mark.parametrize(("degrees", "scale"), [(15, 1.0), (-30, 1.0), (0, 2.0), (10, 3.0)])
def test_histograms_do_not_depend_on_roll_and_size(degrees: float, scale: float) -> None:
    middle = np.array([150.0, 150.0, 0.0])
    points = head() - middle
    moved = turned(points, degrees, scale, middle * scale)
    turn = cv2.getRotationMatrix2D((0, 0), -degrees, scale)
    # Whole numbers are the centres of pixels, in both pictures.
    turn[:, 2] = middle[:2] * scale - turn[:, :2] @ middle[:2]
    side = round(300 * scale)
    picture = textured()
    other = np.asarray(cv2.warpAffine(picture, turn, (side, side), flags=cv2.INTER_CUBIC))
    one, two = Hog().features([face_in(picture, points + middle), face_in(other, moved)])
    grid = (SIDE // CELL - 1, SIDE // CELL - 1, 4, BINS)
    # The border of a crop is made up where it ends, and crops end elsewhere after a turn.
    inner = [values.reshape(grid)[1:-1, 1:-1].ravel() for values in (one, two)]
    assert np.corrcoef(inner)[0, 1] > 0.95
    shuffled = np.corrcoef(inner[0], np.random.default_rng(0).permutation(inner[1]))[0, 1]
    assert abs(shuffled) < 0.1


def test_histograms_see_the_occluder() -> None:
    plain = face_in(textured(), head())
    crop = plain.crop.copy()
    crop[len(crop) // 2 :] = 255
    one, other = Hog().features([plain, Face(crop, plain.landmarks)])
    assert one.shape == (1764,)
    assert 0 <= other.min() <= other.max() <= 1
    assert np.abs(one - other).max() > 0.1


def test_eyes_in_one_place_do_not_crash() -> None:
    points = head()
    points[:] = points[0]
    assert np.isfinite(Hog().features([face_in(textured(), points)])).all()


def test_crop_box_is_where_face_crop_cuts() -> None:
    picture, found = textured(), landmarks(head())
    x0, y0, side = crop_box(found)
    assert x0 >= 0
    assert y0 >= 0
    np.testing.assert_array_equal(
        face_crop(picture, found), picture[y0 : y0 + side, x0 : x0 + side]
    )


# Embeddings


@pytest.mark.parametrize("network", ["fer", "faceapi"])
def test_embeddings_are_those_of_the_network(network: str) -> None:
    faces = [face_in(textured(), head(seed)) for seed in range(2)]
    found = Embedding(network=network).features(faces)
    np.testing.assert_array_equal(found, get_classifier(network).embed(faces))  # type: ignore[attr-defined]
    assert found.shape[0] == 2
    assert found.dtype == np.float64


def test_embeddings_of_several_networks_stand_side_by_side() -> None:
    faces = [face_in(textured(), head(seed)) for seed in range(2)]
    both = Embedding(network="faceapi+fer:views=1")
    alone = [Embedding(network=name).features(faces) for name in ("faceapi", "fer:views=1")]
    np.testing.assert_array_equal(both.features(faces), np.hstack(alone))
    assert both.features(faces).shape == (2, 256 + 128)
    assert both.needs == {"crop"}
    assert len({one.fingerprint for one in (both, Embedding(network="faceapi+fer"))}) == 2
    with pytest.raises(MaskfaceError, match=r"'emfacs' has no embeddings.*faceapi\+fer"):
        Embedding(network="fer+emfacs").features([])


def test_a_network_is_loaded_once_and_late(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(spec: str) -> object:
        made.append(spec)
        return get_classifier(spec)

    monkeypatch.setattr("maskface.classifiers.trained.embedding.get_classifier", counted)
    reader = Embedding()
    assert (reader.name, reader.measures, made) == ("embedding", "embedding", [])
    for _ in range(2):
        assert reader.needs == {"crop"}
        reader.features([])
    assert made == ["fer"]


class Blind:
    """A classifier without embeddings."""

    needs = frozenset({"crop"})


def test_a_network_without_embeddings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskface.classifiers.trained.embedding.get_classifier", lambda _: Blind())
    with pytest.raises(MaskfaceError, match=r"'blind' has no embeddings.*faceapi, fer"):
        Embedding(network="blind").features([])


def test_a_trained_classifier_is_no_network() -> None:
    with pytest.raises(MaskfaceError, match="is fitted to the pictures of a run"):
        Embedding(network="hog").features([])


# Fusion


def test_fusion_is_pixels_and_tracker_side_by_side() -> None:
    plain = face_in(textured(), head(1))
    masked = replace(plain, covered=hidden(*BLENDSHAPE_LANDMARKS["jawOpen"]))
    found = Fusion(points="plain").features([plain, masked])
    parts = (Embedding(network="faceapi+fer"), SHAPES, PLACES)
    np.testing.assert_array_equal(found, np.hstack([p.features([plain, masked]) for p in parts]))
    assert np.isnan(found[1]).any()
    assert not np.isnan(found[:, :N_PIXELS]).any()
    assert Fusion().needs == {"crop", "covered", "redetected"}
    assert Fusion(points="plain").needs == {"crop", "covered", "landmarks"}


def fusion_set(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features in which only the tracker's show the label: a shift of its own for each."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 7
    features = rng.normal(size=(n, N_PIXELS + 558))
    shifts = np.random.default_rng(99).normal(size=(7, 558))
    features[:, N_PIXELS:] += 2 * shifts[labels]
    return features, labels


def test_every_step_of_fusion_is_fitted_to_the_training_set_alone() -> None:
    """What is predicted for a face does not depend on the other faces that are predicted."""
    features, labels = fusion_set(490)
    model = Fusion().fit(features, labels, seed=0)
    others, truth = fusion_set(70, seed=1)
    together = model.predict_proba(others)
    assert (together.argmax(axis=1) == truth).mean() > 0.9
    alone = np.vstack([model.predict_proba(row[None]) for row in others])
    np.testing.assert_allclose(together, alone, atol=1e-9)
    odd = np.vstack([others, others * 1e6])
    np.testing.assert_allclose(model.predict_proba(odd)[:70], together, atol=1e-9)


def test_fusion_imputes_the_tracker_alone() -> None:
    features, labels = fusion_set(280)
    gaps = features.copy()
    gaps[:, N_PIXELS::2] = np.nan
    answers = Fusion().fit(features, labels, seed=0).predict_proba(gaps)
    assert (answers.argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.parametrize("n", [2, 7])
def test_fusion_of_few_or_equal_faces(n: int) -> None:
    features, labels = fusion_set(n)
    assert np.isfinite(Fusion().fit(features, labels, seed=0).predict_proba(features)).all()
    same = np.ones_like(features)
    answers = Fusion().fit(same, labels, seed=0).predict_proba(same)
    np.testing.assert_allclose(answers[:, :n], 1 / n, atol=1e-6)
    hidden_tracker = np.hstack([features[:, :N_PIXELS], np.full((n, 558), np.nan)])
    model = Fusion().fit(hidden_tracker, labels, seed=0)
    np.testing.assert_allclose(model.predict_proba(features).sum(axis=1), 1)


@pytest.mark.parametrize("reader", [SHAPES, PLACES, Hog(), Embedding(), Fusion(points="plain")])
def test_no_faces_no_features_and_one_by_one_is_the_same(
    reader: Blendshapes | Landmarks | Hog | Embedding | Fusion,
) -> None:
    faces = [face_in(textured(), head(seed)) for seed in range(3)]
    together = reader.features(faces)
    assert reader.features([]).shape == (0, together.shape[1])
    single = np.vstack([reader.features([face]) for face in faces])
    np.testing.assert_allclose(together, single, atol=1e-5)


@pytest.mark.parametrize("reader", [Embedding("both", network="faceapi"), Hog(folds=3)])
def test_a_loaded_classifier_can_go_to_another_process(reader: Embedding | Hog) -> None:
    reader.features([Face(CROP, landmarks(head()))])
    # What cannot be copied, such as a network, cannot be sent either.
    sent = copy.deepcopy(reader)
    assert sent == reader
    assert sent.name == reader.name
    assert vars(sent).keys() == {field.name for field in fields(reader)}
