"""Intensity: whether a mask costs more on subtle expressions or on full ones.

Question
    Is more lost on subtle expressions than on full ones, and for the same emotions?
Prediction
    In the raw trials of 129 people (Verroca et al. 2022, doi:10.3389/fpsyg.2022.956832; see
    docs/findings.md) happiness and sadness change places: on full expressions a mask costs 4 points
    of happiness and 21 of sadness, on subtle ones 22 and 8; over all emotions 11 and 17.
Design
    Two pretrained networks classify each face plain and under a surgical mask. Pictures are grouped
    by the attribute `intensity` of the set's index.csv, or `perceived_intensity`: a few values as
    they are, many split at the median of each emotion, so that both halves hold the same emotions.
    Neutral faces have no intensity and are left out.
Run time
    The embedded faces, of half and of full intensity, take under a minute with --jobs 2.
Outputs
    moderators.csv: accuracy plain and masked and the loss of each group, their difference, and the
    smallest true difference that the set detects with power .8. emotion_gaps.csv: loss of happiness
    minus that of sadness in each group, and the difference between groups.
    intensity_CLASSIFIER.png: loss by emotion. Tables and report of the run.
Reading a null
    Faces that are not recognised when plain have nothing to lose: see `plain`. An interval that
    includes 0 does not show that intensity is irrelevant; `detectable` is what could have been
    found. The embedded faces show that the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import (
    GAPS,
    MODERATORS,
    Answer,
    Moderator,
    check_set,
    gap_table,
    gap_text,
    known_moderators,
    moderator_table,
    moderator_text,
)  # fmt: skip
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_moderator_by_emotion

BY: Final = (Moderator("intensity"), Moderator("perceived_intensity"))


def build(options: Options) -> Experiment:
    """Compare plain faces with a surgical mask; embedded faces also at half intensity."""
    data = "example-intensity" if options.data == "example" else options.data
    return options.experiment(data=check_set(data, BY), occluders="surgical")


def analyse(result: Run, options: Options) -> Answer:
    """Compare subtle and full expressions."""
    trials = result.trials[result.trials["label"] != "neutral"]
    by = known_moderators(result.attributes, BY)[:1]
    table = moderator_table(trials, result.attributes, by, seed=options.seed)
    pair = ("happiness", "sadness")
    gaps = gap_table(trials, result.attributes, by[0], pair, seed=options.seed)
    names = sorted(trials["classifier"].unique())
    figures = {
        f"intensity_{name}.png": plot_moderator_by_emotion(table, classifier=name) for name in names
    }
    text = "\n".join(filter(None, (moderator_text(table), gap_text(gaps))))
    return Answer(text, [(MODERATORS, table), (GAPS, gaps)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
