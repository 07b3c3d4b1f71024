"""Verbs of pictures: mask, gallery, landmarks, read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskface.cli.app import answer, answer_files, ready, verb
from maskface.cli.complete import occluder_names
from maskface.cli.options import (
    CLASSIFIERS,
    MAX_BYTES,
    MAX_PIXELS,
    Classifiers,
    Csv,
    Json,
    MaxBytes,
    MaxPixels,
    Occluder,
    Quiet,
    Seed,
)
from maskface.errors import ImageError, MaskfaceError
from maskface.exits import FAILED, note


@verb(
    "mask in.jpg -o out.png --occluder surgical:colour=white",
    "mask faces/ -o masked/ --alpha",
    "mask faces/ -o masked/ --alpha --resume",
    "mask 'faces/**/*_happy.jpg' -o happy/ --seed 7",
    "mask talk.mp4 -o masked.mp4",
    "mask webcam",
    exit_1="a file cannot be read, or shows no face",
    kept="Files that were finished are kept",
    more="--resume",
)
def mask(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Pictures, videos, folders (with all below them) or quoted patterns such as "
            "'faces/**/*.jpg'; or webcam (webcam:1 is the second one).",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="PATH",
            help="Folder for the results; for one picture or video, also a file name; "
            "for a webcam, a video to record to.",
        ),
    ] = None,
    occluder: Occluder = "surgical",
    seed: Seed = 0,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the table to this file.  [default: masked.csv in the folder]",
            show_default=False,
        ),
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
    max_pixels: MaxPixels = MAX_PIXELS,
    max_bytes: MaxBytes = MAX_BYTES,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put an occluder on every face in pictures and videos.

    A folder keeps its tree and file names (but GIF, PGM, PNM and PPM become
    PNG, and of an animated picture the first frame is taken); a video its
    frame rate, its size and, where ffmpeg is installed, its sound. masked.csv
    in the output folder has a row for each face (in a video, in each frame),
    and for each file that shows none or cannot be read; nothing is written of
    those. The faces in front of a webcam are masked as they are seen.
    """
    from maskface.masking import camera_number

    number = camera_number(source[0]) if len(source) == 1 else None
    if number is not None:
        _mask_webcam(number, out, occluder, seed, as_json=as_json)
        return
    if out is None:
        raise MaskfaceError("Say where the results go: add --out DIR.")
    from maskface.images import Limits
    from maskface.masking import done_text, done_values, mask_files, problems_text

    table = ready(csv)
    done = mask_files(
        source,
        out,
        occluder,
        seed=seed,
        thorough=thorough,
        alpha=alpha,
        csv=table[0] if table else None,
        resume=resume,
        progress=not quiet,
        limits=Limits(max_pixels, max_bytes),
    )
    answer(lambda: done_text(done), lambda: done_values(done), as_json=as_json)
    if done.notes and not quiet:
        note("\n".join(done.notes))
    if problems := problems_text(done):
        note(problems)
        raise SystemExit(FAILED)


def _mask_webcam(number: int, out: Path | None, occluder: str, seed: int, *, as_json: bool) -> None:
    from maskface.masking import mask_webcam

    frames = mask_webcam(number, out, occluder, seed=seed)
    files = [] if out is None else [out]
    answer(
        lambda: "\n".join([f"{frames} frames masked", *map(str, files)]),
        lambda: {"frames": frames, "files": files},
        as_json=as_json,
    )


@verb(
    "gallery -o gallery.png",
    "gallery anna.jpg ben.jpg -o two.png",
    "gallery -o g.png --occluder none --occluder surgical --size 300",
)
def gallery(
    faces: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FACE",
            help="Pictures, or folders of them; a few of the shipped synthetic faces if there are "
            "none.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The picture to write.")
    ] = Path("gallery.png"),
    occluder: Annotated[
        list[str] | None,
        typer.Option(
            "--occluder",
            metavar="NAME",
            autocompletion=occluder_names,
            help="What to put on the faces, such as surgical:colour=white; repeatable.  "
            "[default: all that 'maskface list occluders' shows]",
            show_default=False,
        ),
    ] = None,
    *,
    size: Annotated[
        int, typer.Option(metavar="PIXELS", help="Side of each face, 32 to 1024.")
    ] = 200,
    columns: Annotated[
        int,
        typer.Option(
            metavar="N", help="At most so many occluders side by side; the others go below."
        ),
    ] = 8,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw a contact sheet: rows of faces, columns of occluders."""
    from maskface.gallery import check_out, draw_gallery, example_faces, find_faces, read_faces
    from maskface.images import write_image

    given = find_faces(faces or [])
    check_out(out, given)
    pictures = read_faces(given or example_faces(), labels=bool(given))
    write_image(
        out, draw_gallery(pictures, occluder or None, size=size, columns=columns, seed=seed)
    )
    answer_files([out], as_json=as_json)


@verb(
    "landmarks portrait.jpg",
    "landmarks portrait.jpg --csv points.csv",
    exit_1="no face is found",
)
def landmarks(
    image: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="A picture.", show_default=False)
    ],
    csv: Csv = None,
    *,
    as_json: Json = False,
) -> None:
    """Find the 478 landmarks and the pose of every face in a picture.

    Pose and size of each face are printed; its points go to --csv.
    """
    from maskface.images import read_image
    from maskface.landmarks import MediaPipeDetector
    from maskface.tables import LANDMARKS, landmark_rows
    from maskface.text import poses_text

    files = ready(csv)
    with MediaPipeDetector() as detector:
        try:
            faces = detector.detect(read_image(image))
        except ImageError as error:
            raise MaskfaceError(f"{image}: {error}.") from error
    files = files if faces else []
    for path in files:
        LANDMARKS.write(LANDMARKS.frame(landmark_rows(faces)), path)
    poses = [
        {
            "face": number,
            "face_px": round(face.size, 1),
            "yaw_deg": round(face.pose.yaw, 2),
            "pitch_deg": round(face.pose.pitch, 2),
            "roll_deg": round(face.pose.roll, 2),
        }
        for number, face in enumerate(faces)
    ]
    answer(
        lambda: "\n".join([*poses_text(poses), *map(str, files)]),
        lambda: {"image": image, "faces": poses, "files": files},
        as_json=as_json,
    )
    if not faces:
        note(f"maskface: no face found in {image}.")
        raise SystemExit(FAILED)


@verb(
    "read portrait.jpg",
    "read faces/ --occluder surgical --csv readings.csv",
    "read portrait.jpg --classifier emfacs --explain",
    exit_1="a picture cannot be read, or shows no face",
)
def read(
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE", help="Pictures, and folders with all below them.", show_default=False
        ),
    ],
    occluder: Occluder = "none",
    classifier: Classifiers = CLASSIFIERS,
    seed: Seed = 0,
    csv: Csv = None,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why; with --classifier emfacs.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read the emotion of every face in pictures."""
    from maskface.documents import rows
    from maskface.reading import explain_faces, read_faces
    from maskface.tables import READINGS
    from maskface.text import explanations_text, readings_text

    files = ready(csv)
    why = {
        name: explain_faces(pictures, classifier=name, occluder=occluder, seed=seed)
        for name in classifier
        if explain
    }
    found = read_faces(
        pictures, classifiers=classifier, occluder=occluder, seed=seed, progress=not quiet
    )
    for path in files:
        READINGS.write(found, path)
    texts = [explanations_text(name, explained) for name, explained in why.items()]
    answer(
        lambda: "\n".join([readings_text(found), *texts, *map(str, files)]),
        lambda: {
            "readings": rows(found),
            "explanations": [
                {"image": image, "face": face, "classifier": name, "text": said.text}
                for name, explained in why.items()
                for image, face, said in explained
            ],
            "files": files,
        },
        as_json=as_json,
    )
    if (found["status"] != "ok").any():
        raise SystemExit(FAILED)
