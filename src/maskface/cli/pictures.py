"""Verbs of pictures: mask, gallery, landmarks, read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from maskface.cli.app import answer, answer_files, ready, verb
from maskface.cli.complete import occluder_names
from maskface.cli.options import (
    CLASSIFIERS,
    MAX_BYTES,
    MAX_PIXELS,
    RESTORE_ASPECT,
    Classifiers,
    Csv,
    FaceOccluders,
    Json,
    MaxBytes,
    MaxPixels,
    Quiet,
    RestoreAspect,
    Seed,
    argument,
    option,
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
    kept="Finished files are kept",
    more="--resume",
)
def mask(
    source: Annotated[
        list[str],
        argument(
            "SOURCE",
            "Pictures, videos, folders with their subfolders, or quoted patterns such as "
            "'faces/**/*.jpg'; or webcam (webcam:1 for the second one).",
        ),
    ],
    out: Annotated[
        Path | None,
        option(
            "Folder for the results; for one picture or video, a file name is allowed, too; "
            "for a webcam, the video to record to.",
            "--out",
            "-o",
            metavar="PATH",
        ),
    ] = None,
    occluder: FaceOccluders = ["surgical"],  # noqa: B006 (typer copies it)
    seed: Seed = 0,
    csv: Annotated[
        Path | None,
        option(
            "Write the table to this file.  [default: masked.csv in the output folder; "
            "for one video, beside the result, with its name]",
            metavar="FILE",
        ),
    ] = None,
    *,
    alpha: Annotated[
        bool, option("Also write the hidden part of each picture as STEM.alpha.png.", "--alpha")
    ] = False,
    thorough: Annotated[
        bool, option("Also look for small faces beside large ones; slower.", "--thorough")
    ] = False,
    resume: Annotated[
        bool, option("Skip files that an earlier call has finished.", "--resume")
    ] = False,
    restore_aspect: RestoreAspect = RESTORE_ASPECT,
    max_pixels: MaxPixels = MAX_PIXELS,
    max_bytes: MaxBytes = MAX_BYTES,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put an occluder on every face in pictures and videos.

    The output folder has the same tree and file names as the input; kinds that
    are not written become JPG, PNG or MP4, and of an animated picture the first
    frame is used. Several occluders have a folder each below the output folder.
    Videos keep their frame rate, their size and, where ffmpeg is installed,
    their sound. masked.csv in the output folder has a row for each face (in a
    video, for each face and frame), and for each file that shows no face or
    cannot be read; no picture is written for those. With webcam, the faces in
    front of the camera are masked live.
    """
    from maskface.masking import camera_number

    number = camera_number(source[0]) if len(source) == 1 else None
    if number is not None:
        if len(occluder) > 1:
            raise MaskfaceError(
                "A camera shows one occluder. Name one, or put several on each other with a plus "
                f"sign: --occluder {'+'.join(occluder)}."
            )
        _mask_webcam(number, out, occluder[0], seed, as_json=as_json)
        return
    if out is None:
        raise MaskfaceError("There is no place for the results yet: add --out DIR.")
    from maskface.images import Limits, parse_aspect
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
        restore_aspect=parse_aspect(restore_aspect),
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
        argument(
            "FACE",
            "Pictures or folders of pictures; a few of the shipped synthetic faces if none "
            "is given.",
        ),
    ] = None,
    out: Annotated[Path, option("Picture to write.", "--out", "-o", metavar="FILE")] = Path(
        "gallery.png"
    ),
    occluder: Annotated[
        list[str] | None,
        option(
            "Occluder to put on the faces, such as surgical:colour=white; repeatable.  "
            "[default: all that 'maskface list occluders' shows]",
            "--occluder",
            metavar="NAME",
            complete=occluder_names,
        ),
    ] = None,
    *,
    size: Annotated[
        int, option("Side of each face in pixels, 32 to 1024.", metavar="PIXELS")
    ] = 200,
    columns: Annotated[
        int, option("Number of occluders side by side, at most; others go below.", metavar="N")
    ] = 8,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw a contact sheet: faces in rows, occluders in columns."""
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
    "landmarks portrait.jpg", "landmarks portrait.jpg --csv points.csv", exit_1="no face is found"
)
def landmarks(
    image: Annotated[Path, argument("PICTURE", "Picture with one or more faces.")],
    csv: Csv = None,
    *,
    restore_aspect: RestoreAspect = RESTORE_ASPECT,
    as_json: Json = False,
) -> None:
    """Find landmarks and pose of every face in a picture.

    Prints pose and size of each face; --csv takes the points.
    """
    from maskface.images import Limits, parse_aspect, read_image
    from maskface.landmarks import MediaPipeDetector, find_aspect
    from maskface.tables import LANDMARKS, landmark_rows
    from maskface.text import poses_text

    files = ready(csv)
    limits = Limits(restore_aspect=find_aspect(parse_aspect(restore_aspect), [image]))
    with MediaPipeDetector() as detector:
        try:
            faces = detector.detect(read_image(image, limits))
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
        list[str], argument("PICTURE", "Pictures, or folders with their subfolders.")
    ],
    occluder: FaceOccluders = ["none"],  # noqa: B006 (typer copies it)
    classifier: Classifiers = CLASSIFIERS,
    seed: Seed = 0,
    csv: Csv = None,
    *,
    restore_aspect: RestoreAspect = RESTORE_ASPECT,
    explain: Annotated[
        bool, option("Explain the answers; with --classifier emfacs.", "--explain")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read the emotion of every face in pictures."""
    from maskface.documents import rows
    from maskface.images import left_out_note, parse_aspect
    from maskface.occluders import as_occluder
    from maskface.pipeline import control_note
    from maskface.reading import explain_faces, read_faces
    from maskface.tables import READINGS
    from maskface.text import explanations_text, readings_text

    files = ready(csv)
    factor = parse_aspect(restore_aspect)
    why = {
        (name, one): explain_faces(
            pictures, classifier=name, occluder=one, seed=seed, restore_aspect=factor
        )
        for name in classifier
        for one in occluder
        if explain
    }
    found = read_faces(
        pictures, classifiers=classifier, occluder=occluder, seed=seed, restore_aspect=factor,
        progress=not quiet,
    )  # fmt: skip
    for path in files:
        READINGS.write(found, path)
    tables = [
        (f"{name}\n" if len(occluder) > 1 else "") + readings_text(rows_of_one)
        for name, rows_of_one in found.groupby("occluder", sort=False)
    ]
    texts = [
        (f"\n{one}" if len(occluder) > 1 else "") + explanations_text(name, explained)
        for (name, one), explained in why.items()
    ]
    answer(
        lambda: "\n".join(["\n\n".join(tables), *texts, *map(str, files)]),
        lambda: {
            "readings": rows(found),
            "explanations": [
                {
                    "image": image,
                    "face": face,
                    "classifier": name,
                    "occluder": one,
                    "text": said.text,
                }
                for (name, one), explained in why.items()
                for image, face, said in explained
            ],
            "files": files,
        },
        as_json=as_json,
    )
    folders = [Path(name) for name in pictures if Path(name).is_dir()]
    notes = [*map(control_note, map(as_occluder, occluder)), *map(left_out_note, folders)]
    if any(notes) and not quiet:
        note("\n".join(filter(None, notes)))
    if (found["status"] != "ok").any():
        raise SystemExit(FAILED)
