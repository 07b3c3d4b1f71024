"""Mask one video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from maskface.arrays import Row
from maskface.errors import MaskfaceError
from maskface.masking._faces import Drawn, draw_on_faces, face_row
from maskface.masking._frames import VideoFile
from maskface.masking._masker import Masked, Masker
from maskface.masking._pictures import NO_FACE, Add
from maskface.masking._plan import Job
from maskface.masking._sinks import VideoWriter, video_writer
from maskface.masking._tracking import FaceTracker, Look, TrackedFace
from maskface.types import ImageArray

HELD: Final = "not found in this frame; covered where it was last"
CUT_SHORT: Final = 0.95
"""A video that ends before this share of the frames it says to have is taken to be damaged; for
some kinds of file the number is an estimate."""


def mask_video(
    masker: Masker, job: Job, add: Add, tick: Callable[[], object]
) -> tuple[Masked, VideoWriter]:
    """Put an occluder on every face of a video.

    Parameters
    ----------
    masker
        What to put on, and how faces are found.
    job
        Where the video is and where the result goes.
    add
        Is given the rows of the table, one for each face in each frame.
    tick
        Called after each frame.

    Returns
    -------
    Masked
        What became of it.
    VideoWriter
        The finished file, still to be moved into place with `VideoWriter.keep`.

    Raises
    ------
    Exception
        Whatever goes wrong with the whole video, or with all of its faces; no file is left behind.
    """
    with VideoFile(job.source) as video:
        writer = video_writer(job.target, video.rate, video.size, sound=job.source)
        try:
            masked = _frames(masker, job, (video, writer), add, tick)
            writer.finish()
        except BaseException:
            writer.discard()
            raise
    return masked, writer


def _frames(
    masker: Masker,
    job: Job,
    ends: tuple[VideoFile, VideoWriter],
    add: Add,
    tick: Callable[[], object],
) -> Masked:
    video, writer = ends
    tracker = FaceTracker(Look(masker.detector.detect, masker.detector.one_pass))
    covered: dict[int, tuple[int, float]] = {}
    number, failure = -1, ""
    for number, frame in enumerate(video):
        time = number / video.rate
        faces = tracker.update(frame, time)
        drawn = draw_on_frame(masker, job.name, frame, faces)
        writer.write(drawn.image)
        place = {"frame": number, "time_s": time, "output": masker.output(job)}
        add([row | place for row in _rows(masker, job.name, faces, drawn)])
        _count(covered, faces, drawn)
        failure = failure or drawn.message
        tick()
    if failure and not covered:
        raise MaskfaceError(failure)
    message = _message(number + 1, video.expected, found=bool(covered))
    if message and covered:
        add([{"status": "error", "message": message}])
    means = tuple(total / n for _, (n, total) in sorted(covered.items()))
    return Masked(job, means, message)


def draw_on_frame(
    masker: Masker, name: str, frame: ImageArray, faces: Sequence[TrackedFace]
) -> Drawn:
    """Draw on the faces of one frame; a face has the same seed in all frames of a video."""
    seeds = [masker.face_seed(name, face.number) for face in faces]
    return draw_on_faces(frame, masker.occluder, [face.landmarks for face in faces], seeds)


def _rows(masker: Masker, name: str, faces: Sequence[TrackedFace], drawn: Drawn) -> list[Row]:
    if not faces:
        return [{"status": "no_face", "message": NO_FACE}]
    rows = []
    for face, what in zip(faces, drawn.faces, strict=True):
        row = face_row(face.landmarks, what, face.number, masker.face_seed(name, face.number))
        rows.append({"message": HELD if face.unseen else ""} | row)
    return rows


def _count(
    covered: dict[int, tuple[int, float]], faces: Sequence[TrackedFace], drawn: Drawn
) -> None:
    """Add up the coverage of each face."""
    for face, what in zip(faces, drawn.faces, strict=True):
        if not isinstance(what, str):
            n, total = covered.get(face.number, (0, 0.0))
            covered[face.number] = (n + 1, total + what.coverage)


def _message(read: int, expected: int, *, found: bool) -> str:
    if not found:
        return f"{NO_FACE} in any of {read} frames"
    if read < np.floor(CUT_SHORT * expected):
        return f"damaged: it says it has {expected} frames, but only {read} could be read"
    return ""
