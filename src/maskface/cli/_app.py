"""The command line's own parts: the application, its exit codes, and options that verbs share."""

from __future__ import annotations

from typing import Annotated, Final

import typer

app: Final = typer.Typer(
    name="maskface",
    help="How much emotion does a face mask hide? Compare masked and unmasked faces.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

FAILED: Final = 1
"""Something asked for could not be done: a picture without a face, an installation to mend."""
REFUSED: Final = 2
"""What was asked cannot be done as it was asked."""
INTERRUPTED: Final = 130

Occluders = Annotated[
    list[str],
    typer.Option(
        "--occluder",
        help="What to put on the faces, e.g. surgical or surgical:colour=white; repeatable.",
    ),
]
MaxPixels = Annotated[
    int, typer.Option(min=1, help="Pictures with more pixels than this are not opened.")
]
MaxBytes = Annotated[
    int, typer.Option(min=1, help="Picture files with more bytes than this are not opened.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of whatever is random.")]
