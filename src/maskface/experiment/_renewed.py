"""A run that is resumed forgets what it read of pictures that have changed since."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Set
from pathlib import Path
from typing import Any

from maskface.exits import note
from maskface.experiment._changed import changed_pictures
from maskface.experiment._harvest import Harvest
from maskface.experiment._pictures import PICTURES
from maskface.experiment._remade import harvest_of_part, harvests_of_tables, tables_read
from maskface.experiment._spec import Plan
from maskface.experiment._store import RunFolder
from maskface.table_files import find_table

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
    if not _as_written(manifest, folder.pictures_path):
        if progress:
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
    if progress:
        note(
            _told(
                plan, changed, f"all are read again, since {why}" if why else "these are read again"
            )
        )
    again = manifest | {"complete": False, "files": {}}
    again["trials"] = {"planned": plan.n_trials, "written": 0}
    folder.write_manifest(again)
    return again


def _why_all(plan: Plan, folder: RunFolder, manifest: Manifest) -> str:
    """Why the tables do not hold all that was read of a picture; empty if they do."""
    if plan.experiment.readers()[1]:
        return "what classifiers learn from is not kept in a complete run"
    for table in tables_read(plan.experiment):
        path = find_table(folder.path, table)
        if not _as_written(manifest, path):
            return f"{path.name} is not as the run wrote it"
    return ""


def _as_written(manifest: Manifest, path: Path) -> bool:
    """Whether a file of a complete run is there, and nobody has changed it."""
    about = manifest["files"].get(path.name)
    if not isinstance(about, dict) or not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == about.get("sha256")


def _write(plan: Plan, folder: RunFolder, harvest: Harvest) -> None:
    first, last = (_number(plan, harvest.image_ids[end]) for end in (0, -1))
    folder.write_part(first, last, harvest, plan.run_id)


def _number(plan: Plan, image_id: str) -> int:
    return bisect_left(plan.samples, image_id, key=lambda sample: sample.image_id)


def _told(plan: Plan, changed: Set[str], end: str) -> str:
    n = len(plan.samples)
    return f"The files of {len(changed)} of {n} pictures have changed since they were read; {end}."
