"""Memory and time of classifiers that learn from many pictures, in a process of their own.

Parts are made up as a run would write them: N pictures of N / 40 people under 3 conditions, each
with as many numbers as `hog` measures, which are the most. A child process then does what a run
does once all pictures are read: it lets the classifier learn and answer, and merges its trials.
Printed are its peak memory beside that of the imports alone, and what one model's training matrix
takes, of which a fit needs about three.

    python benchmarks/training_memory.py --pictures 1000 10000 30000 --train clean
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np

from maskface.arrays import Row
from maskface.classifiers.trained.hog import N_FEATURES, Hog
from maskface.experiment.checkpoints import ChunkResult, merge
from maskface.experiment.cross_fitting import cross_fit, scratch
from maskface.experiment.folder import RunFolder
from maskface.experiment.runner import CHUNK
from maskface.tables import TRIALS
from maskface.types import EMOTIONS

CONDITIONS = ("none", "surgical", "upper")
PER_PERSON = 40


def rows_of(picture: int) -> list[Row]:
    label = EMOTIONS[picture % 7]
    fixed = {
        "run_id": "r", "dataset": "made", "image_id": f"picture_{picture:08d}.jpg",
        "subject_id": f"P{picture // PER_PERSON:06d}", "label": label, "occluder": "surgical",
        "params": '{"colour": "lightblue", "top": 50.0, "wearing": "correct"}', "status": "ok",
        "classifier": "hog", "coverage": 0.5, "seed": picture,
        "yaw_deg": 1.0, "pitch_deg": 2.0, "roll_deg": 3.0,
    }  # fmt: skip
    return [fixed | {"condition": condition} for condition in CONDITIONS]


def make_parts(folder: RunFolder, pictures: int) -> None:
    folder.parts_path.mkdir(parents=True)
    rng = np.random.default_rng(0)
    typical = rng.normal(size=(len(EMOTIONS), N_FEATURES))
    for first in range(0, pictures, CHUNK):
        chosen = range(first, min(first + CHUNK, pictures))
        rows = [row for picture in chosen for row in rows_of(picture)]
        means = typical[[picture % 7 for picture in chosen for _ in CONDITIONS]]
        noise = rng.normal(scale=8.0, size=means.shape)
        vectors = list((means + noise).astype(np.float32))
        names = list(dict.fromkeys(row["image_id"] for row in rows))
        result = ChunkResult(unanswered=rows, features={"hog": vectors}, image_ids=names)
        folder.write_checkpoint(first, chosen[-1], result, "r")


def child(path: Path, train: str, folds: int) -> None:
    """Learn, answer and merge, and say what it took."""
    for module in ("sklearn.linear_model", "sklearn.model_selection"):
        import_module(module)
    idle = _peak()
    folder, started = RunFolder(path), time.perf_counter()
    parts = folder.read_checkpoints("r")
    classifier = Hog(train, folds)
    with scratch(folder.parts_path / "learning") as place:
        answered = cross_fit([classifier], parts, CONDITIONS, seed=0, jobs=1, place=place)
        learnt, peak = time.perf_counter() - started, _peak()
        record = merge(answered, TRIALS, folder.trials_path)
    merged = time.perf_counter() - started - learnt
    print(
        f"{record['rows']:9,d} rows: learnt in {learnt:6.1f} s, peak {peak:6.0f} MB (imports "
        f"{idle:.0f}); merged in {merged:5.1f} s, peak {_peak():6.0f} MB",
        flush=True,
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def matrix_mb(pictures: int, train: str, folds: int) -> float:
    """What the numbers take that one model learns from, about."""
    conditions = {"clean": 1, "masked": len(CONDITIONS) - 1, "both": len(CONDITIONS)}[train]
    return pictures * conditions * (1 - 1 / folds) * N_FEATURES * 8 / 2**20


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pictures", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--train", default="clean", choices=["clean", "masked", "both"])
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.train, options.folds)
    else:
        for number in options.pictures:
            with tempfile.TemporaryDirectory() as scratch_folder:
                run_folder = RunFolder(Path(scratch_folder) / "run")
                make_parts(run_folder, number)
                command = [sys.executable, __file__, "--child", str(run_folder.path)]
                command += ["--train", options.train, "--folds", str(options.folds)]
                matrix = matrix_mb(number, options.train, options.folds)
                print(f"{number:8,d} pictures, matrix {matrix:5.0f} MB,", end=" ", flush=True)
                subprocess.run(command, check=True)  # noqa: S603
