"""Rules from blendshapes to emotions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.blendshapes import BLENDSHAPE_LANDMARKS, BLENDSHAPES
from maskface.classifiers import Classifier, get_classifier
from maskface.classifiers.emfacs import ACTION_UNITS, PROTOTYPES, Emfacs, seen_intensities
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.types import EMOTIONS, Face, FaceLandmarks, MaskArray, Pose

CROP = np.zeros((4, 4, 3), np.uint8)
SHAPES_OF = {
    1: "browInnerUp",
    2: "browOuterUp",
    4: "browDown",
    5: "eyeWide",
    6: "cheekSquint",
    7: "eyeSquint",
    9: "noseSneer",
    10: "mouthUpperUp",
    12: "mouthSmile",
    15: "mouthFrown",
    16: "mouthLowerDown",
    17: "mouthShrugLower",
    20: "mouthStretch",
    24: "mouthPress",
    26: "jawOpen",
}
# Both tables, without AU23 and AU25, which no blendshape shows.
PUBLISHED = [
    ("happiness", (6, 12)),
    ("sadness", (1, 4, 15)),
    ("disgust", (10, 17, 4)),
    ("disgust", (9, 15, 16)),
    ("anger", (4, 5, 7, 24)),
    ("anger", (4, 5, 7)),
    ("surprise", (1, 2, 5, 26)),
    ("fear", (1, 2, 4, 5, 20)),
    ("fear", (1, 2, 4, 5, 7, 20, 26)),
]
intensities = st.dictionaries(st.sampled_from(sorted(SHAPES_OF)), st.floats(0, 1))


def landmarks(units: dict[int, float]) -> FaceLandmarks:
    """A face of which all blendshapes of some action units have a value."""
    shapes = np.zeros(52, np.float32)
    for unit, value in units.items():
        for index, name in enumerate(BLENDSHAPES):
            if name.removesuffix("Left").removesuffix("Right") == SHAPES_OF[unit]:
                shapes[index] = value
    return FaceLandmarks(np.zeros((478, 3), np.float32), shapes, Pose(0, 0, 0))


def face(units: dict[int, float], covered: MaskArray | None = None) -> Face:
    return Face(CROP, landmarks(units), covered)


def answer(made: Face) -> str:
    return EMOTIONS[int(Emfacs("plain").predict_proba([made]).argmax())]


@pytest.mark.parametrize(("emotion", "units"), PUBLISHED)
def test_published_prototypes_are_answered_by_their_emotion(
    emotion: str, units: tuple[int, ...]
) -> None:
    active = dict.fromkeys(units, 1.0)
    scores = Emfacs("plain").explain(face(active)).scores
    assert answer(face(active)) == emotion
    assert sorted(scores.values())[-2] < scores[emotion]


def test_disgust_without_the_dead_nose_wrinkler_is_seen_by_the_upper_lip() -> None:
    assert answer(face({10: 1.0})) == "disgust"
    assert answer(face({10: 1.0, 12: 1.0})) == "happiness"


def test_a_still_face_is_neutral_for_sure() -> None:
    assert Emfacs("plain").predict_proba([face({})])[0].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_half_a_prototype_is_the_limit_of_neutral() -> None:
    low, high = ACTION_UNITS[12].rest, ACTION_UNITS[12].top
    half = low + (high - low) / 2
    assert answer(face({12: half - 0.01})) == "neutral"
    assert answer(face({12: half + 0.01})) == "happiness"


def test_score_is_the_documented_formula() -> None:
    found = {1: 0.2, 2: 0.4, 4: 0.6, 5: 0.8, 7: 0.3, 12: 0.1, 20: 0.5, 26: 0.9}
    required = (0.2 + 0.4 + 0.6 + 0.8 + 0.5) / 5
    optional = (0.3 + 0.9) / 2
    by_hand = (required + (1 - required) * optional / 2) * (1 - 0.1)
    assert PROTOTYPES["fear"].score(found) == pytest.approx(by_hand)
    assert PROTOTYPES["disgust"].score({9: 0.3, 10: 0.7}) == pytest.approx(0.7)
    assert PROTOTYPES["surprise"].score({1: 1, 2: 1, 5: 1, 26: 1, 4: 0.5}) == pytest.approx(0.5)


def test_probabilities_are_scores_by_their_sum() -> None:
    made = face({1: 0.3, 4: 0.4, 12: 0.2, 15: 0.005})
    scores = Emfacs("plain").explain(made).scores
    by_hand = np.array([scores[emotion] for emotion in EMOTIONS])
    assert scores["neutral"] == pytest.approx(1 - max(by_hand[:6]))
    np.testing.assert_allclose(Emfacs("plain").predict_proba([made])[0], by_hand / by_hand.sum())


def test_intensity_is_0_at_rest_and_1_at_the_top() -> None:
    for number, unit in ACTION_UNITS.items():
        top = max(unit.top, 0.05)
        found = seen_intensities(landmarks({number: (unit.rest + top) / 2}).blendshapes, None)
        assert found[number] == pytest.approx(0.5, abs=1e-5)
        assert unit.intensity(unit.rest) == 0
        assert unit.intensity(top) == pytest.approx(1)


def test_hidden_action_units_count_as_still() -> None:
    smile = {12: 1.0}
    covered = np.zeros(478, bool)
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        covered[list(BLENDSHAPE_LANDMARKS[name])] = True
    explained = Emfacs("plain").explain(face(smile, covered))
    assert answer(face(smile)) == "happiness"
    assert explained.answer == "neutral"
    assert 12 in explained.hidden
    assert 1 not in explained.hidden
    assert "AU12  lip corner puller     hidden" in explained.text


def test_one_visible_landmark_is_enough_to_see_an_action_unit() -> None:
    covered = np.ones(478, bool)
    assert seen_intensities(landmarks({}).blendshapes, covered) == {}
    covered[BLENDSHAPE_LANDMARKS["browDownLeft"][0]] = False
    assert {2, 4} <= set(seen_intensities(landmarks({}).blendshapes, covered))


def test_a_side_that_is_hidden_is_left_out_of_the_mean() -> None:
    shapes = np.zeros(52, np.float32)
    shapes[BLENDSHAPES.index("browDownLeft")] = 1
    covered = np.zeros(478, bool)
    covered[list(BLENDSHAPE_LANDMARKS["browDownRight"])] = True
    unit = ACTION_UNITS[4]
    assert seen_intensities(shapes, None)[4] == pytest.approx(unit.intensity(0.5))
    assert unit.intensity(0.5) < 1
    assert seen_intensities(shapes, covered)[4] == 1


def test_redetected_reads_the_new_landmarks_behind_the_occluder_too() -> None:
    made = Face(CROP, landmarks({}), np.ones(478, bool), landmarks({12: 1.0}))
    classifier = get_classifier("emfacs:points=redetected")
    assert EMOTIONS[int(classifier.predict_proba([made]).argmax())] == "happiness"
    assert answer(made) == "neutral"
    with pytest.raises(ValueError, match="redetected"):
        classifier.predict_proba([face({})])


def test_contract() -> None:
    seen, again, plain = (
        get_classifier(f"emfacs{points}") for points in ("", ":points=redetected", ":points=plain")
    )
    assert isinstance(seen, Classifier)
    assert (seen.name, again.name) == ("emfacs", "emfacs:points=redetected")
    assert seen.needs == {"redetected", "covered"}
    assert again.needs == {"redetected"}
    assert plain.needs == {"landmarks", "covered"}
    assert len({seen.fingerprint, again.fingerprint, plain.fingerprint}) == 3
    assert plain.predict_proba([]).shape == (0, 7)


def test_explanation_shows_every_rule() -> None:
    text = Emfacs("plain").explain(face({12: 1.0})).text
    lines = text.splitlines()
    assert lines[0] == "happiness (score 1.00)"
    assert "  happiness  1.00  = + AU12 1.00, (+) AU6 0.00" in lines
    assert lines[-1] == "  neutral    0.00  = 1 - happiness"
    assert all(any(line.strip().startswith(emotion) for line in lines) for emotion in EMOTIONS)


@given(found=intensities)
def test_scores_are_shares(found: dict[int, float]) -> None:
    for prototype in PROTOTYPES.values():
        assert 0 <= prototype.score(found) <= 1


@given(found=intensities, more=st.floats(0, 1))
def test_more_of_what_speaks_for_an_emotion_never_lowers_it(
    found: dict[int, float], more: float
) -> None:
    for prototype in PROTOTYPES.values():
        before = prototype.score(found)
        required = {unit for units in prototype.required for unit in units}
        for unit in required | set(prototype.optional):
            raised = found | {unit: max(found.get(unit, 0.0), more)}
            assert prototype.score(raised) >= before - 1e-12
        for unit in prototype.contradicting:
            raised = found | {unit: max(found.get(unit, 0.0), more)}
            assert prototype.score(raised) <= before + 1e-12


@given(values=st.lists(st.floats(0, 1, width=32), min_size=52, max_size=52), seed=st.integers(0, 9))
def test_any_face_has_probabilities(values: list[float], seed: int) -> None:
    made = FaceLandmarks(
        np.zeros((478, 3), np.float32), np.array(values, np.float32), Pose(0, 0, 0)
    )
    covered = np.random.default_rng(seed).random(478) < seed / 9
    probabilities = Emfacs("plain").predict_proba([Face(CROP, made, covered), Face(CROP, made)])
    assert probabilities.shape == (2, 7)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.slow
@pytest.mark.data
def test_constants_are_those_of_the_london_neutral_faces(london: Path) -> None:
    """On every fourth of them, so only roughly."""
    with MediaPipeDetector() as detector:
        paths = sorted((london / "neutral").glob("*"))[::4]
        found = [detector.detect(read_image(path))[0].blendshapes for path in paths]
    for unit in ACTION_UNITS.values():
        columns = [BLENDSHAPES.index(name) for name in unit.shapes]
        values = np.array(found)[:, columns].mean(axis=1)
        assert np.median(values) == pytest.approx(unit.rest, abs=0.08)
        assert np.median(values) <= unit.top + 1e-3
