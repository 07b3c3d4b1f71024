"""Specification curve: the loss under every mask that could have been chosen.

Question
    A study draws one mask and asks one classifier. Would it conclude the same with another kind,
    colour, height or fit of mask, or another classifier or crop?
Prediction
    Colour and pattern make no difference to people (Blazhenkova et al. 2022,
    doi:10.1186/s41235-022-00380-y). Open for networks: an effect that depends on one drawing is no
    effect of masks (Yarkoni 2022, doi:10.1017/S0140525X20001685).
Design
    Each face plain and under 48 masks: surgical, cloth and FFP2, in white, light blue, black and
    pink, correct, loose, tight and with the upper edge lower (top=85), read by two networks on one
    crop and on the mean of four. All specifications are
    sorted and tested together (Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z).
    Bootstrap over subjects; exchanges of plain and masked faces, and of masks, within subjects.
Run time
    The embedded faces take about two minutes with --jobs 2; 1,000 pictures of 256 px about 15.
Outputs
    curve.csv: every specification; curve_tests.csv: median, spread, other conclusions; curve.png.
    Tables and report of the run.
Reading a null
    Many intervals include 0 where there are few pictures, whatever the mask: compare `unclear` with
    the width of the intervals. Masks that differ no more than `by_chance` may still differ by less
    than the set can show. The embedded faces show that the script works; they are no evidence
    about people.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from maskface import Experiment
from maskface.analyses import CHOICES, CURVE, CURVE_TESTS, Answer, curve_tables, curve_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_curve

KINDS: Final = ("surgical", "cloth", "ffp2")
COLOURS: Final = ("white", "lightblue", "black", "pink")
FITS: Final = ("wearing=correct", "wearing=loose", "wearing=tight", "top=85")
CLASSIFIERS: Final = ("faceapi", "faceapi:views=1", "fer", "fer:views=1")
"""Two networks, each on the crop by default (the mean of four views) and on a single one."""


def build(options: Options) -> Experiment:
    """Compare plain faces with all masks."""
    masks = [f"{kind}:colour={c},{fit}" for kind, c, fit in product(KINDS, COLOURS, FITS)]
    return options.experiment(occluders=tuple(masks), classifiers=CLASSIFIERS)


def analyse(result: Run, options: Options) -> Answer:
    """Sort and test the losses."""
    curve, tests = curve_tables(result.trials, seed=options.seed)
    tables = [(CURVE, curve), (CURVE_TESTS, tests)]
    return Answer(curve_text(curve, tests), tables, {"curve.png": plot_curve(curve, CHOICES)})


if __name__ == "__main__":
    main(build, __doc__, analyse)
