"""Styles of masks: which one hides the face, and what a window restores.

Question
    Are emotions read equally well under a surgical, a cloth, a fashion mask and a respirator? What
    do a transparent window, a clear mask and a nose left free give back?
Prediction
    People do not care for a mask's pattern and colour (Blazhenkova et al. 2022,
    doi:10.1186/s41235-022-00380-y). A transparent mask costs them nothing, where a standard one
    does for happiness, sadness and fear (Marini et al. 2021, Sci Rep 11, 5577, PMC7970937).
Design
    Each face plain and under eight masks, two pretrained networks. All pairs of styles on the same
    pictures; bootstrap over subjects. Two one-sided tests over subjects say whether a pair is
    alike within BOUND, less than half of the smallest published loss (docs/findings.md).
Run time
    The embedded faces take under a minute with --jobs 2.
Outputs
    styles.csv: every pair, over all emotions and for each. styles.png, styles_happiness.png: each
    style against `surgical`. Tables and report of the run.
Reading a null
    Not different is not alike: a pair is alike where `equivalent` is 1, and style does not matter
    if all pairs are. Few subjects, or the few pictures of one emotion, cannot show it. The
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
"""Differences of right answers up to this are the same."""


def build(options: Options) -> Experiment:
    """Plain faces against eight masks."""
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
