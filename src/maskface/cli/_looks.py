"""Verbs that look: list, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from maskface.cli._answers import answer
from maskface.cli._app import verb
from maskface.cli._complete import LISTS, one_of
from maskface.cli._options import Json
from maskface.exits import FAILED


@verb("list occluders", "list classifiers --json", name="list")
def list_names(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            autocompletion=one_of(LISTS),
            help=f"What to list: {', '.join(LISTS)}.",
            show_default=False,
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    """List occluders, classifiers or data sets.

    They are what can be named after --occluder, --classifier and --data.
    Parameters are shown with their defaults. Several occluders are put on one
    after the other with a plus sign: tears+surgical:colour=white.
    """
    from maskface.catalogue import catalogue, catalogue_text

    found = catalogue(kind)
    answer(
        lambda: catalogue_text(found),
        lambda: {kind: [entry.values() for entry in found]},
        as_json=as_json,
    )


@verb("doctor", "doctor --json", exit_1="something has to be mended")
def doctor(*, as_json: Json = False) -> None:
    """Look at the installation and say what to mend."""
    from dataclasses import asdict

    from maskface.doctor import run_checks

    checks = run_checks()
    fine = all(check.ok for check in checks)
    answer(
        lambda: "\n".join(
            f"{'ok  ' if check.ok else 'MEND'}  {check.name}: {check.detail}" for check in checks
        ),
        lambda: {"ok": fine, "checks": [asdict(check) for check in checks]},
        as_json=as_json,
    )
    if not fine:
        raise SystemExit(FAILED)
