"""Reading faces in pictures, outside any experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from maskface import reading as _reader
from maskface.classifiers import as_classifiers, get_classifier
from maskface.cli.root import app
from maskface.crops import face_crop
from maskface.errors import MaskfaceError
from maskface.images import write_image
from maskface.landmarks import match_face
from maskface.occluders import Drawing, Occluder, get_occluder
from maskface.reading import explain_faces, named_pictures, read_faces
from maskface.seeds import derived_seed
from maskface.tables import READINGS
from maskface.text import readings_text
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Pose


def found(left: float, side: float) -> FaceLandmarks:
    """A made face whose landmarks fill a square."""
    points = np.random.default_rng(4).random((478, 3)).astype(np.float32)
    points[:2] = [[0, 0, 0], [1, 1, 0]]
    points *= np.float32(side)
    points[:, 0] += np.float32(left)
    return FaceLandmarks(points, np.zeros(52, np.float32), Pose(1.0, 2.0, 3.0))


FACES = (found(10, 60), found(80, 40))


@dataclass(frozen=True)
class Counting:
    """Answers by the number of faces it is asked about; remembers them."""

    asked: list[list[Face]]
    name: str = "counting"
    fingerprint: str = "0"
    needs: frozenset[str] = frozenset({"crop"})

    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        self.asked.append(list(faces))
        answers = np.full((len(faces), 7), 0.1)
        answers[:, 3] = 0.4
        return answers


class Broken(Counting):
    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        raise RuntimeError("no\nluck")


class Short(Counting):
    def predict_proba(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        return super().predict_proba(faces)[:1]


class Detector:
    """Finds the made faces in bright pictures, and counts how often it is asked."""

    calls = 0

    def __init__(self, *_: Any) -> None: ...

    def detect(self, image: ImageArray, data: bytes | None = None) -> tuple[FaceLandmarks, ...]:
        Detector.calls += 1
        return FACES if image[0, 0, 0] > 100 else ()


@pytest.fixture(autouse=True)
def _made(monkeypatch: pytest.MonkeyPatch) -> None:
    Detector.calls = 0
    monkeypatch.setattr(_reader, "CachedDetector", Detector)
    monkeypatch.setattr(
        _reader, "as_classifiers", lambda named: as_classifiers([MADE.get(n, n) for n in named])
    )


COUNTING = Counting([])
MADE: dict[str, Any] = {
    "counting": COUNTING,
    "broken": Broken([], "broken"),
    "short": Short([], "short"),
    "again": Counting([], "again", needs=frozenset({"redetected"})),
    "emfacs": get_classifier("emfacs"),
}
BRIGHT = np.random.default_rng(5).integers(150, 256, (90, 140, 3), dtype=np.uint8)
DARK = np.zeros((90, 140, 3), np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> list[str | Path | ImageArray]:
    write_image(tmp_path / "b.png", BRIGHT)
    write_image(tmp_path / "dark.png", DARK)
    (tmp_path / "broken.jpg").write_text("no picture")
    return [tmp_path / "b.png", str(tmp_path / "dark.png"), tmp_path / "broken.jpg", BRIGHT]


def test_every_face_and_every_failure_has_a_row_for_each_classifier(
    pictures: list[str | Path | ImageArray], tmp_path: Path
) -> None:
    frame = READINGS.check(read_faces(pictures, classifiers=["counting", "broken"]))
    counts = frame.groupby(["image", "classifier"])["status"].agg(list)
    assert counts[str(tmp_path / "b.png"), "counting"] == ["ok", "ok"]
    assert counts["array 3", "counting"] == ["ok", "ok"]
    assert counts[str(tmp_path / "b.png"), "broken"] == ["error", "error"]
    assert counts[str(tmp_path / "dark.png"), "counting"] == ["no_face"]
    assert counts[str(tmp_path / "broken.jpg"), "broken"] == ["error"]
    assert len(frame) == 12
    broken = frame[(frame["classifier"] == "broken") & frame["face"].notna()]
    assert set(broken["message"]) == {"RuntimeError: no luck"}
    assert set(frame.loc[frame["status"] != "ok", "predicted"]) == {""}
    assert (frame.loc[frame["status"] != "ok", "message"] != "").all()


def test_answers_that_are_none_cost_their_rows_alone() -> None:
    frame = read_faces(BRIGHT, classifiers=["counting", "short"]).set_index("classifier")
    assert list(frame.loc[["counting"], "status"]) == ["ok", "ok"]
    assert list(frame.loc[["short"], "status"]) == ["error", "error"]
    assert frame.loc[["short"], "message"].str.contains(r"of shape \(2, 7\)").all()


def test_a_row_says_where_the_face_is_and_what_was_read() -> None:
    row = read_faces(BRIGHT, classifiers="counting").iloc[1]
    edges = [row[f"{side}_px"] for side in ("left", "top", "right", "bottom")]
    assert edges == pytest.approx([80, 0, 120, 40])
    assert (row["face"], row["yaw_deg"], row["roll_deg"]) == (1, 1, 3)
    assert (row["predicted"], row["occluder"], row["coverage"]) == ("happiness", "none", 0)
    assert [row[f"p_{emotion}"] for emotion in EMOTIONS] == [0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1]


def test_faces_are_looked_for_once_and_read_in_one_batch() -> None:
    del COUNTING.asked[:]
    read_faces([BRIGHT], classifiers=["counting", "broken"])
    assert Detector.calls == 1
    (batch,) = COUNTING.asked
    for face, landmarks in zip(batch, FACES, strict=True):
        np.testing.assert_array_equal(face.crop, face_crop(BRIGHT, landmarks))
        assert face.covered is not None
        assert not face.covered.any()
        assert face.redetected is None


def test_the_occluder_is_put_on_each_face_alone() -> None:
    del COUNTING.asked[:]
    frame = read_faces(BRIGHT, classifiers="counting", occluder="noise", seed=7)
    (batch,) = COUNTING.asked
    occluder = get_occluder("noise")
    for number, (face, landmarks) in enumerate(zip(batch, FACES, strict=True)):
        seed = derived_seed(7, "array 0", number)
        expected = occluder.apply(BRIGHT, landmarks, seed=seed)
        np.testing.assert_array_equal(face.crop, face_crop(expected.image, landmarks))
        assert (face.crop != face_crop(BRIGHT, landmarks)).any()
        assert frame["coverage"][number] == pytest.approx(expected.coverage, abs=1e-6)
    assert frame["coverage"].gt(0).all()


def test_redetected_is_looked_for_only_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = read_faces(BRIGHT, classifiers="again")
    assert Detector.calls == 1  # nothing is worn, so the landmarks are those of the picture
    assert set(plain["status"]) == {"ok"}
    read_faces(BRIGHT, classifiers="counting", occluder="noise")
    assert Detector.calls == 2

    monkeypatch.setattr(
        Detector, "detect", lambda self, image, data=None: FACES if (image == BRIGHT).all() else ()
    )
    lost = read_faces(BRIGHT, classifiers=["again", "counting"], occluder="noise")
    assert set(lost[lost["classifier"] == "again"]["status"]) == {"no_face"}
    assert set(lost[lost["classifier"] == "counting"]["status"]) == {"ok"}


def test_an_occluder_that_fails_costs_its_face_alone() -> None:
    @dataclass(frozen=True)
    class Failing(Occluder):
        name: ClassVar[str] = "failing"

        def draw(
            self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
        ) -> Drawing:
            if landmarks is FACES[0]:
                raise ValueError("too large")
            return Drawing.of(image, np.zeros(image.shape[:2], np.uint8))

    frame = read_faces(BRIGHT, classifiers="counting", occluder=Failing())
    assert frame["status"].tolist() == ["error", "ok"]
    assert frame["message"][0] == "ValueError: too large"


def test_pictures_are_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.png", "a.png", "sub/c.png"):
        write_image(tmp_path / name, BRIGHT)
    (tmp_path / "note.txt").write_text("")
    names = list(named_pictures([tmp_path, DARK, str(tmp_path / "a.png")]))
    assert names == [*(str(tmp_path / n) for n in ("a.png", "b.png", "sub/c.png")), "array 1"]
    assert list(named_pictures(np.stack([BRIGHT, DARK]))) == ["array 0", "array 1"]


@pytest.mark.parametrize("wrong", [BRIGHT[..., 0], BRIGHT / 255, np.zeros((4, 4, 4), np.uint8)])
def test_an_array_that_is_no_picture_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="Expected an image of shape"):
        read_faces([wrong], classifiers="counting")


def test_nothing_to_read_or_to_read_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="no picture"):
        read_faces(tmp_path, classifiers="counting")
    with pytest.raises(MaskfaceError, match="at least one classifier"):
        read_faces(BRIGHT, classifiers=())


def test_a_classifier_that_must_be_trained_is_refused() -> None:
    with pytest.raises(MaskfaceError, match="is fitted to"):
        read_faces(BRIGHT, classifiers="hog")


def test_explanations_are_those_of_the_classifier() -> None:
    (first, second) = explain_faces(BRIGHT, classifier="emfacs")
    assert first[:2] == ("array 0", 0)
    assert second[2].answer == "neutral"
    assert second[2].text.startswith("neutral (score 1.00)")
    with pytest.raises(MaskfaceError, match="cannot explain itself"):
        explain_faces(BRIGHT, classifier="counting")


def test_same_face_is_the_one_that_overlaps_most() -> None:
    near = replace(FACES[0], points=FACES[0].points + np.float32(1))
    assert match_face([FACES[1], near], FACES[0]) is near
    assert match_face([FACES[1]], FACES[0]) is None
    assert match_face([], FACES[0]) is None


def test_text_has_the_answer_and_the_next_one() -> None:
    frame = read_faces([BRIGHT, DARK], classifiers="counting")
    lines = readings_text(frame).splitlines()
    assert lines[1].split() == [
        "array", "0", "0", "counting", "happiness", "40.0", "anger", "10.0",
    ]  # fmt: skip
    assert lines[3].split() == ["array", "1", "-", "counting", "no_face"]
    assert lines[4] == "array 1: no face found"


def test_command_line(pictures: list[Any], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    good = str(pictures[0])
    arguments = ["read", good, "--classifier", "emfacs", "--explain", "--csv", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert f"{good}, face 1, emfacs answers neutral (score 1.00)" in done.output
    pd.testing.assert_frame_equal(READINGS.read(out), read_faces(good, classifiers="emfacs"))
    failed = CliRunner().invoke(app, ["read", good, str(pictures[1]), "--classifier", "counting"])
    assert failed.exit_code == 1
    assert "no face found" in failed.output


def test_what_a_face_wears_does_not_depend_on_where_its_picture_lies(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_image(tmp_path / folder / "b.png", BRIGHT)
    del COUNTING.asked[:]
    read_faces([tmp_path / "one", tmp_path / "two"], classifiers="counting", occluder="noise")
    first, second = COUNTING.asked
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.crop, two.crop)


def test_several_occluders_have_rows_each() -> None:
    frame = READINGS.check(read_faces(BRIGHT, classifiers="counting", occluder=["noise", "none"]))
    assert frame["occluder"].tolist() == ["noise", "noise", "none", "none"]
    assert (frame["coverage"] > 0).tolist() == [True, True, False, False]
    alone = read_faces(BRIGHT, classifiers="counting", occluder="none")
    rest = frame[frame["occluder"] == "none"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, alone)
    with pytest.raises(MaskfaceError, match="at least one occluder"):
        read_faces(BRIGHT, classifiers="counting", occluder=[])
