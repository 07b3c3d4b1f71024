"""How often 95 % intervals hold the mean loss of new people under new masks.

Draws studies from a population with the variance components that photographs show: a person's loss,
a mask's and what is particular to a person under a mask, and the noise of single pictures. Three
designs: one mask on all pictures and a bootstrap over people (`surgical`), one mask of its own for
each picture and the same bootstrap (`masks`), and the same masks on every picture with variance
components (`masks:exemplars=12`). A good interval holds the true mean in 95 % of the studies.

    python benchmarks/mask_components.py --simulations 1000
"""

from __future__ import annotations

import argparse
from typing import Final

import numpy as np

from maskface.analyses import Components
from maskface.stats import bootstrap, interval

MEAN: Final = 0.30
SD_PEOPLE: Final = 0.15
SD_PICTURE: Final = 0.45  # of one picture's right or wrong answers beside all of these
PICTURES: Final = 6
"""Loss and standard deviations of two networks on 170 photographs of 29 people under 48 masks."""
SETS: Final = ((29, 12), (12, 6), (60, 12), (29, 4))


def main() -> None:
    """Print the coverage of each design."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=1000)
    n = parser.parse_args().simulations
    print("people  masks  SD masks, people x masks  one mask  masks  exemplars  new mask")
    for people, masks in SETS:
        for sd_masks, sd_both in ((0.025, 0.13), (0.07, 0.12)):
            rng = np.random.default_rng([people, masks, int(1000 * sd_masks)])
            held = np.mean([one(rng, people, masks, sd_masks, sd_both) for _ in range(n)], axis=0)
            shown = "  ".join(f"{share:8.3f}" for share in held)
            print(f"{people:6}  {masks:5}  {sd_masks:13.3f} {sd_both:10.3f}  {shown}")


def one(
    rng: np.random.Generator, people: int, masks: int, sd_masks: float, sd_both: float
) -> tuple[bool, bool, bool, bool]:
    """Return whether the interval of each design holds the mean, and the prediction a new mask."""
    own = MEAN + rng.normal(0, SD_PEOPLE, (people, 1))
    noise = rng.normal(0, SD_PICTURE, (people, PICTURES))
    single = own + rng.normal(0, sd_masks) + rng.normal(0, sd_both, (people, 1)) + noise
    each = own + rng.normal(0, np.hypot(sd_masks, sd_both), (people, PICTURES)) + noise
    crossed = own + rng.normal(0, sd_masks, (1, masks)) + rng.normal(0, sd_both, (people, masks))
    crossed += rng.normal(0, SD_PICTURE / np.sqrt(PICTURES), (people, masks))
    found = Components.of(crossed)
    return (
        holds(single, rng),
        holds(each, rng),
        abs(found.mean - MEAN) <= found.half_width(people, masks),
        abs(found.mean - MEAN - rng.normal(0, sd_masks)) <= found.new_mask,
    )


def holds(losses: np.ndarray, rng: np.random.Generator) -> bool:
    """Return whether the default interval over people holds the mean."""
    totals = np.column_stack([losses.sum(axis=1), np.full(len(losses), float(losses.shape[1]))])
    drawn = bootstrap(
        totals, lambda t: t[:, :1] / t[:, 1:], seed=int(rng.integers(2**31)), n_resamples=1000
    )
    low, high = interval(drawn)
    return bool(low[0] <= MEAN <= high[0])


if __name__ == "__main__":
    main()
