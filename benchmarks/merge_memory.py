"""Memory and time of what follows the reading of many pictures, in a process of its own.

Parts are made up: rows of N pictures of N / 40 people under 13 conditions, read by two classifiers,
in the schema that a run writes. A child process then does what a run does once all pictures are
read: merge the parts to trials.csv, and write summary.csv and guards.csv from it. Another one
writes the report. Peak memory is printed with that of the imports alone, time with that of the
processor: NumPy's libraries may use several at once, unless OPENBLAS_NUM_THREADS=1 is set.

    python benchmarks/merge_memory.py --pictures 1000 10000 100000
    python benchmarks/merge_memory.py --pictures 100000 --nameless
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from maskface import Experiment
from maskface.arrays import Row
from maskface.experiment import make_plan
from maskface.experiment.checkpoints import Checkpoints, ChunkResult, merge
from maskface.experiment.folder import RunFolder, new_manifest
from maskface.experiment.results import write_summary
from maskface.tables import TRIALS
from maskface.types import EMOTIONS

CONDITIONS = ("none", *(f"surgical:top={height}.0" for height in range(8, 104, 8)))
CLASSIFIERS = ("faceapi", "fer")
CHUNK = 16  # as in a run
PER_PERSON = 40


def rows_of(picture: int, rng: np.random.Generator, *, nameless: bool) -> list[Row]:
    label = EMOTIONS[picture % 7]
    fixed = {
        "run_id": "r", "dataset": "made", "image_id": f"{label}/picture_{picture:08d}.jpg",
        "subject_id": "" if nameless else f"P{picture // PER_PERSON:06d}",
        "label": label, "occluder": "surgical",
        "params": '{"colour": "lightblue", "top": 50.0, "wearing": "correct"}', "status": "ok",
    }  # fmt: skip
    rows: list[Row] = []
    for number, condition in enumerate(CONDITIONS):
        for classifier in CLASSIFIERS:
            p = rng.dirichlet(np.where(np.array(EMOTIONS) == label, 4 - number / 4, 0.5))
            predicted = EMOTIONS[int(p.argmax())]
            rows.append(
                fixed
                | {f"p_{emotion}": value for emotion, value in zip(EMOTIONS, p, strict=True)}
                | {"condition": condition, "classifier": classifier, "predicted": predicted}
                | {"correct": int(predicted == label), "coverage": number / 13, "seed": picture}
                | {"yaw_deg": 1.0, "pitch_deg": 2.0, "roll_deg": 3.0}
            )
    return rows


def make_parts(folder: RunFolder, pictures: int, *, nameless: bool = False) -> None:
    folder.parts_path.mkdir(parents=True)
    rng = np.random.default_rng(0)
    # Pictures are sorted by name in a run, and the label is the first part of a name.
    order = sorted(range(pictures), key=lambda i: (EMOTIONS[i % 7], i))
    for first in range(0, pictures, CHUNK):
        chosen = order[first : first + CHUNK]
        rows = [row for picture in chosen for row in rows_of(picture, rng, nameless=nameless)]
        names = list(dict.fromkeys(row["image_id"] for row in rows))
        folder.write_checkpoint(
            first, first + len(chosen) - 1, ChunkResult(rows, image_ids=names), "r"
        )


def make_manifest(folder: RunFolder, pictures: int) -> None:
    """Write the record of a run of these pictures."""
    asked = Experiment(occluders=CONDITIONS[1:], classifiers=CLASSIFIERS, limit=7)
    manifest = new_manifest(make_plan(asked)) | {"run_id": "r", "complete": True}
    manifest["dataset"] |= {"name": "made", "images": pictures}
    folder.write_manifest(manifest)


class Clock:
    """Seconds by the wall and of the processor since the last look."""

    def __init__(self) -> None:
        self._last = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        now = time.perf_counter(), time.process_time()
        wall, cpu = (b - a for a, b in zip(self._last, now, strict=True))
        self._last = now
        return f"{wall:6.1f} s (CPU {cpu:6.1f} s)"


def peak() -> float:
    """Largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(path: Path) -> None:
    """Merge and summarise, and say what it took."""
    idle, folder, clock = peak(), RunFolder(path), Clock()
    record = merge(Checkpoints(folder.parts_path, "r"), TRIALS, folder.trials_path)
    merged, while_merging = str(clock), peak()
    write_summary(folder, seed=0)
    print(
        f"{record['rows']:10,d} rows: merged in {merged}, peak {while_merging:4.0f} MB (imports "
        f"{idle:.0f}); summarised in {clock}, peak {peak():4.0f} MB",
        flush=True,
    )


def reporting_child(path: Path) -> None:
    """Write the report, and say what it took."""
    from maskface.report import write_report

    idle, clock = peak(), Clock()
    write_report(path)
    print(f"{'':21s} reported in {clock}, peak {peak():4.0f} MB (imports {idle:.0f})", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pictures", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--nameless", action="store_true", help="pictures do not say who is shown")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--reporting-child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
    elif options.reporting_child:
        reporting_child(options.reporting_child)
    else:
        for number in options.pictures:
            with tempfile.TemporaryDirectory() as scratch:
                run_folder = RunFolder(Path(scratch) / "run")
                make_parts(run_folder, number, nameless=options.nameless)
                make_manifest(run_folder, number)
                print(f"{number:10,d} pictures", end=" ", flush=True)
                for stage in ("--child", "--reporting-child"):
                    command = [sys.executable, __file__, stage, str(run_folder.path)]
                    subprocess.run(command, check=True)  # noqa: S603
