"""Column maps: what the columns of somebody's trial table mean.

Ready-made column maps of the platforms, and somebody's own map laid over them.

The beginning of a column map for a table that nobody has described yet.

Regular expressions from strangers, which may take for ever: looked for in a bounded time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from maskface._toml import LONGEST, parse_toml
from maskface.errors import MaskfaceError
from maskface.files import read_regular_file
from maskface.humans import matcher as _matcher

SECONDS: Final = 10.0
"""For one pattern in one file. A pattern without repeats within repeats takes about 1 s for a
million texts; ``(a+)+$`` takes 10 hours for one text of 40 characters."""

_SHOWN: Final = 80
"""Characters of a pattern in a message."""

Found = dict[str, dict[str, str] | None]


def search(pattern: str, texts: Iterable[str], fields: Iterable[str], key: str) -> Found:
    """Look for a regular expression in texts.

    Parameters
    ----------
    pattern
        Of Python's kind.
    texts
        Each is looked at once.
    fields
        Names of groups that are wanted.
    key
        Where the pattern stands in the column map, for messages.

    Returns
    -------
    dict
        By text: what is in the wanted groups that the pattern has, or None if it does not fit.

    Raises
    ------
    MaskfaceError
        If it is no regular expression, or takes too long or too much memory.
    """
    each = list(dict.fromkeys(texts))
    try:
        groups, found = _asked(pattern, tuple(each), tuple(fields))
    except ValueError as error:
        raise MaskfaceError(f"The column map is not valid at {key}: {error}.") from error
    values = (None if one is None else dict(zip(groups, one, strict=True)) for one in found)
    return dict(zip(each, values, strict=True))


@lru_cache
def groups_of(pattern: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Which fields are named groups of a regular expression; `ValueError` if it is none."""
    return tuple(_asked(pattern, (), fields)[0])


@lru_cache(maxsize=32)  # files of a study have the same header, and often the same values
def _asked(pattern: str, texts: tuple[str, ...], fields: tuple[str, ...]) -> tuple[Any, Any]:
    """Let another process look: nothing else ends Python's search on every system."""
    named = repr(pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}...")
    question = json.dumps({"pattern": pattern, "texts": texts, "fields": fields})
    try:
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-I", "-S", str(Path(_matcher.__file__))],
            input=question, capture_output=True, text=True, check=True, timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"{named} took more than {SECONDS:g} s. Repeats within repeats, such as (a+)+, may "
            "take for ever: write it without them, or name columns and values in full"
        ) from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "no message").strip().splitlines()[-1]
        raise ValueError(f"{named} cannot be looked for ({last})") from error
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ValueError(f"{named} is no regular expression: {answer['error']}")
    return answer["groups"], answer["found"]


Design = Literal["choice", "yes_no"]
FILE: Final = "@file"
"""Stands for the file's name in place of a column: one file for each observer."""
PATTERN: Final = "re:"
"""Begins a name that is a regular expression; see `maskface.humans.column_map`."""
SKIP: Final = "skip"
"""In a value map: trials with this value are left out, and counted."""
NO_ANSWER: Final = "no_answer"
"""In the value map of answers: counts as no answer."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Names = tuple[str, ...]


class Columns(_Part):
    """Which column is what; several names are tried in turn, ``re:`` begins a pattern.

    Attributes
    ----------
    observer
        Who answered; ``@file`` for the file's name.
    image, identity
        What was shown, and whose face.
    emotion, condition
        The shown emotion, and how the face was covered.
    response
        The chosen emotion; in yes/no designs, yes or no.
    question
        In yes/no designs, the emotion that was asked for.
    rt, confidence
        Time to the answer, and confidence on the study's scale.
    """

    observer: Names = ()
    image: Names = ()
    identity: Names = ()
    emotion: Names = ()
    condition: Names = ()
    response: Names = ()
    question: Names = ()
    rt: Names = ()
    confidence: Names = ()

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Pattern(_Part):
    """Fields that stand in a text, such as a file's name: 01_F_angry_mask.jpg.

    Attributes
    ----------
    column
        Where the text is.
    regex
        With groups named like fields of `Columns`: ``(?P<emotion>[a-z]+)``.
    """

    column: str
    regex: str

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        if not groups_of(value, tuple(Columns.model_fields)):
            raise ValueError(f"needs a named group such as (?P<emotion>...), got {value!r}")
        return value


class Wide(_Part):
    """A table with a row for each respondent and a column for each trial.

    Attributes
    ----------
    regex
        Finds the columns of answers; its named groups are fields of `Columns`.
    header
        ``name``: it is matched with the column's name; ``text``: with the question's text, the
        second row of headers.
    rt_suffix
        The column of the time to an answer is that of the answer with this behind; none if empty.
    """

    regex: str
    header: Literal["name", "text"] = "name"
    rt_suffix: str = ""

    _compiles = field_validator("regex")(Pattern._compiles.__func__)  # type: ignore[attr-defined]


class Attention(_Part):
    """Checks that an attentive observer passes.

    Attributes
    ----------
    column
        Where the answers to the checks are; empty cells are no checks.
    passed
        Answers that pass.
    most_failures
        Observers with more failures than this are excluded.
    """

    column: str
    passed: Names
    most_failures: int = Field(default=0, ge=0)


class Exclude(_Part):
    """Rules of exclusion, applied in this order.

    Attributes
    ----------
    observers
        Left out by name.
    attention
        Checks that must be passed.
    rt_ms_below, rt_ms_above
        Trials that were answered faster or slower than this.
    min_trials
        Observers with fewer answered trials than this.
    plain_accuracy_below
        Observers with a smaller share of right answers to plain faces: for chance, 1 divided by
        the number of choices, or .5 in yes/no designs.
    """

    observers: Names = ()
    attention: Attention | None = None
    rt_ms_below: float | None = Field(default=None, ge=0)
    rt_ms_above: float | None = Field(default=None, gt=0)
    min_trials: int | None = Field(default=None, ge=1)
    plain_accuracy_below: float | None = Field(default=None, ge=0, le=1)


class ColumnMap(_Part):
    """How to read a trial table.

    Attributes
    ----------
    platform
        Ready-made map that this one completes; ``plain`` for none. Detected if empty.
    dataset
        Name of the study in the tables.
    design
        ``choice``: one of several emotions is chosen. ``yes_no``: is the person angry?
    columns
        Which column is what.
    rt_unit
        ``ms`` or ``s``.
    values
        For emotion, condition, response and question: what a value means, such as
        angry -> anger, X -> none; ``skip`` leaves the trial out.
    keep, keep_if_there
        Only rows with one of these values in a column are trials; the latter where the file has
        that column.
    pattern
        Fields in a text.
    wide
        For tables with a column for each trial.
    exclude
        Rules of exclusion.
    detect
        Patterns of column names that tell the platform; for ready-made maps.
    """

    platform: str = ""
    dataset: str = "humans"
    design: Design = "choice"
    columns: Columns = Columns()
    rt_unit: Literal["ms", "s"] = "ms"
    values: dict[Literal["emotion", "condition", "response", "question"], dict[str, str]] = {}
    keep: dict[str, Names] = {}
    keep_if_there: dict[str, Names] = {}
    pattern: Pattern | None = None
    wide: Wide | None = None
    exclude: Exclude = Exclude()
    detect: Names = ()


PLAIN = "plain"
"""Stands for no ready-made map."""


def ready_maps() -> dict[str, dict[str, Any]]:
    """The maps that come with the package, by platform, as parsed TOML."""
    folder = files("maskface.humans") / "maps"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name.removesuffix(".toml"): tomllib.loads(f.read_text("utf-8")) for f in found}


def read_map(path: Path) -> dict[str, Any]:
    """Parse a column map.

    Raises
    ------
    MaskfaceError
        If the file is missing or is no TOML.
    """
    try:
        return parse_toml(read_regular_file(path, LONGEST).decode("utf-8-sig"))
    # An OverflowError is a file that is too large.
    except (OSError, ValueError, OverflowError) as error:
        raise MaskfaceError(f"Cannot read {path} as a column map: {error}.") from error


def complete_map(own: dict[str, Any], platform: str) -> ColumnMap:
    """Lay somebody's own map over the ready-made one of a platform.

    Raises
    ------
    MaskfaceError
        If a key is unknown or a value is not allowed.
    """
    known = ready_maps() | {PLAIN: {}}
    if platform not in known:
        raise MaskfaceError(
            f"There is no ready-made map {platform!r}. Set platform to one of "
            f"{', '.join(known)}, or leave it out."
        )
    base = known[platform]
    try:
        return ColumnMap.model_validate(_laid_over(base, own) | {"platform": platform})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MaskfaceError(
            f"The column map is not valid at {place}: {first['msg']}. docs/humans.md lists what a "
            "map may hold."
        ) from error


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in own.items():
        below = out.get(key)
        nested = isinstance(below, dict) and isinstance(value, dict)
        out[key] = _laid_over(below, value) if nested else value  # type: ignore[arg-type]
    return out


def detect_platform(header: tuple[str, ...]) -> str:
    """Tell the platform from the names of the columns; ``plain`` if it is none of those known."""
    for name, ready in ready_maps().items():
        signs = [re.compile(sign) for sign in ready["detect"]]
        if all(any(sign.search(column) for column in header) for sign in signs):
            return name
    return PLAIN


_GUESSES: Final = {
    "observer": ("participant", "subject", "observer", "rater", "worker", "respondent", "user"),
    "image": ("stimulus", "image", "face", "picture", "file"),
    "identity": ("identity", "model", "actor", "poser"),
    "emotion": ("emotion", "expr", "label", "real", "shown"),
    "condition": ("condition", "cond", "mask", "occlu", "cover"),
    "response": ("response", "answer", "chosen", "detected", "key", "rate"),
    "rt": ("rt", "reaction", "latency", "duration", "time"),
}


def starting_map(header: Sequence[str], design: str = "choice") -> str:
    """Write the beginning of a column map for a table with these columns."""
    lines = [f'design = "{design}"  # or "yes_no": is this person angry?', "", "[columns]"]
    for field, words in _GUESSES.items():
        fitting = [c for c in header if any(word in c.lower() for word in words)]
        guess = fitting[0] if fitting else "?"
        more = f"  # or {', '.join(fitting[1:4])}" if fitting[1:] else ""
        lines.append(f'{field} = "{_quoted(guess)}"{_one_line(more)}')
    if design == "yes_no":
        lines.append('question = "?"  # the emotion asked for')
    lines += [
        "",
        "[values.condition]  # the face as it is must be called none",
        '"no mask" = "none"',
        "",
        "[values.response]  # only if answers are keys or numbers",
        '"1" = "anger"',
    ]
    return "\n".join(lines)


def _quoted(name: str) -> str:
    return _one_line(name).replace("\\", "\\\\").replace('"', '\\"')


def _one_line(text: str) -> str:
    return " ".join(text.split()) if not text.startswith("  #") else "  " + " ".join(text.split())
