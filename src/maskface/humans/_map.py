"""Column maps: what the columns of somebody's trial table mean."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from maskface.humans._patterns import groups_of

Design = Literal["choice", "yes_no"]
FILE: Final = "@file"
"""Stands for the file's name in place of a column: one file for each observer."""
PATTERN: Final = "re:"
"""Begins a name that is a regular expression; see `maskface.humans._patterns`."""
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
