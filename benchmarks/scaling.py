"""How much faster two workers read pictures than one; to be taken on an idle machine.

Each measurement is a run of its own in a fresh process, without the landmark cache, whose wall time
of the reading stage is taken from its manifest. Workers first load their models, which takes as
long for few pictures as for many. So two runs of different length are measured for each number
of workers, in turns, the least of each is taken, and the speed is that of the pictures that the
longer run reads more. CPU seconds per picture should not grow with the workers; if they do,
threads are in each other's way. While others use the machine the figure means nothing: the load
is printed, and should be near 0 at the start.

    python benchmarks/scaling.py --data FOLDER --limit 400 --workers 2
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

RUN = """
import sys
from maskface import Experiment, run
data, limit, jobs, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
run(Experiment(data=data, limit=limit), out, jobs=jobs, cache=None, progress=False)
"""


class Took(NamedTuple):
    """Seconds of a run: of the reading stage, and of all processors until the end."""

    wall: float
    cpu: float


def one_run(data: str, limit: int, jobs: int) -> Took:
    """Run in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        command = [sys.executable, "-c", RUN, data, str(limit), str(jobs), str(out)]
        subprocess.run(command, check=True)  # noqa: S603 (this file's own text)
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(manifest["timings"]["trials_s"], cpu)


def measure(data: str, limit: int, workers: int, repeats: int) -> None:
    short = max(limit // 4, 1)
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores before")
    took: dict[tuple[int, int], list[Took]] = {}
    for _ in range(repeats):
        for jobs in (1, workers):
            for pictures in (short, limit):
                took.setdefault((jobs, pictures), []).append(one_run(data, pictures, jobs))
    speed = {}
    for jobs in (1, workers):
        few, many = (
            Took(*(min(part) for part in zip(*took[jobs, pictures], strict=True)))
            for pictures in (short, limit)
        )
        more = limit - short
        speed[jobs] = more / (many.wall - few.wall)
        print(
            f"{jobs} worker(s): {many.wall:.1f} s for {limit} pictures, {few.wall:.1f} s for "
            f"{short}; {speed[jobs]:.1f} pictures/s, "
            f"{1000 * (many.cpu - few.cpu) / more:.1f} ms CPU per picture"
        )
    alone, together = (min(one.wall for one in took[jobs, limit]) for jobs in (1, workers))
    print(
        f"{workers} workers read {speed[workers] / speed[1]:.2f} times as fast as one; "
        f"{alone / together:.2f} times with starting them, for {limit} pictures"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="example")
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    measure(options.data, options.limit, options.workers, options.repeats)
