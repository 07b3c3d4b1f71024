"""Folder of a run: checkpoints while it is under way, tables and the manifest when it is done."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from maskface._version import __version__
from maskface.errors import MaskfaceError, os_errors_explained
from maskface.experiment.checkpoints import PICTURES, Checkpoints, ChunkResult, digest
from maskface.experiment.spec import Plan
from maskface.files import (
    is_partial,
    is_regular_file,
    locked,
    read_regular_file,
    seal_is_broken,
    sealed,
    write_atomically,
)
from maskface.run_options import argument
from maskface.table_files import FORMATS, find_table
from maskface.tables import ATTRIBUTES, DETECTIONS, GUARDS, SUMMARY, TRIALS
from maskface.weights import manifest as shipped_weights

_STARTED: Final[dict[str, Any]] = {"run_id": str, "complete": bool, "seed": int}
_FILLED_IN: Final = ("files", "timings", "trials")
"""Entries that are filled in as a run proceeds."""
_MOST_NAMED: Final = 3
_COMPLETE: Final[dict[str, Any]] = _STARTED | {
    "maskface": str,
    "experiment": {"data": str},
    "dataset": {
        "name": str, "images": int, "images_in_set": int, "subjects": int, "licence": str,
        "citation": str,
    },
    "weights": [{"file": str, "sha256": str, "citation": str}],
    "environment": {"python": str, "packages": {}},
}  # fmt: skip
_OPTIONAL: Final[dict[str, Any]] = {"classifiers": [{"name": str, "fingerprint": str}]}
_KINDS: Final = {
    str: "a text", bool: "true or false", int: "a whole number, 0 or more", dict: "an object",
    list: "a list",
}  # fmt: skip


def _listed(defects: list[str]) -> str:
    """Return the first few defects as text."""
    more = f" and {len(defects) - _MOST_NAMED} more" if len(defects) > _MOST_NAMED else ""
    return ", ".join(defects[:_MOST_NAMED]) + more


def _defects(value: object) -> list[str]:
    """Return why a value cannot be the manifest of a run, complete or not."""
    filled_in: dict[str, Any] = {name: {} for name in _FILLED_IN}
    present = _present(value, filled_in) if isinstance(value, dict) else {}
    return list(_misfits(value, _STARTED | present))


def _present(record: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    return {name: kind for name, kind in shape.items() if name in record}


def _misfits(value: object, shape: Any, place: str = "") -> Iterator[str]:
    kind = shape if isinstance(shape, type) else type(shape)
    if not _is_a(value, kind):
        yield f"{place or 'it'} is not {_KINDS[kind]}"
    elif isinstance(value, dict):
        for name, inner in shape.items():
            if name in value:
                yield from _misfits(value[name], inner, f"{place}.{name}".lstrip("."))
            else:
                yield f"{place}.{name} is missing".lstrip(".")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _misfits(one, shape[0], f"{place}[{number}]")


def _is_a(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, kind)


MANIFEST: Final = "manifest.json"
TABLES: Final = (TRIALS, SUMMARY, GUARDS, ATTRIBUTES, DETECTIONS, PICTURES)
SCHEMA_VERSION: Final = 2
_READING: Final = "reading-"
_LOCK: Final = ".lock"
_LARGEST_MANIFEST: Final = 100_000_000
STIMULI: Final = "stimuli"
"""Sub-folder in which an experiment script may make its pictures before the run."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths and files of one run."""

    path: Path  # the folder

    @property
    def trials_path(self) -> Path:
        """Path of the trials, written when the run is complete."""
        return find_table(self.path, TRIALS)

    @property
    def summary_path(self) -> Path:
        """Path of the summary."""
        return self.path / f"{SUMMARY.name}.csv"

    @property
    def guards_path(self) -> Path:
        """Path of the cautions."""
        return self.path / f"{GUARDS.name}.csv"

    @property
    def attributes_path(self) -> Path:
        """Path of the attributes of the pictures."""
        return self.path / f"{ATTRIBUTES.name}.csv"

    @property
    def detections_path(self) -> Path:
        """Path of the detections, in runs with `detect_px`."""
        return self.path / f"{DETECTIONS.name}.csv"

    @property
    def pictures_path(self) -> Path:
        """Path of the fingerprints of the pictures."""
        return self.path / f"{PICTURES.name}.csv"

    @property
    def parts_path(self) -> Path:
        """Folder of the checkpoints, deleted when the run is complete."""
        return self.path / "parts"

    def files(self) -> tuple[Path, ...]:
        """Return the paths of existing tables and of the manifest."""
        tables = (
            self.trials_path, self.summary_path, self.guards_path, self.attributes_path,
            self.detections_path, self.pictures_path,
        )  # fmt: skip
        return *(path for path in tables if path.exists()), self.path / MANIFEST

    def read_manifest(self) -> dict[str, Any] | None:
        """Return the manifest, or None without one; raise MaskfaceError if it cannot be read."""
        path = self.path / MANIFEST
        self._require_no_links()
        try:
            manifest: dict[str, Any] = json.loads(
                read_regular_file(path, _LARGEST_MANIFEST).decode("utf-8")
            )
            json.dumps(manifest, ensure_ascii=False).encode()
        except FileNotFoundError:
            return None
        except OverflowError as error:
            raise MaskfaceError(
                f"Cannot read {path}: it has {error} bytes, at most {_LARGEST_MANIFEST} are read."
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise MaskfaceError(
                f"Cannot read {path}: {error}. Choose another folder, or delete this one."
            ) from error
        if found := _defects(manifest):
            raise MaskfaceError(
                f"{path} is not the manifest of a run: {_listed(found)}. Choose another folder."
            )
        if seal_is_broken(manifest):
            raise MaskfaceError(
                f"{path} has changed since it was written. Put back the file that the run wrote, "
                "or run the experiment again in another folder."
            )
        return {name: {} for name in _FILLED_IN} | manifest

    def _require_no_links(self) -> None:
        """Raise if a file of the run is a link, so that nothing is written or deleted elsewhere."""
        tables = (f"{table.name}.{form}" for table in TABLES for form in FORMATS)
        for name in (MANIFEST, self.parts_path.name, STIMULI, *tables):
            if (self.path / name).is_symlink():
                raise MaskfaceError(
                    f"{self.path / name} is a link, but the files of a run never are. Put the file "
                    "itself in its place, or choose another folder."
                )

    def require_manifest(self) -> dict[str, Any]:
        """Return the manifest.

        Raises MaskfaceError if there is none, it cannot be read, or it lacks an entry that a run
        writes.
        """
        manifest = self.read_manifest()
        if manifest is None:
            raise MaskfaceError(
                f"{self.path} holds no run: there is no {MANIFEST} in it. Name the folder that "
                "`maskface run` or a script wrote to."
            )
        if found := list(_misfits(manifest, _COMPLETE | _present(manifest, _OPTIONAL))):
            raise MaskfaceError(
                f"{self.path / MANIFEST} is not as a run writes it: {_listed(found)}. Put back the "
                "file that the run wrote, or run the experiment again in another folder."
            )
        return manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the manifest atomically."""
        write_atomically(self.path / MANIFEST, sealed(manifest), durable=True)

    def claim(self, plan: Plan, *, resume: bool | None) -> dict[str, Any] | None:
        """Reserve the folder for a run, and return its manifest if it was started before.

        `resume` says whether the folder may already hold the same run; if None, only a complete
        one. Raises MaskfaceError if the folder holds anything else, or the same run and `resume`
        does not allow it, or it cannot be written to.
        """
        advice = f"Choose another folder with {argument('out')}."
        with os_errors_explained(f"write to {self.path}", advice):
            self.path.mkdir(parents=True, exist_ok=True)
            begun = self._begun(plan, resume=resume)
            # A run may be killed before its manifest is written.
            own = {STIMULI, self.parts_path.name}
            if begun is None and any(
                path.name not in own and not is_partial(path) for path in self.path.iterdir()
            ):
                raise MaskfaceError(
                    f"{self.path} holds other files. Choose a new or empty folder with "
                    f"{argument('out')}, such as {self.path / 'new'}."
                )
            if begun is not None:
                self._check_same(begun, plan, resume=resume)
                if begun["complete"]:
                    return begun
            self.parts_path.mkdir(exist_ok=True)
            write_atomically(self.parts_path / ".writable", b"")
        return begun

    def _begun(self, plan: Plan, *, resume: bool | None) -> dict[str, Any] | None:
        """Return the manifest; a new one if it is damaged but checkpoints of the run are not."""
        self._require_no_links()
        try:
            return self.read_manifest()
        except MaskfaceError:
            damaged = self.path / MANIFEST
            if not (resume and damaged.is_file() and self.read_checkpoints(plan.run_id).image_ids):
                raise
            manifest = new_manifest(plan)
            self.write_manifest(manifest)
            return manifest

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Lock the folder for the block, and delete incomplete files of a killed run.

        Raises MaskfaceError if another process has locked it.
        """
        self.parts_path.mkdir(exist_ok=True)  # a complete run has none
        try:
            with locked(self.parts_path / _LOCK):
                for path in filter(is_partial, self.path.iterdir()):
                    path.unlink(missing_ok=True)
                yield
        except BlockingIOError as error:
            raise MaskfaceError(
                f"Another process is at work on the run in {self.path}. Wait until it ends, or "
                f"choose another folder with {argument('out')}."
            ) from error

    def _check_same(self, begun: dict[str, Any], plan: Plan, *, resume: bool | None) -> None:
        if begun["run_id"] != plan.run_id:
            raise MaskfaceError(
                f"{self.path} holds another experiment (run {begun['run_id']}, this one is "
                f"{plan.run_id}). Choose another folder with {argument('out')}."
            )
        if resume or (resume is None and begun["complete"]):
            return
        add = f"Add {argument('resume', value=True)} to"
        state, way = "a part of this run", f"{add} go on from there"
        if begun["complete"]:
            state, way = "this run, complete", f"{add} take it, with changed pictures read again"
        raise MaskfaceError(
            f"{self.path} already holds {state}. {way}, or choose another folder with "
            f"{argument('out')}."
        )

    def write_checkpoint(self, first: int, last: int, result: ChunkResult, run_id: str) -> None:
        """Save the results of the pictures number `first` to `last` of the plan."""
        data = result.to_bytes(run_id)
        name = f"part-{first:08d}-{last:08d}-{digest(data)}.zip"
        write_atomically(self.parts_path / name, data, durable=True)

    def read_checkpoints(self, run_id: str) -> Checkpoints:
        """Open the checkpoints of a run."""
        return Checkpoints(self.parts_path, run_id)

    @contextmanager
    def note_reading(self) -> Iterator[Callable[[str], None]]:
        """Yield a function that notes on disk which picture is being read.

        The note outlives a crash of the process; it is deleted when the block ends.
        """
        note = self.parts_path / f"{_READING}{platform.node()}-{os.getpid()}"
        try:
            with note.open("w", encoding="utf-8") as stream:

                def write(image_id: str) -> None:
                    stream.seek(0)
                    stream.truncate()
                    stream.write(image_id)
                    stream.flush()

                yield write
        finally:
            note.unlink(missing_ok=True)

    def pop_in_flight(self) -> set[str]:
        """Return the pictures that were being read when a process ended; delete their notes."""
        notes = [path for path in self.parts_path.glob(f"{_READING}*") if is_regular_file(path)]
        suspects = {note.read_text(encoding="utf-8") for note in notes}
        for note in notes:
            note.unlink(missing_ok=True)
        return suspects - {""}

    def clear_checkpoints(self) -> None:
        """Delete all checkpoints, to start again in the same folder."""
        for path in self.parts_path.glob("part-*.zip"):
            path.unlink()

    def drop_checkpoints(self) -> None:
        """Delete the folder of checkpoints, whose rows are in the tables."""
        shutil.rmtree(self.parts_path, ignore_errors=True)


def chunks(items: Sequence[int], size: int) -> list[list[int]]:
    """Split positions into runs of at most `size` consecutive numbers."""
    cut: list[list[int]] = []
    for item in items:
        if cut and len(cut[-1]) < size and cut[-1][-1] == item - 1:
            cut[-1].append(item)
        else:
            cut.append([item])
    return cut


PACKAGES: Final = (
    "opencv-contrib-python",
    "mediapipe",
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "pillow",
)


def new_manifest(plan: Plan) -> dict[str, Any]:
    """Return the manifest of a run that is about to start."""
    dataset = plan.dataset
    return {
        "schema_version": SCHEMA_VERSION,
        "maskface": __version__,
        "run_id": plan.run_id,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "complete": False,
        "trials": {"planned": plan.n_trials, "written": 0},
        "seed": plan.experiment.seed,
        "experiment": plan.experiment.model_dump(mode="json"),
        "dataset": {
            "name": dataset.name,
            "images": len(plan.samples),
            "images_in_set": len(dataset),
            "subjects": len({sample.subject_id for sample in plan.samples} - {""}),
            "licence": dataset.licence,
            "citation": dataset.citation,
            "may_be_shown": dataset.may_be_shown,
            "index_sha256": dataset.index_hash,
        },
        "landmarks": {"fingerprint": plan.fingerprints["landmarks"]},
        "occluders": [
            {"condition": name, "params": dict(occluder.params)}
            for name, occluder in plan.experiment.made_occluders.items()
        ],
        "classifiers": [
            {"name": name, "fingerprint": fingerprint}
            for name, fingerprint in plan.fingerprints.items()
            if name != "landmarks"
        ],
        "weights": [
            {"file": w.file, "sha256": w.sha256, "licence": w.licence, "citation": w.citation}
            for w in shipped_weights().values()
        ],
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "git_commit": _git_commit(),
            "packages": {name: _version(name) for name in PACKAGES},
        },
        "timings": {},
        "files": {},
        "columns": {table.name: table.dictionary() for table in TABLES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _git_commit() -> str:
    """Return the commit of the source tree that this package runs from; empty if none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 (whichever git the user has)
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
