"""The command line's own parts: the application, and how its verbs are made and end."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, ParamSpec

import typer
from typer.core import TyperCommand

from maskface.exits import NOTHING_KEPT, ended_in_words

P = ParamSpec("P")
OUTPUT: Final = "Output"
_NATURAL: Final = re.compile(r"; x>=\d+(?=])|  \[x>=\d+]")
"""That a count may not be negative need not be told."""

app: Final = typer.Typer(
    name="maskface",
    no_args_is_help=True,
    context_settings={"color": False},
    pretty_exceptions_enable=False,
    # Plain text: no boxes in pipes, no colours anywhere, and a third of the time to start.
    rich_markup_mode=None,
)


class Verb(NamedTuple):
    """What is said of a verb outside its own help.

    Attributes
    ----------
    name
        As it is typed.
    exit_1
        When its exit code is 1; empty if it never is.
    """

    name: str
    exit_1: str


VERBS: Final[list[Verb]] = []
"""All verbs, in the order of ``maskface --help``."""


class _Command(TyperCommand):
    """A verb whose options stand under headings (`rich_help_panel`), in the order of those."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                name, about = record
                name = name.partition(" <")[0]  # of what type an argument is, its name tells
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
    """Make a function a verb of the command line.

    Parameters
    ----------
    examples
        What to type, without the program's name.
    name
        As it is typed; the function's if empty.
    exit_1
        When the exit code is 1: "a picture shows no face".
    kept, more
        As in `maskface.exits.ended_in_words`.
    """

    def make(function: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(function)
        def ended(*args: P.args, **kwargs: P.kwargs) -> None:
            with ended_in_words(kept, more):
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
