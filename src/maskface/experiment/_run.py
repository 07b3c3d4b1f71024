"""Carry out a plan: chunks of pictures to workers, parts to disk, parts to tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import pandas as pd
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
from maskface.experiment._workers import (
    Task,
    WorkerLost,
    alone,
    check_workers,
    workers,
)
from maskface.landmarks import default_cache_folder
from maskface.table_files import check_format
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS
from maskface.types import Sample

CHUNK: Final = 16
"""Pictures between two saves; at most this many per worker are lost when a run is killed."""

ReaderParts = tuple[Experiment, tuple[tuple[str, Any], ...], Path | None]
"""What decides a worker's `TrialReader`: the experiment, shared cells, the landmark cache."""
Work = Callable[[Callable[..., int], Iterable[Task]], Iterator[int]]
_CRASHED: Final = "reading it ended the process (a decoder or a model crashed on it)"
_ONE_AT_A_TIME: Final = threading.Lock()
"""A cluster's worker may have several threads; models and OpenCV's settings bear one."""


def run(
    experiment: Experiment,
    out: str | Path,
    *,
    jobs: int = 1,
    resume: bool = False,
    progress: bool = True,
    cache: str | Path | None = "default",
    chunk: int = CHUNK,
    backend: str = "loky",
    scheduler: str = "",
    format: str = "csv",  # noqa: A002 (as on the command line)
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
    backend
        ``loky`` for processes of this machine, ``dask`` for a cluster that shares its disk.
    scheduler
        Address of the cluster's scheduler, such as ``tcp://127.0.0.1:8786``.
    format
        Of the trials: ``csv``, or ``parquet`` (extra `parquet`), smaller for millions of rows.

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
    check_workers(jobs, backend, scheduler)
    check_format(format)
    if chunk < 1:
        raise MaskfaceError(f"chunk must be 1 or more, but it was {chunk}.")
    plan = make_plan(experiment)
    folder = RunFolder(Path(out))
    begun = folder.claim(plan, resume=resume)
    if begun is not None and begun.get("complete"):
        return Run(folder)
    try:
        with folder.alone():
            begun = folder.read_manifest()  # another run may have ended since
            manifest = begun or new_manifest(plan)
            if manifest["complete"]:
                return Run(folder)
            if begun is None:
                folder.write_manifest(manifest)
            started = time.perf_counter()
            with workers(jobs, backend, scheduler) as work:
                _read_pictures(plan, folder, _cache_folder(cache), work, chunk, progress=progress)
            manifest["timings"]["trials_s"] = round(time.perf_counter() - started, 3)
            _finish(plan, folder, manifest, jobs, format)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write to {folder.path}: {error.strerror or error}. What was read so far is "
            "saved there; make room and go on with --resume."
        ) from error
    return Run(folder)


def _cache_folder(cache: str | Path | None) -> Path | None:
    if cache is None:
        return None
    return default_cache_folder() if cache == "default" else Path(cache)


def _read_pictures(
    plan: Plan,
    folder: RunFolder,
    cache: Path | None,
    work: Work,
    chunk: int,
    *,
    progress: bool,
) -> None:
    # Workers elsewhere have another working directory.
    folder = RunFolder(folder.path.absolute())
    samples = [replace(sample, path=sample.path.absolute()) for sample in plan.samples]
    head = {"run_id": plan.run_id, "dataset": plan.dataset.name}
    parts = (plan.experiment, tuple(head.items()), cache)
    suspects = folder.take_suspects()
    with tqdm(total=len(plan.samples), unit="image", disable=not progress) as bar:
        while True:
            left = _left(plan, folder)
            bar.update(len(plan.samples) - len(left) - bar.n)
            guarded = [i for i in left if samples[i].image_id in suspects]
            for i in guarded:
                _read_guarded(parts, folder, i, samples[i])
                bar.update(1)
            tasks = (
                (parts, folder, part[0], [samples[i] for i in part])
                for part in chunks([i for i in left if i not in set(guarded)], chunk)
            )
            try:
                for size in work(_read_chunk, tasks):
                    bar.update(size)
            except WorkerLost as error:
                suspects = folder.take_suspects()
                if not suspects:
                    raise MaskfaceError(
                        "A worker process ended before it had read anything. What was read is "
                        f"saved in {folder.path}; go on with --resume."
                    ) from error
                continue
            finally:
                _reader.cache_clear()
            return


def _left(plan: Plan, folder: RunFolder) -> list[int]:
    done = set(folder.read_parts(plan.run_id).image_ids)
    return [i for i, sample in enumerate(plan.samples) if sample.image_id not in done]


def _read_guarded(parts: ReaderParts, folder: RunFolder, number: int, sample: Sample) -> None:
    """Read a picture that was being read when a process ended, in a process of its own."""
    if not alone(_read_chunk, (parts, folder, number, [sample])):
        folder.take_suspects()
        harvest = _reader(parts).lost(sample, "error", _CRASHED)
        folder.write_part(number, number, harvest, str(parts[1][0][1]))


def _read_chunk(parts: ReaderParts, folder: RunFolder, first: int, samples: list[Sample]) -> int:
    """Read some pictures and save their trials; runs in a worker process."""
    with _ONE_AT_A_TIME, _one_thread():
        reader = _reader(parts)
        harvest = Harvest()
        with folder.note_reading() as note:
            for sample in samples:
                note(sample.image_id)
                harvest.add(reader.read(sample))
            run_id = str(reader.head["run_id"])
            folder.write_part(first, first + len(samples) - 1, harvest, run_id)
    return len(samples)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread a worker: N then use N cores, and sums do not depend on the threads."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@lru_cache(maxsize=1)
def _reader(parts: ReaderParts) -> TrialReader:
    """Load networks and models once per process."""
    experiment, head, cache = parts
    return TrialReader.load(experiment, dict(head), cache)


def _finish(plan: Plan, folder: RunFolder, manifest: dict[str, Any], jobs: int, form: str) -> None:
    parts = folder.read_parts(plan.run_id)
    files = manifest["files"]
    trials_path = folder.path / f"{TRIALS.name}.{form}"
    files |= _merge(plan, parts, folder, trials_path, _learnt(plan, parts, manifest, jobs))
    manifest["trials"]["written"] = files[trials_path.name]["rows"]
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


def _merge(
    plan: Plan, parts: Parts, folder: RunFolder, trials_path: Path, learnt: pd.DataFrame
) -> dict[str, Any]:
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
    tables = [(TRIALS, trials_path, learnt), (ATTRIBUTES, folder.attributes_path, said)]
    if plan.experiment.detect_px:
        tables.append((DETECTIONS, folder.detections_path, DETECTIONS.frame([])))
    return {path.name: merge(parts, table, path, further) for table, path, further in tables}
