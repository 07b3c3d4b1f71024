"""The command line: verbs only. What they do is in the modules they call."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from maskface._version import __version__
from maskface.cli._app import REFUSED, app
from maskface.errors import MaskfaceError

# In the order in which `maskface --help` shows their verbs.
from maskface.cli import _runs, _figures, _pictures, _reading, _people, _models, _looks, _upkeep  # isort: skip

__all__ = ["app", "main"]

_VERBS = (_runs, _figures, _pictures, _reading, _people, _models, _looks, _upkeep)


def main() -> None:
    """Run the command line; errors that the user can mend are printed without a traceback."""
    try:
        app()
    except MaskfaceError as error:
        typer.echo(f"maskface: {error}", err=True)
        sys.exit(REFUSED)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskface {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """How much emotion does a face mask hide? Compare masked and unmasked faces."""
    del version
