"""Appearance: how much of a network's loss comes only from an unusual picture.

Question
    The same part of the face is hidden by a drawn mask in several colours, by flat colours, noise
    or blur, or by printed cloth. How far apart are the losses?
Prediction
    Colour and pattern of a mask make no difference to people (Blazhenkova et al. 2022,
    doi:10.1186/s41235-022-00380-y), but part of its cost is specific to masks among occluders
    (Grahlow et al. 2022, doi:10.1371/journal.pone.0262840). A classifier that only misses what is
    hidden loses the same under all.
Design
    Each face plain and under 17 appearances in four groups: drawn and painted ones hide the same
    pixels, smoothed ones let coarse parts through, printed ones have the shape of a cloth mask.
    Two pretrained networks; paired by picture, bootstrap over subjects. Range: the largest minus
    the smallest accuracy within a group.
Run time
    The embedded faces take about a minute with --jobs 2.
Outputs
    appearance.csv: each appearance's loss, each group's range. appearance.png. Tables and report
    of the run.
Reading a null
    A range is above 0 by chance alone: compare it with `by_chance`, where appearances were
    exchanged at random within subjects. At the floor (guards.csv) there is no room for a range.
    The embedded faces show that the script works; they are no evidence about people.
"""

from __future__ import annotations

from typing import Final

from maskface import Experiment
from maskface.analyses import APPEARANCE, Answer, appearance_table, appearance_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_appearance

DRAWN: Final = ("surgical", *(f"surgical:colour={c}" for c in ("white", "black", "pink")))
PAINTED: Final = (
    *(f"fill:colour={c}" for c in ("lightblue", "black", "white")), "fill", "mean", "noise",
)  # fmt: skip
GROUPS: Final = {
    "drawn": DRAWN,
    "painted": PAINTED,
    "smoothed": ("blur", "pixelate"),
    "printed": ("cloth", *(f"cloth:pattern={p}" for p in ("stripes", "dots", "check", "floral"))),
    "same pixels": DRAWN + PAINTED,
}
"""Controls hide the pixels of `surgical` by default; `fill` is grey."""


def build(options: Options) -> Experiment:
    """Compare plain faces with appearances of the same shape."""
    occluders = tuple(dict.fromkeys(name for names in GROUPS.values() for name in names))
    return options.experiment(occluders=occluders)


def analyse(result: Run, options: Options) -> Answer:
    """Measure losses and ranges."""
    table = appearance_table(result.trials, GROUPS, seed=options.seed)
    return Answer(
        appearance_text(table), [(APPEARANCE, table)], {"appearance.png": plot_appearance(table)}
    )


if __name__ == "__main__":
    main(build, __doc__, analyse)
