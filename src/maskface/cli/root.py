"""The root of the command line, with all verbs."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from maskface._version import __version__
from maskface.cli import people as _people
from maskface.cli import pictures as _pictures
from maskface.cli import reading as _looks
from maskface.cli import reading as _models
from maskface.cli import reading as _reading
from maskface.cli import reading as _upkeep
from maskface.cli import runs as _figures
from maskface.cli import runs as _runs
from maskface.cli.app import VERBS, app
from maskface.exits import say

# In the order in which `maskface --help` shows their verbs.

__all__ = ["VERBS", "app"]

_MODULES: Final = (_runs, _figures, _pictures, _reading, _people, _models, _looks, _upkeep)

_EPILOG: Final = """
\b
Start with:
  maskface run --data example --out results/example
  maskface list occluders

\b
Exit codes:
  0    done
  1    done, but for something asked for: the help of a verb says what
  2    refused: a wrong option, a bad input, or a disk that fails
  70   a bug in maskface
  130  interrupted by Ctrl-C or SIGTERM

Results go to stdout, all else to stderr. docs/cli.md says more.
"""


def _version(*, wanted: bool) -> None:
    if wanted:
        say(f"maskface {__version__}")
        raise typer.Exit


@app.callback(epilog=_EPILOG)
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """How much emotion does a face mask hide? Compare masked and unmasked faces."""
    del version
