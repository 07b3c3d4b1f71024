"""Scored responses of human observers.

`read_study` reads trial tables, gives their values a meaning, scores the answers (yes/no answers
also as choices, so that the same measures apply to both designs), and applies and counts the
exclusions that the map declares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from maskface._version import __version__
from maskface.datasets.labels import emotion_of
from maskface.errors import MaskfaceError
from maskface.humans import reading
from maskface.humans.column_map import (
    FILE,
    NO_ANSWER,
    PATTERN,
    SKIP,
    Attention,
    ColumnMap,
    Exclude,
    complete_map,
    detect_platform,
    normalise,
    read_map,
)
from maskface.tables import EXCLUSIONS, PLAIN, RESPONSES
from maskface.types import EMOTIONS

_PLAIN_TOO: Final = ("none", "unmasked", "no mask", "no_mask", "nomask", "uncovered", "unoccluded")
_YES: Final = ("yes", "y", "true", "1")
_NO: Final = ("no", "n", "false", "0")
_MISSING: Final = ("", "null", "none", "nan", "na", "n/a", "undefined")
_SHOWN: Final = 8
_REQUIRED: Final = ("columns.observer", "columns.emotion", "columns.condition", "columns.response")
"""Their absence is reported with a map to begin with."""


def score(rows: pd.DataFrame, column_map: ColumnMap) -> pd.DataFrame:
    """Score rows that are trials, from `read_rows`.

    Return the columns of `maskface.tables.RESPONSES` that vary within a study, and ``skipped``
    (bool): the map leaves the trial out. Raise `MaskfaceError` if a value is unknown, a trial has
    no observer, or no trial shows a plain face.
    """
    nobody = int((rows["observer"] == "").sum())
    if nobody:
        raise MaskfaceError(
            f"{nobody} of {len(rows)} trials do not say who answered. Name another column for the "
            'observer in the map, or write observer = "@file" if there is a file for each.'
        )
    values = _Values(rows, column_map)
    label = values.read("emotion", _emotion)
    condition = values.read("condition", _condition)
    out = pd.DataFrame({"label": label, "condition": condition}, index=rows.index)
    out["observer_id"] = rows["observer"]
    out["image_id"], out["subject_id"] = (
        reading.harmless(rows["image"]),
        reading.harmless(rows["identity"]),
    )
    out["rt_ms"] = _numbers(rows["rt"]) * (1000 if column_map.rt_unit == "s" else 1)
    out["confidence"] = _numbers(rows["confidence"])
    scored = _score_yes_no if column_map.design == "yes_no" else _score_choice
    out = scored(out, values)
    coded = ["label", "condition", "question" if column_map.design == "yes_no" else "predicted"]
    out["skipped"] = (out[coded] == SKIP).any(axis=1) | (values.answers == SKIP)
    _check_plain(out)
    return out


class _Values:
    """Meanings of the values of a field: those of the map, or else the usual ones."""

    def __init__(self, rows: pd.DataFrame, column_map: ColumnMap) -> None:
        self.rows = rows
        self.tables = {
            str(field): {normalise(old): new for old, new in table.items()}
            for field, table in dict(column_map.values).items()
        }
        self.answers = pd.Series("", index=rows.index)

    def read(self, field: str, usual: Callable[[str], str | None]) -> pd.Series:
        column = self.rows[field]
        table = self.tables.get(field, {})
        meaning = {text: self._meaning(text, table, usual) for text in column.unique()}
        unknown = sorted(text for text, value in meaning.items() if value is None)
        if unknown:
            raise MaskfaceError(_unknown(field, unknown))
        return column.map(meaning)

    def _meaning(
        self, text: str, table: dict[str, str], usual: Callable[[str], str | None]
    ) -> str | None:
        mapped = table.get(normalise(text), text)
        return mapped if mapped == SKIP else usual(mapped)


def _emotion(text: str) -> str | None:
    return emotion_of(text)


def _condition(text: str) -> str | None:
    if normalise(text) in _PLAIN_TOO:
        return PLAIN
    return reading.harmless_text(text.strip()) or None


def _choice(text: str) -> str | None:
    return NO_ANSWER if normalise(text) in (NO_ANSWER, *_MISSING) else emotion_of(text)


def _yes_or_no(text: str) -> str | None:
    for meaning, words in ((NO_ANSWER, (NO_ANSWER, *_MISSING)), ("yes", _YES), ("no", _NO)):
        if normalise(text) in words:
            return meaning
    return None


def _unknown(field: str, unknown: list[str]) -> str:
    shown = ", ".join(map(repr, unknown[:_SHOWN])) + (", ..." if unknown[_SHOWN:] else "")
    means = {
        "emotion": f"one of {', '.join(EMOTIONS)}, or skip to leave such trials out",
        "question": f"one of {', '.join(EMOTIONS)}, or skip to leave such trials out",
        "condition": "none for the plain face, or a name",
        "response": f"one of {', '.join(EMOTIONS)} (yes or no in yes/no designs), no_answer "
        "or skip",
    }
    example = unknown[0].replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"The meaning of these values of {field} is unknown: {shown}. Add it to the map "
        f'({means[field]}) and add --map map.toml:\n\n[values.{field}]\n"{example}" = "..."'
    )


def _score_choice(out: pd.DataFrame, values: _Values) -> pd.DataFrame:
    answers = values.answers = values.read("response", _choice)
    given = answers != NO_ANSWER
    right = (answers == out["label"]).astype(float).where(given)
    return out.assign(
        predicted=answers.where(given, ""), question="", answer_yes=np.nan, correct=right,
        status=np.where(given, "ok", "no_answer"), message="",
    )  # fmt: skip


def _score_yes_no(out: pd.DataFrame, values: _Values) -> pd.DataFrame:
    question = values.read("question", _emotion)
    answers = values.answers = values.read("response", _yes_or_no)
    given = answers != NO_ANSWER
    yes = answers == "yes"
    right = (yes == (question == out["label"])).astype(float).where(given)
    return out.assign(
        predicted="", question=question, answer_yes=yes.astype(float).where(given), correct=right,
        status=np.where(given, "ok", "no_answer"), message="",
    )  # fmt: skip


def _numbers(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts, errors="coerce").replace([np.inf, -np.inf], np.nan)


def _check_plain(out: pd.DataFrame) -> None:
    found = sorted(set(out["condition"]) - {SKIP})
    if PLAIN not in found:
        raise MaskfaceError(
            "No trial shows a plain face, so there is nothing to compare with. The conditions "
            f"are: {', '.join(found)}. Name the plain one none, and add --map map.toml:"
            f'\n\n[values.condition]\n"{found[0] if found else "..."}" = "none"'
        )


_OTHER: Final = {e: next(other for other in EMOTIONS[::-1] if other != e) for e in EMOTIONS}
"""Stands for "not this emotion" where a face shows just that emotion."""


def of_question(responses: pd.DataFrame, emotion: str) -> pd.DataFrame:
    """Recode answers to "is it <emotion>?" as choices: yes is that emotion, no is not.

    Returns the trials with that question, with ``predicted`` filled in. Of the confusion matrix
    only "this emotion" against "not this emotion" has a meaning, so hit rate, d' and criterion hold
    for that emotion alone.
    """
    asked = responses[responses["question"] == emotion]
    denied = asked["label"].where(asked["label"] != emotion, _OTHER[emotion])
    return asked.assign(predicted=np.where(asked["answer_yes"] == 1, emotion, denied))


def of_right(responses: pd.DataFrame) -> pd.DataFrame:
    """Recode right and wrong answers as choices: of the shown emotion, and of another one."""
    wrong = responses["label"].map(_OTHER)
    return responses.assign(predicted=responses["label"].where(responses["correct"] == 1, wrong))


def congruent(responses: pd.DataFrame) -> pd.DataFrame:
    """Recode yes/no trials about the shown emotion as choices, a yes as a hit; keep choices."""
    if not is_yes_no(responses):
        return responses
    return of_right(responses[responses["question"] == responses["label"]])


def is_yes_no(responses: pd.DataFrame) -> bool:
    """Return whether the study has yes/no questions."""
    return bool((responses["question"] != "").any())


@dataclass
class Exclusions:
    """Counts of the trials that each rule excludes."""

    # All trials; excluded ones have the status excluded and the rule as message.
    responses: pd.DataFrame

    def __post_init__(self) -> None:
        self._steps: list[dict[str, object]] = []

    @property
    def left(self) -> pd.Series:
        """Trials that still count."""
        return self.responses["status"] == "ok"

    def note(self, rule: str, n_trials: int, n_observers: int) -> None:
        """Count rows that never became trials."""
        self._add(rule, n_trials, n_observers)

    def apply(self, rule: str, chosen: pd.Series) -> None:
        """Exclude the chosen trials, as far as they still count."""
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
        """Return the counts in the schema of `maskface.tables.EXCLUSIONS`."""
        return EXCLUSIONS.check(EXCLUSIONS.frame(self._steps))


def apply_rules(
    exclusions: Exclusions, rules: Exclude, rows: pd.Series, failures: dict[str, int]
) -> None:
    """Apply the rules of a map to the trials, in place.

    `rows` names the column, if any, by whose value each trial is excluded; `failures` counts the
    failed attention checks of each observer.
    """
    trials = exclusions.responses
    observer, rt = trials["observer_id"], trials["rt_ms"]
    for column, values in rules.rows.items():
        exclusions.apply(f"{column} is {' or '.join(values)}", rows == column)
    if rules.observers:
        names = {normalise(name) for name in rules.observers}
        exclusions.apply("observer left out by name", observer.map(normalise).isin(names))
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
    for rule, bad in _by_observer(exclusions, rules):
        exclusions.apply(rule, observer.isin(bad))


def _by_observer(exclusions: Exclusions, rules: Exclude) -> Iterator[tuple[str, list[str]]]:
    if rules.min_trials is not None:
        counts = exclusions.responses[exclusions.left]["observer_id"].value_counts()
        few = counts[counts < rules.min_trials].index.tolist()
        yield f"observer with fewer than {rules.min_trials} answered trials", few
    if rules.plain_accuracy_below is not None:
        left = exclusions.responses[exclusions.left]
        of_plain = left[left["condition"] == PLAIN].groupby("observer_id")["correct"].mean()
        bad = of_plain[of_plain < rules.plain_accuracy_below].index.tolist()
        share = rules.plain_accuracy_below
        yield f"observer with a share of right answers to plain faces below {share:g}", bad


def failed_checks(rows: pd.DataFrame, attention: Attention | None) -> dict[str, int]:
    """Count the failed attention checks of each observer, over all rows of the files."""
    if attention is None:
        return {}
    passed = {normalise(answer) for answer in attention.passed}
    answers = rows[reading.ATTENTION].map(normalise)
    failed = ~answers.isin(passed) & ~answers.isin(_MISSING)
    return {str(k): int(v) for k, v in failed.groupby(rows["observer"]).sum().items()}


def is_trial(rows: pd.DataFrame) -> pd.Series:
    """Return which rows the filters keep and show an emotion."""
    return rows[reading.KEPT] & (rows["emotion"].str.strip() != "")


HUMAN = "human"
"""Name of human observers where a table names a classifier."""


@dataclass(frozen=True, eq=False)
class Study:
    """Scored answers of human observers."""

    responses: pd.DataFrame  # in the schema of `maskface.tables.RESPONSES`
    exclusions: pd.DataFrame  # in the schema of `maskface.tables.EXCLUSIONS`
    column_map: ColumnMap  # map that the files were read with
    sources: tuple[dict[str, Any], ...]  # name, sha256 and rows of each file
    # Whether the map is, or completes a ready-made one with, one of the user's.
    own_map: bool = False
    # What was passed over, and what may be a mistake in the files, in sentences.
    notes: tuple[str, ...] = ()

    @property
    def run_id(self) -> str:
        """Hash of files, column map and version."""
        return _run_id(self.column_map, self.sources)

    @property
    def counted(self) -> pd.DataFrame:
        """The responses that count: answered and not excluded."""
        return self.responses[self.responses["status"] == "ok"]


def read_study(
    paths: Sequence[str | Path], column_map: str | Path | None = None, *, dataset: str | None = None
) -> Study:
    """Read trial tables of human observers: CSV or JSON files, or folders of them.

    `column_map` is a TOML file with the meaning of the columns; it completes the ready-made map of
    the platform, which is detected by the columns (docs/humans.md). `dataset` is the name of the
    study, that of the map if None. Returns a row for each trial, those without an answer and those
    excluded too. Raises MaskfaceError if a file cannot be read, a column or the meaning of a value
    is unknown, or no trial is left; the message says what to add to the map.
    """
    files, notes = reading.find_files([Path(path) for path in paths])
    own = read_map(Path(column_map)) if column_map is not None else {}
    sources = [reading.open_source(path) for path in files]
    hashes = [source.sha256() for source in sources]
    _require_different(files, hashes)
    chosen = _choose_map(sources, own | ({"dataset": dataset} if dataset else {}))
    _require_columns(sources, own)
    parts = [reading.read_rows(source, chosen) for source in sources]
    rows = pd.concat(parts, keys=range(len(parts)), names=["file", None])
    rows = rows.reset_index(level="file").reset_index(drop=True)
    rows["observer"] = reading.harmless(rows["observer"].str.strip())
    records = tuple(
        {"name": reading.harmless_text(path.name), "sha256": sha256, "rows": len(part)}
        for path, sha256, part in zip(files, hashes, parts, strict=True)
    )
    responses, exclusions = _responses(rows, chosen, records)
    trials = rows.loc[responses.index]
    notes += [*_lost_numbers(trials, chosen), *_repeated(trials, responses)]
    frame = RESPONSES.check(RESPONSES.tidy(responses))
    return Study(frame, exclusions, chosen, records, column_map is not None, tuple(notes))


def _require_different(files: Sequence[Path], hashes: Sequence[str]) -> None:
    for path, sha256 in zip(files, hashes, strict=True):
        first = files[hashes.index(sha256)]
        if path != first:
            raise MaskfaceError(
                f"{path} has the same contents as {first}: its trials would count twice. Remove "
                "one of them."
            )


def _require_columns(sources: Sequence[reading.Source], own: dict[str, Any]) -> None:
    """Raise `MaskfaceError` if the map of the user names a column that no file has."""
    header = set().union(*(source.header for source in sources))
    named = [
        *((f"columns.{field}", names) for field, names in own.get("columns", {}).items()),
        *((f"exclude.rows.{name}", name) for name in own.get("exclude", {}).get("rows", {})),
    ]
    for key, names in named:
        each = [names] if isinstance(names, str) else list(names)
        known = (name in header or name == FILE or name.startswith(PATTERN) for name in each)
        if each and not any(known) and not key.startswith(_REQUIRED):
            raise MaskfaceError(
                f"The map names {', '.join(map(repr, each))} at {key}, but no file has such a "
                f"column. There are: {reading.listed(sorted(header))}."
            )


def _lost_numbers(trials: pd.DataFrame, column_map: ColumnMap) -> Iterator[str]:
    """Note cells that should be numbers and are not; raise if a rule needs them."""
    for field in ("rt", "confidence"):
        texts = trials[field]
        lost = texts[_numbers(texts).isna() & ~texts.map(normalise).isin(_MISSING)]
        if lost.empty:
            continue
        problem = (
            f"{len(lost)} of {len(trials)} cells of {field} are no numbers, such as "
            f"{reading.harmless_text(lost.iloc[0])!r}"
        )
        if field == "rt" and column_map.exclude.needs_times:
            raise MaskfaceError(
                f"{problem}, so that the rules on response times cannot be applied. Write numbers "
                "without units and thousands separators."
            )
        yield f"{problem}; they count as missing."


def _repeated(trials: pd.DataFrame, responses: pd.DataFrame) -> Iterator[str]:
    """Note observers who are in several files, and trials that are there more than once."""
    files = trials.groupby("observer")["file"].nunique()
    if (files > 1).any():
        several = files[files > 1].sort_values(ascending=False, kind="stable")
        yield (
            f"Observers in more than one file: {len(several)} of {len(files)}, such as "
            f"{several.index[0]!r} in {several.iloc[0]}. Each counts as one person; if they are "
            'several people, give them names of their own, or write observer = "@file".'
        )
    key = ["observer_id", "image_id", "label", "condition", "question"]
    again = (responses.duplicated(key) & (responses["image_id"] != "")).sum()
    if again:
        yield (
            f"{again} of {len(responses)} trials repeat an earlier one of the same observer: the "
            "same picture under the same condition. Each counts."
        )


def _choose_map(sources: Sequence[reading.Source], own: dict[str, Any]) -> ColumnMap:
    platform = str(own.get("platform", "")) or detect_platform(sources[0].header)
    chosen = complete_map(own, platform)
    if platform == "qualtrics" and chosen.wide is None:
        raise MaskfaceError(
            "A Qualtrics table has a column for each trial. Write a map that finds picture, "
            "emotion and condition in the name of the column, and add --map map.toml:\n\n"
            "[wide]\nregex = '^(?P<image>.+)_(?P<emotion>angry|happy)_(?P<condition>none|mask)$'\n"
            f"\nThe columns are: {reading.listed(sources[0].header)}."
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
    if column_map.exclude.needs_times and exclusions.responses["rt_ms"].isna().all():
        raise MaskfaceError(
            "The map excludes trials by their response time, but no trial has one. Name the column "
            "of rt in [columns], or delete rt_ms_below and rt_ms_above."
        )
    excluded = rows.loc[exclusions.responses.index, reading.EXCLUDED]
    apply_rules(exclusions, column_map.exclude, excluded, failures)
    if not exclusions.left.any():
        raise MaskfaceError("No trial is left after the exclusions:\n" + _steps(exclusions))
    return exclusions.responses, exclusions.table()


def _note(exclusions: Exclusions, rule: str, lost: pd.DataFrame) -> None:
    exclusions.note(rule, len(lost), lost["observer_id"].nunique())


def _steps(exclusions: Exclusions) -> str:
    table = exclusions.table()
    pairs = zip(table["rule"], table["n_trials"], strict=True)
    return "\n".join(f"{rule}: {n}" for rule, n in pairs)


def _identified(
    scored: pd.DataFrame, column_map: ColumnMap, sources: tuple[dict[str, Any], ...]
) -> pd.DataFrame:
    """Add the columns that are the same for all trials, and number the trials of each observer."""
    fixed = {
        "run_id": _run_id(column_map, sources),
        "dataset": reading.harmless_text(column_map.dataset),
        "occluder": "",
        "params": "",
    }
    whole = scored.assign(**fixed)
    whole["classifier"] = f"{HUMAN}:" + whole["observer_id"]
    whole["trial"] = whole.groupby("observer_id").cumcount()
    return whole.reindex(columns=RESPONSES.header, fill_value=np.nan)


def _run_id(column_map: ColumnMap, sources: Sequence[dict[str, Any]]) -> str:
    # Without rules on rows, studies keep the id that they had before there were any.
    unused: Any = None if column_map.exclude.rows else {"exclude": {"rows"}}
    rules = column_map.model_dump(mode="json", exclude=unused)
    decisive = [__version__, rules, [source["sha256"] for source in sources]]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
