"""From one picture to rows, with stand-ins for models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maskface.experiment import Experiment
from maskface.experiment.trials import TrialError, TrialMaker, choose_face
from maskface.occluders import Drawing, Occluder, Unoccluded
from maskface.pipeline import OccludedFace, open_picture
from maskface.tables import TRIALS
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Pose, Sample


def face(size: float = 20, at: float = 30) -> FaceLandmarks:
    angle = np.linspace(0, 2 * np.pi, 478)
    points = np.stack([at + size / 2 * np.cos(angle), at + size / 2 * np.sin(angle), 0 * angle], 1)
    return FaceLandmarks(points.astype(np.float32), np.zeros(52, np.float32), Pose(10, -5, 1.234))


@dataclass(frozen=True)
class Paint(Occluder):
    """Paints everything; refuses when told to."""

    name: ClassVar[str] = "paint"
    refuse: bool = False

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        if self.refuse:
            raise RuntimeError("cannot\npaint")
        return Drawing.of(np.full_like(image, 7), np.full(image.shape[:2], 255, np.uint8))


class Brightness:
    """Answers happiness for bright crops and sadness for dark ones."""

    name: ClassVar[str] = "brightness"
    labels: tuple[str, ...] = EMOTIONS
    needs = frozenset({"crop"})
    fingerprint = "1"

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        bright = np.array([face.crop.mean() > 100 for face in faces])
        answers = np.zeros((len(faces), 7))
        answers[bright, EMOTIONS.index("happiness")] = 1
        answers[~bright, EMOTIONS.index("sadness")] = 1
        return answers


class Broken(Brightness):
    """Fails whatever it is asked."""

    name = "broken"

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        raise ValueError("no memory")


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    Image.new("RGB", (60, 60), "white").save(tmp_path / "a.png")
    return Sample("a.png", tmp_path / "a.png", "happiness", "S1")


def reader(
    faces: tuple[FaceLandmarks, ...] = (face(),), *, refuse: bool = False, broken: bool = False
) -> TrialMaker:
    return TrialMaker(
        Experiment(data="d", occluders=("surgical",), classifiers=("fer",)),
        {"run_id": "r", "dataset": "d"},
        lambda image, data: faces,
        lambda image, data: faces,
        {"none": Unoccluded(), "paint": Paint(refuse)},
        (Brightness(), Broken()) if broken else (Brightness(),),
    )


def test_rows_of_a_good_picture(sample: Sample) -> None:
    plain, painted = reader().read(sample).trials
    assert (plain["condition"], painted["condition"]) == ("none", "paint")
    assert (plain["status"], painted["status"]) == ("ok", "ok")
    assert (plain["predicted"], painted["predicted"]) == ("happiness", "sadness")
    assert (plain["correct"], painted["correct"]) == (1, 0)
    assert (plain["coverage"], painted["coverage"]) == (0, 1)
    assert [plain[f"{angle}_deg"] for angle in ("yaw", "pitch", "roll")] == [10, -5, 1.234]
    assert painted["params"] == '{"refuse": false}'
    assert plain["seed"] != painted["seed"]
    assert TRIALS.check(TRIALS.frame([plain, painted]))["roll_deg"].tolist() == [1.23, 1.23]


def test_picture_without_a_face_has_all_its_rows(sample: Sample) -> None:
    rows = TRIALS.frame(reader(()).read(sample).trials)
    assert list(rows["status"]) == ["no_face"] * 2
    assert list(rows["predicted"]) == [""] * 2
    assert rows["p_fear"].isna().all()


def test_missing_picture_has_all_its_rows(sample: Sample, tmp_path: Path) -> None:
    rows = reader().read(Sample("b", tmp_path / "none.png", "fear")).trials
    assert {row["status"] for row in rows} == {"error"}
    assert {row["message"] for row in rows} == {"cannot read the file: No such file or directory"}


def test_failing_occluder_costs_its_condition_alone(sample: Sample) -> None:
    rows = TRIALS.frame(reader(refuse=True).read(sample).trials).set_index("condition")
    assert rows["status"].to_dict() == {"none": "ok", "paint": "error"}
    assert rows.loc["paint", "message"] == "RuntimeError: cannot paint"


def test_failing_classifier_costs_its_rows_alone(sample: Sample) -> None:
    rows = TRIALS.frame(reader(broken=True).read(sample).trials)
    status = rows.set_index(["classifier", "condition"])["status"].to_dict()
    assert status == {
        ("brightness", "none"): "ok",
        ("brightness", "paint"): "ok",
        ("broken", "none"): "error",
        ("broken", "paint"): "error",
    }


def test_largest_face_is_chosen_with_a_message() -> None:
    chosen, message = choose_face([face(40), face(19)])
    assert chosen.size == pytest.approx(40, abs=0.1)
    assert message == "2 faces; the largest was read"


def test_two_faces_of_similar_size_are_ambiguous() -> None:
    with pytest.raises(TrialError, match="crop the picture"):
        choose_face([face(40), face(21)])


def test_no_face_is_its_own_status() -> None:
    with pytest.raises(TrialError) as caught:
        choose_face([])
    assert caught.value.status == "no_face"


class Asking(Brightness):
    """Keeps what it was given."""

    def __init__(self, *needs: str) -> None:
        self.needs = frozenset(needs)
        self.given: list[Face] = []

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        self.given.extend(faces)
        return super().predict_proba(faces)


@pytest.mark.parametrize("needs", [("crop",), ("crop", "covered")])
def test_hidden_landmarks_are_looked_up_only_if_needed(
    sample: Sample, needs: tuple[str, ...]
) -> None:
    asking = Asking(*needs)
    replace(reader(), classifiers=(asking,)).read(sample)
    plain, painted = asking.given
    if "covered" in needs:
        assert plain.covered is not None
        assert painted.covered is not None
        assert not plain.covered.any()
        assert painted.covered.all()
    else:
        assert plain.covered is None
        assert painted.covered is None


def test_the_plain_picture_is_shown_as_its_occluder_would(sample: Sample) -> None:
    image, _ = open_picture(sample.path)
    shown = OccludedFace.of(image, face(), {"none": Unoccluded()}, {"none": 5})
    made, drawn = shown.occlusions["none"], Unoccluded().apply(shown.image, shown.face, seed=5)
    assert made.image is shown.image
    assert np.array_equal(made.alpha, drawn.alpha)
    assert np.array_equal(made.shadow, drawn.shadow)
    assert (made.coverage, made.seed) == (drawn.coverage, drawn.seed)
    assert dict(made.params) == dict(drawn.params)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            np.full((1, 7), 1 / 7),
            r"of shape \(2, 7\), but it had shape \(1, 7\)",
        ),
        (np.full((2, 6), 1 / 6), r"shape \(2, 6\)"),
        (np.full(7, 1 / 7), r"shape \(7,\)"),
        (np.full((2, 7), np.nan), "probabilities of 0 to 1"),
        (np.full((2, 7), -0.1), "probabilities of 0 to 1"),
        (np.full((2, 7), 1.5), "probabilities of 0 to 1"),
    ],
)
def test_answers_that_are_none_cost_their_rows_alone(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, answer: NDArray[np.float64], words: str
) -> None:
    monkeypatch.setattr(Broken, "predict_proba", lambda self, faces: answer)
    rows = TRIALS.frame(reader(broken=True).read(sample).trials)
    broken = rows[rows["classifier"] == "broken"]
    assert list(broken["status"]) == ["error"] * 2
    assert broken["message"].str.contains(words).all()
    assert list(rows.loc[rows["classifier"] == "brightness", "status"]) == ["ok"] * 2
