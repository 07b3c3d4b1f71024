"""The folder of a study with human observers."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface._version import __version__
from maskface.errors import MaskfaceError
from maskface.files import write_atomically
from maskface.humans._guards import human_guards
from maskface.humans._study import Study
from maskface.schema import Table
from maskface.tables import EXCLUSIONS, GUARDS, RESPONSES, SUMMARY

RECORD: Final = "study.json"
_PACKAGES: Final = ("numpy", "pandas", "scipy", "statsmodels")


def require_empty(folder: Path) -> None:
    """Make a folder for results.

    Raises
    ------
    MaskfaceError
        If it holds files, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise MaskfaceError(
                f"{folder} holds other files. Choose a new or empty folder with --out."
            )
    except OSError as error:
        raise MaskfaceError(
            f"Cannot write to {folder}: {error.strerror or error}. "
            "Choose another folder with --out."
        ) from error


def write_study(study: Study, summary: pd.DataFrame, folder: Path, *, seed: int) -> list[Path]:
    """Write the tables and the record of a study.

    Parameters
    ----------
    study, summary
        From `read_study` and `summarize_humans`.
    folder
        A new or empty folder.
    seed
        That the summary was made with.

    Returns
    -------
    list of Path
        responses.csv, summary.csv, exclusions.csv, guards.csv and study.json.

    Raises
    ------
    MaskfaceError
        If the folder holds files or cannot be written to.
    """
    require_empty(folder)
    tables: list[tuple[Table, pd.DataFrame]] = [
        (RESPONSES, study.responses),
        (SUMMARY, summary),
        (EXCLUSIONS, study.exclusions),
        (GUARDS, human_guards(study)),
    ]
    paths = [folder / f"{table.name}.csv" for table, _ in tables]
    try:
        records = {
            path.name: table.write(frame, path)
            for path, (table, frame) in zip(paths, tables, strict=True)
        }
        record = _record(study, seed) | {"files": records}
        record["columns"] = {table.name: table.dictionary() for table, _ in tables}
        data = json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"
        write_atomically(folder / RECORD, data, durable=True)
    except OSError as error:
        raise MaskfaceError(f"Cannot write to {folder}: {error.strerror or error}.") from error
    return [*paths, folder / RECORD]


def _record(study: Study, seed: int) -> dict[str, Any]:
    counted = study.counted
    return {
        "kind": "humans",
        "maskface": __version__,
        "run_id": study.run_id,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "observers": {
            "in_files": int(study.responses["observer_id"].nunique()),
            "counted": int(counted["observer_id"].nunique()),
        },
        "trials": {"in_files": len(study.responses), "counted": len(counted)},
        "column_map": study.column_map.model_dump(mode="json", exclude_defaults=True),
        "sources": list(study.sources),
        "exclusions": study.exclusions.to_dict("records"),
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": {name: version(name) for name in _PACKAGES},
        },
    }
