"""Which pictures of a run have changed since they were read.

What was read of pictures, made again from where it was stored.

A run that is resumed forgets what it read of pictures that have changed since.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any, Final

import pandas as pd
from tqdm.auto import tqdm

from maskface.arrays import Row
from maskface.errors import ImageError, MaskfaceError
from maskface.exits import note
from maskface.experiment.checkpoints import (
    PICTURES,
    UNANSWERED,
    ChunkResult,
    FileFingerprint,
    Part,
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
"""Progress is shown if it takes longer: of a set that was copied, every file has to be read."""


def changed_pictures(
    plan: Plan, read: Iterable[str], marks: Iterable[pd.DataFrame], *, progress: bool
) -> set[str]:
    """Find the pictures whose files are not those that were read.

    Parameters
    ----------
    plan
        Says where the pictures are.
    read
        The pictures that have answers.
    marks
        Rows of `maskface.experiment.checkpoints.PICTURES`, some at a time. Pictures without one
        count as changed.
    progress
        Show a progress bar on stderr if it takes long.

    Raises
    ------
    MaskfaceError
        If files that could be read cannot be read any more.
    """
    paths = {sample.image_id: sample.path for sample in plan.samples}
    limits = plan.experiment.limits
    found, gone = set(read), []
    with tqdm(total=len(found), unit="image", delay=_SLOW_S, disable=not progress) as bar:
        for frame in marks:
            columns = (frame[name] for name in ("image_id", "sha256", "message", "state"))
            for image_id, *cells in zip(*columns, strict=True):
                try:
                    if FileFingerprint(*cells).fits(paths[image_id], limits):
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


_TOGETHER: Final = 256
"""Pictures whose rows are in memory at once."""


def harvest_of_part(part: Part, images: Sequence[str]) -> ChunkResult:
    """What a part holds of some of its pictures."""
    harvest = ChunkResult(image_ids=list(images))
    for table, rows in harvest.tables():
        found = part.rows(table)
        rows.extend(_records(found[found["image_id"].isin(images)]))
    unanswered = part.rows(TRIALS, UNANSWERED)
    wanted = unanswered["image_id"].isin(images)
    harvest.unanswered.extend(_records(unanswered[wanted]))
    for name in part.features:
        measured = (unanswered["classifier"] == name) & (unanswered["status"] == "ok")
        harvest.features[name] = list(part.vectors(name)[wanted[measured].to_numpy(bool)])
    return harvest


def tables_read(experiment: Experiment) -> tuple[Table, ...]:
    """Tables of a run that hold what was read of its pictures, unless classifiers learnt."""
    return (TRIALS, ATTRIBUTES, PICTURES, *([DETECTIONS] if experiment.detect_px else []))


def harvests_of_tables(
    folder: RunFolder, tables: Iterable[Table], images: Sequence[str]
) -> Iterator[ChunkResult]:
    """What tables of a complete run hold of some pictures, sorted; some pictures at a time."""
    groups = [images[first : first + _TOGETHER] for first in range(0, len(images), _TOGETHER)]
    found = {table: _cut(_rows_read(folder, table), groups) for table in tables}
    for group in groups:
        harvest = ChunkResult(image_ids=list(group))
        for table, rows in harvest.tables():
            if table in found:
                rows.extend(_records(next(found[table])))
        yield harvest


def _rows_read(folder: RunFolder, table: Table) -> Iterator[pd.DataFrame]:
    """Rows of a table, some at a time, without those that the index says and nobody read."""
    for rows in table.pieces(find_table(folder.path, table)):
        yield rows[rows["source"] == "measured"] if table is ATTRIBUTES else rows


def _cut(pieces: Iterator[pd.DataFrame], groups: Iterable[Sequence[str]]) -> Iterator[pd.DataFrame]:
    """Cut rows, sorted by picture, into those of each group of pictures; others are left out."""
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
    """Rows as they were before they were stored: empty cells are None."""
    cells = frame.astype(object).where(frame.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in cells.to_dict("records")]


Manifest = dict[str, Any]


def changed_since(
    plan: Plan, folder: RunFolder, manifest: Manifest | None, *, progress: bool
) -> set[str]:
    """Find the pictures of a complete run that have changed since; none of any other run.

    Parameters
    ----------
    plan, folder, manifest
        The run.
    progress
        Say on stderr what cannot be known, and what takes long.

    Raises
    ------
    MaskfaceError
        If pictures that were read are gone.
    """
    if manifest is None or not manifest["complete"]:
        return set()
    if not is_as_written(folder, manifest, folder.pictures_path.name):
        # A damaged one is dealt with by `reopen`.
        if progress and folder.pictures_path.name not in manifest["files"]:
            note(
                f"{folder.path} does not say which files its pictures were read from: whether they "
                "have changed since is not known."
            )
        return set()
    read = (sample.image_id for sample in plan.samples)
    marks = PICTURES.pieces(folder.pictures_path)
    return changed_pictures(plan, read, marks, progress=progress)


def forget(plan: Plan, folder: RunFolder, *, progress: bool) -> None:
    """Let the parts of an incomplete run hold no picture that has changed since.

    Raises
    ------
    MaskfaceError
        If pictures that were read are gone.
    """
    parts = folder.read_parts(plan.run_id)
    marks = (frame for _, frame in parts.frames(PICTURES))
    changed = changed_pictures(plan, parts.image_ids, marks, progress=progress)
    for part in parts.about_any(changed):
        kept = [image_id for image_id in part.image_ids if image_id not in changed]
        if kept:
            _write(plan, folder, harvest_of_part(part, kept))
        part.path.unlink()
    if changed and progress:
        note(_told(plan, changed, "these are read again"))


def reopen(
    plan: Plan, folder: RunFolder, manifest: Manifest, changed: Set[str], *, progress: bool
) -> Manifest:
    """Make a complete run an incomplete one, which lacks the pictures that have changed.

    What its tables hold of the others goes back into parts. Where classifiers learn from the
    pictures, all pictures are forgotten: what was measured of them is not in the tables.

    Returns
    -------
    dict
        The manifest that the run now has.
    """
    folder.clear_parts()
    why = _why_all(plan, folder, manifest)
    if not why:
        kept = [one.image_id for one in plan.samples if one.image_id not in changed]
        for harvest in harvests_of_tables(folder, tables_read(plan.experiment), kept):
            _write(plan, folder, harvest)
    if progress and not changed:
        note(f"All {len(plan.samples)} pictures are read again, since {why}.")
    elif progress:
        end = f"all are read again, since {why}" if why else "these are read again"
        note(_told(plan, changed, end))
    again = manifest | {"complete": False, "files": {}}
    again["trials"] = {"planned": plan.n_trials, "written": 0}
    folder.write_manifest(again)
    return again


def _why_all(plan: Plan, folder: RunFolder, manifest: Manifest) -> str:
    """Why the tables do not hold all that was read of a picture; empty if they do."""
    if plan.experiment.learners:
        return "what classifiers learn from is not kept in a complete run"
    for table in tables_read(plan.experiment):
        path = find_table(folder.path, table)
        if not is_as_written(folder, manifest, path.name):
            return f"{path.name} is not as the run wrote it"
    return ""


def _write(plan: Plan, folder: RunFolder, harvest: ChunkResult) -> None:
    first, last = (_number(plan, harvest.image_ids[end]) for end in (0, -1))
    folder.write_part(first, last, harvest, plan.run_id)


def _number(plan: Plan, image_id: str) -> int:
    return bisect_left(plan.samples, image_id, key=lambda sample: sample.image_id)


def _told(plan: Plan, changed: Set[str], end: str) -> str:
    n = len(plan.samples)
    return f"The files of {len(changed)} of {n} pictures have changed since they were read; {end}."
