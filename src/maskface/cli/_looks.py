"""Verbs that look: list, doctor."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from maskface.cli._app import FAILED, app


class Kind(StrEnum):
    """What can be listed."""

    OCCLUDERS = "occluders"
    CLASSIFIERS = "classifiers"
    DATASETS = "datasets"


@app.command("list")
def list_names(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """List what can be named after --occluder, --classifier and --data.

    Parameters of occluders are shown with their defaults. Several occluders are put on one after
    the other with a plus sign: tears+surgical:colour=white.

    Example: maskface list occluders
    """
    from maskface.catalogue import catalogue
    from maskface.text import glossary

    typer.echo(glossary(catalogue(kind.value)))


@app.command()
def doctor() -> None:
    """Look at the installation and say what to mend."""
    from maskface.doctor import run_checks

    checks = run_checks()
    for check in checks:
        typer.echo(f"{'ok  ' if check.ok else 'MEND'}  {check.name}: {check.detail}")
    if not all(check.ok for check in checks):
        raise typer.Exit(FAILED)
