"""The verb plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._answers import answer_files
from maskface.cli._app import verb
from maskface.cli._complete import FIGURE_FORMATS, FIGURES, one_of
from maskface.cli._options import Json, RunFolder, ShowFaces


@verb(
    "plot results/",
    "plot results/ -o paper/ --format pdf --figure flows --figure loss",
    kept="Figures that were drawn are kept",
)
def plot(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for the figures.  [default: RUN/figures]",
            show_default=False,
        ),
    ] = None,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            "--figure",
            metavar="NAME",
            autocompletion=one_of(FIGURES),
            help=f"{', '.join(FIGURES[:-1])} or {FIGURES[-1]}; repeatable.  "
            "[default: all that the run supports]",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            autocompletion=one_of(FIGURE_FORMATS),
            help="svg or pdf for print, png for slides.",
        ),
    ] = "svg",
    *,
    show_faces: ShowFaces = False,
    as_json: Json = False,
) -> None:
    """Draw the figures of a run from its tables."""
    from maskface.report import write_figures

    paths = write_figures(folder, figure or (), form=form, out=out, faces_allowed=show_faces)
    answer_files(paths, as_json=as_json)
