"""Verbs of runs: run, summarize, report.

The verb plot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli.app import answer, answer_files, verb
from maskface.cli.complete import BACKENDS, FIGURE_FORMATS, FIGURES, TABLE_FORMATS, one_of
from maskface.cli.options import (
    LARGE,
    MAX_BYTES,
    MAX_PIXELS,
    READERS,
    AllowPartial,
    Classifiers,
    Data,
    Json,
    Limit,
    MaxBytes,
    MaxPixels,
    Occluders,
    Quiet,
    ResultFolder,
    RunFolder,
    Seed,
    ShowFaces,
)
from maskface.exits import FAILED, note


@verb(
    "run --data example --out results/example",
    "run --data faces/ -o results/ --occluder surgical --occluder ffp2",
    "run --data faces/ -o results/ --limit 100 --json > results.json",
    "run --data faces/ --out results/ -j 2 --resume",
    exit_1="the tables are complete, but a figure or the report could not be written",
    kept="What was read is saved",
    more="--resume",
)
def run(
    *,
    data: Data = "example",
    out: ResultFolder,
    occluder: Occluders = ["surgical"],  # noqa: B006 (typer copies it)
    classifier: Classifiers = list(READERS),  # noqa: B006
    limit: Limit = None,
    seed: Seed = 0,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", help="Worker processes; -1: one per core.")
    ] = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with an interrupted run; changed pictures are read again."
        ),
    ] = False,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            rich_help_panel=LARGE,
            autocompletion=one_of(TABLE_FORMATS),
            help="Of the trials: csv, or parquet for millions of rows.",
        ),
    ] = "csv",
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=LARGE,
            autocompletion=one_of(BACKENDS),
            help="Where workers are: loky for this machine, dask for a cluster.",
        ),
    ] = "loky",
    scheduler: Annotated[
        str,
        typer.Option(
            metavar="URL",
            rich_help_panel=LARGE,
            help="Of the dask cluster, such as tcp://127.0.0.1:8786.",
            show_default=False,
        ),
    ] = "",
    max_pixels: MaxPixels = MAX_PIXELS,
    max_bytes: MaxBytes = MAX_BYTES,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read faces with and without occluders, and measure the loss.

    Writes trials.csv, summary.csv, guards.csv, attributes.csv, pictures.csv,
    manifest.json, a figure of the loss by emotion, and report.html.
    """
    from maskface.experiment import Experiment
    from maskface.workflow import Options, carry_out

    experiment = Experiment(
        data=data,
        occluders=tuple(occluder),
        classifiers=tuple(classifier),
        limit=limit,
        seed=seed,
        max_pixels=max_pixels,
        max_bytes=max_bytes,
    )
    options = Options(
        data, out, jobs, limit, seed, resume, progress=not quiet, backend=backend,
        scheduler=scheduler, format=form,
    )  # fmt: skip
    outcome = carry_out(experiment, options)
    answer(outcome.text, outcome.values, as_json=as_json)
    if outcome.problem:
        note(outcome.problem)
        raise SystemExit(FAILED)


@verb("summarize results/", "summarize results/ --allow-partial --json")
def summarize(
    folder: RunFolder, *, allow_partial: AllowPartial = False, as_json: Json = False
) -> None:
    """Compute the summary of a run again, and show the loss.

    An incomplete run's folder is left as it is.
    """
    from maskface import experiment
    from maskface.text import loss_text
    from maskface.workflow import summary_values

    summary = experiment.summarize_run(folder, allow_partial=allow_partial)
    held = experiment.RunFolder(folder)
    complete = held.require_manifest()["complete"]
    # The guards of an unfinished run would warn of what is only not done yet.
    guards = experiment.load_run(folder).guards if complete else None
    files = [held.summary_path, held.guards_path, folder / "manifest.json"] if complete else []
    answer(
        lambda: loss_text(summary, guards),
        lambda: {"folder": folder} | summary_values(summary, guards) | {"files": files},
        as_json=as_json,
    )


@verb("report results/", "report results/ --allow-partial", "report results/ --show-faces")
def report(
    folder: RunFolder,
    *,
    allow_partial: AllowPartial = False,
    show_faces: ShowFaces = False,
    as_json: Json = False,
) -> None:
    """Write the report of a run again: one HTML page.

    It needs nothing but itself, and nothing from the network.
    """
    from maskface.report import write_report

    path = write_report(folder, allow_partial=allow_partial, faces_allowed=show_faces)
    answer_files([path], as_json=as_json)


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
