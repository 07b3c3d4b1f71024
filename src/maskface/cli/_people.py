"""Verbs of people: humans, compare, power."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._app import Seed, app


@app.command()
def humans(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Trial tables of human observers, or folders of them: jsPsych (CSV or JSON), "
            "PsychoPy, Gorilla, lab.js, Qualtrics, or any CSV through --map.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A new or empty folder for the results.")
    ],
    column_map: Annotated[
        Path | None,
        typer.Option("--map", help="TOML file that says which column is what; docs/humans.md."),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the study in the tables.", show_default=False)
    ] = None,
    seed: Seed = 0,
    *,
    crossed: Annotated[
        bool,
        typer.Option("--crossed", help="Intervals for other observers and other faces, too."),
    ] = False,
) -> None:
    """Score human observers of covered faces, with the statistics for machines.

    Writes responses.csv, summary.csv, exclusions.csv, guards.csv and
    study.json, and prints what a cover costs.

    \b
    Examples:
      maskface humans data/ --out people/
      maskface humans answers.csv --map map.toml --out people/ --crossed
    """  # noqa: D301 (the character, which keeps the lines apart)
    from maskface.humans import read_study, require_empty, study_text, summarize_humans, write_study

    require_empty(out)
    study = read_study(files, column_map, dataset=dataset)
    summary = summarize_humans(study.responses, crossed=crossed, seed=seed)
    paths = write_study(study, summary, out, seed=seed)
    typer.echo(study_text(study, summary))
    typer.echo("\n" + "\n".join(map(str, paths)))


@app.command()
def compare(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a run or of a study with humans.")
    ],
    mask_condition: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            help="A condition that counts as a face mask whatever its name; repeatable.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare a run with published findings on human observers, claim by claim.

    \b
    Examples:
      maskface compare results/
      maskface compare people/ --mask lower --json
    """  # noqa: D301
    import json

    from maskface.findings import compare_run, comparison_text, comparison_values

    results = compare_run(folder, masks=tuple(mask_condition or ()), seed=seed)
    if as_json:
        values = {"run": str(folder), "claims": comparison_values(results)}
        typer.echo(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        typer.echo(comparison_text(results))


@app.command()
def power(
    pilot: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN",
            help="Folder of a pilot run or study; without one, published human observers.",
            show_default=False,
        ),
    ] = None,
    *,
    loss: Annotated[float, typer.Option(help="True loss to show, in percentage points.")] = 10,
    subjects: Annotated[
        str, typer.Option(help="Numbers of subjects (or observers) to try.")
    ] = "10,20,40,80",
    images: Annotated[
        str, typer.Option(help="Numbers of images of each under each condition to try.")
    ] = "6,12,24",
    classifier: Annotated[str, typer.Option(help="Which reader of the pilot.")] = "",
    condition: Annotated[str, typer.Option(help="Which condition of the pilot.")] = "",
    emotion: Annotated[str, typer.Option(help="Only faces that show this emotion.")] = "all",
    wanted: Annotated[float, typer.Option("--power", min=0, max=1, help="Power wanted.")] = 0.8,
    level: Annotated[float, typer.Option(help="Confidence level of the interval.")] = 0.95,
    seed: Seed = 0,
) -> None:
    """Find how many subjects and images show a given loss, by simulation.

    \b
    Examples:
      maskface power --loss 5 --subjects 20,40,80,160 --images 12,36
      maskface power pilot/ --classifier fer --condition surgical --loss 10
    """  # noqa: D301
    from maskface.power import (
        human_variances,
        parse_sizes,
        pilot_variances,
        power_text,
        simulate_power,
    )

    sizes = parse_sizes(subjects, "--subjects"), parse_sizes(images, "--images")
    if pilot is None:
        variances = human_variances(emotion)
    else:
        variances = pilot_variances(pilot, reader=classifier, condition=condition, emotion=emotion)
    found = simulate_power(variances, loss / 100, *sizes, level=level, seed=seed)
    typer.echo(power_text(found, variances, loss / 100, wanted=wanted))
