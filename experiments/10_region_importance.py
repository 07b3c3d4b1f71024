"""Which regions of the face classifiers read, for each emotion.

Question
    Where on the face does a small cover cost most, and where does a small opening give most?
Prediction
    If expressions are made to be told apart, the places that tell them should overlap little; Smith
    et al. 2005 (doi:10.1111/j.0956-7976.2005.00801.x) asked it of people, with bubbles. Open for
    networks.
Design
    Spots: a grey square of a fifth of the face's width, slid over 26 places. Bubbles: the face
    covered but for random soft apertures, 8 samples a picture (Gosselin & Schyns 2001,
    doi:10.1016/S0042-6989(01)00097-9). The response is the probability of the shown emotion; all
    is paired by picture; whole people are resampled.
Run time
    --limit is 210 pictures unless it is given; these take about two minutes with --jobs 2.
Outputs
    maps.csv: every place, with its p over the whole map. regions.csv: eyes, nose, mouth, the rest,
    and mouth minus eyes. spots.png, bubbles.png. Tables and report of the run.
Reading a null
    A place without a dot may matter: with fewer than six people no spot can pass .05.
    Spots find what no other place replaces, bubbles what suffices, and a cover also looks odd to
    a network wherever it is. The embedded faces are no evidence about people.
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
"""Places of the grid that lie beside the face."""
SPOTS: Final = tuple(
    f"spot:x={x},y={y},size=0.2" for y, x in product(ROWS, COLUMNS) if (x, y) not in BESIDE
)
BUBBLES: Final = tuple(f"bubbles:n=30,size=0.07,sample={k}" for k in range(8))
LIMIT: Final = 210
"""Pictures, where --limit does not say."""


def build(options: Options) -> Experiment:
    """Plain faces, faces with a spot, and faces behind bubbles."""
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
