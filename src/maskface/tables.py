"""Schemas of the result tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from maskface.schema import Column, Table, p_column, share
from maskface.types import EMOTIONS, FaceLandmarks

STATUSES: Final = ("ok", "no_face", "error")
PLAIN: Final = "none"
"""Condition of the plain face, with which all others are compared."""
P_COLUMNS: Final = [f"p_{emotion}" for emotion in EMOTIONS]
"""Columns of the trials with the probabilities, in the order of `EMOTIONS`."""


def _as_in_trials(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text", "As in trials") for name in names)


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
    "squashed",
    "tiny_face",
    "large_roll",
    "missing_emotion",
    "many_failures",
    "failures_by_emotion",
    "few_subjects",
    "no_subjects",
    "ceiling",
    "floor",
    "chance",
    "dominant_answer",
    "false_alarms",
)
"""Cautions that `maskface.stats.find_guards` may return."""

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
        Column("subject_id", "text", "Subject of the picture; empty if not known"),
        Column("label", "text", "The posed (or rated) emotion", allowed=EMOTIONS),
        Column("condition", "text", "Occluder with its parameters; `none` for the plain face"),
        Column("occluder", "text", "Name of the occluder"),
        Column("params", "text", "Parameters of the occluder, as JSON"),
        Column("coverage", "real", "Hidden fraction of the face oval", low=0, high=1),
        Column("classifier", "text", "Name of the classifier"),
        Column("predicted", "text", "Prediction; empty unless status is ok", allowed=_ANSWERS),
        Column("correct", "whole", "1 if the prediction is the label, else 0", low=0, high=1),
        *(
            share(f"p_{emotion}", f"Predicted probability of {emotion}")
            for emotion in EMOTIONS
        ),
        *_POSE,
        Column("status", "text", "ok, or why there is no prediction", allowed=STATUSES),
        Column("message", "text", "Why there is none, or a remark"),
        Column("seed", "whole", "Seed of this picture under this condition", low=0),
    ),
    key=("dataset", "image_id", "condition", "classifier"),
)  # fmt: skip
"""One row for each picture x condition x classifier, also for failures."""

SUMMARY: Final = Table(
    "summary",
    (
        *_as_in_trials("run_id", "dataset", "classifier", "condition"),
        Column(
            "label", "text", "The true emotion (of answer_share: the answer); `all` over all",
            allowed=_LABELS,
        ),
        Column("metric", "text", "A measure; answered_<emotion>: number of such answers"),
        Column("n", "whole", "Pictures with an answer both plain and occluded", "picture", 0),
        Column("n_missing", "whole", "Pictures without one", "picture", 0),
        Column("n_clusters", "whole", "Independent units of the measure", low=0),
        Column(
            "clustered_by", "text", "Kind of unit; image: images treated as independent",
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
        p_column("p_value", "Two-sided p of the test that nothing is lost or gained"),
        p_column("p_adjusted", "p_value after Holm over the tests of the same metric"),
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
        Column(
            "generalises_to", "text",
            "What the intervals hold for; +masks: each picture has a mask of its own",
        ),
    ),
    key=("dataset", "classifier", "condition", "metric", "label"),
)  # fmt: skip
"""Measures, losses, intervals and tests, in long form."""

GUARDS: Final = Table(
    "guards",
    (
        *_as_in_trials("run_id", "dataset"),
        Column("classifier", "text", "As in trials; `all` for all of them"),
        Column("condition", "text", "As in trials; `all` for all of them"),
        Column("label", "text", "The emotion concerned; `all` for all", allowed=_LABELS),
        Column("guard", "text", "Kind of caution", allowed=GUARD_NAMES),
        Column("detail", "text", "The caution in words, with numbers"),
    ),
    key=("dataset", "classifier", "condition", "guard", "label"),
)
"""Cautions about the results; none if there is no row."""


ATTRIBUTES: Final = Table(
    "attributes",
    (
        *_as_in_trials("run_id", "dataset", "image_id"),
        Column("attribute", "text", "Name of the attribute, such as sex or intensity"),
        Column("value", "text", "Its value, a text or number"),
        Column(
            "source", "text", "index: from the set's index; measured: from the picture itself",
            allowed=("index", "measured"),
        ),
    ),
    key=("dataset", "image_id", "attribute", "source"),
)  # fmt: skip
"""Attributes of the pictures other than label and subject, in long form."""

DETECTIONS: Final = Table(
    "detections",
    (
        *_as_in_trials("run_id", "dataset", "image_id", "subject_id"),
        Column("label", "text", "As in trials", allowed=EMOTIONS),
        Column("condition", "text", "As in trials"),
        Column(
            "search", "text", "never: MediaPipe alone; scenes: with this package's fallbacks",
            allowed=("never", "scenes"),
        ),
        Column(
            "face_px", "whole", "Size that the face was shrunk to; 0: not shrunk",
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
        Column("status", "text", "ok if faces were searched; otherwise error", allowed=STATUSES),
        Column("message", "text", "Why they were not"),
    ),
    key=("dataset", "image_id", "condition", "search", "face_px"),
)  # fmt: skip
"""Faces detected again in the occluded pictures, for runs with `detect_px`."""


RESPONSE_STATUSES: Final = ("ok", "no_answer", "excluded")


def _of_responses(column: Column) -> Column:
    """Return a column of the trials as it is in responses."""
    changed: dict[str, dict[str, Any]] = {
        "run_id": {"description": "Hash of files, column map and version"},
        "dataset": {"description": "Name of the study"},
        "image_id": {"description": "Picture that was shown"},
        "subject_id": {"description": "Subject of the picture; empty if not known"},
        "condition": {"description": "Occluder; `none` for the plain face"},
        "classifier": {"description": "human:<observer>"},
        "predicted": {"description": "The emotion chosen; empty in yes/no designs"},
        "correct": {"description": "1 if the answer is right, else 0"},
        "status": {"allowed": RESPONSE_STATUSES},
    }
    return replace(column, **changed.get(column.name, {}))


RESPONSES: Final = Table(
    "responses",
    (
        *(_of_responses(column) for column in TRIALS.columns),
        Column("observer_id", "text", "Name of the observer"),
        Column("trial", "whole", "Number of the observer's trial in the files, from 0", low=0),
        Column("question", "text", "The emotion in question in yes/no designs", allowed=_ANSWERS),
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
        Column("rule", "text", "Trials that were left out, or not counted as answered"),
        Column("n_trials", "whole", "Trials (or rows) that it concerned", low=0),
        Column("n_observers", "whole", "Observers that lost a trial by it", low=0),
        Column("n_trials_left", "whole", "Trials that are left", low=0),
        Column("n_observers_left", "whole", "Observers that are left", low=0),
    ),
    key=("step",),
)
"""Trials that a column map excludes, step by step."""


def _covered(part: str, description: str) -> Column:
    return Column(f"{part}_covered", "whole", f"1 if {description} hidden, else 0", low=0, high=1)


MASKED: Final = Table(
    "masked",
    (
        Column("run_id", "text", "Hash of version, occluder, landmark model and given seed"),
        Column("source", "text", "The picture or video, below the folder that was given"),
        Column("source_sha256", "text", "First 16 hexadecimal digits of the file's SHA-256"),
        Column("output", "text", "The written file, below the output folder; empty if none"),
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
        Column("seed", "whole", "Seed of everything random on this face", low=0),
        Column(
            "status",
            "text",
            "ok if the face was occluded; otherwise no_face or error",
            allowed=STATUSES,
        ),
        Column("message", "text", "Why it was not, or a remark"),
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
"""One row for each occluded face, in each frame of a video; one for each picture, frame or file
without any."""

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
        Column("occluder", "text", "Occluder with its parameters; `none` for the plain face"),
        Column("coverage", "real", "Hidden fraction of the face oval", low=0, high=1),
        Column("classifier", "text", "Name of the classifier"),
        Column("predicted", "text", "The most probable emotion", allowed=_ANSWERS),
        *(share(f"p_{emotion}", f"Probability of {emotion}") for emotion in EMOTIONS),
        Column(
            "status",
            "text",
            "ok if there is a prediction; otherwise no_face or error",
            allowed=STATUSES,
        ),
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
