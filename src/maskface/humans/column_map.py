"""Column maps: the meaning of the columns of a trial table.

A map is a TOML file that completes the ready-made map of a platform (`ready_maps`). Its regular
expressions come from strangers: they are compiled and searched within bounds (`search`).
"""

from __future__ import annotations

import math
import re
import time
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import regex
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from maskface._toml import LONGEST, parse_toml
from maskface.errors import MaskfaceError
from maskface.files import read_regular_file

SECONDS: Final = 10.0
"""Time for one pattern in one file. A pattern without alternatives within repeats takes about 1 s
for a million texts; ``(a|aa)+$`` takes hours for one text of 60 characters."""
REPEATS: Final = 10_000
"""Product of the counts in braces of a pattern at most: its copies take memory."""
_COUNTS: Final = re.compile(r"\{([^{}]*)\}")
_SHOWN: Final = 80
"""Characters of a pattern in a message."""

Found = dict[str, dict[str, str] | None]


def search(pattern: str, texts: Iterable[str], fields: Iterable[str], key: str) -> Found:
    """Search texts for a regular expression, each text once.

    Returns, by text, the contents of those groups of `fields` that the pattern has, or None if it
    does not match. `key` is the place of the pattern in the column map, for messages. Raises
    MaskfaceError if the pattern is no regular expression, or takes too much time or memory.
    """
    fields, end = tuple(fields), time.monotonic() + SECONDS
    try:
        groups, compiled = groups_of(pattern, fields), _compiled(pattern)
        found: Found = {}
        for text in dict.fromkeys(texts):
            # A timeout of 0 would be none.
            match = compiled.search(text, timeout=max(end - time.monotonic(), 1e-6))
            found[text] = match and {name: match[name] or "" for name in groups}
    except TimeoutError as error:
        raise MaskfaceError(
            f"The column map is not valid at {key}: {_named(pattern)} took more than {SECONDS:g} "
            "s. Alternatives or repeats within repeats, such as (a|aa)+, may take for ever: write "
            "it without them, or name columns and values in full."
        ) from error
    except ValueError as error:
        raise MaskfaceError(f"The column map is not valid at {key}: {error}.") from error
    return found


def groups_of(pattern: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that are named groups of a regular expression, or raise `ValueError`."""
    return tuple(name for name in _compiled(pattern).groupindex if name in fields)


@lru_cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    counts = [int(n) for inside in _COUNTS.findall(pattern) for n in re.findall(r"\d{1,9}", inside)]
    if math.prod(max(count, 1) for count in counts) > REPEATS:
        raise ValueError(
            f"{_named(pattern)} is too large: its counts in braces may multiply to {REPEATS:,} at "
            "most"
        )
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"{_named(pattern)} is no regular expression: {error}") from error
    except RecursionError as error:
        reason = "its brackets are nested too deeply"
        raise ValueError(f"{_named(pattern)} is no regular expression: {reason}") from error


def _named(pattern: str) -> str:
    return repr(pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}...")


Design = Literal["choice", "yes_no"]
FILE: Final = "@file"
"""Stands for the name of the file in place of a column: one file per observer."""
PATTERN: Final = "re:"
"""Begins a name that is a regular expression."""
SKIP: Final = "skip"
"""Meaning of a value whose trials are left out, and counted."""
NO_ANSWER: Final = "no_answer"
"""Meaning of an answer that counts as none."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Names = tuple[str, ...]


class Columns(_Part):
    """Names of the columns; several names are tried in turn, ``re:`` begins a pattern."""

    observer: Names = ()  # who answered; @file for the name of the file
    # The picture, and the person in it.
    image: Names = ()
    identity: Names = ()
    # The emotion shown, and the occluder.
    emotion: Names = ()
    condition: Names = ()
    response: Names = ()  # the chosen emotion; in yes/no designs, yes or no
    question: Names = ()  # in yes/no designs, the emotion in the question
    # Response time, and confidence on the scale of the study.
    rt: Names = ()
    confidence: Names = ()

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Pattern(_Part):
    """Fields inside a text, such as the name of a picture: 01_F_angry_mask.jpg."""

    column: str  # column with the text
    regex: str  # with groups named like fields of `Columns`: (?P<emotion>[a-z]+)

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if not groups_of(value, tuple(Columns.model_fields)):
            raise ValueError(f"needs a named group such as (?P<emotion>...), got {value!r}")
        return value


class Wide(_Part):
    """A table with a row per respondent and a column per trial."""

    regex: str  # matches the columns of answers; its named groups are fields of `Columns`
    # name: the name of the column is matched; text: the text of the question, which is the second
    # row of headers.
    header: Literal["name", "text"] = "name"
    # What follows the name of an answer's column in that of its response time; none if empty.
    rt_suffix: str = ""

    _compiles = field_validator("regex")(Pattern._compiles.__func__)  # type: ignore[attr-defined]


class Attention(_Part):
    """Checks that an attentive observer passes."""

    column: str  # column of the answers to the checks; empty cells are no checks
    passed: Names  # answers that pass
    # Number of failures above which an observer is excluded.
    most_failures: int = Field(default=0, ge=0)


class Exclude(_Part):
    """Rules of exclusion, applied in this order."""

    # Values of columns by which trials are excluded, such as previews; columns that a file does not
    # have are passed over.
    rows: dict[str, Names] = {}
    observers: Names = ()  # observers to exclude, by name
    attention: Attention | None = None  # checks to pass
    # Exclude trials with shorter or longer response times.
    rt_ms_below: float | None = Field(default=None, ge=0)
    rt_ms_above: float | None = Field(default=None, gt=0)
    # Exclude observers with fewer answered trials.
    min_trials: int | None = Field(default=None, ge=1)
    # Exclude observers with a smaller share of right answers to plain faces. Chance is 1 divided by
    # the number of choices, or .5 in yes/no designs.
    plain_accuracy_below: float | None = Field(default=None, ge=0, le=1)

    @property
    def needs_times(self) -> bool:
        """True if a rule is about response times."""
        return self.rt_ms_below is not None or self.rt_ms_above is not None


class ColumnMap(_Part):
    """Rules for reading a trial table."""

    platform: str = ""  # ready-made map to complete; plain for none. Detected if empty.
    dataset: str = "humans"  # name of the study in the tables
    # choice: observers choose among emotions. yes_no: is the person angry?
    design: Design = "choice"
    columns: Columns = Columns()  # names of the columns
    rt_unit: Literal["ms", "s"] = "ms"  # ms or s
    # Meaning of the values of emotion, condition, response and question, such as angry -> anger, X
    # -> none; skip leaves the trial out.
    values: dict[Literal["emotion", "condition", "response", "question"], dict[str, str]] = {}
    # Only rows with one of these values in a column are trials; the latter if the file has that
    # column.
    keep: dict[str, Names] = {}
    keep_if_there: dict[str, Names] = {}
    pattern: Pattern | None = None  # fields inside a text
    wide: Wide | None = None  # for tables with a column per trial
    exclude: Exclude = Exclude()  # rules of exclusion
    detect: Names = ()  # patterns of column names that identify the platform; for ready-made maps


PLAIN = "plain"
"""Name of no ready-made map."""


def normalise(text: str) -> str:
    """Reduce a value or a name of a map: case, outer blanks and a trailing .0 do not matter."""
    return text.strip().lower().removesuffix(".0")


def ready_maps() -> dict[str, dict[str, Any]]:
    """Return the maps that come with the package, by platform, as parsed TOML."""
    folder = files("maskface.humans") / "maps"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name.removesuffix(".toml"): tomllib.loads(f.read_text("utf-8")) for f in found}


def read_map(path: Path) -> dict[str, Any]:
    """Parse a column map.

    Raises MaskfaceError if the file cannot be read or is not TOML.
    """
    try:
        return parse_toml(read_regular_file(path, LONGEST).decode("utf-8-sig"))
    # OverflowError: the file is too large.
    except (OSError, ValueError, OverflowError) as error:
        raise MaskfaceError(f"Cannot read {path} as a column map: {error}.") from error


def complete_map(own: dict[str, Any], platform: str) -> ColumnMap:
    """Complete the ready-made map of a platform with a map of one's own.

    Raises MaskfaceError if a key is unknown or a value is not allowed.
    """
    known = ready_maps() | {PLAIN: {}}
    if platform not in known:
        raise MaskfaceError(
            f"There is no ready-made map {platform!r}. Set platform to one of "
            f"{', '.join(known)}, or leave it out."
        )
    base = known[platform]
    try:
        return ColumnMap.model_validate(_completed(base, own) | {"platform": platform})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MaskfaceError(
            f"The column map is not valid at {place}: {first['msg']}. docs/humans.md lists what a "
            "map may hold."
        ) from error


def _completed(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        below = out.get(key)
        nested = isinstance(below, dict) and isinstance(value, dict)
        out[key] = _completed(below, value) if nested else value  # type: ignore[arg-type]
    return out


def detect_platform(header: tuple[str, ...]) -> str:
    """Find the platform by the names of the columns; ``plain`` if it is unknown."""
    for name, ready in ready_maps().items():
        signs = [re.compile(sign) for sign in ready["detect"]]
        if all(any(sign.search(column) for column in header) for sign in signs):
            return name
    return PLAIN


_GUESSES: Final[dict[str, tuple[str, ...]]] = {
    "observer": ("participant", "subject", "observer", "rater", "worker", "respondent", "user"),
    "image": ("stimulus", "image", "face", "picture", "file"),
    "identity": ("identity", "model", "actor", "poser"),
    "emotion": ("emotion", "expression", "expr", "label", "shown"),
    "condition": ("condition", "cond", "mask", "occluder", "occlusion", "cover"),
    "response": ("response", "answer", "chosen", "detected", "key", "keys", "rating", "rated"),
    "rt": ("rt", "reaction", "latency", "duration"),
}
"""Words in the names of columns, the likeliest first."""
_OPTIONAL: Final = ("image", "identity", "rt")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")


def starting_map(header: Sequence[str], design: str = "choice") -> str:
    """Write a column map to begin with for a table with these columns."""
    lines = [f'design = "{design}"  # or "yes_no": is this person angry?', "", "[columns]"]
    words = {name: [word.lower() for word in _WORD.findall(name)] for name in header}
    for field, likely in _GUESSES.items():
        fitting = [name for word in likely for name in header if word in words[name]]
        if field != "response":  # columns of answers last
            fitting.sort(key=lambda name: "answer" in words[name])
        first, *others = list(dict.fromkeys(fitting)) or ["?"]
        remarks = ["optional"] if field in _OPTIONAL else []
        remarks += [f"or {', '.join(map(_one_line, others[:3]))}"] if others else []
        absent = "# " if first == "?" and field in _OPTIONAL else ""
        remark = f"  # {'; '.join(remarks)}" if remarks else ""
        lines.append(f'{absent}{field} = "{_quoted(first)}"{remark}')
    if design == "yes_no":
        lines.append('question = "?"  # the emotion in the question')
    lines += [
        "",
        "[values.condition]  # the plain face must be called none",
        '"no mask" = "none"',
        "",
        "[values.response]  # only if answers are keys or numbers",
        '"1" = "anger"',
    ]
    return "\n".join(lines)


def _quoted(name: str) -> str:
    return _one_line(name).replace("\\", "\\\\").replace('"', '\\"')


def _one_line(text: str) -> str:
    return " ".join(text.split())
