"""Crying behind a mask: does a tear still tell sadness when the mouth is hidden.

Question
    Do tears help to recognise sadness, does a mask take that help away, and is it recognition that
    changes or only how readily "sadness" is answered?
Prediction
    Without a mask, tears added to sad faces speed up their recognition (Balsters et al. 2013,
    doi:10.1177/147470491301100114). Tears under a mask: open, no study was found. Exploratory.
Design
    All faces plain, in tears, masked, and masked in tears: two by two, within pictures. Of what
    runs down the cheeks a surgical mask leaves about a centimetre to be seen. Tears as usual, and
    as many and as long ones as can be drawn; as a control, grey streaks in their place, which are
    no tears. Two pretrained networks; people are the units of bootstrap and tests.
Run time
    The embedded faces take two minutes with --jobs 2.
Outputs
    factorial.csv: share and mean probability of "sadness" for each emotion shown, and d' and
    criterion of sadness against all others, in the four cells, with effects and interaction.
    tears_CLASSIFIER.png: the four cells; tears.png: what tears and streaks do to d'. Tables and
    report of the run.
Reading a null
    Tears help only if d' rises: "sadness" that is answered more often to all faces is a shift of
    the answer. The networks read 64 to 112 px a face, where a tear is about a pixel wide: no
    effect may say that they cannot see it, or never learnt it, and says nothing about people. The
    embedded faces show that the script works; they are no evidence about people.
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
    """Tears, many tears and grey streaks, each with and without a mask."""
    covers = tuple(dict.fromkeys(name for cells in DESIGNS for name in cells if name != "none"))
    return options.experiment(occluders=covers)


def analyse(result: Run, options: Options) -> Answer:
    """Count the answer sadness in the four cells of each design."""
    table = factorial_table(result.trials, DESIGNS, "sadness", seed=options.seed)
    figures = {
        f"tears_{name}.png": plot_factorial(table, MANY, name)
        for name in sorted(table["classifier"].unique())
    }
    figures["tears.png"] = plot_factorial_effects(table)
    return Answer(factorial_text(table), [(FACTORIAL, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
