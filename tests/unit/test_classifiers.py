"""The shipped networks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from maskface.classifiers import CLASSIFIERS, get_classifier
from maskface.classifiers.networks import _geometric_mean
from maskface.classifiers.trained.embedding import Embedding
from maskface.crops import face_crop
from maskface.errors import MaskfaceError
from maskface.images import decode_image, read_bytes
from maskface.landmarks import MediaPipeDetector
from maskface.types import EMOTIONS, Face, FaceLandmarks, Pose
from maskface.weights import manifest

NAMES = ("faceapi", "fer")
LANDMARKS = FaceLandmarks(
    np.zeros((478, 3), np.float32), np.zeros(52, np.float32), Pose(0.0, 0.0, 0.0)
)


def crops(count: int, side: int = 90) -> list[Face]:
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (count, 9, 9, 3), dtype=np.uint8)
    return [Face(cv2.resize(n, (side, side)).astype(np.uint8), LANDMARKS) for n in noise]


@pytest.mark.parametrize("name", NAMES)
def test_probabilities(name: str) -> None:
    classifier = get_classifier(name)
    answers = classifier.predict_proba(crops(5))
    assert answers.shape == (5, 7)
    assert answers.min() >= 0
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_batch_agrees_with_one_by_one(name: str) -> None:
    classifier = get_classifier(name)
    faces = crops(4)
    single = np.vstack([classifier.predict_proba([face]) for face in faces])
    np.testing.assert_allclose(classifier.predict_proba(faces), single, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_no_faces_no_answers(name: str) -> None:
    assert get_classifier(name).predict_proba([]).shape == (0, 7)


def test_faceapi_input_and_label_order_are_as_documented() -> None:
    """Feed the network by hand, from the numbers in its documentation."""
    face = crops(1, side=112)[0]
    network = cv2.dnn.readNetFromONNX(str(manifest()["faceapi.onnx"].path))
    blob = (face.crop.astype(np.float32) - [122.782, 117.001, 104.298]) / 255
    network.setInput(blob.transpose(2, 0, 1)[None].astype(np.float32))
    order = ["neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise"]
    by_hand = dict(zip(order, network.forward().ravel(), strict=True))
    ours = dict(
        zip(EMOTIONS, get_classifier("faceapi:views=1").predict_proba([face])[0], strict=True)
    )
    assert ours == pytest.approx(by_hand, abs=1e-6)


def test_fer_input_and_label_order_are_as_documented() -> None:
    face = crops(1, side=64)[0]
    network = cv2.dnn.readNetFromONNX(str(manifest()["fer.onnx"].path))
    grey = cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    network.setInput(((grey / 255 - 0.5) * 2)[None, :, :, None])
    by_hand = dict(zip(EMOTIONS, network.forward().ravel(), strict=True))
    classifier = get_classifier("fer:views=1")
    ours = dict(zip(EMOTIONS, classifier.predict_proba([face])[0], strict=True))
    assert ours == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_four_views_are_two_crops_and_their_mirror_images(name: str) -> None:
    """The middle .95 of 1.05 of a crop of 105 px leaves 5 px on each side."""
    (face,) = crops(1, side=105)
    views = [view for crop in (face.crop, face.crop[5:-5, 5:-5]) for view in (crop, crop[:, ::-1])]
    single = get_classifier(f"{name}:views=1")
    answers = single.predict_proba([Face(view, LANDMARKS) for view in views])
    mean = np.exp(np.log(answers).mean(axis=0))
    found = get_classifier(name).predict_proba([face])[0]
    np.testing.assert_allclose(found, mean / mean.sum(), atol=0.003)  # pixels are whole numbers


@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_face_has_the_same_answer_and_embedding(name: str) -> None:
    (face,) = crops(1, side=101)
    both = [face, Face(face.crop[:, ::-1], LANDMARKS)]
    one, other = get_classifier(name).predict_proba(both)
    np.testing.assert_allclose(one, other, atol=0.003)
    lone, mirrored = get_classifier(f"{name}:views=1").predict_proba(both)
    assert np.abs(lone - mirrored).max() > 0.003  # so four views are not invariant by chance
    one, other = Embedding(network=name).features(both)
    np.testing.assert_allclose(one, other, atol=0.02 * np.abs(one).max())


def test_one_certain_view_does_not_veto_the_others() -> None:
    """A probability of 0 counts as 1e-7, the resolution of single precision."""
    views = np.array([[[0.0, 1.0], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]]])
    (found,) = _geometric_mean(views)
    odds = (1e-7 * 0.9**3) ** 0.25 / 0.1**0.75
    np.testing.assert_allclose(found, [odds / (1 + odds), 1 / (1 + odds)], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_views_are_part_of_name_and_fingerprint(name: str) -> None:
    usual, single = get_classifier(name), get_classifier(f"{name}:views=1")
    assert (usual.name, single.name) == (name, f"{name}:views=1")
    assert usual.fingerprint != single.fingerprint
    assert get_classifier(f"{name}:views=4").fingerprint == usual.fingerprint


@pytest.mark.parametrize("views", [0, 2, 3, 8])
def test_other_numbers_of_views_are_refused(views: int) -> None:
    with pytest.raises(MaskfaceError, match=rf"'views'.* got {views}\. Allowed: 4 .* or 1\."):
        get_classifier(f"fer:views={views}")


def test_registry_lists_both() -> None:
    assert set(NAMES) <= set(CLASSIFIERS.names())


@pytest.mark.slow
@pytest.mark.data
def test_accuracy_on_photographs_is_the_reference(taiwan: Path) -> None:
    """Reference: .73 (faceapi) and .69 (fer) where posed and perceived emotion agree."""
    index = pd.read_csv(taiwan / "index_agreed.csv").sample(280, random_state=0)
    classifiers = {name: get_classifier(name) for name in NAMES}
    right: dict[str, list[bool]] = {name: [] for name in NAMES}
    with MediaPipeDetector() as detector:
        for row in index.itertuples():
            image = decode_image(read_bytes(taiwan / str(row.path)))
            (landmarks, *_) = detector.detect(image)
            face = Face(face_crop(image, landmarks), landmarks)
            for name, classifier in classifiers.items():
                answer = EMOTIONS[int(classifier.predict_proba([face])[0].argmax())]
                right[name].append(answer == row.emotion)
    for name, reference in zip(NAMES, (0.73, 0.69), strict=True):
        assert abs(np.mean(right[name]) - reference) < 0.08, name  # 280 pictures: SE .03
