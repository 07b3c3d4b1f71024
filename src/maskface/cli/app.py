"""The Typer application, the decorator that makes its verbs, and how verbs print results."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, ParamSpec

import typer
from typer.core import TyperCommand

from maskface.errors import MaskfaceError, os_errors_explained
from maskface.exits import NOTHING_KEPT, ended_in_words, only_errors, say, write
from maskface.files import destination

P = ParamSpec("P")
OUTPUT: Final = "Output"
_NATURAL: Final = re.compile(r"; x>=\d+(?=])|  \[x>=\d+]")
"""Lower bounds, which go without saying."""

app: Final = typer.Typer(
    name="maskface",
    no_args_is_help=True,
    context_settings={"color": False},
    pretty_exceptions_enable=False,
    # Plain text: no boxes in pipes, no colours anywhere, and a third of the time to start.
    rich_markup_mode=None,
)


class Verb(NamedTuple):
    """Facts about a verb that other pages show."""

    name: str  # name on the command line
    exit_1: str  # condition under which its exit code is 1; empty if there is none


VERBS: Final[list[Verb]] = []
"""All verbs, in the order of ``maskface --help``."""


class _Command(TyperCommand):
    """Command that shows its options under headings (`rich_help_panel`)."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                name, about = record
                name = name.partition(" <")[0]  # without the type of an argument
                sections.setdefault(_heading(param), []).append((name, _NATURAL.sub("", about)))
        width = max(len(name) for records in sections.values() for name, _ in records)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), about) for name, about in records])


def _heading(param: Any) -> str:
    if param.param_type_name == "argument":
        return "Arguments"
    if param.name == "help":
        return OUTPUT
    return str(getattr(param, "rich_help_panel", None) or "Options")


def verb(
    *examples: str, name: str = "", exit_1: str = "", kept: str = NOTHING_KEPT, more: str = ""
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return a decorator that makes a function a verb of the command line.

    `examples` are commands without the program's name; `name` is the verb's, that of the function
    if empty; `exit_1` is the condition under which the exit code is 1 ("a picture shows no face");
    `kept` and `more` are as in `maskface.exits.ended_in_words`.
    """

    def make(function: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(function)
        def ended(*args: P.args, **kwargs: P.kwargs) -> None:
            with ended_in_words(kept, more):
                if kwargs.get("quiet"):
                    only_errors()
                function(*args, **kwargs)

        typed = name or function.__name__
        VERBS.append(Verb(typed, exit_1))
        # The first character keeps click from joining the lines.
        shown = "\n".join(["\b", "Examples:", *(f"  maskface {example}" for example in examples)])
        app.command(
            typed,
            cls=_Command,
            help=f"{inspect.getdoc(function)}\n\n{shown}",
            epilog=f"Exit code 1: {exit_1}." if exit_1 else None,
        )(ended)
        return function

    return make


def answer(
    text: Callable[[], str], values: Callable[[], Mapping[str, Any]], *, as_json: bool
) -> None:
    """Print a result as text or as one JSON document; all of it or nothing."""
    if as_json:
        from maskface.documents import to_json

        write(to_json(dict(values())))
    elif shown := text():
        say(shown)


def answer_files(paths: Iterable[Path | None], *, as_json: bool) -> None:
    """Print the files that were written."""
    files = [path for path in paths if path is not None]
    answer(lambda: "\n".join(map(str, files)), lambda: {"files": files}, as_json=as_json)


def ready(csv: Path | None) -> list[Path]:
    """Make the folder of the file for a table, before any work; return the file, if there is one.

    A link is followed to its target. Raises MaskfaceError if the folder cannot be made, or the path
    is no regular file.
    """
    if csv is None:
        return []
    if csv.is_dir():
        raise MaskfaceError(f"{csv} is a folder. Name a file, such as --csv {csv / 'table.csv'}.")
    with os_errors_explained(f"write {csv}", "Choose another place with --csv."):
        place = destination(csv)
        place.parent.mkdir(parents=True, exist_ok=True)
    return [place]
