"""Whether a mask keeps some emotions from being found at all, and what dropping them does.

Question
    Are masked faces with some emotions lost by the face detector more often than others, and how
    far does that move the accuracy of a study that drops what it does not find?
Prediction
    That masked sad faces are lost more often than surprised ones is a claim to be tested here. A
    detector that loses the hard faces makes the accuracy of the rest too high.
Design
    Each face plain and masked, as it is and shrunk to 32, 24, 16 and 12 px, is looked for anew by
    MediaPipe alone (never) and with this package's fallbacks for small faces (scenes). Answers to
    all pictures come from two pretrained networks that are told where the plain face is. All is
    paired by picture; bootstrap over subjects.
Run time
    The embedded faces take about half a minute with --jobs 2.
Outputs
    detection.csv: faces found, and drift of visible and hidden landmarks. detection_bias.csv:
    surprise minus sadness, and each emotion minus the others. dropping.csv: accuracy of all and
    of found faces. detections.csv, detection.png, drift.png. Tables and report of the run.
Reading a null
    Where every face is found there is nothing to compare, and detection.csv says how sure that is
    (Wilson, over subjects). All faces were found in the plain picture at full size, or they would
    have no trial: rates are of such faces. Intervals are not corrected for the many rows. The
    embedded faces are no evidence about people.
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
    """Plain and masked faces, looked for anew at several sizes."""
    return options.experiment(detect_px=SIZES)


def analyse(result: Run, options: Options) -> Answer:
    """Compare emotions, and accuracy with and without the faces that are lost."""
    found = detection_table(result.detections, seed=options.seed)
    bias = detection_bias_table(result.detections, PAIRS, seed=options.seed)
    dropping = dropping_table(result.trials, result.detections, seed=options.seed)
    tables = [(DETECTION, found), (DETECTION_BIAS, bias), (DROPPING, dropping)]
    figures = {"detection.png": plot_detection(found), "drift.png": plot_drift(found, "surgical")}
    return Answer(detection_text(bias, dropping), tables, figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
