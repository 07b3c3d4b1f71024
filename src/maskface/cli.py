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
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Pictures, videos, folders (with all below them) or quoted patterns such as "
            "'faces/**/*.jpg'; or webcam (webcam:1 is the second one).",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for the results; for one picture or video, also a file name; "
            "for a webcam, a video to record to.",
        ),
    ] = None,
    occluder: Annotated[
        str, typer.Option(help="What to put on; 'maskface list occluders' shows what there is.")
    ] = "surgical",
    seed: Seed = 0,
    csv: Annotated[
        Path | None,
        typer.Option(help="Where the table goes, instead of masked.csv in the folder."),
    ] = None,
    *,
    alpha: Annotated[
        bool,
        typer.Option("--alpha", help="Also write what of each picture is hidden: STEM.alpha.png."),
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Look for small faces beside large ones; slower.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave alone what an earlier call has finished.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Put an occluder on every face in pictures, videos, or in front of a webcam.

    A folder keeps its tree and file names; a video its frame rate, its size
    and, where ffmpeg is installed, its sound. masked.csv in the output folder
    has a row for each face (in a video, in each frame), and for each file that
    shows none or cannot be read; if there is such a file, the exit status is 1.

    \b
    Examples:
      maskface mask in.jpg -o out.png --occluder surgical:colour=white
      maskface mask faces/ -o masked/ --alpha
      maskface mask faces/ -o masked/ --alpha --resume
      maskface mask 'faces/**/*_happy.jpg' -o happy/ --seed 7
      maskface mask talk.mp4 -o masked.mp4
      maskface mask webcam
    """  # noqa: D301 (the character, which keeps the lines apart)
    from maskface.masking import camera_number

    number = camera_number(source[0]) if len(source) == 1 else None
    if number is not None:
        _mask_webcam(number, out, occluder, seed)
        return
    if out is None:
        raise MaskfaceError("Say where the results go: add --out FOLDER.")
    from maskface.masking import done_text, mask_files, problems_text

    try:
        done = mask_files(
            source,
            out,
            occluder,
            seed=seed,
            thorough=thorough,
            alpha=alpha,
            csv=csv,
            resume=resume,
            progress=not quiet,
        )
    except KeyboardInterrupt:
        typer.echo(
            "\nStopped. What is finished is kept: type the same command with --resume to go on.",
            err=True,
        )
        raise typer.Exit(_INTERRUPTED) from None
    _say(done_text(done), problems_text(done))
    if any(file.message for file in done.files):
        raise typer.Exit(_FAILED)


def _say(text: str, problems: str) -> None:
    if text:
        typer.echo(text)
    if problems:
        typer.echo(problems, err=True)


def _mask_webcam(number: int, out: Path | None, occluder: str, seed: int) -> None:
    from maskface.masking import mask_webcam

    frames = mask_webcam(number, out, occluder, seed=seed)
    typer.echo(f"{frames} frames masked" + (f"\n{out}" if out else ""))


@app.command()
def gallery(
    faces: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FACE",
            help="Pictures; a few of the shipped synthetic faces if there are none.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture to write.")] = Path(
        "gallery.png"
    ),
    occluder: Annotated[
        list[str] | None,
        typer.Option(
            "--occluder",
            help="What to put on, repeatable; every occluder there is if not given.",
            show_default=False,
        ),
    ] = None,
    *,
    size: Annotated[int, typer.Option(help="Side of each face in pixels, 32 to 1024.")] = 200,
    columns: Annotated[
        int, typer.Option(help="At most so many occluders side by side; the others go below.")
    ] = 8,
    seed: Seed = 0,
) -> None:
    """Draw a contact sheet: a row for each face, a column for each occluder.

    \b
    Examples:
      maskface gallery -o gallery.png
      maskface gallery anna.jpg ben.jpg -o two.png
      maskface gallery -o masks.png --occluder none --occluder surgical --size 300
    """  # noqa: D301 (the character, which keeps the lines apart)
    from maskface.gallery import draw_gallery, example_faces, read_faces
    from maskface.images import write_image

    pictures = read_faces(faces or example_faces(), labels=bool(faces))
    write_image(
        out, draw_gallery(pictures, occluder or None, size=size, columns=columns, seed=seed)
    )
    typer.echo(str(out))


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
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
) -> None:
    """Write the report of a run again: one HTML page, from its tables alone.

    Example: maskface report results/
    """
    from maskface.report import write_report

    typer.echo(str(write_report(folder)))


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


class Kind(StrEnum):
    """What can be listed."""

    OCCLUDERS = "occluders"
    CLASSIFIERS = "classifiers"
    DATASETS = "datasets"


@app.command("list")
def list_names(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """List what can be named after --occluder, --classifier and --data.

    Parameters of occluders are shown with their defaults. Several occluders are put on one after
    the other with a plus sign: tears+surgical:colour=white.

    Example: maskface list occluders
    """
    from maskface.catalogue import catalogue
    from maskface.text import glossary

    typer.echo(glossary(catalogue(kind.value)))


@app.command()
def doctor() -> None:
    """Look at the installation and say what to mend."""
    from maskface.doctor import run_checks

    checks = run_checks()
    for check in checks:
        typer.echo(f"{'ok  ' if check.ok else 'MEND'}  {check.name}: {check.detail}")
    if not all(check.ok for check in checks):
        raise typer.Exit(_FAILED)
