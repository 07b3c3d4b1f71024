"""Schemas of the result tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from maskface.schema import Column, Table
from maskface.types import EMOTIONS, FaceLandmarks

STATUSES: Final = ("ok", "no_face", "error")
PLAIN: Final = "none"
"""Condition of the face without an occluder, with which all others are compared."""
P_COLUMNS: Final = [f"p_{emotion}" for emotion in EMOTIONS]
"""Columns of the trials with the probabilities, in the order of `EMOTIONS`."""


def _probability(name: str, description: str) -> Column:
    return Column(name, "real", description, low=0, high=1)


_ANSWERS: Final = ("", *EMOTIONS)
_LABELS: Final = ("all", *EMOTIONS)
_INTERVALS: Final = (
    "", "expanded percentile bootstrap", "percentile bootstrap", "BCa bootstrap",
    "t on bootstrap SE", "Wilson",
)  # fmt: skip
GUARD_NAMES: Final = (
    "confounded",
    "unidentified",
    "same_picture",
    "missing_emotion",
    "many_failures",
    "failures_by_emotion",
    "few_subjects",
    "no_subjects",
    "ceiling",
    "floor",
    "chance",
    "dominant_answer",
)
"""What `maskface.stats.find_guards` looks for."""

_POSE: Final = (
    Column(
        "yaw_deg", "real", "Head turned, positive to the right of the image", "degree",
        -180, 180, decimals=2,
    ),
    Column("pitch_deg", "real", "Head up, positive", "degree", -180, 180, decimals=2),
    Column(
        "roll_deg", "real", "Head tilted, positive clockwise in the image", "degree",
        -180, 180, decimals=2,
    ),
)  # fmt: skip

TRIALS: Final = Table(
    "trials",
    (
        Column("run_id", "text", "Hash of everything that decides the results of the run"),
        Column("dataset", "text", "Name of the face set"),
        Column("image_id", "text", "The picture's path below the set's folder"),
        Column("subject_id", "text", "Who is shown; empty if the set does not say"),
        Column("label", "text", "The posed (or rated) emotion", allowed=EMOTIONS),
        Column("condition", "text", "Occluder with its parameters; `none` for the face as it is"),
        Column("occluder", "text", "Name of the occluder"),
        Column("params", "text", "Parameters of the occluder, as JSON"),
        Column("coverage", "real", "Hidden fraction of the face oval", low=0, high=1),
        Column("classifier", "text", "Who read the face"),
        Column("predicted", "text", "The answer; empty unless status is ok", allowed=_ANSWERS),
        Column("correct", "whole", "1 if the answer is the label, else 0", low=0, high=1),
        *(
            _probability(f"p_{emotion}", f"Probability the classifier gave to {emotion}")
            for emotion in EMOTIONS
        ),
        *_POSE,
        Column("status", "text", "Whether there is an answer", allowed=STATUSES),
        Column("message", "text", "Why there is none, or what to know about it"),
        Column("seed", "whole", "Seed of this picture under this condition", low=0),
    ),
    key=("dataset", "image_id", "condition", "classifier"),
)  # fmt: skip
"""One row for each picture x condition x classifier, also for those that failed."""

SUMMARY: Final = Table(
    "summary",
    (
        Column("run_id", "text", "As in trials"),
        Column("dataset", "text", "As in trials"),
        Column("classifier", "text", "As in trials"),
        Column("condition", "text", "As in trials"),
        Column(
            "label", "text", "The true emotion (of answer_share: the answer); `all` over all",
            allowed=_LABELS,
        ),
        Column("metric", "text", "A measure; answered_<emotion>: how many such answers"),
        Column("n", "whole", "Pictures with an answer both plain and occluded", "picture", 0),
        Column("n_missing", "whole", "Pictures without one", "picture", 0),
        Column("n_clusters", "whole", "Independent units that the measure stands on", low=0),
        Column(
            "clustered_by", "text", "What these are; image: images treated as independent",
            allowed=(
                "subject", "image", "observer", "observer x subject", "subject x observer",
                "observer x image", "image x observer",
            ),
        ),
        Column("baseline", "real", "The metric under `none`, for the same pictures"),
        Column("value", "real", "The metric under this condition"),
        Column("value_ci_low", "real", "Lower end of the 95 % interval of value"),
        Column("value_ci_high", "real", "Upper end of it"),
        Column("value_interval", "text", "What kind of interval that is", allowed=_INTERVALS),
        Column("loss", "real", "baseline - value over paired pictures; empty for `none`"),
        Column("ci_low", "real", "Lower end of the 95 % interval of loss"),
        Column("ci_high", "real", "Upper end of it"),
        Column("interval", "text", "What kind of interval that is", allowed=_INTERVALS),
        Column(
            "p_value", "real", "Two-sided p of the test that nothing is lost or gained",
            low=0, high=1, decimals=12,
        ),
        Column(
            "p_adjusted", "real", "p_value after Holm over the tests of the same metric",
            low=0, high=1, decimals=12,
        ),
        Column(
            "test", "text", "Name of the test",
            allowed=("", "exact McNemar", "cluster permutation", "exact cluster permutation"),
        ),
        Column(
            "odds_ratio", "real", "Pictures gained by pictures lost; below 1: a loss", low=0
        ),
        Column(
            "cohens_g", "real", "Share of the changed pictures that were lost, minus 1/2",
            low=-0.5, high=0.5,
        ),
        Column("dz", "real", "Mean loss over clusters by its standard deviation"),
    ),
    key=("dataset", "classifier", "condition", "metric", "label"),
)  # fmt: skip
"""What the trials amount to, in long form."""

GUARDS: Final = Table(
    "guards",
    (
        Column("run_id", "text", "As in trials"),
        Column("dataset", "text", "As in trials"),
        Column("classifier", "text", "As in trials; `all` for all of them"),
        Column("condition", "text", "As in trials; `all` for all of them"),
        Column("label", "text", "The emotion concerned; `all` for all", allowed=_LABELS),
        Column("guard", "text", "What may be wrong", allowed=GUARD_NAMES),
        Column("detail", "text", "The same in words, with the numbers"),
    ),
    key=("dataset", "classifier", "condition", "guard", "label"),
)
"""Reasons why a result may not bear the claim that is made of it; none if there is no row."""


ATTRIBUTES: Final = Table(
    "attributes",
    (
        Column("run_id", "text", "As in trials"),
        Column("dataset", "text", "As in trials"),
        Column("image_id", "text", "As in trials"),
        Column("attribute", "text", "What is said of the picture, such as sex or intensity"),
        Column("value", "text", "What it is; a number where the attribute is one"),
        Column(
            "source", "text", "index: the set's index says so; measured: from the picture itself",
            allowed=("index", "measured"),
        ),
    ),
    key=("dataset", "image_id", "attribute", "source"),
)  # fmt: skip
"""What is known of the pictures beside label and subject, in long form."""

DETECTIONS: Final = Table(
    "detections",
    (
        Column("run_id", "text", "As in trials"),
        Column("dataset", "text", "As in trials"),
        Column("image_id", "text", "As in trials"),
        Column("subject_id", "text", "As in trials"),
        Column("label", "text", "As in trials", allowed=EMOTIONS),
        Column("condition", "text", "As in trials"),
        Column(
            "search", "text", "never: MediaPipe alone; scenes: with this package's fallbacks",
            allowed=("never", "scenes"),
        ),
        Column(
            "face_px", "whole", "Size that the face was shrunk to; 0: the picture as it is",
            "pixel", 0,
        ),
        Column("found", "whole", "1 if the face was found, else 0", low=0, high=1),
        Column("n_faces", "whole", "Faces found in the picture", low=0),
        Column(
            "drift_visible", "real",
            "Mean distance of the visible landmarks from where they are in the plain picture, "
            "by the distance between the outer corners of the eyes", low=0,
        ),
        Column("drift_hidden", "real", "The same of those that the occluder hides", low=0),
        Column("status", "text", "Whether faces were looked for", allowed=STATUSES),
        Column("message", "text", "Why not"),
    ),
    key=("dataset", "image_id", "condition", "search", "face_px"),
)  # fmt: skip
"""Whether faces are found again in the occluded picture, for runs that ask for it."""


RESPONSE_STATUSES: Final = ("ok", "no_answer", "excluded")


def _of_responses(column: Column) -> Column:
    """The column of the trials table as it is in responses."""
    changed: dict[str, dict[str, Any]] = {
        "run_id": {"description": "Hash of files, column map and version"},
        "dataset": {"description": "Name of the study"},
        "image_id": {"description": "What was shown"},
        "subject_id": {"description": "Whose face was shown; empty if the file does not say"},
        "condition": {"description": "How the face was covered; `none` for the face as it is"},
        "classifier": {"description": "Who read the face: human:<observer>"},
        "predicted": {"description": "The emotion chosen; empty in yes/no designs"},
        "correct": {"description": "1 if the answer is right, else 0"},
        "status": {"allowed": RESPONSE_STATUSES},
    }
    return replace(column, **changed.get(column.name, {}))


RESPONSES: Final = Table(
    "responses",
    (
        *(_of_responses(column) for column in TRIALS.columns),
        Column("observer_id", "text", "Who answered"),
        Column("trial", "whole", "Number of the observer's trial in the files, from 0", low=0),
        Column("question", "text", "The emotion asked for in yes/no designs", allowed=_ANSWERS),
        Column("answer_yes", "whole", "1 for yes, 0 for no, in yes/no designs", low=0, high=1),
        Column("rt_ms", "real", "Time to the answer", "millisecond", decimals=3),
        Column("confidence", "real", "Confidence, on the study's own scale"),
    ),
    key=("dataset", "observer_id", "trial"),
)
"""One row for each trial of a human observer: the trials table, and what only humans have."""

EXCLUSIONS: Final = Table(
    "exclusions",
    (
        Column("step", "whole", "Order in which the rules were applied", low=0),
        Column("rule", "text", "What was left out, or not counted as an answer"),
        Column("n_trials", "whole", "Trials (or rows) that it concerned", low=0),
        Column("n_observers", "whole", "Observers that lost a trial by it", low=0),
        Column("n_trials_left", "whole", "Trials that are left", low=0),
        Column("n_observers_left", "whole", "Observers that are left", low=0),
    ),
    key=("step",),
)
"""What a column map excludes, step by step."""


def _covered(part: str, description: str) -> Column:
    return Column(f"{part}_covered", "whole", f"1 if {description} hidden, else 0", low=0, high=1)


MASKED: Final = Table(
    "masked",
    (
        Column("run_id", "text", "Hash of version, occluder, landmark model and asked seed"),
        Column("source", "text", "The picture or video, below the folder that was given"),
        Column("source_sha256", "text", "First 16 hexadecimal digits of the file's SHA-256"),
        Column("output", "text", "What was written, below the output folder; empty if nothing"),
        Column("face", "whole", "Number of the face, 0 for the largest; in a video, as met", low=0),
        Column("frame", "whole", "Number of the video's frame; empty for pictures", low=0),
        Column("time_s", "real", "When that frame is shown", "second", low=0),
        Column("occluder", "text", "Occluder with the parameters that are not the default"),
        Column("params", "text", "All parameters of the occluder, as JSON"),
        Column("coverage", "real", "Hidden fraction of the face oval", low=0, high=1),
        Column("n_landmarks_covered", "whole", "Hidden ones of the 478 landmarks", low=0, high=478),
        _covered("nose_tip", "the tip of the nose is"),
        _covered("mouth_corners", "both corners of the mouth are"),
        _covered("lower_lip", "the lower lip is"),
        _covered("chin", "the chin is"),
        *_POSE,
        Column("face_px", "real", "Larger side of the face's landmark box", "pixel", 0, decimals=1),
        Column("seed", "whole", "Seed of whatever was random on this face", low=0),
        Column("status", "text", "Whether the face was covered", allowed=STATUSES),
        Column("message", "text", "Why it was not, or what to know about it"),
        Column("n_rows", "whole", "Rows of this file in the table", low=1),
        Column(
            "output_sha256",
            "text",
            "First 16 hexadecimal digits of the SHA-256 of what was "
            "written; of its alpha, too, after a blank",
        ),
    ),
    key=("source", "frame", "face"),
)
"""One row for each face that was given an occluder, in each frame of a video; one for each
picture, frame or file without any."""

LANDMARKS: Final = Table(
    "landmarks",
    (
        Column("face", "whole", "Number of the face in its picture, 0 for the largest", low=0),
        Column("landmark", "whole", "Index in the MediaPipe face mesh", low=0, high=477),
        Column("x_px", "real", "From the left edge", "pixel", decimals=3),
        Column("y_px", "real", "From the top edge", "pixel", decimals=3),
        Column("z_px", "real", "Depth on the same scale, smaller is nearer", "pixel", decimals=3),
    ),
    key=("face", "landmark"),
)
"""The points of every face in one picture."""

READINGS: Final = Table(
    "readings",
    (
        Column("image", "text", "The picture as it was named; `array N` for the Nth if an array"),
        Column("face", "whole", "Number of the face in its picture, 0 for the largest", low=0),
        Column("left_px", "real", "Box around the landmarks: left edge", "pixel", decimals=1),
        Column("top_px", "real", "Upper edge", "pixel", decimals=1),
        Column("right_px", "real", "Right edge", "pixel", decimals=1),
        Column("bottom_px", "real", "Lower edge", "pixel", decimals=1),
        *_POSE,
        Column("occluder", "text", "Occluder with its parameters; `none` for the face as it is"),
        Column("coverage", "real", "Hidden fraction of the face oval", low=0, high=1),
        Column("classifier", "text", "Who read the face"),
        Column("predicted", "text", "The most probable emotion", allowed=_ANSWERS),
        *(_probability(f"p_{emotion}", f"Probability of {emotion}") for emotion in EMOTIONS),
        Column("status", "text", "Whether there is an answer", allowed=STATUSES),
        Column("message", "text", "Why there is none"),
    ),
    key=("occluder", "image", "face", "classifier"),
)
"""One row for each face and classifier; one for each classifier where a picture shows no face or
cannot be read."""


def landmark_rows(faces: Sequence[FaceLandmarks]) -> list[dict[str, Any]]:
    """Turn faces into rows of the landmarks table."""
    return [
        {"face": number, "landmark": index, "x_px": x, "y_px": y, "z_px": z}
        for number, face in enumerate(faces)
        for index, (x, y, z) in enumerate(face.points)
    ]
