"""Options that verbs share: one name, one help text, one way to complete.

Those of a run are made of `maskface.run_options`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from maskface.cli.app import OUTPUT
from maskface.cli.complete import classifier_names, data_names, occluder_names, one_of, reader_names
from maskface.run_options import OPTIONS, OUT_HELP, QUIET_HELP, Option

Complete = Callable[[str], list[str]]


def argument(metavar: str, help: str, complete: Complete | None = None) -> Any:  # noqa: A002
    """Return an argument of a verb, which shows no default."""
    return typer.Argument(metavar=metavar, help=help, autocompletion=complete, show_default=False)


def option(help: str, *flags: str, complete: Complete | None = None, **more: Any) -> Any:  # noqa: A002
    """Return an option of a verb; `more` are keywords of Typer."""
    return typer.Option(*flags, help=help, autocompletion=complete, **more)


_COMPLETE: Final = {
    "data": data_names, "dataset": reader_names, "occluders": occluder_names,
    "classifiers": classifier_names,
}  # fmt: skip


def was_typed(context: typer.Context, name: str) -> bool:
    """Return whether an option of the verb that runs was typed, instead of having its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


Made = TypeVar("Made", bound=Callable[..., Any])


def declared(name: str) -> Any:
    """Return an option of `maskface.run_options` as Typer's."""
    option = OPTIONS[name]
    complete = _COMPLETE.get(name) or (one_of(option.choices) if option.choices else None)
    return typer.Option(
        *option.flags,
        metavar=option.metavar or None,
        min=option.low,
        rich_help_panel=option.heading or None,
        autocompletion=complete,
        help=option.help,
        show_default=option.default != "",
    )


def takes(options: tuple[Option, ...]) -> Callable[[Made], Made]:
    """Let Typer see keyword parameters for some options in place of ``**given``."""

    def make(function: Made) -> Made:
        signature = inspect.signature(function, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        more = [_parameter(option) for option in options]
        function.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return make


def _parameter(option: Option) -> inspect.Parameter:
    default = list(option.default) if option.many else option.default
    kind: Any = option.kind
    if option.many:
        kind = list[kind]
    elif default is None:
        kind = kind | None
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, declared(option.name)],
    )


MAX_PIXELS: Final[int] = OPTIONS["max_pixels"].default
RESTORE_ASPECT: Final = str(OPTIONS["restore_aspect"].default)
MAX_BYTES: Final[int] = OPTIONS["max_bytes"].default
CLASSIFIERS: Final[list[str]] = list(OPTIONS["classifiers"].default)
"""Classifiers that read faces unless the user says otherwise."""

RunFolder = Annotated[Path, argument("RUN", "Folder of a run.")]
ResultFolder = Annotated[Path, option(OUT_HELP, "--out", "-o", metavar="DIR")]
FaceOccluders = Annotated[list[str], declared("occluders")]
Classifiers = Annotated[list[str], declared("classifiers")]
Seed = Annotated[int, declared("seed")]
Csv = Annotated[Path | None, option("Also write the table to this file.", metavar="FILE")]
AllowPartial = Annotated[
    bool, option("Use the trials that an incomplete run has so far.", "--allow-partial")
]
ShowFaces = Annotated[
    bool,
    option(
        "Show one face under each condition. You confirm that the terms of the data set allow it.",
        "--show-faces",
    ),
]
RestoreAspect = Annotated[str, declared("restore_aspect")]
MaxPixels = Annotated[int, declared("max_pixels")]
MaxBytes = Annotated[int, declared("max_bytes")]
Json = Annotated[
    bool, option("Print the result as one JSON document.", "--json", rich_help_panel=OUTPUT)
]
Quiet = Annotated[bool, option(QUIET_HELP, "--quiet", "-q", rich_help_panel=OUTPUT)]
