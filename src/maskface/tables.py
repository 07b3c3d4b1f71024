"""The result tables: what their columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from maskface.schema import Column, Table
from maskface.types import EMOTIONS, FaceLandmarks

STATUSES: Final = ("ok", "no_face", "error")


def _probability(name: str, description: str) -> Column:
    return Column(name, "real", description, low=0, high=1)


_ANSWERS: Final = ("", *EMOTIONS)
_LABELS: Final = ("all", *EMOTIONS)

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
        Column(
            "yaw_deg", "real", "Head turned, positive to the right of the image", "degree",
            -180, 180, decimals=2,
        ),
        Column("pitch_deg", "real", "Head up, positive", "degree", -180, 180, decimals=2),
        Column(
            "roll_deg", "real", "Head tilted, positive clockwise in the image", "degree",
            -180, 180, decimals=2,
        ),
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
        Column("label", "text", "The true emotion; `all` for measures over all", allowed=_LABELS),
        Column("metric", "text", "accuracy, balanced_accuracy, recall; answered_<emotion>: count"),
        Column("n", "whole", "Pictures with an answer both plain and occluded", "picture", 0),
        Column("n_missing", "whole", "Pictures without one", "picture", 0),
        Column("n_clusters", "whole", "Independent units that the intervals resample", low=0),
        Column(
            "clustered_by", "text", "What these are; image: images treated as independent",
            allowed=("subject", "image"),
        ),
        Column("baseline", "real", "The metric under `none`, for the same pictures"),
        Column("value", "real", "The metric under this condition"),
        Column("value_ci_low", "real", "Lower end of the 95 % bootstrap interval of value"),
        Column("value_ci_high", "real", "Upper end of it"),
        Column("loss", "real", "baseline - value over paired pictures; empty for `none`"),
        Column("ci_low", "real", "Lower end of the 95 % bootstrap interval of loss"),
        Column("ci_high", "real", "Upper end of it"),
        Column(
            "p_value", "real", "Two-sided p of the test, pictures as units",
            low=0, high=1, decimals=12,
        ),
        Column(
            "p_adjusted", "real", "p_value after Holm over all rows of the same metric",
            low=0, high=1, decimals=12,
        ),
        Column("test", "text", "Name of the test", allowed=("", "exact McNemar")),
    ),
    key=("dataset", "classifier", "condition", "metric", "label"),
)  # fmt: skip
"""What the trials amount to, in long form."""

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


def landmark_rows(faces: Sequence[FaceLandmarks]) -> list[dict[str, Any]]:
    """Turn faces into rows of the landmarks table."""
    return [
        {"face": number, "landmark": index, "x_px": x, "y_px": y, "z_px": z}
        for number, face in enumerate(faces)
        for index, (x, y, z) in enumerate(face.points)
    ]
