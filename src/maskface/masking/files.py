"""Mask many files: plan, table, progress, resume, and a summary in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
from tqdm.auto import tqdm

from maskface.errors import MaskfaceError, format_error
from maskface.images import LIMITS, Limits
from maskface.landmarks import MediaPipeDetector, find_aspect
from maskface.masking.faces import Masked, Masker, mask_picture
from maskface.masking.plan import (
    TABLE,
    Job,
    is_one_file,
    is_video,
    left_out_notes,
    plan_jobs,
    real_path,
)
from maskface.masking.table import MaskedTable, RowSpool, file_digest
from maskface.masking.videos import SILENT, VideoWriter, find_ffmpeg, frame_count, mask_video
from maskface.occluders import Occluder, as_occluder, expand, occluder_name
from maskface.pipeline import control_note
from maskface.run_options import argument
from maskface.specs import require_text


@dataclass(frozen=True, slots=True)
class MaskedFiles:
    """Outcome of all files."""

    files: tuple[Masked, ...]  # one for each picture and video, sorted by name
    # The CSV files with one row for each face: one for each occluder, or none.
    tables: tuple[Path, ...]
    notes: tuple[str, ...] = ()  # remarks on the results


def mask_files(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    occluder: str | Occluder | Sequence[str | Occluder] = "surgical",
    *,
    seed: int = 0,
    thorough: bool = False,
    alpha: bool = False,
    csv: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
    limits: Limits = LIMITS,
    restore_aspect: float | Literal["auto"] = 1.0,
) -> MaskedFiles:
    """Put an occluder on every face in picture and video files.

    Parameters
    ----------
    sources
        Files, folders (searched with their sub-folders) and patterns such as ``faces/**/*.jpg``.
    out
        A folder, which gets the same tree and a ``masked.csv``; for one file also a file name.
        For one video the table then lies beside it: ``x.csv`` for ``x.mp4``.
    occluder
        By name (such as ``surgical:colour=white``) or as an object. Of several, each has a folder
        of its own below `out`, named after it.
    seed
        Seed from which those of all faces derive, 0 or more. The seed of a face depends on this,
        the name of the file below its folder and the number of the face, and on nothing else.
    thorough
        Look for small faces beside large ones; slower.
    alpha
        Also write the hidden share of each pixel, as ``<stem>.alpha.png`` (grey, 8 bit).
    csv
        File for the table, in place of the usual one.
    resume
        Keep the results of an earlier call with the same options, where neither the source nor
        the result has changed.
    progress
        Show a progress bar.
    limits
        Limits of the picture files that are read.
    restore_aspect
        How many times as high pictures are made first; ``auto`` finds it from their irises. See
        `maskface.Experiment`.

    Returns
    -------
    MaskedFiles
        The outcome of each file; failed ones are included, and are in the table too.

    Raises
    ------
    MaskfaceError
        If there is nothing to do, a file would be overwritten, or `out` holds other results or
        cannot be written to. Results written before are kept.
    """
    names = [str(s) for s in ([sources] if isinstance(sources, str | Path) else sources)]
    folder = Path(out)
    trees = _trees(folder, occluder)
    single = is_one_file(names, folder)
    if len(trees) > 1 and (single or csv is not None):
        given = f"--out {out} names one file" if single else f"--csv {csv} names one table"
        raise MaskfaceError(
            f"{given}, but there are {len(trees)} occluders. Give --out a folder and leave out "
            "--csv: each occluder has a folder and a table of its own."
        )
    tables = {tree: _table_path(tree, csv, single=single) for tree in trees}
    begun = any(path is not None and path.exists() for path in tables.values())
    plans = {
        tree: plan_jobs(names, tree, alpha=alpha, begun=begun, results=folder) for tree in trees
    }
    for tree, jobs in plans.items():
        _refuse_one_name(jobs, tables[tree])
        if not single:
            _refuse_overwriting(jobs, tables[tree])
    if restore_aspect != 1:
        limits = _restoring(limits, restore_aspect, next(iter(plans.values())))
    files: list[Masked] = []
    notes = [control_note(one) for one in trees.values()]
    with MediaPipeDetector(search="always" if thorough else "scenes") as detector:
        for tree, chosen in trees.items():
            masker = Masker(chosen, detector, seed, tree.parent if single else tree, limits)
            table = _open_table(tables[tree], masker, resume=resume, replace=single)
            files += _mask_all(plans[tree], masker, table, progress=progress)
            notes += [CHANGED.format(table.changed)] if table and table.changed else []
    notes += [file.note for file in files]
    new_videos = any(f.job.is_video and f.coverages and not f.kept for f in files)
    notes += [SILENT] if new_videos and find_ffmpeg() is None else []
    notes += [] if single else left_out_notes(names, folder)
    written = tuple(path for path in tables.values() if path is not None)
    return MaskedFiles(tuple(files), written, tuple(filter(None, notes)))


def _restoring(limits: Limits, factor: float | Literal["auto"], jobs: Sequence[Job]) -> Limits:
    if videos := [job for job in jobs if job.is_video]:
        raise MaskfaceError(
            f"{argument('restore_aspect')} is for pictures, and {videos[0].source} is a video. "
            "Leave it out, or give the pictures alone."
        )
    found = find_aspect(factor, (job.source for job in jobs), limits)
    return replace(limits, restore_aspect=found)


CHANGED: Final = (
    "{} files were masked again: their results, or their rows in the table, had changed since they "
    "were written."
)


def _trees(out: Path, occluder: str | Occluder | Sequence[str | Occluder]) -> dict[Path, Occluder]:
    """Return the occluders by the folder of their results."""
    if isinstance(occluder, str | Occluder):
        occluder = [occluder]
    several = list(dict.fromkeys(each for one in occluder for each in expand(as_occluder(one))))
    if not several:
        raise MaskfaceError("Name at least one occluder, such as surgical.")
    if len(several) == 1:
        return {out: several[0]}
    trees: dict[Path, Occluder] = {}
    for one in several:
        name = re.sub(r"[^A-Za-z0-9.=_+-]+", "_", occluder_name(one)).strip("_.")[:80]
        while out / name in trees:
            name += "_"
        trees[out / name] = one
    return trees


def _table_path(out: Path, csv: str | Path | None, *, single: bool) -> Path | None:
    if csv is not None:
        return Path(csv)
    if not single:
        return out / TABLE
    return out.with_suffix(".csv") if is_video(out) else None


def _refuse_one_name(jobs: Sequence[Job], table: Path | None) -> None:
    taken = {real_path(path) for job in jobs for path in (job.source, *job.targets)}
    if table is not None and real_path(table) in taken:
        raise MaskfaceError(
            f"{table} cannot be both the table and a picture or video. Name another file with "
            "--csv, such as --csv masked.csv."
        )


def _refuse_overwriting(jobs: Sequence[Job], table: Path | None) -> None:
    if table is not None and table.exists():
        return  # it names the files, and is checked next
    there = [target for job in jobs for target in job.targets if target.exists()]
    if there:
        raise MaskfaceError(
            f"{there[0]} exists already, and no {TABLE} shows that maskface made it. "
            "Choose another folder with --out, or delete it."
        )


def _open_table(
    path: Path | None, masker: Masker, *, resume: bool, replace: bool
) -> MaskedTable | None:
    if path is None:
        return None
    name = occluder_name(masker.occluder)
    return MaskedTable(path, masker.run_id, resume=resume, replace=replace, occluder=name)


def _mask_all(
    jobs: Sequence[Job], masker: Masker, table: MaskedTable | None, *, progress: bool
) -> list[Masked]:
    finished = table.keep_finished(jobs) if table else {}
    videos = [job for job in jobs if job.is_video and progress]
    lengths = {job.name: 1 for job in jobs}
    lengths |= {job.name: max(frame_count(job.source), 1) for job in videos}
    unit = "frame" if any(job.is_video for job in jobs) else "image"
    files = []
    total = sum(lengths.values())
    with tqdm(total=total, unit=unit, disable=not progress or total == 1) as bar:
        for job in jobs:
            end = bar.n + lengths[job.name]
            if job.name in finished:
                files.append(_kept(job, finished[job.name]))
            else:
                files.append(_mask_one(job, masker, table, bar))
            bar.update(end - bar.n)
    if table:
        table.finish()
    return files


def _kept(job: Job, rows: pd.DataFrame) -> Masked:
    """Return the outcome of a file of an earlier call."""
    covered = rows[rows["status"] == "ok"]
    coverages = tuple(float(c) for c in covered.groupby("face")["coverage"].mean())
    return Masked(job, coverages, "" if coverages else rows["message"].iloc[0], kept=True)


def _mask_one(job: Job, masker: Masker, table: MaskedTable | None, bar: tqdm[Any]) -> Masked:
    """Mask one file; a failure costs this file alone."""
    with closing(RowSpool(masker.head(job, file_digest(job.source)))) as spool:
        try:
            masked, writer = _mask(job, masker, spool, bar)
        except Exception as error:  # noqa: BLE001
            masked, writer = Masked(job, message=_message(error)), None
            spool.clear()
            spool.add([{"status": "error", "message": masked.message}])
        # The video comes last: one without rows is masked again, rows without one are not noticed.
        if writer:
            job.target.unlink(missing_ok=True)
        if table:
            results = [writer.partial] if writer else job.targets if masked.coverages else []
            table.add(spool, results)
        if writer:
            writer.keep()
    return masked


def _mask(
    job: Job, masker: Masker, spool: RowSpool, bar: tqdm[Any]
) -> tuple[Masked, VideoWriter | None]:
    require_text(job.name, "its name")
    if not job.is_video:
        return mask_picture(masker, job, spool.add), None
    masked, writer = mask_video(masker, job, spool.add, lambda: bar.update(1))
    if masked.coverages:
        return masked, writer
    # As for a picture, no unmasked copy is left.
    writer.discard()
    spool.clear()
    spool.add([{"status": "no_face", "message": masked.message}])
    return masked, None


def _message(error: Exception) -> str:
    return str(error) if isinstance(error, MaskfaceError) else format_error(error)


LISTED: Final = 20
"""Failures that are listed one by one at most; all are in the table."""


def done_text(done: MaskedFiles) -> str:
    """Return what was written: for one file its result, for several their number."""
    if len(done.files) == 1:
        return _one(done.files[0])
    written = [file for file in done.files if file.coverages]
    faces = sum(len(file.coverages) for file in written)
    kept = sum(file.kept for file in done.files)
    before = f" ({kept} by an earlier call)" if kept else ""
    text = f"{len(written)} of {len(done.files)} files written{before}, {faces} faces occluded"
    return "\n".join([text, *map(str, done.tables)])


def done_values(done: MaskedFiles) -> dict[str, Any]:
    """Return the outcome of all files as plain values.

    ``n_files``, ``n_written`` (``n_kept`` of them by an earlier call), ``n_faces``, ``failures``
    (``source`` and ``message`` of each file without a face), ``files`` that were written, and the
    ``table`` among them (None without or with several), and ``tables``.
    """
    written = [file for file in done.files if file.coverages]
    return {
        "n_files": len(done.files),
        "n_written": len(written),
        "n_kept": sum(file.kept for file in written),
        "n_faces": sum(len(file.coverages) for file in written),
        "failures": [
            {"source": file.job.source, "message": file.message}
            for file in done.files
            if file.message
        ],
        "table": done.tables[0] if len(done.tables) == 1 else None,
        "tables": list(done.tables),
        "files": [*(target for file in written for target in file.job.targets), *done.tables],
    }


def problems_text(done: MaskedFiles) -> str:
    """Return the failures as text; empty if there are none."""
    wrong = [f"{file.job.source}: {file.message}" for file in done.files if file.message]
    more = (
        [f"and {len(wrong) - LISTED} more; all are in {', '.join(map(str, done.tables))}"]
        if len(wrong) > LISTED
        else []
    )
    return "\n".join([*wrong[:LISTED], *more])


def _one(file: Masked) -> str:
    if not file.coverages:
        return ""
    hidden = ", ".join(f"{coverage:.0%}" for coverage in file.coverages)
    return f"{file.job.target}  ({hidden} of the face hidden)"
