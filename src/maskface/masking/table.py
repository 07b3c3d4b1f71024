"""The table of masked faces, written file by file: all rows of a file or none."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.files import destination, write_atomically
from maskface.masking.plan import Job
from maskface.tables import MASKED

Row = Mapping[str, Any]

DIGITS: Final = 16
SPOOL_ROWS: Final = 256


class RowSpool:
    """Any number of rows of one file, kept on disk until the file is finished.

    Parameters
    ----------
    head
        Cells that all rows share.
    """

    def __init__(self, head: Row) -> None:
        self._head = dict(head)
        self._rows: list[dict[str, Any]] = []
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)

    def add(self, rows: Sequence[Row]) -> None:
        """Add some rows."""
        self._rows += [{**self._head, **row} for row in rows]
        if len(self._rows) >= SPOOL_ROWS:
            self.flush()

    def clear(self) -> None:
        """Drop the rows."""
        self._rows = []
        self.file.seek(0)
        self.file.truncate()

    def flush(self) -> None:
        """Write the waiting rows as CSV."""
        if self._rows:
            self.file.write(_lines(MASKED.frame(self._rows)))
            self._rows = []

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class MaskedTable:
    """``masked.csv``: rows of an earlier call, and those of this one.

    Parameters
    ----------
    path
        The CSV file.
    run_id
        Hash of what decides the results.
    occluder
        Name of the occluder, for messages.
    resume
        Keep the rows of an earlier call with the same `run_id`.
    replace
        Without `resume`, write over an earlier call's table.

    Raises
    ------
    MaskfaceError
        If the file is there and neither `resume` nor `replace` is true, or it holds something
        else or is a device, or the folder cannot be written to.
    """

    def __init__(
        self, path: Path, run_id: str, *, occluder: str, resume: bool, replace: bool
    ) -> None:
        self._ordered = True
        try:
            self.path = path = destination(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._kept = self._earlier(resume=resume, replace=replace)
            _check_run(path, self._kept, run_id, occluder)
            write_atomically(path, MASKED.to_bytes(self._kept), durable=True)
        except OSError as error:
            raise MaskfaceError(
                f"Cannot write {path}: {error.strerror or error}. Choose another place with --out "
                "or --csv."
            ) from error

    def _earlier(self, *, resume: bool, replace: bool) -> pd.DataFrame:
        if not self.path.exists():
            return MASKED.frame([])
        data = self.path.read_bytes()
        if not data.startswith(",".join(MASKED.header).encode()):
            raise MaskfaceError(
                f"{self.path} exists already and holds something else. Move it away, or name "
                "another table with --csv."
            )
        if resume:
            return MASKED.tidy(MASKED.parse(io.BytesIO(_whole_lines(data))))
        if replace:
            return MASKED.frame([])
        raise MaskfaceError(
            f"{self.path} holds the results of an earlier call. Add --resume to go on from there, "
            "or choose another folder with --out."
        )

    def keep_finished(self, jobs: Sequence[Job]) -> dict[str, pd.DataFrame]:
        """Find the finished files, and drop rows and results of the others.

        Returns
        -------
        dict
            Rows of the files whose source and results are as they were, by the file's name; a
            file that failed is not among them. Rows of files that are not in `jobs` are kept too.
        """
        known = {str(name): rows for name, rows in self._kept.groupby("source")}
        finished = {
            job.name: known[job.name]
            for job in jobs
            if job.name in known and _is_finished(job, known[job.name])
        }
        again = [job for job in jobs if job.name not in finished]
        for job in again:
            if job.name in known:
                _remove_results(job, known[job.name])
        self._kept = self._kept[~self._kept["source"].isin([job.name for job in again])]
        self._ordered = self._kept.empty
        self._write_kept()
        return finished

    def _write_kept(self) -> None:
        try:
            write_atomically(self.path, MASKED.to_bytes(self._kept), durable=True)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def add(self, spool: RowSpool) -> None:
        """Add the rows of a finished file."""
        spool.flush()
        spool.file.seek(0)
        size = self.path.stat().st_size
        try:
            with self.path.open("ab") as table:
                shutil.copyfileobj(spool.file, table)
        except OSError as error:
            with self.path.open("r+b") as table:
                table.truncate(size)
            raise _unwritable(self.path, error) from error

    def finish(self) -> None:
        """Sort the rows, if those of an earlier call came first."""
        if not self._ordered:
            MASKED.write(MASKED.check(MASKED.tidy(MASKED.parse(self.path))), self.path)


def file_digest(path: Path) -> str:
    """Return the hash of a file, `DIGITS` hexadecimal digits; empty if it cannot be read."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return ""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:DIGITS]
    except OSError:
        return ""


def _check_run(path: Path, rows: pd.DataFrame, run_id: str, occluder: str) -> None:
    others = rows[rows["run_id"] != run_id]
    if len(others):
        other = others["occluder"].iloc[0]
        differ = (
            "made with another --seed, --thorough, texture or version of maskface"
            if other == occluder
            else f"of {other!r}, not of {occluder!r}"
        )
        raise MaskfaceError(f"{path} holds results {differ}. Choose another folder with --out.")


def _is_finished(job: Job, rows: pd.DataFrame) -> bool:
    if (rows["status"] == "error").any() or (
        rows["source_sha256"] != file_digest(job.source)
    ).any():
        return False
    written = (rows["output"] != "").any()
    return not written or all(path.is_file() for path in job.targets)


def _remove_results(job: Job, rows: pd.DataFrame) -> None:
    """Remove the results of a file; if it shows no face now, nothing takes their place."""
    if (rows["output"] == "").all():
        return
    for path in job.targets:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from error


def _lines(frame: pd.DataFrame) -> bytes:
    """Return rows as CSV, without the header."""
    return MASKED.to_bytes(frame).partition(b"\n")[2]


def _whole_lines(data: bytes) -> bytes:
    """Cut off an incomplete last line, which a power failure may leave."""
    return data[: data.rfind(b"\n") + 1]


def _unwritable(path: Path, error: OSError) -> MaskfaceError:
    return MaskfaceError(
        f"Cannot write {path}: {error.strerror or error}. What was written so far is kept; make "
        "room and go on with --resume."
    )
