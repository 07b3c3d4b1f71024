"""Rules of exclusion: declared in the map, applied in order, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from maskface.humans._map import Attention, Exclude
from maskface.humans._rows import ATTENTION, KEPT
from maskface.tables import EXCLUSIONS, PLAIN


@dataclass
class Exclusions:
    """Counts what each rule takes away.

    Attributes
    ----------
    responses
        All trials; excluded ones get the status ``excluded`` and the rule as message.
    """

    responses: pd.DataFrame

    def __post_init__(self) -> None:
        self._steps: list[dict[str, object]] = []

    @property
    def left(self) -> pd.Series:
        """Which trials still count."""
        return self.responses["status"] == "ok"

    def note(self, rule: str, n_trials: int, n_observers: int) -> None:
        """Count rows that never became trials."""
        self._add(rule, n_trials, n_observers)

    def apply(self, rule: str, chosen: pd.Series) -> None:
        """Exclude the chosen ones of the trials that still count."""
        hit = chosen & self.left
        self.responses.loc[hit, "status"] = "excluded"
        self.responses.loc[hit, "message"] = rule
        self._add(rule, int(hit.sum()), self.responses.loc[hit, "observer_id"].nunique())

    def _add(self, rule: str, n_trials: int, n_observers: int) -> None:
        left = self.responses[self.left]
        self._steps.append(
            {
                "step": len(self._steps),
                "rule": rule,
                "n_trials": n_trials,
                "n_observers": n_observers,
                "n_trials_left": len(left),
                "n_observers_left": left["observer_id"].nunique(),
            }
        )

    def table(self) -> pd.DataFrame:
        """In the schema of `maskface.tables.EXCLUSIONS`."""
        return EXCLUSIONS.check(EXCLUSIONS.frame(self._steps))


def apply_rules(
    exclusions: Exclusions, rules: Exclude, failures: dict[str, int], plain: str = PLAIN
) -> None:
    """Apply the map's rules to the trials.

    Parameters
    ----------
    exclusions
        The trials; changed in place.
    rules
        From the map.
    failures
        Failed attention checks of each observer.
    plain
        The condition in which accuracy is judged.
    """
    trials = exclusions.responses
    observer, rt = trials["observer_id"], trials["rt_ms"]
    if rules.observers:
        exclusions.apply("observer left out by name", observer.isin(rules.observers))
    if rules.attention:
        worst = rules.attention.most_failures
        bad = [name for name, n in failures.items() if n > worst]
        exclusions.apply(f"more than {worst} failed attention checks", observer.isin(bad))
    if rules.rt_ms_below is not None:
        exclusions.apply(f"answered in less than {rules.rt_ms_below:g} ms", rt < rules.rt_ms_below)
    if rules.rt_ms_above is not None:
        exclusions.apply(
            f"answered after more than {rules.rt_ms_above:g} ms", rt > rules.rt_ms_above
        )
    for rule, bad in _by_observer(exclusions, rules, plain):
        exclusions.apply(rule, observer.isin(bad))


def _by_observer(
    exclusions: Exclusions, rules: Exclude, plain: str
) -> Iterator[tuple[str, list[str]]]:
    if rules.min_trials is not None:
        counts = exclusions.responses[exclusions.left]["observer_id"].value_counts()
        few = counts[counts < rules.min_trials].index.tolist()
        yield f"observer with fewer than {rules.min_trials} answered trials", few
    if rules.plain_accuracy_below is not None:
        left = exclusions.responses[exclusions.left]
        of_plain = left[left["condition"] == plain].groupby("observer_id")["correct"].mean()
        bad = of_plain[of_plain < rules.plain_accuracy_below].index.tolist()
        share = rules.plain_accuracy_below
        yield f"observer with a share of right answers to plain faces below {share:g}", bad


def failed_checks(rows: pd.DataFrame, attention: Attention | None) -> dict[str, int]:
    """Count failed attention checks of each observer, over all rows of the files."""
    if attention is None:
        return {}
    answers = rows[ATTENTION].str.strip()
    failed = (answers != "") & ~answers.isin(attention.passed)
    return {str(k): int(v) for k, v in failed.groupby(rows["observer"]).sum().items()}


def is_trial(rows: pd.DataFrame) -> pd.Series:
    """Rows that the filters keep and that show an emotion."""
    return rows[KEPT] & (rows["emotion"].str.strip() != "")
