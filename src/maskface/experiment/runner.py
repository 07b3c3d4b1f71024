"""Run an experiment: hand its pictures to workers, and merge their checkpoints to tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.datasets import require_apart
from maskface.errors import MaskfaceError
from maskface.experiment.checkpoints import PICTURES, Checkpoints, HasFrames, joined, merge
from maskface.experiment.cross_fitting import cross_fit, scratch
from maskface.experiment.folder import RunFolder, new_manifest
from maskface.experiment.integrity import find_damage, must_be_read_again
from maskface.experiment.results import Run, summarize_run, write_summary
from maskface.experiment.resume import changed_since, drop_changed, reopen
from maskface.experiment.spec import Experiment, Plan, make_plan
from maskface.experiment.workers import check_workers, read_pictures, workers
from maskface.folders import data_folder
from maskface.landmarks import cache_limit, default_cache_folder
from maskface.run_options import argument
from maskface.schema import Table
from maskface.table_files import FORMATS, check_format
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS


def finish(plan: Plan, folder: RunFolder, manifest: dict[str, Any], jobs: int, form: str) -> None:
    """Fit and predict, merge the checkpoints of a run to tables, and summarize these.

    Files and timings are added to the manifest, which is written as complete at the end. `form` is
    the format of the trials: csv or parquet. Raises MaskfaceError if pictures are missing.
    """
    files = manifest["files"]
    files |= _merge(plan, folder, manifest, jobs, form)
    manifest["trials"]["written"] = files[f"{TRIALS.name}.{form}"]["rows"]
    folder.write_manifest(manifest)
    started = time.perf_counter()
    files |= write_summary(folder, plan.experiment.seed)
    manifest["timings"]["summary_s"] = round(time.perf_counter() - started, 3)
    folder.write_manifest(manifest | {"complete": True})
    folder.drop_checkpoints()


def _merge(
    plan: Plan, folder: RunFolder, manifest: dict[str, Any], jobs: int, form: str
) -> dict[str, Any]:
    """Write the tables of a run; return hash and rows of each file."""
    parts = folder.read_checkpoints(plan.run_id)
    lost = plan.n_trials - plan.experiment.rows_per_image * len(parts.image_ids)
    if lost:
        raise MaskfaceError(
            f"{lost} of {plan.n_trials} trials are not in {folder.path}. Go on with "
            f"{argument('resume', value=True)}."
        )
    with scratch(folder.parts_path / "learning") as place:
        trials = _with_predictions(plan, parts, manifest, jobs, place)
        trials_path = folder.path / f"{TRIALS.name}.{form}"
        files = {trials_path.name: merge(trials, TRIALS, trials_path)}
    for other in set(FORMATS) - {form}:  # an earlier table with other rows
        (folder.path / f"{TRIALS.name}.{other}").unlink(missing_ok=True)
    path = folder.attributes_path
    files[path.name] = merge(Described(plan, parts), ATTRIBUTES, path)
    if plan.experiment.detect_px:
        path = folder.detections_path
        files[path.name] = merge(parts, DETECTIONS, path)
    path = folder.pictures_path
    files[path.name] = merge(parts, PICTURES, path)
    return files


def _with_predictions(
    plan: Plan, parts: Checkpoints, manifest: dict[str, Any], jobs: int, place: Path
) -> HasFrames:
    """Return the checkpoints, with the trials of trainable classifiers if there are any."""
    classifiers, conditions = plan.experiment.trainable, plan.experiment.conditions
    if not classifiers:
        return parts
    started = time.perf_counter()
    seed = plan.experiment.seed
    trials = cross_fit(classifiers, parts, conditions, seed=seed, jobs=jobs, place=place)
    manifest["timings"]["training_s"] = round(time.perf_counter() - started, 3)
    return trials


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Measured attributes of pictures, with those of the data set's index."""

    plan: Plan  # the plan, with the index
    parts: Checkpoints  # the checkpoints, with the measurements

    def frames(self, table: Table) -> Iterator[tuple[list[str], pd.DataFrame]]:
        """Yield ids of some pictures at a time, in order, and their attributes."""
        head = {"run_id": self.plan.run_id, "dataset": self.plan.dataset.name, "source": "index"}
        indexed = {sample.image_id: sample.attributes for sample in self.plan.samples}
        for images, measured in self.parts.frames(table):
            rows = [
                head | {"image_id": image_id, "attribute": name, "value": value}
                for image_id in images
                for name, value in indexed[image_id]
            ]
            yield images, joined([table.frame(rows), measured], measured)


CHUNK: Final = 16
"""Pictures between two saves; at most this many per worker are lost when a run is killed."""


def run(
    experiment: Experiment,
    out: str | Path | None = None,
    *,
    jobs: int = 1,
    resume: bool | None = None,
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
        The experiment.
    out
        A new or empty folder, or the folder of the same experiment. If None, a folder named by
        the run's id below the user's data folder (see `maskface.folders.data_folder`). It is never
        deleted, and an interrupted run there is resumed.
    jobs
        Number of worker processes, 1 or more; -1 for one per core. The tables have the same
        bytes for any number.
    resume
        If True, continue a run in `out`. Pictures whose files have changed since they were read are
        read again, also those of a complete run, which is otherwise returned as it is. If None,
        only a complete run is allowed, so that a notebook cell can be run again; if False, no run.
    progress
        Show a progress bar, and note on stderr how many pictures have changed.
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
        raise MaskfaceError(f"chunk must be 1 or more, got {chunk}.")
    cached = _cache_folder(cache)
    plan = make_plan(experiment)
    if out is None:
        out = data_folder("runs") / plan.run_id
        resume = True if resume is None else resume
    if experiment.is_on_disk:
        require_apart(experiment.data, Path(out))
    folder = RunFolder(Path(out))
    begun = folder.claim(plan, resume=resume)
    try:
        changed = changed_since(plan, folder, begun, progress=progress)
        if not changed and _is_finished(folder, begun):
            return Run(folder)
        with folder.exclusive():
            manifest = _begin(plan, folder, changed, progress=progress)
            if manifest["complete"]:
                return Run(folder)
            started = time.perf_counter()
            with workers(jobs, backend, scheduler) as work:
                read_pictures(
                    plan, folder, cached, work, chunk, progress=progress,
                    by_value=jobs != 1 or backend != "loky",
                )  # fmt: skip
            manifest["timings"]["trials_s"] = round(time.perf_counter() - started, 3)
            finish(plan, folder, manifest, jobs, format)
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write to {folder.path}: {error.strerror or error}. What was read so far is "
            f"saved there; make room and go on with {argument('resume', value=True)}."
        ) from error
    return Run(folder)


def _is_finished(folder: RunFolder, begun: dict[str, Any] | None) -> bool:
    """Return whether nothing is left to do for a run, once its summary is restored if damaged."""
    if begun is None or not begun["complete"] or must_be_read_again(folder, begun):
        return False
    if find_damage(folder, begun):
        summarize_run(folder.path)
    return not folder.parts_path.exists()


def _begin(plan: Plan, folder: RunFolder, changed: Set[str], *, progress: bool) -> dict[str, Any]:
    """Prepare a run for reading pictures, and return its manifest.

    The manifest is complete if another process has finished the run in the meantime, or a killed
    one had only its checkpoints left to delete.
    """
    manifest = folder.read_manifest()
    if manifest is None:
        manifest = new_manifest(plan)
        folder.write_manifest(manifest)
    elif not manifest["complete"]:
        drop_changed(plan, folder, progress=progress)
    elif changed or must_be_read_again(folder, manifest):
        manifest = reopen(plan, folder, manifest, changed, progress=progress)
    else:
        folder.drop_checkpoints()
    return manifest


def _cache_folder(cache: str | Path | None) -> Path | None:
    if cache is None:
        return None
    cache_limit()  # raises here what a worker would raise later
    return default_cache_folder() if cache == "default" else Path(cache)
