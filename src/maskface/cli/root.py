"""The root of the command line, with all verbs."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from maskface._version import __version__

# isort: off
# In the order in which `maskface --help` shows their verbs.
from maskface.cli import runs, pictures, people, machine  # noqa: F401

# isort: on
from maskface.cli.app import VERBS, app
from maskface.exits import say

__all__ = ["VERBS", "app"]

_EPILOG: Final = """
\b
Start with:
  maskface run --data example --out results/example
  maskface list occluders

\b
Exit codes:
  0    done
  1    done, except for a part that the help of the command names
  2    refused: a wrong option, bad input or a disk error
  70   a bug in maskface
  130  interrupted by Ctrl-C, SIGTERM or a closed terminal

Results go to stdout, everything else to stderr. See docs/cli.md.
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
