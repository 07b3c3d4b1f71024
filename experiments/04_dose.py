"""Dose: how much of the face can be hidden before emotions are lost.

Question
    At what coverage is half of the loss reached, from below, from above, and under a mask that is
    pulled up step by step?
Prediction
    For people the mouth matters most for happiness, surprise, sadness, disgust and anger, the eyes
    for fear (Kim et al. 2022, doi:10.1371/journal.pone.0263466): the former should fall early from
    below and late from above, fear the other way round.
Design
    Each face plain, with one to six tenths, eight tenths and all of it hidden from below and from
    above, and masked up to five heights. Two pretrained networks; bootstrap over subjects. In each
    resample the curve is made monotone before its half-point is computed.
Run time
    The embedded faces take about a minute and a half with --jobs 2.
Outputs
    dose.csv: accuracy and loss by coverage, over all emotions and for each. half_points.csv:
    coverage at which half of the loss at the end of a series is reached. dose_CLASSIFIER.png and
    half_points_CLASSIFIER.png. Tables and report of the run.
Reading a null
    An emotion that a network predicts whenever it sees no face loses nothing in the end, and has no
    half-point. Half-points within one step of a curve rest on a straight line. The embedded faces
    show that the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import DOSE, HALF_POINTS, Answer, dose_table, half_point_table
from maskface.analyses import half_point_text as text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_dose, plot_half_points

ALL: Final = "sweep:share=1"
"""From below; the whole face hidden from above is the same picture."""
TENTHS: Final = (1, 2, 3, 4, 5, 6, 8)
SERIES: Final = {
    "from below": (*(f"sweep:share=0.{tenth}" for tenth in TENTHS), ALL),
    "from above": (*(f"sweep:share=0.{tenth},start=above" for tenth in TENTHS), ALL),
    "mask pulled up": tuple(f"surgical:top={height}" for height in (20, 40, 60, 80, 100)),
}


def build(options: Options) -> Experiment:
    """Compare plain faces with increasing coverage."""
    occluders = tuple(dict.fromkeys(name for names in SERIES.values() for name in names))
    return options.experiment(occluders=occluders)


def analyse(result: Run, options: Options) -> Answer:
    """Draw the curves and find their half-points."""
    dose = dose_table(result.trials, SERIES, seed=options.seed)
    half = half_point_table(result.trials, SERIES, seed=options.seed)
    names = sorted(result.trials["classifier"].unique())
    figures = {f"dose_{name}.png": plot_dose(dose, name) for name in names}
    figures |= {f"half_points_{name}.png": plot_half_points(half, name) for name in names}
    return Answer(text(half), [(DOSE, dose), (HALF_POINTS, half)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
