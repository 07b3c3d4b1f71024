"""Options of a run, each declared once: name, default, range and help.

`maskface.Experiment` takes defaults, ranges and descriptions from here; the command line and the
experiment scripts make their options of it. A new option is an `Option` below, and a field of
`Experiment` or a keyword parameter of `maskface.run`. Nothing heavy is imported, so that
``maskface run --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a run."""

    name: str  # field of `maskface.Experiment` or keyword parameter of `maskface.run`
    default: Any  # value if the option is not given; a tuple if it may be given several times
    help: str  # sentence for --help
    kind: type = str  # type of the value, or of each of several values
    # Name on the command line, made from `name` if empty, and one-letter form.
    flag: str = ""
    short: str = ""
    metavar: str = ""  # stands for the value in --help
    low: int | None = None  # least allowed value
    choices: tuple[str, ...] = ()  # allowed values; any if empty
    heading: str = ""  # section of --help

    @property
    def flags(self) -> tuple[str, ...]:
        """Names on the command line: ``("--jobs", "-j")``."""
        long = self.flag or f"--{self.name.replace('_', '-')}"
        return (long, self.short) if self.short else (long,)

    @property
    def many(self) -> bool:
        """True if the option may be given several times."""
        return isinstance(self.default, tuple)


LARGE: Final = "Large runs"
LIMITS: Final = "Limits"

EXPERIMENT_OPTIONS: Final = (
    Option(
        "data", "example",
        "Folder with an index.csv (path,emotion,subject) or with one folder per emotion; or a "
        "name that 'maskface list datasets' shows.",
        metavar="DATA",
    ),
    Option(
        "dataset", "", "Name of the dataset reader for --data; by default the layout is "
        "recognised. 'maskface list datasets' shows all.",
        metavar="NAME",
    ),
    Option(
        "occluders", ("masks", "surgical", "ffp2", "fill"),
        "Occluder to put on the faces, such as surgical:colour=white; repeatable. 'maskface list "
        "occluders' shows all.",
        flag="--occluder", metavar="NAME",
    ),
    Option(
        "classifiers", ("faceapi", "fer"),
        "Classifier to read the faces with; repeatable. 'maskface list classifiers' shows all. "
        "'maskface run' adds fusion:train=both if ten people are named and this is not given.",
        flag="--classifier", metavar="NAME",
    ),
    Option(
        "limit", None, "Use at most this many pictures, drawn with balanced emotions.",
        kind=int, metavar="N", low=1,
    ),
    Option("seed", 0, "Seed of everything random.", kind=int, metavar="N", low=0),
    Option(
        "restore_aspect", 1.0,
        "Make pictures so many times as high, to undo that they were squashed; auto measures the "
        "irises, which are round.",
        metavar="FACTOR|auto",
    ),
    Option(
        "max_pixels", 100_000_000, "Do not open pictures with more pixels.",
        kind=int, metavar="N", low=1, heading=LIMITS,
    ),
    Option(
        "max_bytes", 500_000_000, "Do not open picture files with more bytes.",
        kind=int, metavar="N", low=1, heading=LIMITS,
    ),
)  # fmt: skip
"""Fields of `maskface.Experiment` that the command line has, in the order of ``--help``."""

RUN_OPTIONS: Final = (
    Option(
        "jobs", 1, "Number of worker processes; -1 for one per core.",
        kind=int, short="-j", metavar="N",
    ),
    Option(
        "resume", kind=bool, default=False,
        help="Continue an interrupted run; pictures that have changed are read again.",
    ),
    Option(
        "format", "csv", "Format of the trials: csv, or parquet for millions of rows.",
        metavar="FORMAT", choices=("csv", "parquet"), heading=LARGE,
    ),
    Option(
        "backend", "loky", "Where workers run: loky for this machine, dask for a cluster.",
        metavar="NAME", choices=("loky", "dask"), heading=LARGE,
    ),
    Option(
        "scheduler", "", "Address of the dask scheduler, such as tcp://127.0.0.1:8786.",
        metavar="URL", heading=LARGE,
    ),
)  # fmt: skip
"""Keyword parameters of `maskface.run` that the command line has, in the order of ``--help``."""

OPTIONS: Final[Mapping[str, Option]] = {
    option.name: option for option in (*EXPERIMENT_OPTIONS, *RUN_OPTIONS)
}
"""All options by name."""

_ON_COMMAND_LINE: Final = ContextVar("on_command_line", default=False)


@contextmanager
def on_command_line() -> Iterator[None]:
    """Let `argument` name options of the command line as long as the block lasts."""
    token = _ON_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _ON_COMMAND_LINE.reset(token)


def argument(name: str, *, value: Any = None) -> str:
    """Name an argument in a message, as the user gives it.

    Parameters
    ----------
    name
        A field of `maskface.Experiment` or parameter of a function, such as ``"out"``.
    value
        The value to give it, if the message names one.

    Examples
    --------
    >>> argument("out"), argument("resume", value=True)
    ('out', 'resume=True')
    >>> with on_command_line():
    ...     argument("out"), argument("resume", value=True), argument("jobs", value=1)
    ('--out', '--resume', '--jobs 1')
    """
    if not _ON_COMMAND_LINE.get():
        return name if value is None else f"{name}={value!r}"
    flag = OPTIONS[name].flags[0] if name in OPTIONS else f"--{name.replace('_', '-')}"
    return flag if value is None or value is True else f"{flag} {value}"


def arguments(**values: Any) -> str:
    """Name several arguments with their values; see `argument`."""
    between = " " if _ON_COMMAND_LINE.get() else ", "
    return between.join(argument(name, value=value) for name, value in values.items())


def resuming() -> str:
    """Name the way to finish a run, for messages."""
    if _ON_COMMAND_LINE.get():
        return "`maskface run ... --resume`"
    return "maskface.run(..., resume=True)"


OUT_HELP: Final = "New or empty folder for the results."
QUIET_HELP: Final = "Print nothing but the result and errors."
