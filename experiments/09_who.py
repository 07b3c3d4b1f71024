"""Who: whether more is lost on some people's faces than on others'.

Question
    Does a mask cost more on faces of one sex, age or skin tone than on others?
Prediction
    Open. With 49 human observers neither the sex nor the age of six faces made a difference
    (Carbon, Held & Schuetz 2022, doi:10.3389/fpsyg.2022.856971), which six faces could hardly show.
Design
    Two pretrained networks classify each face plain and under a surgical mask. Subjects are grouped
    by columns of the set's index (sex or gender, age, skin_tone) and, at the median, by the skin's
    angle measured on their plain pictures; angles of uncalibrated photographs only rank the
    subjects of one set. Subjects are resampled within groups; the test exchanges subjects between
    groups.
Run time
    The embedded faces take about half a minute with --jobs 2.
Outputs
    moderators.csv: loss of each group, and for each pair of groups the difference, its p value and
    `detectable`, the smallest true difference that as many subjects detect with power .8.
    moderators.png. Tables and report of the run.
Reading a null
    No difference shown is no evidence of no difference: all differences within the interval remain
    possible, and ones below `detectable` would mostly be missed. A group that is recognised badly
    when plain has less to lose. The embedded faces show that the script works; they are no evidence
    about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import (
    MODERATORS,
    Answer,
    Moderator,
    check_set,
    known_moderators,
    moderator_table,
    moderator_text,
    unknown_text,
)  # fmt: skip
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_moderators

WHO: Final = (
    Moderator("sex", "person"),
    Moderator("gender", "person"),
    Moderator("age", "person", cuts=(30, 50)),
    Moderator("skin_tone", "person"),
    Moderator("skin_ita_deg", "person"),
)


def build(options: Options) -> Experiment:
    """Compare plain faces with a surgical mask."""
    data = check_set(options.data, WHO)
    return options.experiment(data=data, occluders="surgical")


def analyse(result: Run, options: Options) -> Answer:
    """Compare groups of subjects."""
    who = known_moderators(result.attributes, WHO, result.trials)
    table = moderator_table(result.trials, result.attributes, who, seed=options.seed)
    text = "\n".join(filter(None, (moderator_text(table), unknown_text(WHO, who))))
    return Answer(text, [(MODERATORS, table)], {"moderators.png": plot_moderators(table)})


if __name__ == "__main__":
    main(build, __doc__, analyse)
