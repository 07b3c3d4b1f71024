"""Mask one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from maskface.arrays import Row
from maskface.images import read_image, write_image
from maskface.masking._faces import Drawn, draw_on_faces, face_row
from maskface.masking._masker import Masked, Masker
from maskface.masking._plan import Job

NO_FACE: Final = "no face found"

Add = Callable[[Sequence[Row]], None]


def mask_picture(masker: Masker, job: Job, add: Add) -> Masked:
    """Put an occluder on every face of a picture, and write it.

    Parameters
    ----------
    masker
        What to put on, and how faces are found.
    job
        Where the picture is and where the result goes.
    add
        Is given the rows of the table.

    Raises
    ------
    Exception
        Whatever goes wrong with the whole picture; what goes wrong with one face is in its row.
    """
    image = read_image(job.source, masker.limits)
    faces = masker.detector.detect(image)
    if not faces:
        add([{"status": "no_face", "message": NO_FACE}])
        return Masked(job, message=NO_FACE)
    seeds = [masker.face_seed(job.name, number) for number in range(len(faces))]
    drawn = draw_on_faces(image, masker.occluder, faces, seeds)
    if drawn.coverages:
        _write(job, drawn)
    output = {"output": masker.output(job) if drawn.coverages else ""}
    made = enumerate(zip(faces, drawn.faces, seeds, strict=True))
    add([face_row(face, what, i, seed) | output for i, (face, what, seed) in made])
    return Masked(job, drawn.coverages, drawn.message)


def _write(job: Job, drawn: Drawn) -> None:
    write_image(job.target, drawn.image)
    if job.alpha is not None:
        try:
            write_image(job.alpha, drawn.alpha)
        except BaseException:
            job.target.unlink(missing_ok=True)  # no table would name it
            raise
