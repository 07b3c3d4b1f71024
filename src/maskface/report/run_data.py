"""The tables of a run that a report is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.experiment import (
    Failures,
    Run,
    RunFolder,
    failures_of,
    incomplete,
    load_run,
    summarize_run,
)
from maskface.findings import kind_of
from maskface.run_options import resuming
from maskface.stats import loss_table
from maskface.tables import GUARDS, TRIALS

_NEEDED: Final = ("image_id", "condition", "coverage", "status", "message")
"""Columns of the trials that a report uses."""


@dataclass(frozen=True)
class RunData:
    """The tables of a run."""

    folder: RunFolder  # folder of the run
    partial: bool = False  # the run is not complete

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Manifest of the run."""
        return self.folder.require_manifest()

    @property
    def failures(self) -> Failures:
        """Pictures with trials without an answer."""
        return self._trials[0]

    @property
    def coverage(self) -> Mapping[str, float]:
        """Mean hidden fraction of the face oval, by condition, over trials with an answer."""
        return self._trials[1]

    @cached_property
    def _trials(self) -> tuple[Failures, Mapping[str, float]]:
        """Failures and coverage, from one pass over the trials."""
        hidden: list[pd.DataFrame] = []

        def seen() -> Iterator[pd.DataFrame]:
            for piece in self._pieces():
                answered = piece[piece["status"] == "ok"]
                hidden.append(answered.groupby("condition")["coverage"].agg(["sum", "count"]))
                yield piece

        failures = failures_of(seen())
        return failures, _means(hidden)

    def _pieces(self) -> Iterator[pd.DataFrame]:
        if not self.partial:
            yield from TRIALS.pieces(self.folder.trials_path, _NEEDED)
            return
        parts = self.folder.read_checkpoints(str(self.manifest["run_id"]))
        yield from (rows[list(_NEEDED)] for _, rows in parts.frames(TRIALS) if len(rows))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Summary in the schema of `maskface.tables.SUMMARY`."""
        if not self.partial:
            return Run(self.folder).summary
        return summarize_run(self.folder.path, allow_partial=True)

    @cached_property
    def losses(self) -> pd.DataFrame:
        """Accuracy lost, overall and by emotion; see `maskface.stats.loss_table`."""
        return loss_table(self.summary)

    @cached_property
    def guards(self) -> pd.DataFrame:
        """Guards; none for an incomplete run, most of whose trials may be to come."""
        return GUARDS.frame([]) if self.partial else Run(self.folder).guards

    @property
    def classifiers(self) -> list[str]:
        """Names of the classifiers that answered."""
        return sorted(self.summary["classifier"].unique())

    @property
    def conditions(self) -> list[str]:
        """Names of the conditions with an occluder."""
        return sorted(self.losses["condition"].unique())

    @property
    def masks(self) -> list[str]:
        """Conditions that are face masks, a plain surgical one first."""
        masks = [name for name in self.conditions if kind_of(name) == "mask"]
        return sorted(masks, key=lambda name: (name != "surgical", name))

    @property
    def losing(self) -> list[str]:
        """Names of the classifiers with losses."""
        return sorted(map(str, self.losses["classifier"].unique()))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Classifiers and conditions with losses."""
        pairs = self.losses[["classifier", "condition"]].drop_duplicates()
        return [(str(a), str(b)) for a, b in pairs.itertuples(index=False)]


def _means(hidden: list[pd.DataFrame]) -> dict[str, float]:
    """Return means by condition, of sums and counts of several pieces."""
    if not hidden:
        return {}
    sums = pd.concat(hidden).groupby(level=0).sum()
    means = (sums["sum"] / sums["count"])[sums["count"] > 0]
    return {str(name): float(mean) for name, mean in means.items()}


def open_material(path: str | Path, *, allow_partial: bool = False) -> RunData:
    """Open the tables of a run, `allow_partial` with the pictures read so far if it is incomplete.

    Raises MaskfaceError if the folder holds no run, or an incomplete one that is not allowed or has
    no picture yet.
    """
    folder = RunFolder(Path(path))
    complete = bool(folder.require_manifest()["complete"])
    if complete:
        return RunData(load_run(path).folder)
    if not allow_partial:
        raise incomplete(folder)
    material = RunData(folder, partial=True)
    if not material.failures.images:
        raise MaskfaceError(
            f"The run in {folder.path} has no answers yet. Go on with {resuming()}."
        )
    return material


SYNTHETIC: Final = ("example", "example-all", "example-intensity", "example_worn")
"""Names of the sets of embedded synthetic faces."""
_WARNING: Final = (
    "These are the synthetic faces that ship with maskface. They show that the software works; "
    "they are no evidence about people, nor about a classifier's accuracy on people."
)


def synthetic_warning(dataset: str) -> str:
    """Return a warning about results on a set; empty unless it is one of the embedded ones."""
    return _WARNING if dataset in SYNTHETIC else ""
