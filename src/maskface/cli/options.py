"""Options that verbs share: one name, one help text, one way to complete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from maskface.cli.app import OUTPUT
from maskface.cli.complete import classifier_names, data_names, occluder_names

MAX_PIXELS: Final = 100_000_000
MAX_BYTES: Final = 500_000_000
READERS: Final = ("faceapi", "fer")
"""Classifiers that read faces unless the user says otherwise."""
LARGE: Final = "Large runs"
LIMITS: Final = "Limits"

RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)
]
Data = Annotated[
    str,
    typer.Option(
        metavar="DATA",
        autocompletion=data_names,
        help="Folder with an index.csv (path,emotion,subject) or with one folder per emotion; or "
        "a name that 'maskface list datasets' shows.",
    ),
]
ResultFolder = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="A new or empty folder for the results."),
]
Occluders = Annotated[
    list[str],
    typer.Option(
        "--occluder",
        metavar="NAME",
        autocompletion=occluder_names,
        help="What to put on the faces, such as surgical:colour=white; repeatable. 'maskface list "
        "occluders' shows what there is.",
    ),
]
Occluder = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=occluder_names,
        help="What to put on the faces, such as surgical:colour=white. 'maskface list occluders' "
        "shows what there is.",
    ),
]
Classifiers = Annotated[
    list[str],
    typer.Option(
        "--classifier",
        metavar="NAME",
        autocompletion=classifier_names,
        help="What reads the faces; repeatable. 'maskface list classifiers' shows what there is.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(metavar="N", help="At most so many pictures, drawn with balanced emotions."),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Seed of whatever is random.")]
Csv = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write the table to this file.", show_default=False),
]
AllowPartial = Annotated[
    bool,
    typer.Option("--allow-partial", help="Take what an incomplete run has so far."),
]
ShowFaces = Annotated[
    bool,
    typer.Option(
        "--show-faces",
        help="Show one face under each condition: you say that the set's terms allow it.",
    ),
]
MaxPixels = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        rich_help_panel=LIMITS,
        help="Pictures with more pixels than this are not opened.",
    ),
]
MaxBytes = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        rich_help_panel=LIMITS,
        help="Picture files with more bytes than this are not opened.",
    ),
]
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
        help="Nothing but the result: no progress bar and no notes.",
    ),
]
