"""Area or features: whether a mask hides much because it is large or because it hides the mouth.

Question
    Does hiding the lower face cost more than hiding an equally large part of the face elsewhere?
Prediction
    Open: Shehu et al. 2022 (Applied Soft Computing 130, 109701) ask it. For people a mask hides
    more than sunglasses (Kim et al. 2022, doi:10.1371/journal.pone.0263466) or about as much (Ruba
    & Pollak 2020, doi:10.1371/journal.pone.0243708; Noyes et al. 2021, doi:10.1098/rsos.201169).
Design
    Each face plain, masked, with sunglasses, and under grey controls: over the mask's pixels
    (fill), over an equal area from below (lower), from above (upper), or at a random place (patch).
    Pairs of equal area and colour separate features from area; mask against fill separates the
    picture of a mask from the pixels that it hides. Two pretrained networks; paired by picture,
    bootstrap over subjects.
Run time
    The embedded faces take under a minute with --jobs 2.
Outputs
    contrasts.csv: every pair, with the coverage of both, over all emotions and for each.
    contrasts.png: all pairs; features_by_emotion.png: lower minus upper. Tables and report of the
    run.
Reading a null
    Below 0, the first of a pair hides more. An interval that includes 0 does not show that only
    area counts, and at the floor (guards.csv) no pair can differ. The embedded faces show that the
    script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import CONTRASTS, Answer, contrast_table, contrast_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_contrast_by_emotion, plot_contrasts

SMALL: Final = "lower:like=sunglasses"
PAIRS: Final = (
    ("lower", "upper"),
    ("lower", "patch"),
    ("surgical", "upper"),
    ("surgical", "patch"),
    ("surgical", "lower"),
    ("surgical", "fill"),
    ("surgical", "sunglasses"),
    ("sunglasses", SMALL),
)
"""Controls have the mask's area by default; only mask and sunglasses differ in area."""


def build(options: Options) -> Experiment:
    """Compare plain faces with a mask, sunglasses and controls of the same area."""
    occluders = tuple(dict.fromkeys(name for pair in PAIRS for name in pair))
    return options.experiment(occluders=occluders)


def analyse(result: Run, options: Options) -> Answer:
    """Compare the pairs."""
    table = contrast_table(result.trials, PAIRS, seed=options.seed)
    figures = {
        "contrasts.png": plot_contrasts(table),
        "features_by_emotion.png": plot_contrast_by_emotion(table, "lower", "upper"),
    }
    return Answer(contrast_text(table), [(CONTRASTS, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
