"""What `maskface mask` says when it is done."""

from __future__ import annotations

from typing import Any, Final

from maskface.masking._masker import Masked
from maskface.masking._run import MaskedFiles

TOLD: Final = 20
"""So many failures are told one by one; all are in the table."""


def done_text(done: MaskedFiles) -> str:
    """Say what was written: of one file all, of several how many; empty if nothing."""
    if len(done.files) == 1:
        return _one(done.files[0])
    written = [file for file in done.files if file.coverages]
    faces = sum(len(file.coverages) for file in written)
    kept = sum(file.kept for file in done.files)
    before = f" ({kept} by an earlier call)" if kept else ""
    text = f"{len(written)} of {len(done.files)} files written{before}, {faces} faces covered"
    return f"{text}\n{done.table}" if done.table else text


def done_values(done: MaskedFiles) -> dict[str, Any]:
    """Set what became of all files as plain values.

    Returns
    -------
    dict
        ``n_files``, ``n_written`` (``n_kept`` of them by an earlier call), ``n_faces``,
        ``failures`` (``source`` and ``message`` of each file without a face), ``files`` that were
        written, and the ``table`` among them or None.
    """
    written = [file for file in done.files if file.coverages]
    table = [] if done.table is None else [done.table]
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
        "table": done.table,
        "files": [*(target for file in written for target in file.job.targets), *table],
    }


def problems_text(done: MaskedFiles) -> str:
    """Say what went wrong; empty if nothing did."""
    wrong = [f"{file.job.source}: {file.message}" for file in done.files if file.message]
    more = [f"and {len(wrong) - TOLD} more; all are in {done.table}"] if len(wrong) > TOLD else []
    return "\n".join([*wrong[:TOLD], *more])


def _one(file: Masked) -> str:
    if not file.coverages:
        return ""
    hidden = ", ".join(f"{coverage:.0%}" for coverage in file.coverages)
    return f"{file.job.target}  ({hidden} of the face hidden)"
