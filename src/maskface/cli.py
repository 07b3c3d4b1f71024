"""The command line: verbs only. What they do is in the modules they call."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from maskface._version import __version__
from maskface.errors import MaskfaceError

app = typer.Typer(
    name="maskface",
    help="How much emotion does a face mask hide? Compare masked and unmasked faces.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_FAILED = 1
_REFUSED = 2
_INTERRUPTED = 130

Occluders = Annotated[
    list[str],
    typer.Option(
        "--occluder",
        help="What to put on the faces, e.g. surgical or surgical:colour=white; repeatable.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of whatever is random.")]


def main() -> None:
    """Run the command line; errors that the user can mend are printed without a traceback."""
    try:
        app()
    except MaskfaceError as error:
        typer.echo(f"maskface: {error}", err=True)
        sys.exit(_REFUSED)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskface {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """How much emotion does a face mask hide? Compare masked and unmasked faces."""
    del version


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
    )
    options = Options(data, out, jobs, limit, seed, resume, progress=not quiet)
    try:
        carry_out(experiment, options)
    except KeyboardInterrupt:
        typer.echo(
            "\nStopped. What was read is saved: type the same command with --resume to go on.",
            err=True,
        )
        raise typer.Exit(_INTERRUPTED) from None


@app.command()
def mask(
    source: Annotated[Path, typer.Argument(metavar="IMAGE|DIR", help="Picture or folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File or folder for the results.")],
    occluder: Annotated[str, typer.Option(help="What to put on.")] = "surgical",
    seed: Seed = 0,
    *,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Look for small faces beside large ones; slower.")
    ] = False,
) -> None:
    """Put an occluder on every face in a picture, or in all pictures of a folder.

    A folder keeps its tree and file names.

    Example: maskface mask in.jpg -o out.png --occluder surgical:colour=white
    """
    from maskface.landmarks import MediaPipeDetector
    from maskface.masking import mask_files, plan_files
    from maskface.occluders import get_occluder

    chosen = get_occluder(occluder)
    pairs = plan_files(source, out)
    written = 0
    with MediaPipeDetector(search="always" if thorough else "scenes") as detector:
        for done in mask_files(pairs, chosen, detector, seed=seed):
            written += bool(done.coverages)
            if done.message:
                typer.echo(f"{done.source}: {done.message}", err=True)
            else:
                hidden = ", ".join(f"{coverage:.0%}" for coverage in done.coverages)
                typer.echo(f"{done.target}  ({hidden} of the face hidden)")
    if written < len(pairs):
        typer.echo(f"{written} of {len(pairs)} pictures were written.", err=True)
        raise typer.Exit(_FAILED)


@app.command()
def landmarks(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture.")],
    csv: Annotated[Path | None, typer.Option(help="Write all points to this CSV file.")] = None,
) -> None:
    """Find the 478 landmarks and the pose of every face in a picture.

    Example: maskface landmarks portrait.jpg --csv points.csv
    """
    from maskface.images import read_image
    from maskface.landmarks import MediaPipeDetector
    from maskface.tables import LANDMARKS, landmark_rows

    with MediaPipeDetector() as detector:
        faces = detector.detect(read_image(image))
    for number, face in enumerate(faces):
        pose = face.pose
        typer.echo(
            f"face {number}: {face.size:.0f} px, yaw {pose.yaw:+.1f}, pitch {pose.pitch:+.1f}, "
            f"roll {pose.roll:+.1f} degrees"
        )
    if not faces:
        typer.echo(f"maskface: no face found in {image}.", err=True)
        raise typer.Exit(_FAILED)
    if csv is not None:
        LANDMARKS.write(LANDMARKS.frame(landmark_rows(faces)), csv)
        typer.echo(str(csv))


@app.command()
def summarize(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    *,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Show what an incomplete run has so far.")
    ] = False,
) -> None:
    """Compute the summary of a run again from its trials, and show the loss.

    Example: maskface summarize results/
    """
    from maskface.experiment import summarize_run
    from maskface.text import loss_text

    typer.echo(loss_text(summarize_run(folder, allow_partial=allow_partial)))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
) -> None:
    """Write the report of a run again: one HTML page, from its tables alone.

    Example: maskface report results/
    """
    from maskface.report import write_report

    typer.echo(str(write_report(folder)))


class Kind(StrEnum):
    """What can be listed."""

    OCCLUDERS = "occluders"
    CLASSIFIERS = "classifiers"
    DATASETS = "datasets"


@app.command("list")
def list_names(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """List what can be named after --occluder, --classifier and --data.

    Example: maskface list occluders
    """
    from maskface.catalogue import catalogue
    from maskface.text import align

    typer.echo(align([("name", "what it is"), *catalogue(kind.value)]))


@app.command()
def doctor() -> None:
    """Look at the installation and say what to mend."""
    from maskface.doctor import run_checks

    checks = run_checks()
    for check in checks:
        typer.echo(f"{'ok  ' if check.ok else 'MEND'}  {check.name}: {check.detail}")
    if not all(check.ok for check in checks):
        raise typer.Exit(_FAILED)
