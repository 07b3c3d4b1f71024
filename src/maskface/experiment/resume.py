"""Resume a run: drop the results of pictures whose files have changed since they were read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from operator import attrgetter
from typing import Any, Final

import pandas as pd
from tqdm.auto import tqdm

from maskface.arrays import Row
from maskface.errors import ImageError, MaskfaceError
from maskface.exits import note
from maskface.experiment.checkpoints import (
    PICTURES,
    UNANSWERED,
    Checkpoint,
    ChunkResult,
    FileFingerprint,
    joined,
)
from maskface.experiment.folder import RunFolder
from maskface.experiment.integrity import is_as_written
from maskface.experiment.spec import Experiment, Plan
from maskface.run_options import argument
from maskface.schema import Table
from maskface.table_files import find_table
from maskface.tables import ATTRIBUTES, DETECTIONS, TRIALS

_SLOW_S: Final = 2
"""Progress is shown if it takes longer: every file of a copied set has to be read."""


def changed_pictures(
    plan: Plan, read: Iterable[str], fingerprints: Iterable[pd.DataFrame], *, progress: bool
) -> set[str]:
    """Find those of the read pictures whose files have changed since, or have no fingerprint.

    `fingerprints` are rows of `maskface.experiment.checkpoints.PICTURES`, some at a time. Raises
    MaskfaceError if files that could be read then cannot be read now.
    """
    paths = {sample.image_id: sample.path for sample in plan.samples}
    limits = plan.experiment.limits
    found, gone = set(read), []
    with tqdm(total=len(found), unit="image", delay=_SLOW_S, disable=not progress) as bar:
        for frame in fingerprints:
            columns = (frame[name] for name in ("image_id", "sha256", "message", "state"))
            for image_id, *cells in zip(*columns, strict=True):
                try:
                    if FileFingerprint(*cells).matches(paths[image_id], limits):
                        found.discard(image_id)
                except ImageError as error:
                    gone.append(f"{image_id}: {error}")
            bar.update(len(frame))
    if gone:
        raise MaskfaceError(
            f"Of the pictures that this run has read, {len(gone)} cannot be read any more, for "
            f"example {gone[0]}. Put them back and add {argument('resume', value=True)}, or choose "
            f"another folder with {argument('out')} to run without them."
        )
    return found


_BATCH: Final = 256  # pictures whose rows are in memory at once


def result_of_checkpoint(part: Checkpoint, images: Sequence[str]) -> ChunkResult:
    """Return the results of some pictures of a checkpoint."""
    result = ChunkResult(image_ids=list(images))
    for table, rows in result.tables():
        found = part.rows(table)
        rows.extend(_records(found[found["image_id"].isin(images)]))
    unanswered = part.rows(TRIALS, UNANSWERED)
    wanted = unanswered["image_id"].isin(images)
    result.unanswered.extend(_records(unanswered[wanted]))
    for name in part.features:
        measured = (unanswered["classifier"] == name) & (unanswered["status"] == "ok")
        result.features[name] = list(part.vectors(name)[wanted[measured].to_numpy(bool)])
    return result


def tables_read(experiment: Experiment) -> tuple[Table, ...]:
    """Return the tables that hold all results of a run without trainable classifiers."""
    return (TRIALS, ATTRIBUTES, PICTURES, *([DETECTIONS] if experiment.detect_px else []))


def results_of_tables(
    folder: RunFolder, tables: Iterable[Table], images: Sequence[str]
) -> Iterator[ChunkResult]:
    """Yield the results of some sorted pictures from the tables of a complete run, in batches."""
    groups = [images[first : first + _BATCH] for first in range(0, len(images), _BATCH)]
    found = {table: _by_group(_rows_read(folder, table), groups) for table in tables}
    for group in groups:
        result = ChunkResult(image_ids=list(group))
        for table, rows in result.tables():
            if table in found:
                rows.extend(_records(next(found[table])))
        yield result


def _rows_read(folder: RunFolder, table: Table) -> Iterator[pd.DataFrame]:
    """Yield rows of a table, some at a time, without those that stem from the index."""
    for rows in table.pieces(find_table(folder.path, table)):
        yield rows[rows["source"] == "measured"] if table is ATTRIBUTES else rows


def _by_group(
    pieces: Iterator[pd.DataFrame], groups: Iterable[Sequence[str]]
) -> Iterator[pd.DataFrame]:
    """Yield the rows of each group of pictures from rows sorted by picture."""
    rest = next(pieces, None)
    for group in groups:
        own = []
        while rest is not None:
            here = rest["image_id"] <= group[-1]
            own.append(rest[here & rest["image_id"].isin(group)])
            rest = rest[~here]
            if len(rest):
                break
            rest = next(pieces, None)
        yield joined(own, pd.DataFrame())


def _records(frame: pd.DataFrame) -> list[Row]:
    """Return rows as they were before they were stored, with None for empty cells."""
    cells = frame.astype(object).where(frame.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in cells.to_dict("records")]


Manifest = dict[str, Any]


def changed_since(
    plan: Plan, folder: RunFolder, manifest: Manifest | None, *, progress: bool
) -> set[str]:
    """Find the pictures of a complete run that have changed since; none if it is incomplete.

    With `progress`, note on stderr if changes cannot be found, and show a bar if it takes long.
    Raises MaskfaceError if files that could be read then cannot be read now.
    """
    if manifest is None or not manifest["complete"]:
        return set()
    if not is_as_written(folder, manifest, folder.pictures_path.name):
        # `reopen` handles a damaged table.
        if progress and folder.pictures_path.name not in manifest["files"]:
            note(
                f"{folder.path} does not record which files its pictures were read from: changes "
                "since then cannot be found."
            )
        return set()
    read = (sample.image_id for sample in plan.samples)
    fingerprints = PICTURES.pieces(folder.pictures_path)
    return changed_pictures(plan, read, fingerprints, progress=progress)


def drop_changed(plan: Plan, folder: RunFolder, *, progress: bool) -> None:
    """Drop changed pictures from the checkpoints of an incomplete run.

    Raises MaskfaceError if files that could be read then cannot be read now.
    """
    parts = folder.read_checkpoints(plan.run_id)
    fingerprints = (frame for _, frame in parts.frames(PICTURES))
    changed = changed_pictures(plan, parts.image_ids, fingerprints, progress=progress)
    for part in parts.holding(changed):
        kept = [image_id for image_id in part.image_ids if image_id not in changed]
        if kept:
            _write(plan, folder, result_of_checkpoint(part, kept))
        part.path.unlink()
    if changed and progress:
        note(_change_note(plan, changed, "these are read again"))


def reopen(
    plan: Plan, folder: RunFolder, manifest: Manifest, changed: Set[str], *, progress: bool
) -> Manifest:
    """Make a complete run incomplete again, without the pictures that have changed.

    The rows of the other pictures become checkpoints again. With trainable classifiers, all
    pictures are dropped, as the tables do not hold their features. Return the new manifest.
    """
    folder.clear_checkpoints()
    why = _reason_to_drop_all(plan, folder, manifest)
    if not why:
        kept = [one.image_id for one in plan.samples if one.image_id not in changed]
        for result in results_of_tables(folder, tables_read(plan.experiment), kept):
            _write(plan, folder, result)
    if progress and not changed:
        note(f"All {len(plan.samples)} pictures are read again, since {why}.")
    elif progress:
        end = f"all are read again, since {why}" if why else "these are read again"
        note(_change_note(plan, changed, end))
    again = manifest | {"complete": False, "files": {}}
    again["trials"] = {"planned": plan.n_trials, "written": 0}
    folder.write_manifest(again)
    return again


def _reason_to_drop_all(plan: Plan, folder: RunFolder, manifest: Manifest) -> str:
    """Return why the tables do not hold all results of a picture; empty if they do."""
    if plan.experiment.trainable:
        return "a complete run does not keep the features that classifiers are fitted to"
    for table in tables_read(plan.experiment):
        path = find_table(folder.path, table)
        if not is_as_written(folder, manifest, path.name):
            return f"{path.name} is not as the run wrote it"
    return ""


def _write(plan: Plan, folder: RunFolder, result: ChunkResult) -> None:
    first, last = (
        bisect_left(plan.samples, result.image_ids[end], key=attrgetter("image_id"))
        for end in (0, -1)
    )
    folder.write_checkpoint(first, last, result, plan.run_id)


def _change_note(plan: Plan, changed: Set[str], end: str) -> str:
    n = len(plan.samples)
    return f"The files of {len(changed)} of {n} pictures have changed since they were read; {end}."
