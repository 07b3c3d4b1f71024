"""The record of a run: what was asked, of what, with what, and what came out."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from maskface._version import __version__
from maskface.experiment._pictures import PICTURES
from maskface.experiment._spec import Plan
from maskface.experiment._store import SCHEMA_VERSION
from maskface.occluders import get_occluder
from maskface.tables import ATTRIBUTES, DETECTIONS, GUARDS, SUMMARY, TRIALS
from maskface.weights import manifest as shipped_weights

TABLES: Final = (TRIALS, SUMMARY, GUARDS, ATTRIBUTES, DETECTIONS, PICTURES)
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
    """Describe a run that is about to begin."""
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
            {"condition": name, "params": dict(get_occluder(name).params)}
            for name in plan.experiment.conditions
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
    """Commit of the source tree this package runs from; empty if it is not in one."""
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
