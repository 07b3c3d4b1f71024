"""A study with human observers: files in, scored responses out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from maskface._version import __version__
from maskface.errors import MaskfaceError
from maskface.humans._exclude import Exclusions, apply_rules, failed_checks, is_trial
from maskface.humans._files import Source, find_files, open_source
from maskface.humans._harmless import harmless, harmless_text, listed
from maskface.humans._map import ColumnMap
from maskface.humans._ready import complete_map, detect_platform, read_map
from maskface.humans._rows import read_rows
from maskface.humans._scoring import score
from maskface.tables import RESPONSES

HUMAN = "human"
"""What human observers are called where a table names a classifier."""


@dataclass(frozen=True, eq=False)
class Study:
    """Scored answers of human observers.

    Attributes
    ----------
    responses
        In the schema of `maskface.tables.RESPONSES`.
    exclusions
        In the schema of `maskface.tables.EXCLUSIONS`.
    column_map
        How the files were read.
    sources
        ``name``, ``sha256`` and ``rows`` of each file.
    """

    responses: pd.DataFrame
    exclusions: pd.DataFrame
    column_map: ColumnMap
    sources: tuple[dict[str, Any], ...]

    @property
    def run_id(self) -> str:
        """Hash of files, column map and version."""
        return _run_id(self.column_map, self.sources)

    @property
    def counted(self) -> pd.DataFrame:
        """The responses that count: answered and not excluded."""
        return self.responses[self.responses["status"] == "ok"]


def read_study(
    paths: Sequence[str | Path],
    column_map: str | Path | None = None,
    *,
    dataset: str | None = None,
) -> Study:
    """Read trial tables of human observers.

    Parameters
    ----------
    paths
        CSV or JSON files, or folders of them.
    column_map
        TOML file that says which column is what; it completes the ready-made map of the
        platform that is detected from the columns (docs/humans.md).
    dataset
        Name of the study; the map's if None.

    Returns
    -------
    Study
        Every trial has a row, also those without an answer and those excluded.

    Raises
    ------
    MaskfaceError
        If a file cannot be read, a column or the meaning of a value is not known, or no trial is
        left. The message says what to write into the map.
    """
    files = find_files([Path(path) for path in paths])
    own = read_map(Path(column_map)) if column_map is not None else {}
    sources = [open_source(path) for path in files]
    chosen = _choose_map(sources, own | ({"dataset": dataset} if dataset else {}))
    parts = [read_rows(source, chosen) for source in sources]
    rows = pd.concat(parts, ignore_index=True)
    rows["observer"] = harmless(rows["observer"].str.strip())
    records = tuple(
        {"name": harmless_text(source.path.name), "sha256": source.sha256(), "rows": len(part)}
        for source, part in zip(sources, parts, strict=True)
    )
    responses, exclusions = _responses(rows, chosen, records)
    return Study(responses, exclusions, chosen, records)


def _choose_map(sources: Sequence[Source], own: dict[str, Any]) -> ColumnMap:
    platform = str(own.get("platform", "")) or detect_platform(sources[0].header)
    chosen = complete_map(own, platform)
    if platform == "qualtrics" and chosen.wide is None:
        raise MaskfaceError(
            "A Qualtrics table has a column for each trial. Say in a map how the column's name "
            "tells picture, emotion and condition, and add --map map.toml, for example:\n\n"
            "[wide]\nregex = '^(?P<image>.+)_(?P<emotion>angry|happy)_(?P<condition>none|mask)$'\n"
            f"\nThe columns are: {listed(sources[0].header)}."
        )
    return chosen


def _responses(
    rows: pd.DataFrame, column_map: ColumnMap, sources: tuple[dict[str, Any], ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    trial = is_trial(rows)
    if not trial.any():
        raise MaskfaceError(
            f"None of the {len(rows)} rows is a trial: the map's filters keep none of them, or "
            "the column of the shown emotion is empty."
        )
    scored = score(rows[trial], column_map)
    skipped = scored["skipped"]
    exclusions = Exclusions(_identified(scored[~skipped], column_map, sources))
    others = rows[~trial]
    exclusions.note("row that is no trial", len(others), others["observer"].nunique())
    _note(exclusions, "value that the map skips", scored[skipped])
    unanswered = exclusions.responses["status"] == "no_answer"
    _note(exclusions, "no answer", exclusions.responses[unanswered])
    failures = failed_checks(rows, column_map.exclude.attention)
    apply_rules(exclusions, column_map.exclude, failures)
    if not exclusions.left.any():
        raise MaskfaceError("No trial is left after the exclusions:\n" + _steps(exclusions))
    frame = RESPONSES.check(RESPONSES.tidy(exclusions.responses))
    return frame, exclusions.table()


def _note(exclusions: Exclusions, rule: str, lost: pd.DataFrame) -> None:
    exclusions.note(rule, len(lost), lost["observer_id"].nunique())


def _steps(exclusions: Exclusions) -> str:
    table = exclusions.table()
    pairs = zip(table["rule"], table["n_trials"], strict=True)
    return "\n".join(f"{rule}: {n}" for rule, n in pairs)


def _identified(
    scored: pd.DataFrame, column_map: ColumnMap, sources: tuple[dict[str, Any], ...]
) -> pd.DataFrame:
    """Add what is the same for all trials, and the number of each observer's trial."""
    fixed = {
        "run_id": _run_id(column_map, sources),
        "dataset": harmless_text(column_map.dataset),
        "occluder": "",
        "params": "",
    }
    whole = scored.assign(**fixed)
    whole["classifier"] = f"{HUMAN}:" + whole["observer_id"]
    whole["trial"] = whole.groupby("observer_id").cumcount()
    return whole.reindex(columns=RESPONSES.header, fill_value=np.nan)


def _run_id(column_map: ColumnMap, sources: Sequence[dict[str, Any]]) -> str:
    asked = [__version__, column_map.model_dump(mode="json"), [s["sha256"] for s in sources]]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
