"""Verbs of the machine: bench, cache."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._app import Occluders, Seed, app


@app.command()
def bench(
    *,
    data: Annotated[
        str, typer.Option(help="Folder of faces, as for run; 'example' for the shipped ones.")
    ] = "example",
    limit: Annotated[int, typer.Option(min=1, help="At most so many pictures.")] = 100,
    occluder: Occluders = ["surgical"],  # noqa: B006 (typer copies it)
    classifier: Annotated[
        list[str], typer.Option("--classifier", help="Who reads the faces; repeatable.")
    ] = ["faceapi", "fer"],  # noqa: B006
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    seed: Seed = 0,
) -> None:
    """Measure where the time of a run goes on this machine, beside the bare libraries.

    Pictures are read as by one worker of a run, without the landmark cache. Nothing is kept.

    Example: maskface bench --data faces/ --limit 100 --occluder surgical --csv bench.csv
    """
    from maskface.bench import BENCH, bench_text
    from maskface.bench import bench as measure
    from maskface.experiment import Experiment

    experiment = Experiment(
        data=data,
        occluders=tuple(occluder),
        classifiers=tuple(classifier),
        limit=limit,
        seed=seed,
    )
    found = measure(experiment)
    typer.echo(bench_text(found))
    if csv is not None:
        BENCH.write(found, csv)
        typer.echo(str(csv))


@app.command()
def cache(
    *,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove all landmarks; they are found again when asked.")
    ] = False,
) -> None:
    """Show what the landmark cache holds, or clear it.

    Landmarks of a picture are found once and shared by all runs. The folder follows
    MASKFACE_CACHE; when it holds more than MASKFACE_CACHE_MB megabytes (2000 if not set), what
    was not used for longest is removed.

    \b
    Examples:
      maskface cache
      maskface cache --clear
    """  # noqa: D301 (the character, which keeps the lines apart)
    from maskface.upkeep import cache_cleared_text, cache_text

    typer.echo(cache_cleared_text() if clear else cache_text())
