"""From what was read of pictures to the tables of a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.experiment._parts import Parts, merge
from maskface.experiment._results import write_summary
from maskface.experiment._spec import Plan
from maskface.experiment._store import RunFolder
from maskface.experiment._training import cross_fitted
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
