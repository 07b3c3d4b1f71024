"""Time and size of the report of a large run: 100,000 trials, 12 occluders, 2 classifiers.

The trials are those of a small run of the embedded faces, repeated under other names until there
are as many as asked for, each copy with people of its own; statistics are computed anew. Reported
are the seconds of wall and CPU time of `maskface report`, without those of reading pictures and
computing the summary, and the bytes of the page.

    python benchmarks/report_cost.py --trials 100000
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import tempfile
import time
from pathlib import Path

import pandas as pd

from maskface import Experiment, run
from maskface.files import sealed
from maskface.report import write_report
from maskface.stats import find_guards, summarize
from maskface.tables import ATTRIBUTES, GUARDS, SUMMARY, TRIALS

OCCLUDERS = (
    "surgical", "cloth", "ffp2", "surgical:colour=black", "window_mask", "sunglasses", "shield",
    "niqab", "scarf", "upper", "lower", "tears+surgical",
)  # fmt: skip


def enlarge(folder: Path, n_trials: int) -> int:
    """Repeat the trials of a run until there are `n_trials`, and summarise them."""
    trials = TRIALS.read(folder / "trials.csv")
    copies = []
    for copy in range(math.ceil(n_trials / len(trials))):
        names = {
            name: trials[name].map(lambda text, copy=copy: f"c{copy:03}/{text}")
            for name in ("image_id", "subject_id")
        }
        copies.append(trials.assign(**names))
    many = TRIALS.tidy(pd.concat(copies, ignore_index=True))
    TRIALS.write(many, folder / "trials.csv")
    SUMMARY.write(summarize(many), folder / "summary.csv")
    GUARDS.write(find_guards(many), folder / "guards.csv")
    ATTRIBUTES.write(ATTRIBUTES.frame([]), folder / "attributes.csv")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["dataset"]["images"] = int(many["image_id"].nunique())
    (folder / "manifest.json").write_bytes(sealed(manifest))
    return len(many)


def measure(n_trials: int, scratch: Path) -> None:
    folder = scratch / "run"
    with contextlib.redirect_stdout(io.StringIO()):
        run(Experiment(occluders=OCCLUDERS, limit=168), folder, progress=False)
    n = enlarge(folder, n_trials)
    wall, cpu = time.perf_counter(), time.process_time()
    page = write_report(folder)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{n} trials, {1 + len(OCCLUDERS)} conditions, 2 classifiers")
    print(f"report: {wall:.1f} s, {cpu:.1f} s CPU, {page.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(options.trials, Path(scratch))
