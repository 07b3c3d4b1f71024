"""CPU time per picture of a whole run beside its bare floor, in one process.

The floor is what cannot be left out: decoding with OpenCV, MediaPipe's face landmarker, and the
forward passes of the two networks on inputs made beforehand (one batch for each picture, as long
as there are conditions). The run does all of that, and puts occluders on, cuts and resizes crops,
measures size and skin, makes rows, and writes and merges part files. Three experiments take turns
over the same pictures, chunk by chunk, each beside its floor, so that a busy machine slows all
alike; ratios are medians over chunks.

1. The plain picture alone: run / floor.
2. Plain and surgical mask: run / (floor + drawing the mask, measured alone).
3. Plain and twelve occluders: what a further condition adds, over what drawing it and both
   networks take.

    python benchmarks/run_cost.py --data FOLDER --limit 200

`maskface bench` shows the stages of one experiment.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

from maskface import Experiment
from maskface.bench import FLOOR, PARTS, Bench, Floor, bench_text, take_turns
from maskface.experiment import make_plan

TWELVE = (
    "surgical", "surgical:colour=black", "surgical:top=50", "ffp2", "n95", "cloth", "fashion",
    "scarf", "niqab", "sunglasses", "fill", "block",
)  # fmt: skip


def measure(data: str, limit: int, scratch: Path) -> None:
    floor = Floor()
    plain, masked, twelve = (
        Bench(
            make_plan(Experiment(data=data, limit=limit, occluders=occluders)),
            scratch / str(len(occluders)),
            floor,
        )
        for occluders in ((), ("surgical",), TWELVE)
    )
    take_turns([plain, masked, twelve])
    for bench in (plain, masked, twelve):
        print(f"{bench_text(bench.frame())}\n")
    print("CPU time, medians over chunks; the second number with merging the tables at the end:")
    for least in (FLOOR, PARTS):
        for name, bench in (("plain only", plain), ("plain and surgical", masked)):
            bare = bench.bare_and_drawn(least)
            merging = bench.merging.cpu / median(bare)
            ratio = median(run / other for run, other in zip(bench.whole(), bare, strict=True))
            print(f"{name}: run / ({least[0]}) {ratio:.2f}, {ratio + merging:.2f}")
    added = [
        (many - one) / (least - first)
        for many, one, least, first in zip(
            twelve.whole(), plain.whole(), twelve.bare_and_drawn(), plain.bare_and_drawn(),
            strict=True,
        )
    ]  # fmt: skip
    ms = median(m - p for m, p in zip(twelve.whole(), plain.whole(), strict=True))
    print(
        f"a further condition: {1000 * ms / len(TWELVE):.2f} ms, {median(added):.2f} times its "
        "drawing and two networks"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="example")
    parser.add_argument("--limit", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.data, options.limit, Path(folder))
