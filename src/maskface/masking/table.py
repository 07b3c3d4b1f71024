"""The table of masked faces, written file by file: all rows of a file or none."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.files import destination, read_regular_file, write_atomically
from maskface.masking.plan import Job
from maskface.tables import MASKED

Row = Mapping[str, Any]

DIGITS: Final = 16
_OPEN_END: Final = b",,\n"
SPOOL_ROWS: Final = 256


class RowSpool:
    """Rows of one file, kept on disk until the file is finished; they share `head`."""

    def __init__(self, head: Row) -> None:
        self._head = dict(head)
        self.count = 0
        self._rows: list[dict[str, Any]] = []
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)

    def add(self, rows: Sequence[Row]) -> None:
        """Add some rows."""
        self._rows += [{**self._head, **row} for row in rows]
        self.count += len(rows)
        if len(self._rows) >= SPOOL_ROWS:
            self.flush()

    def clear(self) -> None:
        """Drop the rows."""
        self._rows, self.count = [], 0
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

    `run_id` is a hash of what decides the results, and `occluder` a name for messages. With
    `resume`, rows of an earlier call with the same `run_id` are kept, and `changed` counts files
    whose rows or results are not as it left them; with `replace`, its table is written over. Raises
    MaskfaceError if the file is there and neither is true, or it holds something else or is a
    device, or the folder cannot be written to.
    """

    def __init__(
        self, path: Path, run_id: str, *, occluder: str, resume: bool, replace: bool
    ) -> None:
        self._ordered = True
        self.changed = 0
        try:
            self.path = path = destination(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._kept = self._earlier(resume=resume, replace=replace)
            _check_run(path, self._kept, run_id, occluder)
            self._was_cut = is_as_recorded(path) is False
            _record(path).unlink(missing_ok=True)
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

        Returns, by name, rows of the files whose source and results are as they were; a file that
        failed is not among them. Rows of files that are not in `jobs` are kept too.
        """
        known = {str(name): rows for name, rows in self._kept.groupby("source")}
        same = [job for job in jobs if job.name in known and _is_same(job, known[job.name])]
        finished = {job.name: known[job.name] for job in same if _is_intact(job, known[job.name])}
        self.changed = len(same) - len(finished)
        if self._was_cut:
            self.changed += sum(job.name not in known for job in jobs)
        again = [job for job in jobs if job.name not in finished]
        for job in again:
            if job.name in known:
                _remove_results(job, known[job.name])
        names = {job.name.encode(errors="replace").decode() for job in again}
        self._kept = self._kept.loc[[name not in names for name in self._kept["source"]]]
        self._ordered = self._kept.empty
        self._write_kept()
        return finished

    def _write_kept(self) -> None:
        try:
            write_atomically(self.path, MASKED.to_bytes(self._kept), durable=True)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def add(self, spool: RowSpool, results: Sequence[Path] = ()) -> None:
        """Add the rows of a finished file, with their number and the hashes of its results."""
        spool.flush()
        spool.file.seek(0)
        size = self.path.stat().st_size
        ends = f",{spool.count},{results_digest(results)}\n".encode()
        try:
            with self.path.open("ab") as table:
                for line in spool.file:
                    # The last two columns, which are empty while a file is masked.
                    table.write(
                        line.removesuffix(_OPEN_END) + ends if line.endswith(_OPEN_END) else line
                    )
                table.flush()
                os.fsync(table.fileno())
        except OSError as error:
            with self.path.open("r+b") as table:
                table.truncate(size)
            raise _unwritable(self.path, error) from error

    def finish(self) -> None:
        """Sort the rows, if those of an earlier call came first, and record the table's hash."""
        try:
            if not self._ordered:
                MASKED.write(MASKED.check(MASKED.tidy(MASKED.parse(self.path))), self.path)
            line = f"{_sha256(self.path)}  {self.path.name}\n"
            write_atomically(_record(self.path), line.encode(), durable=True)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _record(table: Path) -> Path:
    """Return the file with the hash of a finished table, as the program ``sha256sum`` writes it."""
    return table.with_suffix(".sha256")


def is_as_recorded(table: Path) -> bool | None:
    """Return whether a table has the hash of its record; None if it has none (not finished)."""
    try:
        recorded = read_regular_file(_record(table), 10_000)
    except (OSError, OverflowError):
        return None
    return recorded.split()[:1] == [_sha256(table).encode()]


def file_digest(path: Path) -> str:
    """Return the hash of a file, `DIGITS` hexadecimal digits; empty if it cannot be read."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return ""
        return _sha256(path)[:DIGITS]
    except OSError:
        return ""


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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


def results_digest(paths: Sequence[Path]) -> str:
    """Return the hashes of the results of one file, as they stand in the table."""
    return " ".join(map(file_digest, paths))


def damaged_results(table: Path) -> list[str]:
    """Return the files of a ``masked.csv`` whose rows or results are not as they were written.

    Raises MaskfaceError if the table cannot be read.
    """
    found = []
    for source, rows in MASKED.read(table).groupby("source"):
        if not (rows["n_rows"] == len(rows)).all():
            found.append(f"rows of {source}")
        written = rows.loc[rows["output"] != "", ["output", "output_sha256"]].drop_duplicates()
        for output, digests in written.itertuples(index=False):
            path = table.parent / output
            paths = (path, path.with_suffix(".alpha.png"))[: len(digests.split()) or 1]
            if results_digest(paths) != digests:
                found.append(output)
    return found + ([f"rows of {table.name}"] if is_as_recorded(table) is False else [])


def _is_same(job: Job, rows: pd.DataFrame) -> bool:
    """Return whether a file was masked without an error and has not changed since."""
    failed = (rows["status"] == "error").any()
    return not failed and bool((rows["source_sha256"] == file_digest(job.source)).all())


def _is_intact(job: Job, rows: pd.DataFrame) -> bool:
    """Return whether all rows of a file are there, and its results are those of the rows."""
    if not (rows["n_rows"] == len(rows)).all():
        return False
    written = (rows["output"] != "").any()
    return bool((rows["output_sha256"] == (results_digest(job.targets) if written else "")).all())


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
