"""Checks that the files of a run are as the run wrote them.

The manifest of a complete run has the SHA-256 and the number of rows of each table. A table is
hashed before its rows are used, once for each of its states (size, mtime and ctime) in a process;
hashing takes about a hundredth of the time of parsing.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from maskface.errors import MaskfaceError
from maskface.experiment.checkpoints import file_state
from maskface.experiment.folder import MANIFEST, RunFolder
from maskface.files import require_regular_file
from maskface.run_options import resuming
from maskface.tables import GUARDS, SUMMARY

DERIVED = (f"{SUMMARY.name}.csv", f"{GUARDS.name}.csv")
"""Tables that can be computed again from the trials."""


class Damage(NamedTuple):
    """A table that is not as the run wrote it."""

    name: str  # name of the file
    reason: str  # the difference, to follow the name in a sentence


def find_damage(folder: RunFolder, manifest: Mapping[str, Any]) -> list[Damage]:
    """Compare the tables of a complete run with its manifest.

    Tables that the manifest does not name are not compared, except trials in another format, which
    would be read in place of those of the run.
    """
    recorded = manifest["files"]
    found = [Damage(name, why) for name in recorded if (why := _reason(folder, recorded, name))]
    trials = folder.trials_path
    if recorded and trials.name not in recorded and trials.exists():
        found.append(Damage(trials.name, "is not one of the files of the run"))
    return found


def require_sound(
    folder: RunFolder, manifest: Mapping[str, Any], *, but: Collection[str] = ()
) -> None:
    """Raise MaskfaceError if a table of a complete run, but those named in `but`, is damaged.

    The message says how to restore a table that is missing or has other bytes.
    """
    damage = [one for one in find_damage(folder, manifest) if one.name not in but]
    if not damage:
        return
    if all(name in DERIVED for name, _ in damage):
        way = f"compute them again with `maskface summarize {folder.path}`"
    else:
        way = f"read the pictures again with {resuming()}"
    raise MaskfaceError(
        f"Tables in {folder.path} are not as the run wrote them: {listed(damage)}. Put them back, "
        f"or {way}."
    )


def must_be_read_again(folder: RunFolder, manifest: Mapping[str, Any]) -> bool:
    """Return whether a table of a complete run is damaged that only its pictures can restore."""
    return any(one.name not in DERIVED for one in find_damage(folder, manifest))


def listed(damage: Iterable[Damage]) -> str:
    """Return damaged tables as a part of a sentence."""
    return "; ".join(f"{name} {reason}" for name, reason in damage)


def is_as_written(folder: RunFolder, manifest: Mapping[str, Any], name: str) -> bool:
    """Return whether a table is named in the manifest, is there, and has not changed."""
    return name in manifest["files"] and not _reason(folder, manifest["files"], name)


def _reason(folder: RunFolder, recorded: Mapping[str, Any], name: str) -> str:
    about, path = recorded[name], folder.path / name
    if not isinstance(about, dict) or not isinstance(about.get("sha256"), str):
        return f"has no hash in {MANIFEST}"
    try:
        require_regular_file(path)
        if _sha256(path, file_state(path)) == about["sha256"]:
            return ""
        return f"has {_rows(path)} rows of {about.get('rows')}, or other values in them"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


@lru_cache(maxsize=256)
def _sha256(path: Path, state: str) -> str:
    del state  # part of the key of the cache
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _rows(path: Path) -> str:
    if path.suffix != ".csv":
        return "an unknown number of"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return str(max(sum(1 for _ in csv.reader(stream)) - 1, 0))
    except (ValueError, csv.Error):
        return "an unknown number of"
