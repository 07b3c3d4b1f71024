"""From what was read of pictures to the tables of a run.

Carry out a plan: pictures to workers, parts to disk, parts to tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.datasets import require_apart
from maskface.errors import MaskfaceError
from maskface.experiment.checkpoints import PICTURES, Framed, Parts, joined, merge
from maskface.experiment.cross_fitting import cross_fitted, scratch
from maskface.experiment.folder import RunFolder, new_manifest
from maskface.experiment.results import Run, write_summary
from maskface.experiment.resume import changed_since, forget, reopen
from maskface.experiment.spec import Experiment, Plan, make_plan
from maskface.experiment.workers import check_workers, read_pictures, workers
from maskface.landmarks import cache_limit, default_cache_folder
from maskface.schema import Table
from maskface.table_files import FORMATS, check_format
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS


def finish(plan: Plan, folder: RunFolder, manifest: dict[str, Any], jobs: int, form: str) -> None:
    """Merge what was read to tables, let classifiers learn from it, and summarise.

    Parameters
    ----------
    plan, folder
        What was read, and where.
    manifest
        Of the run; takes files and timings, and is written as complete in the end.
    jobs
        Processes for classifiers that learn.
    form
        Format of the trials: csv or parquet.

    Raises
    ------
    MaskfaceError
        If pictures are missing.
    """
    files = manifest["files"]
    files |= _merge(plan, folder, manifest, jobs, form)
    manifest["trials"]["written"] = files[f"{TRIALS.name}.{form}"]["rows"]
    folder.write_manifest(manifest)
    started = time.perf_counter()
    files |= write_summary(folder, plan.experiment.seed)
    manifest["timings"]["summary_s"] = round(time.perf_counter() - started, 3)
    folder.write_manifest(manifest | {"complete": True})
    folder.drop_parts()


def _merge(
    plan: Plan, folder: RunFolder, manifest: dict[str, Any], jobs: int, form: str
) -> dict[str, Any]:
    """Write the tables of what was read; return hash and rows of each file."""
    parts = folder.read_parts(plan.run_id)
    lost = plan.n_trials - plan.experiment.rows_per_image * len(parts.image_ids)
    if lost:
        raise MaskfaceError(
            f"{lost} of {plan.n_trials} trials are not in {folder.path}. Go on with --resume."
        )
    with scratch(folder.parts_path / "learning") as place:
        answered = _learnt(plan, parts, manifest, jobs, place)
        trials_path = folder.path / f"{TRIALS.name}.{form}"
        files = {trials_path.name: merge(answered, TRIALS, trials_path)}
    for other in set(FORMATS) - {form}:  # of an earlier time; it may hold other answers
        (folder.path / f"{TRIALS.name}.{other}").unlink(missing_ok=True)
    path = folder.attributes_path
    files[path.name] = merge(Described(plan, parts), ATTRIBUTES, path)
    if plan.experiment.detect_px:
        path = folder.detections_path
        files[path.name] = merge(parts, DETECTIONS, path)
    path = folder.pictures_path
    files[path.name] = merge(parts, PICTURES, path)
    return files


def _learnt(plan: Plan, parts: Parts, manifest: dict[str, Any], jobs: int, place: Path) -> Framed:
    """What was read, with the trials of the classifiers that have to be trained."""
    asked = plan.experiment
    learners = asked.readers()[1]
    if not learners:
        return parts
    started = time.perf_counter()
    answered = cross_fitted(
        learners, parts, asked.conditions, seed=asked.seed, jobs=jobs, place=place
    )
    manifest["timings"]["training_s"] = round(time.perf_counter() - started, 3)
    return answered


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What was measured on pictures, with what the set's index says of them.

    Attributes
    ----------
    plan
        Has the index.
    parts
        Have the measurements.
    """

    plan: Plan
    parts: Parts

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Some pictures at a time, in order, and their attributes."""
        head = {"run_id": self.plan.run_id, "dataset": self.plan.dataset.name, "source": "index"}
        said = {sample.image_id: sample.attributes for sample in self.plan.samples}
        for images, measured in self.parts.frames(table):
            rows = [
                head | {"image_id": image_id, "attribute": name, "value": value}
                for image_id in images
                for name, value in said[image_id]
            ]
            yield images, joined([table.frame(rows), measured], measured)


CHUNK: Final = 16
"""Pictures between two saves; at most this many per worker are lost when a run is killed."""


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
        Go on with a run that was interrupted. Pictures whose files have changed since they were
        read are read again, also those of a complete run, which is otherwise returned as it is.
    progress
        Show a progress bar on stderr, and say how many pictures have changed.
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
        If the data cannot be read, `out` holds something else or lies among the pictures, no
        picture could be read, pictures that were read are gone, or the disk fails. What was saved
        before is kept.
    """
    check_workers(jobs, backend, scheduler)
    check_format(format)
    if chunk < 1:
        raise MaskfaceError(f"chunk must be 1 or more, but it was {chunk}.")
    kept = _cache_folder(cache)
    plan = make_plan(experiment)
    require_apart(experiment.data, Path(out))
    folder = RunFolder(Path(out))
    begun = folder.claim(plan, resume=resume)
    try:
        changed = changed_since(plan, folder, begun, progress=progress)
        if begun is not None and begun["complete"] and not (changed or folder.parts_path.exists()):
            return Run(folder)
        with folder.alone():
            manifest = _begin(plan, folder, changed, progress=progress)
            if manifest["complete"]:
                return Run(folder)
            started = time.perf_counter()
            with workers(jobs, backend, scheduler) as work:
                read_pictures(plan, folder, kept, work, chunk, progress=progress)
            manifest["timings"]["trials_s"] = round(time.perf_counter() - started, 3)
            finish(plan, folder, manifest, jobs, format)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write to {folder.path}: {error.strerror or error}. What was read so far is "
            "saved there; make room and go on with --resume."
        ) from error
    return Run(folder)


def _begin(plan: Plan, folder: RunFolder, changed: Set[str], *, progress: bool) -> dict[str, Any]:
    """Bring a run to where pictures can be read; what is returned is its manifest.

    It is complete if another process has ended the run since it was looked at, or a killed one
    had only to clear away its parts.
    """
    manifest = folder.read_manifest()
    if manifest is None:
        manifest = new_manifest(plan)
        folder.write_manifest(manifest)
    elif not manifest["complete"]:
        forget(plan, folder, progress=progress)
    elif changed:
        manifest = reopen(plan, folder, manifest, changed, progress=progress)
    else:
        folder.drop_parts()
    return manifest


def _cache_folder(cache: str | Path | None) -> Path | None:
    if cache is None:
        return None
    cache_limit()  # a worker would refuse a wrong one too, but later
    return default_cache_folder() if cache == "default" else Path(cache)
