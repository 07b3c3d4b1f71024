"""Regions of the face that classifiers use, for each emotion.

Question
    Where on the face does a small occluder cost most, and where does a small opening help most?
Prediction
    If expressions are signals to be told apart, their diagnostic regions should overlap little;
    Smith et al. 2005 (doi:10.1111/j.0956-7976.2005.00801.x) asked it of people, with bubbles. Open
    for networks.
Design
    Spots: a grey square of a fifth of the face's width at 26 places. Bubbles: the face hidden but
    for random soft apertures, 8 samples per picture (Gosselin & Schyns 2001,
    doi:10.1016/S0042-6989(01)00097-9). The response is the probability of the shown emotion; all
    comparisons are paired by picture, and subjects are resampled.
Run time
    --limit is 210 pictures unless it is given; these take about two minutes with --jobs 2.
Outputs
    maps.csv: every place, with its p over the map and over all maps. regions.csv: eyes, nose,
    mouth, the rest, and mouth minus eyes. spots.png, bubbles.png. Tables and report of the run.
Reading a null
    A place without a dot may still matter: dots are corrected for all places and maps, so that with
    fewer than eight subjects no spot can reach .05 over four maps.
    Spots find what no other place replaces, bubbles what is sufficient, and an occluder looks
    unusual to a network wherever it is. The embedded faces are no evidence about people.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from maskface import Experiment
from maskface.analyses import MAPS, REGIONS, Answer, map_tables, map_text
from maskface.experiment import Run
from maskface.experiment_cli import Options, main
from maskface.plots import plot_maps

ROWS: Final = (0.1, 0.26, 0.42, 0.58, 0.74, 0.9)
COLUMNS: Final = (0.14, 0.32, 0.5, 0.68, 0.86)
BESIDE: Final = ((0.14, 0.1), (0.86, 0.1), (0.14, 0.9), (0.86, 0.9))
"""Places of the grid outside the face."""
SPOTS: Final = tuple(
    f"spot:x={x},y={y},size=0.2" for y, x in product(ROWS, COLUMNS) if (x, y) not in BESIDE
)
BUBBLES: Final = tuple(f"bubbles:n=30,size=0.07,sample={k}" for k in range(8))
LIMIT: Final = 210
"""Number of pictures without --limit."""


def build(options: Options) -> Experiment:
    """Compare plain faces with faces under a spot and behind bubbles."""
    limit = LIMIT if options.limit is None else options.limit
    occluders = (*SPOTS, *BUBBLES)
    return options.experiment(occluders=occluders, limit=limit)


def analyse(result: Run, options: Options) -> Answer:
    """Map the face."""
    maps, regions = map_tables(result.trials, seed=options.seed)
    figures = {f"{method}.png": plot_maps(maps, method) for method in ("spots", "bubbles")}
    return Answer(map_text(maps, regions), [(MAPS, maps), (REGIONS, regions)], figures)


if __name__ == "__main__":
    main(build, __doc__, analyse)
