"""The tables of a run, of classifiers or of human observers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from maskface.classifiers import is_control
from maskface.errors import MaskfaceError
from maskface.findings._answers import Answers
from maskface.findings._claims import Kind, kind_of
from maskface.findings._gather import COLUMNS, observer_answers, picture_answers
from maskface.humans import HUMAN
from maskface.table_files import find_table
from maskface.tables import GUARDS, PLAIN, RESPONSES, SUMMARY, TRIALS

Interval = tuple[float, float, float]
"""A number and the limits of its interval."""


@dataclass(frozen=True)
class RunTables:
    """Summary, and trials or responses where they are there.

    Attributes
    ----------
    folder
        Of the run.
    masks
        Conditions that count as masks whatever their name.
    """

    folder: Path
    masks: tuple[str, ...] = ()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """In the schema of `maskface.tables.SUMMARY`."""
        path = self.folder / f"{SUMMARY.name}.csv"
        if not path.is_file():
            raise MaskfaceError(
                f"{self.folder} holds no {path.name}. Name the folder that `maskface run` or "
                "`maskface humans` wrote to."
            )
        from maskface.experiment import require_complete  # loads OpenCV

        require_complete(self.folder)
        summary = SUMMARY.read(path)
        unknown = sorted(set(self.masks) - set(summary["condition"]))
        if unknown:
            raise MaskfaceError(
                f"There is no condition {', '.join(unknown)}. The run has: "
                f"{', '.join(sorted(set(summary['condition'])))}."
            )
        return summary

    @cached_property
    def readers(self) -> tuple[str, ...]:
        """Classifiers, or ``human``; those that learnt from shuffled labels bear no claim."""
        names = map(str, self.summary["classifier"].unique())
        return tuple(sorted(name for name in names if not is_control(name)))

    def conditions(self, kind: Kind) -> tuple[str, ...]:
        """Conditions of a kind."""
        names = sorted(self.summary["condition"].unique())
        return tuple(name for name in names if kind_of(name, self.masks) == kind)

    @cached_property
    def _answers(self) -> Mapping[str, Answers] | None:
        responses, trials = (find_table(self.folder, table) for table in (RESPONSES, TRIALS))
        if responses.is_file():
            return {HUMAN: observer_answers(RESPONSES.read(responses))}
        if trials.is_file():
            return picture_answers(TRIALS.pieces(trials, COLUMNS))
        return None

    def answers(self, reader: str) -> Answers | None:
        """Answers of a classifier, or of ``human``; None if the folder has the summary alone."""
        return None if self._answers is None else self._answers.get(reader)

    @cached_property
    def guards(self) -> pd.DataFrame:
        """In the schema of `maskface.tables.GUARDS`; empty if the folder has none."""
        path = self.folder / f"{GUARDS.name}.csv"
        return GUARDS.read(path) if path.is_file() else GUARDS.frame([])

    def from_summary(
        self, reader: str, condition: str, metric: str, label: str, column: str = "loss"
    ) -> Interval | None:
        """Look up a number with its interval; None if the summary lacks it."""
        s = self.summary
        at = (s["classifier"] == reader) & (s["condition"] == condition)
        found = s[at & (s["metric"] == metric) & (s["label"] == label)]
        if found.empty:
            return None
        low, high = ("ci_low", "ci_high") if column == "loss" else ("value_ci_low", "value_ci_high")
        row = found.iloc[0]
        return float(row[column]), float(row[low]), float(row[high])

    def hits(self, reader: str, condition: str, column: str = "loss") -> Interval | None:
        """Accuracy over all emotions; of yes/no questions, the hit rate."""
        for metric in ("hit_rate", "accuracy"):
            found = self.from_summary(reader, condition, metric, "all", column)
            if found is not None:
                return found
        return None

    @property
    def of_humans(self) -> bool:
        """Whether observers answered."""
        return HUMAN in self.readers

    def doubt(self, reader: str, conditions: tuple[str, ...], labels: tuple[str, ...]) -> str:
        """Why a result cannot bear a claim; empty if nothing is known against it."""
        g = self.guards
        of = g["classifier"].isin([reader, "all"]) & g["condition"].isin([PLAIN, *conditions])
        chance = (g["guard"] == "chance") | (g["guard"] == "confounded")
        floor = (g["guard"] == "floor") & g["label"].isin(labels) & (g["condition"] == PLAIN)
        found = g[of & (chance | floor)]
        return str(found.iloc[0]["guard"]) if len(found) else ""
