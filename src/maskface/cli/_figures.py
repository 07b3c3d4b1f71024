"""The verb plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._app import app


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    figure: Annotated[
        list[str] | None,
        typer.Option(
            "--figure",
            help="strip, readers, loss, grid, accuracy, flows, confusions or probabilities; "
            "repeatable. All that the run supports if not given.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="svg or pdf for print, png for slides.")
    ] = "svg",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for the figures; RUN/figures if not given.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw the figures of a run, from its tables.

    \b
    Examples:
      maskface plot results/
      maskface plot results/ --figure flows --figure confusions --format pdf --out paper/
    """  # noqa: D301 (the character, which keeps the lines apart)
    from maskface.report import write_figures

    for path in write_figures(folder, figure or (), form=form, out=out):
        typer.echo(str(path))
