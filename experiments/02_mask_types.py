"""Styles of masks: which one hides the face, and what a window restores.

Question
    Are emotions recognised equally well under a surgical mask, a cloth mask, a fashion mask and a
    respirator? How much do a transparent window, a clear mask and an uncovered nose restore?
Prediction
    Pattern and colour of a mask make no difference to people (Blazhenkova et al. 2022,
    doi:10.1186/s41235-022-00380-y). A transparent mask costs them nothing, whereas an opaque one
    impairs happiness, sadness and fear (Marini et al. 2021, Sci Rep 11, 5577, PMC7970937).
Design
    Two pretrained networks classify each face plain and under eight masks. All pairs of styles are
    compared on the same pictures, with a bootstrap over subjects. Two one-sided tests over subjects
    show whether a pair is equivalent within BOUND, less than half of the smallest published loss
    (docs/findings.md).
Run time
    The embedded faces take under a minute with --jobs 2.
Outputs
    styles.csv: every pair, over all emotions and for each. styles.png, styles_happiness.png: each
    style against `surgical`. Tables and report of the run.
Reading a null
    Not different is not the same: a pair is equivalent where `equivalent` is 1, and style does not
    matter if all pairs are. A small set, or the few pictures of one emotion, cannot show it. The
    embedded faces show that the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import STYLES, Answer, style_table, style_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_contrasts

OPAQUE: Final = ("surgical", "cloth", "ffp2", "n95", "fashion")
OTHERS: Final = ("window_mask", "clear", "surgical:wearing=nose_out")
BOUND: Final = 0.05
"""Differences of accuracy up to this count as none."""


def build(options: Options) -> Experiment:
    """Compare plain faces with eight masks."""
    return options.experiment(occluders=OPAQUE + OTHERS)


def analyse(result: Run, options: Options) -> Answer:
    """Compare all pairs of styles."""
    table = style_table(result.trials, OPAQUE + OTHERS, bound=BOUND, seed=options.seed)
    figures = {
        "styles.png": plot_contrasts(table, reference="surgical"),
        "styles_happiness.png": plot_contrasts(table, "happiness", reference="surgical"),
    }
    text = style_text(table, OPAQUE, window=("window_mask", "surgical"))
    return Answer(text, [(STYLES, table)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
