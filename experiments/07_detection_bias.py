"""Detection bias: whether a mask makes faces with some emotions harder to find.

Question
    Does the face detector miss masked faces with some emotions more often than others, and how far
    does this shift the accuracy of a study that drops the faces it does not find?
Prediction
    The claim under test is that masked sad faces are missed more often than surprised ones. A
    detector that misses the hard faces makes the accuracy on the others too high.
Design
    MediaPipe alone (never) and with this package's fallbacks for small faces (scenes) searches each
    face, plain and masked, as it is and shrunk to 32, 24, 16 and 12 px. Two pretrained networks
    classify all pictures, with the face at its place in the plain picture. All comparisons are
    paired by picture; bootstrap over subjects.
Run time
    The embedded faces take about half a minute with --jobs 2.
Outputs
    detection.csv: faces found, and drift of visible and hidden landmarks. detection_bias.csv:
    surprise minus sadness, and each emotion minus the others. dropping.csv: accuracy on all and on
    the faces found. detections.csv, detection.png, drift.png. Tables and report of the run.
Reading a null
    Where every face is found there is nothing to compare; detection.csv has the certainty of that
    (Wilson, over subjects). Only faces found in the plain picture at full size have trials, so
    rates are of such faces. Intervals are not corrected for the number of rows. The embedded faces
    are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import (
    DETECTION,
    DETECTION_BIAS,
    DROPPING,
    EVERY_EMOTION,
    Answer,
    detection_bias_table,
    detection_table,
    detection_text,
    dropping_table,
)
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_detection, plot_drift

SIZES: Final = (0, 32, 24, 16, 12)
PAIRS: Final = (("surprise", "sadness"), *EVERY_EMOTION)


def build(options: Options) -> Experiment:
    """Search plain and masked faces again at several sizes."""
    return options.experiment(occluders="surgical", detect_px=SIZES)


def analyse(result: Run, options: Options) -> Answer:
    """Compare emotions, and accuracy with and without the faces that are missed."""
    found = detection_table(result.detections, seed=options.seed)
    bias = detection_bias_table(result.detections, PAIRS, seed=options.seed)
    dropping = dropping_table(result.trials, result.detections, seed=options.seed)
    tables = [(DETECTION, found), (DETECTION_BIAS, bias), (DROPPING, dropping)]
    figures = {"detection.png": plot_detection(found), "drift.png": plot_drift(found, "surgical")}
    return Answer(detection_text(bias, dropping), tables, figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
