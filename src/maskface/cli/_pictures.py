"""Verbs of pictures: mask, gallery, landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli._app import FAILED, INTERRUPTED, MaxBytes, MaxPixels, Seed, app
from maskface.errors import MaskfaceError


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
    max_pixels: MaxPixels = 100_000_000,
    max_bytes: MaxBytes = 500_000_000,
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
    from maskface.images import Limits
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
            limits=Limits(max_pixels, max_bytes),
        )
    except KeyboardInterrupt:
        typer.echo(
            "\nStopped. What is finished is kept: type the same command with --resume to go on.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    _say(done_text(done), problems_text(done))
    if any(file.message for file in done.files):
        raise typer.Exit(FAILED)


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
        raise typer.Exit(FAILED)
    if csv is not None:
        LANDMARKS.write(LANDMARKS.frame(landmark_rows(faces)), csv)
        typer.echo(str(csv))
