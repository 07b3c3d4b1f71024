"""From what was read of pictures to the tables of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.experiment._parts import Framed, Parts, joined, merge
from maskface.experiment._pictures import PICTURES
from maskface.experiment._results import write_summary
from maskface.experiment._spec import Plan
from maskface.experiment._spilled import scratch
from maskface.experiment._store import RunFolder
from maskface.experiment._training import cross_fitted
from maskface.schema import Table
from maskface.table_files import FORMATS
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
