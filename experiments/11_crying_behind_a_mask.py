"""Crying behind a mask: whether tears still signal sadness when the mouth is hidden.

Question
    Do tears help to recognise sadness, does a mask take that help away, and does recognition change
    or only the readiness to answer "sadness"?
Prediction
    Without a mask, tears added to sad faces speed up their recognition (Balsters et al. 2013,
    doi:10.1177/147470491301100114). Tears under a mask: open, no study was found. Exploratory.
Design
    All faces plain, with tears, masked, and masked with tears: two by two, within pictures. A
    surgical mask leaves about a centimetre of a tear's track visible. Tears as usual, and as many
    and as long ones as can be drawn; as a control, grey streaks in the same place. Two pretrained
    networks; subjects are the units of bootstrap and tests.
Run time
    The embedded faces take two minutes with --jobs 2.
Outputs
    factorial.csv: share and mean probability of "sadness" for each emotion shown, and d' and
    criterion of sadness against all others, in the four cells, with effects and interaction.
    tears_CLASSIFIER.png: the four cells; tears.png: the effect of tears and streaks on d'. Tables
    and report of the run.
Reading a null
    Tears help only if d' rises: if all faces are called sad more often, only the criterion shifts.
    The networks' inputs are 64 to 112 px wide, where a tear is about one pixel: no effect may mean
    that tears are invisible to them or were not in their training set, and says nothing about
    people. The embedded faces show that the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import FACTORIAL, Answer, crossed, factorial_table, factorial_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_factorial, plot_factorial_effects

MANY: Final = "tears:amount=3,length=jaw"
STREAKS: Final = "fill:region=tears(amount=3,length=jaw)"
DESIGNS: Final = tuple(crossed(first, "surgical") for first in ("tears", MANY, STREAKS))


def build(options: Options) -> Experiment:
    """Cross tears, many tears and grey streaks with a mask."""
    occluders = tuple(dict.fromkeys(name for cells in DESIGNS for name in cells if name != "none"))
    return options.experiment(occluders=occluders)


def analyse(result: Run, options: Options) -> Answer:
    """Count the answer "sadness" in the four cells of each design."""
    table = factorial_table(result.trials, DESIGNS, "sadness", seed=options.seed)
    figures = {
        f"tears_{name}.png": plot_factorial(table, MANY, name)
        for name in sorted(table["classifier"].unique())
    }
    figures["tears.png"] = plot_factorial_effects(table)
    return Answer(factorial_text(table), [(FACTORIAL, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
