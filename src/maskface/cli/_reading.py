"""The verb read."""

from __future__ import annotations

from typing import Annotated

import typer

from maskface.cli._answers import answer, ready
from maskface.cli._app import verb
from maskface.cli._options import READERS, Classifiers, Csv, Json, Occluder, Quiet, Seed
from maskface.exits import FAILED


@verb(
    "read portrait.jpg",
    "read faces/ --occluder surgical --csv readings.csv",
    "read portrait.jpg --classifier emfacs --explain",
    exit_1="a picture cannot be read, or shows no face",
)
def read(
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE", help="Pictures, and folders with all below them.", show_default=False
        ),
    ],
    occluder: Occluder = "none",
    classifier: Classifiers = list(READERS),  # noqa: B006 (typer copies it)
    seed: Seed = 0,
    csv: Csv = None,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why; with --classifier emfacs.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read the emotion of every face in pictures."""
    from maskface.documents import rows
    from maskface.reading import explain_faces, read_faces
    from maskface.tables import READINGS
    from maskface.text import explanations_text, readings_text

    files = ready(csv)
    why = {
        name: explain_faces(pictures, classifier=name, occluder=occluder, seed=seed)
        for name in classifier
        if explain
    }
    found = read_faces(
        pictures, classifiers=classifier, occluder=occluder, seed=seed, progress=not quiet
    )
    for path in files:
        READINGS.write(found, path)
    texts = [explanations_text(name, explained) for name, explained in why.items()]
    answer(
        lambda: "\n".join([readings_text(found), *texts, *map(str, files)]),
        lambda: {
            "readings": rows(found),
            "explanations": [
                {"image": image, "face": face, "classifier": name, "text": said.text}
                for name, explained in why.items()
                for image, face, said in explained
            ],
            "files": files,
        },
        as_json=as_json,
    )
    if (found["status"] != "ok").any():
        raise SystemExit(FAILED)
