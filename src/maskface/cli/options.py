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

_COMPLETE: Final = {
    "data": data_names, "dataset": reader_names, "occluders": occluder_names,
    "classifiers": classifier_names,
}  # fmt: skip
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

RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)
]
ResultFolder = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help=OUT_HELP)]
FaceOccluders = Annotated[
    list[str],
    typer.Option(
        "--occluder",
        metavar="NAME",
        autocompletion=occluder_names,
        help="Occluder to put on the faces, such as surgical:colour=white; repeatable. 'maskface "
        "list occluders' shows all.",
    ),
]
Classifiers = Annotated[list[str], declared("classifiers")]
Seed = Annotated[int, declared("seed")]
Csv = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write the table to this file.", show_default=False),
]
AllowPartial = Annotated[
    bool,
    typer.Option("--allow-partial", help="Use the trials that an incomplete run has so far."),
]
ShowFaces = Annotated[
    bool,
    typer.Option(
        "--show-faces",
        help="Show one face under each condition. You confirm that the terms of the data set allow "
        "it.",
    ),
]
RestoreAspect = Annotated[str, declared("restore_aspect")]
MaxPixels = Annotated[int, declared("max_pixels")]
MaxBytes = Annotated[int, declared("max_bytes")]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        rich_help_panel=OUTPUT,
        help="Print the result as one JSON document.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        rich_help_panel=OUTPUT,
        help=QUIET_HELP,
    ),
]
