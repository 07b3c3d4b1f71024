"""The steps from a picture to its answers, with stand-ins for models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskface.classifiers import NOT_AGAIN
from maskface.crops import face_crop
from maskface.errors import ImageError
from maskface.images import Limits, write_image
from maskface.occluders import Drawing, Occluder, Unoccluded, get_occluder
from maskface.pipeline import (
    ClassifierAdapter,
    NoAnswer,
    OccludedFace,
    adapt_classifiers,
    all_needs,
    answer_cells,
    control_note,
    face_note,
    make_face,
    no_face_message,
    occlude,
    open_picture,
    predict,
)
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Occlusion
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
IMAGE = made_picture(FACE)


@dataclass(frozen=True)
class Paint(Occluder):
    """Paints everything in one grey; fails on request."""

    name: ClassVar[str] = "paint"
    grey: int = 7
    fail: bool = False

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        if self.fail:
            raise RuntimeError("cannot\npaint")
        drawn = np.full_like(image, self.grey)
        return Drawing.of(drawn, np.full(image.shape[:2], 255, np.uint8))


class Numbering:
    """Answers with the emotion whose number is the grey of the crop."""

    name, fingerprint = "numbering", "1"

    def __init__(self, *needs: str) -> None:
        self.needs = frozenset(needs or {"crop"})
        self.batches: list[int] = []

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        self.batches.append(len(faces))
        return np.eye(7)[[int(face.crop[0, 0, 0]) for face in faces]]


class Measuring(Numbering):
    """Gives features, and has to be trained."""

    measures, train, folds, permuted = "greys", "clean", 2, False

    def features(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        return np.array([[face.crop[0, 0, 0], 0.5] for face in faces])

    def fit(self, features: Any, labels: Any, *, seed: int) -> Any: ...


def nobody(image: ImageArray, data: bytes | None) -> tuple[FaceLandmarks, ...]:
    return ()


def test_a_file_comes_with_its_bytes_and_an_image_without(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_image(path, IMAGE)
    for picture in (path, str(path)):
        image, data = open_picture(picture)
        np.testing.assert_array_equal(image, IMAGE)
        assert data == path.read_bytes()
    image, data = open_picture(IMAGE)
    assert image is IMAGE
    assert data is None
    with pytest.raises(ImageError, match="too many"):
        open_picture(path, Limits(max_pixels=1000))
    with pytest.raises(ValueError, match=r"got shape \(300, 300\)"):
        open_picture(IMAGE[..., 0])


def test_an_occluder_that_fails_gives_a_message_and_costs_its_condition_alone() -> None:
    assert occlude(IMAGE, FACE, Paint(fail=True), 1) == "RuntimeError: cannot paint"
    occluders = {"none": Unoccluded(), "bad": Paint(fail=True), "paint": Paint()}
    made = OccludedFace.of(IMAGE, FACE, occluders, {"none": 1, "bad": 2, "paint": 3})
    assert list(made.occlusions) == ["none", "paint"]
    assert made.failures == {"bad": "RuntimeError: cannot paint"}
    assert made.occlusions["paint"].seed == 3
    assert list(made.faces(frozenset({"crop"}), nobody)) == ["none", "paint"]


def test_a_face_has_what_is_needed_and_nothing_else() -> None:
    painted = occlude(IMAGE, FACE, Paint(), 0)
    assert isinstance(painted, Occlusion)
    plain = occlude(IMAGE, FACE, Unoccluded(), 0)
    assert isinstance(plain, Occlusion)
    near = replace(FACE, points=FACE.points + np.float32(1))
    seen: list[ImageArray] = []

    def detect(image: ImageArray, data: bytes | None) -> tuple[FaceLandmarks, ...]:
        seen.append(image)
        assert data is None
        return (near,)

    face = make_face(IMAGE, painted, frozenset({"crop"}), detect)
    np.testing.assert_array_equal(face.crop, face_crop(painted.image, FACE))
    assert (face.covered, face.redetected, seen) == (None, None, [])
    face = make_face(IMAGE, painted, frozenset({"covered", "redetected"}), detect)
    assert face.covered is not None
    assert face.covered.all()
    assert face.redetected is near
    assert len(seen) == 1
    # The plain picture is not searched a second time.
    assert make_face(IMAGE, plain, frozenset({"redetected"}), detect).redetected is FACE
    assert len(seen) == 1
    assert make_face(IMAGE, painted, frozenset({"redetected"}), nobody).redetected is None


def numbers(answers: dict[int, Any]) -> dict[int, int]:
    return {key: int(np.argmax(found)) for key, found in answers.items()}


def faces(*greys: int) -> dict[int, Face]:
    return {10 + grey: Face(np.full((9, 9, 3), grey, np.uint8), FACE) for grey in greys}


def test_faces_are_answered_in_one_batch_by_key() -> None:
    model = Numbering()
    answers = predict(ClassifierAdapter.of(model), faces(4, 0, 6))
    assert model.batches == [3]
    assert numbers(answers) == {14: 4, 10: 0, 16: 6}
    cells = answer_cells(np.eye(7)[4])
    assert (cells["predicted"], cells["p_sadness"], cells["p_anger"]) == (EMOTIONS[4], 1, 0)


def test_a_face_that_was_not_found_again_costs_its_own_answer() -> None:
    shown = faces(1, 2)
    shown[12] = replace(shown[12], redetected=FACE)
    model = Numbering("crop", "redetected")
    answers = predict(ClassifierAdapter.of(model), shown)
    assert answers[11] == NoAnswer("no_face", NOT_AGAIN)
    assert numbers({12: answers[12]}) == {12: 2}
    assert model.batches == [1]


def test_wrong_answers_cost_all_faces_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Numbering, "predict_proba", lambda self, faces: np.zeros((1, 6)))
    answers = predict(ClassifierAdapter.of(Numbering()), faces(1, 2))
    assert set(answers) == {11, 12}
    for answer in answers.values():
        assert isinstance(answer, NoAnswer)
        assert answer.status == "error"
        assert "shape (2, 7)" in answer.message


def test_a_trainable_classifier_gives_features_and_those_with_the_same_ones_are_one() -> None:
    first, second = Measuring("crop"), Measuring("crop", "covered")
    adapters = adapt_classifiers([Numbering(), first, second])
    assert [(one.name, one.trainable) for one in adapters] == [
        ("numbering", False), ("greys", True)
    ]  # fmt: skip
    assert all_needs(adapters) == {"crop", "covered"}
    answers = predict(adapters[1], faces(3))
    np.testing.assert_array_equal(answers[13], np.array([3, 0.5], np.float32))


def test_tiny_and_lying_faces_have_a_remark() -> None:
    assert face_note(FACE) == ""
    assert "only 20 px" in face_note(made_landmarks(scale=20 / FACE.size * 12))
    lying = replace(FACE, pose=FACE.pose._replace(roll=-90.2))
    assert face_note(lying).startswith("the head is turned by 90 degrees")


def test_controls_say_what_they_do_and_worn_things_need_not() -> None:
    assert control_note(get_occluder("surgical")) == ""
    note = control_note(get_occluder("window"))
    assert note.startswith("window is a control, which nobody wears: the whole face but for")
    assert note.endswith("use window_mask.")
    both = control_note(get_occluder("tears+block"))
    assert both.startswith("block is a control")


def test_a_landmark_outside_the_picture_is_as_hidden_as_the_border() -> None:
    lower = made_landmarks(centre=(150.0, 235.0))  # the chin is cut off
    image = made_picture(lower)
    outside = lower.points[:, 1] > 299.5
    assert 10 < outside.sum() < 200
    alpha = np.zeros((300, 300), np.uint8)
    alpha[290:, :150] = 255
    seen = Occlusion(image, alpha, alpha, lower, 0.1).covered
    left = lower.points[:, 0] < 149
    np.testing.assert_array_equal(seen[outside & left], True)
    right = lower.points[:, 0] > 151
    np.testing.assert_array_equal(seen[outside & right], False)
    plain = np.zeros((300, 300), np.uint8)
    assert not Occlusion(image, plain, plain, lower, 0.0).covered.any()


def test_a_picture_of_several_frames_names_the_one_that_was_read(tmp_path: Path) -> None:
    white, *others = (Image.new("RGB", (32, 32), colour) for colour in ("white", "red", "blue"))
    white.save(tmp_path / "a.gif", save_all=True, append_images=others)
    white.save(tmp_path / "b.gif")
    moving, still = ((tmp_path / name).read_bytes() for name in ("a.gif", "b.gif"))
    assert no_face_message(moving) == "no face found (in the first of 3 frames)"
    assert no_face_message(still) == no_face_message(None) == "no face found"
    assert no_face_message(moving[:100]) == "no face found"
