"""Carry out a plan: chunks of pictures to workers, parts to disk, parts to tables."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from maskface.errors import MaskfaceError
from maskface.experiment._harvest import Harvest
from maskface.experiment._manifest import new_manifest
from maskface.experiment._parts import Parts, merge
from maskface.experiment._results import Run, write_summary
from maskface.experiment._spec import Experiment, Plan, make_plan
from maskface.experiment._store import RunFolder, chunks
from maskface.experiment._training import cross_fitted
from maskface.experiment._trials import TrialReader
from maskface.landmarks import default_cache_folder
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS
from maskface.types import Sample

CHUNK: Final = 16
"""Pictures between two saves; at most this many per worker are lost when a run is killed."""

ReaderParts = tuple[Experiment, tuple[tuple[str, Any], ...], Path | None]
"""What decides a worker's `TrialReader`: the experiment, shared cells, the landmark cache."""


def run(
    experiment: Experiment,
    out: str | Path,
    *,
    jobs: int = 1,
    resume: bool = False,
    progress: bool = True,
    cache: str | Path | None = "default",
    chunk: int = CHUNK,
) -> Run:
    """Run an experiment and write its tables.

    Parameters
    ----------
    experiment
        What to ask.
    out
        A new or empty folder, or with `resume` the folder of the same experiment.
    jobs
        Number of worker processes, 1 or more; -1 for one per core. The tables have the same
        bytes for any number.
    resume
        Go on with a run that was interrupted; a complete one is returned as it is.
    progress
        Show a progress bar on stderr.
    cache
        Folder of the landmark cache; ``"default"`` for the user's cache folder, None for none.
    chunk
        Pictures between two saves, 1 or more.

    Returns
    -------
    Run
        The trials, the summary and the manifest, all on disk in `out`.

    Raises
    ------
    MaskfaceError
        If the data cannot be read, `out` holds something else, no picture could be read, or
        the disk fails. What was saved before is kept.
    """
    _check_numbers(jobs=jobs, chunk=chunk)
    plan = make_plan(experiment)
    folder = RunFolder(Path(out))
    begun = folder.claim(plan, resume=resume)
    if begun is not None and begun.get("complete"):
        return Run(folder)
    manifest = begun or new_manifest(plan)
    try:
        if begun is None:
            folder.write_manifest(manifest)
        started = time.perf_counter()
        _read_pictures(
            plan, folder, cache=_cache_folder(cache), jobs=jobs, chunk=chunk, progress=progress
        )
        manifest["timings"]["trials_s"] = round(time.perf_counter() - started, 3)
        _finish(plan, folder, manifest, jobs)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write to {folder.path}: {error.strerror or error}. What was read so far is "
            "saved there; make room and go on with --resume."
        ) from error
    return Run(folder)


def _check_numbers(*, jobs: int, chunk: int) -> None:
    if jobs < 1 and jobs != -1:
        raise MaskfaceError(f"jobs must be 1 or more, or -1 for one per core, but it was {jobs}.")
    if chunk < 1:
        raise MaskfaceError(f"chunk must be 1 or more, but it was {chunk}.")


def _cache_folder(cache: str | Path | None) -> Path | None:
    if cache is None:
        return None
    return default_cache_folder() if cache == "default" else Path(cache)


def _read_pictures(
    plan: Plan, folder: RunFolder, *, cache: Path | None, jobs: int, chunk: int, progress: bool
) -> None:
    done = set(folder.read_parts(plan.run_id).image_ids)
    left = [i for i, sample in enumerate(plan.samples) if sample.image_id not in done]
    head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
    tasks = (
        delayed(_read_chunk)(
            (plan.experiment, tuple(head.items()), cache),
            folder,
            part[0],
            [plan.samples[i] for i in part],
        )
        for part in chunks(left, chunk)
    )
    workers = Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered")
    total = len(plan.samples)
    try:
        with tqdm(
            total=total, initial=total - len(left), unit="image", disable=not progress
        ) as bar:
            for size in workers(tasks):
                bar.update(size)
    finally:
        _reader.cache_clear()


def _read_chunk(parts: ReaderParts, folder: RunFolder, first: int, samples: list[Sample]) -> int:
    """Read some pictures and save their trials; runs in a worker process."""
    reader = _reader(parts)
    # One thread a worker: N workers then use N cores, and sums do not depend on the threads.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        harvest = Harvest()
        for sample in samples:
            harvest.add(reader.read(sample))
    finally:
        cv2.setNumThreads(threads)
    folder.write_part(first, first + len(samples) - 1, harvest, str(reader.head["run_id"]))
    return len(samples)


@lru_cache(maxsize=1)
def _reader(parts: ReaderParts) -> TrialReader:
    """Load networks and models once per process."""
    experiment, head, cache = parts
    return TrialReader.load(experiment, dict(head), cache)


def _finish(plan: Plan, folder: RunFolder, manifest: dict[str, Any], jobs: int) -> None:
    parts = folder.read_parts(plan.run_id)
    files = manifest["files"]
    files |= _merge(plan, parts, folder, _learnt(plan, parts, manifest, jobs))
    manifest["trials"]["written"] = files[folder.trials_path.name]["rows"]
    folder.write_manifest(manifest)
    started = time.perf_counter()
    files |= write_summary(folder, plan.experiment.seed)
    manifest["timings"]["summary_s"] = round(time.perf_counter() - started, 3)
    folder.write_manifest(manifest | {"complete": True})
    folder.drop_parts()


def _learnt(plan: Plan, parts: Parts, manifest: dict[str, Any], jobs: int) -> pd.DataFrame:
    """Trials of the classifiers that have to be trained."""
    asked = plan.experiment
    learners = asked.readers()[1]
    if not learners:
        return TRIALS.frame([])
    started = time.perf_counter()
    trials = cross_fitted(learners, parts, asked.conditions, seed=asked.seed, jobs=jobs)
    manifest["timings"]["training_s"] = round(time.perf_counter() - started, 3)
    return trials


def _merge(plan: Plan, parts: Parts, folder: RunFolder, learnt: pd.DataFrame) -> dict[str, Any]:
    """Write the tables from the parts, some pictures at a time."""
    lost = plan.n_trials - plan.experiment.rows_per_image * len(parts.image_ids)
    if lost:
        raise MaskfaceError(
            f"{lost} of {plan.n_trials} trials are not in {folder.path}. Go on with --resume."
        )
    head = {"run_id": plan.run_id, "dataset": plan.dataset.name, "source": "index"}
    said = ATTRIBUTES.frame(
        [
            head | {"image_id": sample.image_id, "attribute": name, "value": value}
            for sample in plan.samples
            for name, value in sample.attributes
        ]
    )
    tables = [(TRIALS, folder.trials_path, learnt), (ATTRIBUTES, folder.attributes_path, said)]
    if plan.experiment.detect_px:
        tables.append((DETECTIONS, folder.detections_path, DETECTIONS.frame([])))
    return {path.name: merge(parts, table, path, further) for table, path, further in tables}
