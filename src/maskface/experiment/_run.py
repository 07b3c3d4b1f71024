"""Carry out a plan: pictures to workers, parts to disk, parts to tables."""

from __future__ import annotations

import time
from collections.abc import Set
from pathlib import Path
from typing import Any, Final

from maskface.datasets import require_apart
from maskface.errors import MaskfaceError
from maskface.experiment._finish import finish
from maskface.experiment._manifest import new_manifest
from maskface.experiment._reading import read_pictures
from maskface.experiment._renewed import changed_since, forget, reopen
from maskface.experiment._results import Run
from maskface.experiment._spec import Experiment, Plan, make_plan
from maskface.experiment._store import RunFolder
from maskface.experiment._workers import check_workers, workers
from maskface.landmarks import cache_limit, default_cache_folder
from maskface.table_files import check_format

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
