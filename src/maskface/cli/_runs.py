"""Verbs of runs: run, summarize, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._app import INTERRUPTED, MaxBytes, MaxPixels, Occluders, Seed, app


@app.command()
def run(
    *,
    data: Annotated[
        str,
        typer.Option(
            help="Folder with an index.csv (path,emotion,subject) or one folder per emotion; "
            "'example' for the synthetic faces that ship with maskface."
        ),
    ] = "example",
    out: Annotated[Path, typer.Option(help="A new or empty folder for the results.")],
    occluder: Occluders = ["surgical"],  # noqa: B006 (typer copies it)
    classifier: Annotated[
        list[str], typer.Option("--classifier", help="Who reads the faces; repeatable.")
    ] = ["faceapi", "fer"],  # noqa: B006
    jobs: Annotated[int, typer.Option(help="Worker processes; -1 for one per core.")] = 1,
    limit: Annotated[
        int | None, typer.Option(help="At most so many pictures, drawn with balanced labels.")
    ] = None,
    seed: Seed = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run.")
    ] = False,
    backend: Annotated[
        str, typer.Option(help="loky for processes of this machine, dask for a cluster.")
    ] = "loky",
    scheduler: Annotated[
        str, typer.Option(help="Address of the dask scheduler, e.g. tcp://127.0.0.1:8786.")
    ] = "",
    form: Annotated[
        str, typer.Option("--format", help="Of the trials: csv, or parquet for millions of rows.")
    ] = "csv",
    max_pixels: MaxPixels = 100_000_000,
    max_bytes: MaxBytes = 500_000_000,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Read faces with and without an occluder, and measure what is lost.

    Writes trials.csv, summary.csv, manifest.json, a figure of the loss by emotion and
    report.html.

    Example: maskface run --data faces/ --out results/ --jobs 2
    """
    from maskface.experiment import Experiment
    from maskface.script import Options, carry_out

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
    try:
        carry_out(experiment, options)
    except KeyboardInterrupt:
        typer.echo(
            "\nStopped. What was read is saved: type the same command with --resume to go on.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None


@app.command()
def summarize(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    *,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Show what an incomplete run has so far.")
    ] = False,
) -> None:
    """Compute the summary of a run again from its trials; show the loss and its guards.

    Example: maskface summarize results/
    """
    from maskface.experiment import load_run, summarize_run
    from maskface.text import loss_text

    summary = summarize_run(folder, allow_partial=allow_partial)
    # The guards of an unfinished run would warn of what is only not done yet.
    typer.echo(loss_text(summary, None if allow_partial else load_run(folder).guards))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    *,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Report what an incomplete run has so far.")
    ] = False,
) -> None:
    """Write the report of a run again: one HTML page that needs nothing but itself.

    Example: maskface report results/
    """
    from maskface.report import write_report

    typer.echo(str(write_report(folder, allow_partial=allow_partial)))
