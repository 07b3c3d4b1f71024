"""The verb read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._app import FAILED, Seed, app


@app.command()
def read(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURE", help="Pictures, and folders with all below them."),
    ],
    classifier: Annotated[
        list[str] | None,
        typer.Option(
            "--classifier",
            help="What reads the faces, repeatable; faceapi and fer if not given. "
            "'maskface list classifiers' shows what there is.",
            show_default=False,
        ),
    ] = None,
    occluder: Annotated[
        str, typer.Option(help="What to put on each face before it is read, such as surgical.")
    ] = "none",
    csv: Annotated[
        Path | None, typer.Option(help="Write all probabilities, boxes and poses to this CSV file.")
    ] = None,
    seed: Seed = 0,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why; with --classifier emfacs.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Read the emotion of every face in pictures.

    If a picture cannot be read or shows no face, the exit status is 1.

    \b
    Examples:
      maskface read portrait.jpg
      maskface read faces/ --occluder surgical --csv readings.csv
      maskface read portrait.jpg --classifier emfacs --explain
    """  # noqa: D301 (the character, which keeps the lines apart)
    from maskface.reading import DEFAULT, explain_faces, read_faces
    from maskface.tables import READINGS
    from maskface.text import explanations_text, readings_text

    names = classifier or list(DEFAULT)
    why = [
        explanations_text(
            name, explain_faces(pictures, classifier=name, occluder=occluder, seed=seed)
        )
        for name in names
        if explain
    ]
    found = read_faces(
        pictures, classifiers=names, occluder=occluder, seed=seed, progress=not quiet
    )
    typer.echo("\n".join([readings_text(found), *why]))
    if csv is not None:
        READINGS.write(found, csv)
        typer.echo(str(csv))
    if (found["status"] != "ok").any():
        raise typer.Exit(FAILED)
