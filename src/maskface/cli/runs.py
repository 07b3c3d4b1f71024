"""Verbs of runs: run, summarize, report, plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from maskface.cli.app import answer, answer_files, verb
from maskface.cli.complete import FIGURE_FORMATS, FIGURES, one_of
from maskface.cli.options import (
    AllowPartial,
    Json,
    Quiet,
    ResultFolder,
    RunFolder,
    ShowFaces,
    option,
    takes,
    was_typed,
)
from maskface.exits import FAILED, note
from maskface.run_options import OPTIONS


@verb(
    "run --data example --out results/example",
    "run --data faces/ -o results/ --occluder surgical --occluder ffp2",
    "run --data faces/ -o results/ --limit 100 --json > results.json",
    "run --data faces/ --out results/ -j 2 --resume",
    exit_1="the tables are complete, but a figure or the report cannot be written",
    kept="Results so far are saved",
    more="--resume",
)
@takes(tuple(OPTIONS.values()))
def run(
    context: typer.Context,
    out: ResultFolder,
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    **given: Any,
) -> None:
    """Read faces with and without occluders, and measure the loss.

    Writes trials.csv, summary.csv, guards.csv, attributes.csv, pictures.csv,
    manifest.json, a figure of the loss by emotion, and report.html.
    """
    from maskface.workflow import Options, carry_out, with_fusion

    options = Options.split(given | {"progress": not quiet}, out)
    asked = options.experiment()
    outcome = carry_out(asked if was_typed(context, "classifiers") else with_fusion(asked), options)
    answer(outcome.text, outcome.values, as_json=as_json)
    if not quiet and (notes := _notes(options.data, given["occluders"])):
        note(notes)
    if outcome.problem:
        note(outcome.problem)
        raise SystemExit(FAILED)


def _notes(data: str, occluders: Sequence[str]) -> str:
    """Return what controls do, and which files of an emotion folder set are not read."""
    from maskface.images import left_out_note
    from maskface.occluders import as_occluder
    from maskface.pipeline import control_note

    notes = [control_note(as_occluder(one)) for one in occluders]
    folder = Path(data)
    if folder.is_dir() and not (folder / "index.csv").exists():
        notes.append(left_out_note(folder))
    return "\n".join(filter(None, notes))


@verb("summarize results/", "summarize results/ --allow-partial --json")
def summarize(
    folder: RunFolder, *, allow_partial: AllowPartial = False, as_json: Json = False
) -> None:
    """Compute the summary of a run again, and show the loss.

    The folder of an incomplete run is not changed.
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
    """Write the report of a run again, as one HTML page.

    The page needs no other file and no network.
    """
    from maskface.report import write_report

    path = write_report(folder, allow_partial=allow_partial, faces_allowed=show_faces)
    answer_files([path], as_json=as_json)


@verb(
    "plot results/",
    "plot results/ -o paper/ --format pdf --figure flows --figure loss",
    kept="Finished figures are kept",
)
def plot(
    folder: RunFolder,
    out: Annotated[
        Path | None,
        option("Folder for the figures.  [default: RUN/figures]", "--out", "-o", metavar="DIR"),
    ] = None,
    figure: Annotated[
        list[str] | None,
        option(
            f"{', '.join(FIGURES[:-1])} or {FIGURES[-1]}; repeatable.  "
            "[default: all that the run has data for]",
            "--figure",
            metavar="NAME",
            complete=one_of(FIGURES),
        ),
    ] = None,
    format: Annotated[  # noqa: A002 (as on the command line)
        str,
        option(
            "File format: svg or pdf for print, png for slides.",
            "--format",
            metavar="FORMAT",
            complete=one_of(FIGURE_FORMATS),
        ),
    ] = "svg",
    *,
    show_faces: ShowFaces = False,
    as_json: Json = False,
) -> None:
    """Draw the figures of a run from its tables."""
    from maskface.report import write_figures

    paths = write_figures(folder, figure or (), form=format, out=out, faces_allowed=show_faces)
    answer_files(paths, as_json=as_json)
