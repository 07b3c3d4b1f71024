"""Results of human observers: guards, odds ratios, summary, text, and the folder of a study.

Observers are the independent units; their answers are summarised in the table that classifiers
have, `maskface.tables.SUMMARY`.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from maskface import stats
from maskface._version import __version__
from maskface.arrays import Row
from maskface.errors import MaskfaceError, os_errors_explained
from maskface.files import read_regular_file, seal_is_broken, sealed, write_atomically
from maskface.humans.scoring import HUMAN, Study, congruent, is_yes_no, of_question, of_right
from maskface.schema import Table
from maskface.stats import Comparison, Estimate, Metric
from maskface.stats.scope import generalises_to
from maskface.stats.tests import holm_within
from maskface.tables import EXCLUSIONS, GUARDS, PLAIN, RESPONSES, SUMMARY
from maskface.text import align, guards_text, percent, points
from maskface.types import EMOTIONS

_ALL: Final = "all"
_NOT_FOR_HUMANS: Final = ("no_subjects",)
_ONLY_CHOICES: Final = ("ceiling", "floor", "chance", "dominant_answer", "false_alarms")


def human_guards(study: Study) -> pd.DataFrame:
    """Look for reasons why the results may not mean what they seem to: rows of `GUARDS`.

    Those on choices are left out in yes/no designs. If the files do not name the people shown,
    ``unidentified`` replaces ``confounded``.
    """
    trials = congruent(study.responses)
    trials = trials[trials["status"] != "excluded"].assign(classifier=HUMAN)
    found = stats.find_guards(trials)
    left_out = set(_NOT_FOR_HUMANS)
    if is_yes_no(study.responses):
        left_out |= set(_ONLY_CHOICES)
    nameless = int((trials["subject_id"] == "").sum())
    if nameless:
        left_out |= {"confounded"}
        found = pd.concat([GUARDS.frame(list(_unidentified(trials, nameless))), found])
    # The emotions that a study shows are its design.
    design = (found["guard"] == "missing_emotion") & (found["condition"] == PLAIN)
    return GUARDS.tidy(found[~found["guard"].isin(left_out) & ~design])


def _unidentified(trials: pd.DataFrame, nameless: int) -> Iterator[Row]:
    """Warn of each condition that it may show other people than ``none``, or does show others."""
    images = {str(name): set(part["image_id"]) for name, part in trials.groupby("condition")}
    plain = images.pop(PLAIN, set())
    head = {name: trials[name].iloc[0] for name in ("run_id", "dataset")} | {"classifier": HUMAN}
    for name, shown in images.items():
        detail = (
            f"{nameless} of {len(trials)} trials do not name the person shown, so that confounding "
            f"cannot be excluded: {name} and {PLAIN} may show different people."
        )
        if "" not in plain | shown and not plain & shown:
            detail = (
                f"Condition and pictures are confounded: none of the {len(shown)} pictures under "
                f"{name} is among the {len(plain)} under {PLAIN}, and {nameless} of {len(trials)} "
                "trials do not name the person shown. A difference may be one of the pictures."
            )
        detail += ' Name the column in the map (identity = "...").'
        yield head | {"condition": name, "label": _ALL, "guard": "unidentified", "detail": detail}


OBSERVER = "observer_id"


def odds_ratios(responses: pd.DataFrame) -> stats.Gee:
    """Fit the odds of a right answer under each condition by those to plain faces.

    Logistic regression with correlated answers of one observer. Of yes/no trials, those that ask
    for the shown emotion count. Raises MaskfaceError if there are fewer than two observers, or a
    condition has only right or wrong answers.
    """
    trials = congruent(responses[responses["status"] == "ok"])
    data = trials[[OBSERVER, "condition", "correct"]].astype({"correct": float})
    return stats.gee_logistic(data, cluster=OBSERVER)


HIT_RATE: Final = "hit_rate"
FALSE_ALARMS: Final = "false_alarm_rate"
_OF_QUESTION: Final = ("recall", "dprime", "criterion")
_TESTED: Final = ("accuracy", "recall", "hu", "dprime")
_HEADS: Final = ("run_id", "dataset", "condition")
_NEEDED: Final = (
    OBSERVER, "subject_id", "image_id", "label", "predicted", "correct", "question", "answer_yes",
    "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """Independent units and seed of the estimates."""

    by: tuple[str, ...]
    seed: int

    def compare(self, trials: pd.DataFrame, condition: str) -> Comparison:
        return stats.compare(trials, condition, by=self.by, paired=False)

    def estimate(self, comparison: Comparison, metrics: Sequence[Metric]) -> tuple[Estimate, ...]:
        if len(self.by) == 1:
            return stats.estimate(comparison, metrics, average="clusters", seed=self.seed)
        return stats.estimate(comparison, metrics, average="pooled", seed=self.seed)


def summarize_humans(
    responses: pd.DataFrame, *, crossed: bool = False, seed: int = 0
) -> pd.DataFrame:
    """Measure the answers of observers under each condition, and the loss.

    Parameters
    ----------
    responses
        In the schema of `maskface.tables.RESPONSES`.
    crossed
        Resample observers and the people shown, so that intervals hold for other observers and
        other faces. Measures are then those of all answers together; otherwise they are means over
        the observers.
    seed
        Of bootstrap and permutations.

    Returns
    -------
    pandas.DataFrame
        In the schema of `maskface.tables.SUMMARY`, classifier ``human``. Choices: as for
        classifiers. Yes/no: ``recall`` (hit rate), ``false_alarm_rate``, ``dprime`` (log-linear
        correction) and ``criterion`` of each question; over all emotions, ``hit_rate`` and
        ``accuracy``, the share of right answers, yes or no. An observer counts for a measure that
        is defined for both plain and occluded faces. P values are from flips of the signs of the
        observers' differences; there are none if people are resampled too.

    Raises
    ------
    MaskfaceError
        If `crossed` and the responses do not name the people shown.
    """
    if crossed and (responses["subject_id"] == "").any():
        raise MaskfaceError(
            "Crossed intervals need to know who is shown: name the column of the identity in the "
            '[columns] of the map (identity = "..."), or leave out --crossed.'
        )
    plan = _Plan((OBSERVER, "subject_id") if crossed else (OBSERVER,), seed)
    measure = _yes_no if is_yes_no(responses) else _choices
    slim = responses[[*_HEADS, *_NEEDED]]  # rows are picked many times
    rows: list[Row] = []
    for condition in sorted(slim.loc[slim["status"] == "ok", "condition"].unique()):
        both = slim[slim["condition"].isin([PLAIN, condition])]
        found = list(measure(both[both["status"] == "ok"], str(condition), plan))
        planned = both[both["condition"] == condition]
        rows += [_completed(row, planned, plan) for row in found]
    return SUMMARY.check(_with_holm(SUMMARY.frame(rows)))


def _choices(trials: pd.DataFrame, condition: str, plan: _Plan) -> Iterator[Row]:
    comparison = plan.compare(trials, condition)
    metrics = [metric for metric in stats.METRICS if not metric.graded]
    there = {e for e, n in zip(EMOTIONS, comparison.counts()[1].sum(axis=1), strict=True) if n}
    for one, metric in _estimates(comparison, metrics, plan):
        if one.label == _ALL or one.label in there or metric.scope == "answer":
            yield _row(one, comparison, metric, plan)
    plain, occluded = comparison.counts()
    for label in sorted(there):
        i = EMOTIONS.index(label)
        for j, answer in enumerate(EMOTIONS):
            counts = {"baseline": float(plain[i, j]), "value": float(occluded[i, j])}
            n = comparison.n_clusters
            yield {"metric": f"answered_{answer}", "label": label, "n_clusters": n} | counts


def _yes_no(trials: pd.DataFrame, condition: str, plan: _Plan) -> Iterator[Row]:
    accuracy = stats.get_metrics("accuracy")[0]
    right = plan.compare(of_right(trials), condition)
    yield from (_row(one, right, accuracy, plan) for one, _ in _estimates(right, [accuracy], plan))
    hits = plan.compare(congruent(trials), condition)
    for one, _ in _estimates(hits, [accuracy], plan):
        yield _row(one, hits, accuracy, plan) | {"metric": HIT_RATE}
    for emotion in EMOTIONS:
        if (trials["question"] == emotion).any():
            yield from _of_question(trials, emotion, condition, plan)


def _of_question(trials: pd.DataFrame, emotion: str, condition: str, plan: _Plan) -> Iterator[Row]:
    asked = of_question(trials, emotion)
    comparison = plan.compare(asked, condition)
    metrics = [stats.get_metrics(name)[0] for name in _OF_QUESTION]
    for one, metric in _estimates(comparison, metrics, plan):
        if one.label == emotion:
            yield _row(one, comparison, metric, plan)
    others = plan.compare(asked[asked["label"] != emotion], condition)
    accuracy = stats.get_metrics("accuracy")[0]
    for one, _ in _estimates(others, [accuracy], plan):
        flipped = _flipped(_row(one, others, accuracy, plan))
        yield flipped | {"metric": FALSE_ALARMS, "label": emotion}


def _estimates(
    comparison: Comparison, metrics: Sequence[Metric], plan: _Plan
) -> Iterator[tuple[Estimate, Metric]]:
    places = [metric for metric in metrics for _ in metric.labels]
    yield from zip(plan.estimate(comparison, metrics), places, strict=True)


def _row(one: Estimate, comparison: Comparison, metric: Metric, plan: _Plan) -> Row:
    row: Row = {
        "metric": one.metric, "label": one.label, "n": _n(comparison, one.label, metric),
        "n_clusters": _n_clusters(comparison, metric, one.label),
        "value": one.value, "value_ci_low": one.value_low, "value_ci_high": one.value_high,
        "value_interval": _named(one.interval, one.value_low),
    }  # fmt: skip
    if comparison.condition == PLAIN:
        return row
    row |= {"baseline": one.baseline, "loss": one.loss, "dz": one.dz}
    row |= {"ci_low": one.low, "ci_high": one.high, "interval": _named(one.interval, one.low)}
    if one.metric in _TESTED and len(comparison.by) == 1 and not np.isnan(one.loss):
        plain, occluded = stats.cluster_values(comparison, metric, one.label)
        found = stats.flip_test((plain - occluded)[:, None], seed=plan.seed)
        row |= {"p_value": float(found.p_value[0]), "test": found.test}
    return row


def _named(interval: str, limit: float) -> str:
    return "" if np.isnan(limit) else interval


def _n(comparison: Comparison, label: str, metric: Metric) -> int:
    counts = comparison.counts()[1].sum(axis=1)
    of_emotion = label != _ALL and metric.scope == "emotion"
    return int(counts[EMOTIONS.index(label)] if of_emotion else counts.sum())


def _n_clusters(comparison: Comparison, metric: Metric, label: str) -> int:
    if len(comparison.by) > 1:
        return comparison.n_clusters
    return len(stats.cluster_values(comparison, metric, label)[0])


def _flipped(row: Row) -> Row:
    """Turn the share of right noes into the share of wrong yeses."""
    out = row | {k: 1 - row[k] for k in ("value", "baseline") if k in row}
    out |= {"value_ci_low": 1 - row["value_ci_high"], "value_ci_high": 1 - row["value_ci_low"]}
    if "loss" in row:
        out |= {"loss": -row["loss"], "dz": -row["dz"]}
        out |= {"ci_low": -row["ci_high"], "ci_high": -row["ci_low"]}
    return out


def _completed(row: Row, planned: pd.DataFrame, plan: _Plan) -> Row:
    if row["metric"].startswith("answered_"):
        row["n"] = int((planned[planned["status"] == "ok"]["label"] == row["label"]).sum())
    head = {name: planned[name].iloc[0] for name in _HEADS}
    units = ("observer", "subject")[: len(plan.by)]
    head |= {"classifier": HUMAN, "clustered_by": " x ".join(units)}
    head["generalises_to"] = generalises_to(units, "")
    return head | row | {"n_missing": max(_planned(row, planned) - row["n"], 0)}


def _planned(row: Row, planned: pd.DataFrame) -> int:
    """Count the trials of a measure if all were answered and none excluded."""
    if is_yes_no(planned):
        if row["metric"] == FALSE_ALARMS:
            planned = planned[planned["question"] == row["label"]]
            return int((planned["label"] != row["label"]).sum())
        if row["metric"] != "accuracy":
            planned = planned[planned["question"] == planned["label"]]
    if row["label"] == _ALL or row["metric"] == "answer_share":
        return len(planned)
    return int((planned["label"] == row["label"]).sum())


def _with_holm(summary: pd.DataFrame) -> pd.DataFrame:
    overall = (summary["label"] == _ALL).rename("overall")
    return SUMMARY.tidy(holm_within(summary, ["metric", overall]))


FEW_OBSERVERS: Final = 10
_RATES: Final = ("condition", "emotion", "observers", "plain", "occluded", "loss", "95 % CI")
_ALARMS: Final = ("false", "occluded")
_DPRIME: Final = ("d'", "occluded", "loss", "95 % CI")

Found = dict[tuple[str, str, str], dict[Hashable, Any]]


def study_text(study: Study, summary: pd.DataFrame) -> str:
    """Describe how the files were read, what was excluded, and the loss under each occluder."""
    steps = [step for step in study.exclusions.to_dict("records") if step["n_trials"]]
    rows = [(e["rule"], str(e["n_trials"]), str(e["n_observers"])) for e in steps]
    parts = [
        _read(study),
        "\n".join(f"Note: {note}" for note in study.notes),
        align([("excluded", "trials", "observers"), *rows]) if rows else "Nothing was excluded.",
        _table(summary),
        _footnote(study, summary),
        _odds(study),
        guards_text(human_guards(study)),
    ]
    return "\n\n".join(part for part in parts if part)


def _read(study: Study) -> str:
    trials = study.counted
    ready = study.column_map.platform
    maps = [] if ready == "plain" else [f"the ready-made map for {ready}"]
    how = " and ".join(maps + ["your map"] * study.own_map) or "no map"
    n_files = len(study.sources)
    return (
        f"{n_files} file{'s' if n_files > 1 else ''} read with {how}: {len(trials)} trials of "
        f"{trials['observer_id'].nunique()} observers count."
    )


def _table(summary: pd.DataFrame) -> str:
    keys = zip(summary["condition"], summary["label"], summary["metric"], strict=True)
    found: Found = dict(zip(keys, summary.to_dict("records"), strict=True))
    yes_no = FALSE_ALARMS in set(summary["metric"])
    lines = list(_lines(found, sorted(set(summary["condition"]) - {PLAIN}), yes_no=yes_no))
    if not lines:
        return "Only plain faces were shown: there is no loss."
    # Crossed, the number is the smaller one: of observers, or of people shown.
    crossed = " x " in summary["clustered_by"].iloc[0]
    names = tuple("clusters" if crossed and name == "observers" else name for name in _RATES)
    return align([(*names, *(_ALARMS if yes_no else ()), *_DPRIME), *lines])


def _lines(found: Found, conditions: list[str], *, yes_no: bool) -> Iterator[tuple[str, ...]]:
    for condition in conditions:
        for label in ("all", *EMOTIONS):
            rates = [found[key] for key in _keys(condition, label) if key in found]
            alarms = _alarm_cells(found.get((condition, label, FALSE_ALARMS))) if yes_no else ()
            dprime = _dprime_cells(found.get((condition, label, "dprime")))
            if rates:
                yield (condition, label, *_rate_cells(rates[0]), *alarms, *dprime)


def _keys(condition: str, label: str) -> list[tuple[str, str, str]]:
    # In yes/no designs accuracy counts right noes too, so the hit rate is shown.
    return [(condition, label, metric) for metric in ("recall", "hit_rate", "accuracy")]


def _rate_cells(row: dict[Hashable, Any]) -> tuple[str, ...]:
    interval = f"[{points(row['ci_low'])}, {points(row['ci_high'])}]"
    shares = (percent(row["baseline"]), percent(row["value"]), points(row["loss"]))
    return (str(row["n_clusters"]), *shares, interval)


def _alarm_cells(row: dict[Hashable, Any] | None) -> tuple[str, ...]:
    return ("-", "-") if row is None else (percent(row["baseline"]), percent(row["value"]))


def _dprime_cells(row: dict[Hashable, Any] | None) -> tuple[str, ...]:
    if row is None:
        return ("-", "-", "-", "")
    limits = f"[{_signed(row['ci_low'])}, {_signed(row['ci_high'])}]"
    return f"{row['baseline']:.2f}", f"{row['value']:.2f}", _signed(row["loss"]), limits


def _signed(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:+.2f}"


def _footnote(study: Study, summary: pd.DataFrame) -> str:
    crossed = " x " in summary["clustered_by"].iloc[0]
    hits = "% yes to the question about the shown emotion (false: about another one)"
    what = hits if is_yes_no(study.responses) else "% right"
    means = "all answers together" if crossed else "means over observers"
    units = "observers and people shown (clusters: whichever are fewer)" if crossed else "observers"
    n = study.counted["observer_id"].nunique()
    few = f"\nOnly {n} observers: results may not hold for others." if n < FEW_OBSERVERS else ""
    return (
        f"plain, occluded: {what}, {means};\n"
        "loss: percentage points; d': sensitivity, log-linear correction; "
        f"intervals: bootstrap over {units}.{few}"
    )


def _odds(study: Study) -> str:
    try:
        fit = odds_ratios(study.responses)
    except MaskfaceError as error:
        return f"No odds ratio: {error}"
    lines = [
        f"  {one.condition}: {one.odds_ratio:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for one in fit.odds_ratios
    ]
    head = f"Odds ratio of a right answer, against plain faces (GEE, {fit.n} answers):"
    return "\n".join([head, *lines])


RECORD: Final = "study.json"
_LARGEST_RECORD: Final = 100_000_000
_PACKAGES: Final = ("numpy", "pandas", "scipy", "statsmodels")


def require_empty(folder: Path) -> None:
    """Make a new or empty folder for results.

    Raises MaskfaceError if it cannot be made or holds files.
    """
    with os_errors_explained(f"write to {folder}", "Choose another folder with --out."):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise MaskfaceError(
                f"{folder} holds other files. Choose a new or empty folder with --out."
            )


def write_study(study: Study, summary: pd.DataFrame, folder: Path, *, seed: int) -> list[Path]:
    """Write responses.csv, summary.csv, exclusions.csv, guards.csv and study.json of a study.

    The folder is new or empty; `seed` is that of the summary. Raises MaskfaceError if it holds
    files or cannot be written to.
    """
    require_empty(folder)
    tables: list[tuple[Table, pd.DataFrame]] = [
        (RESPONSES, study.responses),
        (SUMMARY, summary),
        (EXCLUSIONS, study.exclusions),
        (GUARDS, human_guards(study)),
    ]
    paths = [folder / f"{table.name}.csv" for table, _ in tables]
    with os_errors_explained(f"write to {folder}"):
        records = {
            path.name: table.write(frame, path)
            for path, (table, frame) in zip(paths, tables, strict=True)
        }
        record = _record(study, seed) | {"files": records}
        record["columns"] = {table.name: table.dictionary() for table, _ in tables}
        write_atomically(folder / RECORD, sealed(record), durable=True)
    return [*paths, folder / RECORD]


def check_study(folder: Path) -> None:
    """Check that the tables of a study are as they were written.

    Raises MaskfaceError if the folder has a record of a study that cannot be read, or a table is
    missing or differs.
    """
    path = folder / RECORD
    if not path.is_file():
        return
    try:
        record = json.loads(read_regular_file(path, _LARGEST_RECORD))
        expected = {str(name): str(one["sha256"]) for name, one in record["files"].items()}
    except (OSError, ValueError, OverflowError, LookupError, TypeError, AttributeError) as error:
        raise MaskfaceError(
            f"{path} is damaged ({error}). Type `maskface humans` again, with another --out."
        ) from error
    if seal_is_broken(record):
        raise MaskfaceError(
            f"{path} has changed since it was written. Type `maskface humans` again, with another "
            "--out."
        )
    for name, sha256 in expected.items():
        table = folder / Path(name).name
        if not table.is_file() or _sha256(table) != sha256:
            what = "has changed since it was written" if table.is_file() else "is missing"
            raise MaskfaceError(
                f"{table} {what}. Type `maskface humans` again with the files of the study, and "
                "another --out."
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
        "notes": list(study.notes),
        "exclusions": study.exclusions.to_dict("records"),
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": {name: version(name) for name in _PACKAGES},
        },
    }
