"""Mask one picture: an occluder on each of its faces, and a row for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface._version import __version__
from maskface.arrays import Row
from maskface.images import LIMITS, Limits, write_image
from maskface.landmarks import MediaPipeDetector
from maskface.masking.plan import Job
from maskface.mesh import CHIN, LOWER_LIP, MOUTH_CORNERS, NOSE_TIP
from maskface.occluders import Occluder, occluder_name
from maskface.pipeline import face_note, no_face_message, occlude, open_picture
from maskface.seeds import derived_seed
from maskface.types import FaceLandmarks, ImageArray, Occlusion

PARTS: Final = {
    "nose_tip": (NOSE_TIP,),
    "mouth_corners": MOUTH_CORNERS,
    "lower_lip": (LOWER_LIP,),
    "chin": (CHIN,),
}
"""Landmarks of parts of the face; a part counts as covered if all its landmarks are hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A picture with an occluder on its faces."""

    image: ImageArray  # (H, W, 3) uint8 RGB
    # (H, W) uint8. How much of the photograph is hidden, by all occluders together.
    alpha: NDArray[np.uint8]
    # In the order of the faces; a message if the occluder failed and the face is unchanged.
    faces: tuple[Occlusion | str, ...]

    @property
    def coverages(self) -> tuple[float, ...]:
        """Hidden fraction of the face oval, of each face with an occluder."""
        return tuple(face.coverage for face in self.faces if isinstance(face, Occlusion))

    @property
    def message(self) -> str:
        """Messages of the faces on which the occluder failed; empty if there are none."""
        return "; ".join(face for face in self.faces if isinstance(face, str))


def draw_on_faces(
    image: ImageArray, occluder: Occluder, faces: Sequence[FaceLandmarks], seeds: Sequence[int]
) -> Drawn:
    """Put an occluder on every face of a picture (H, W, 3) uint8 RGB, which is not changed.

    `seeds` holds one for each face. A face on which the occluder fails is left as it is.
    """
    made: dict[int, Occlusion | str] = {}
    open_ = np.ones(image.shape[:2], np.float32)
    # Larger faces are nearer, so their occluders go on top.
    for i in sorted(range(len(faces)), key=lambda i: faces[i].size):
        made[i] = occlusion = occlude(image, faces[i], occluder, seeds[i])
        if isinstance(occlusion, str):
            continue
        image = occlusion.image
        open_ *= 1 - occlusion.alpha / np.float32(255)
    alpha = np.round(255 * (1 - open_)).astype(np.uint8)
    return Drawn(image, alpha, tuple(made[i] for i in range(len(faces))))


def face_row(face: FaceLandmarks, drawn: Occlusion | str, number: int, seed: int) -> Row:
    """Return the cells of one face in `maskface.tables.MASKED`."""
    row = {"face": number, "seed": seed, "face_px": face.size}
    row |= dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), face.pose, strict=True))
    if isinstance(drawn, str):
        return row | {"status": "error", "message": drawn}
    covered = drawn.covered
    row |= {f"{part}_covered": int(covered[list(points)].all()) for part, points in PARTS.items()}
    return row | {
        "status": "ok",
        "message": face_note(face),
        "params": params_text(drawn),
        "coverage": drawn.coverage,
        "n_landmarks_covered": int(covered.sum()),
    }


def params_text(thing: Occluder | Occlusion) -> str:
    """Return the parameters of an occluder, or of what was drawn, as JSON."""
    return json.dumps(dict(thing.params), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Masked:
    """Outcome of one file."""

    job: Job  # the file and its result
    # Hidden fraction of the face oval of each occluded face, largest face first; for a video, the
    # mean over the frames of each face, in the order of their numbers.
    coverages: tuple[float, ...] = ()
    message: str = ""  # the failure; empty if there is none
    kept: bool = False  # whether it was done by an earlier call
    note: str = ""  # remark on the result; empty if there is none


@dataclass(frozen=True)
class Masker:
    """Settings that all files of a call share."""

    occluder: Occluder  # what to put on
    detector: MediaPipeDetector  # finds the faces
    seed: int  # seed from which those of all faces derive
    root: Path  # folder that paths in the column `output` are relative to
    limits: Limits = LIMITS  # limits of the picture files that are read

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that decides the results; 12 hexadecimal digits."""
        name, params = occluder_name(self.occluder), params_text(self.occluder)
        what = [__version__, name, params, self.seed, self.detector.fingerprint]
        if self.limits.restore_aspect != 1:
            what.append(self.limits.restore_aspect)
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]

    def head(self, job: Job, digest: str) -> Row:
        """Return the cells that all rows of a file share."""
        return {
            "run_id": self.run_id,
            "source": job.name.encode(errors="replace").decode(),
            "source_sha256": digest,
            "occluder": occluder_name(self.occluder),
            "params": params_text(self.occluder),
        }

    def face_seed(self, name: str, number: int) -> int:
        """Return the seed of a face, by the name of its file in the plan and its number."""
        return derived_seed(self.seed, name, number)

    def output(self, job: Job) -> str:
        """Return the path of a result as it stands in the table."""
        if job.target.is_relative_to(self.root):
            return job.target.relative_to(self.root).as_posix()
        return job.target.as_posix()


Add = Callable[[Sequence[Row]], None]


def mask_picture(masker: Masker, job: Job, add: Add) -> Masked:
    """Put an occluder on every face of a picture, write it, and `add` the rows of the table.

    Raises if the whole picture fails; a failure of one face is in its row.
    """
    image, data = open_picture(job.source, masker.limits)
    faces = masker.detector.detect(image)
    if not faces:
        message = no_face_message(data)
        add([{"status": "no_face", "message": message}])
        return Masked(job, message=message)
    seeds = [masker.face_seed(job.name, number) for number in range(len(faces))]
    drawn = draw_on_faces(image, masker.occluder, faces, seeds)
    if drawn.coverages:
        _write(job, drawn)
    output = {"output": masker.output(job) if drawn.coverages else ""}
    made = enumerate(zip(faces, drawn.faces, seeds, strict=True))
    add([face_row(face, what, i, seed) | output for i, (face, what, seed) in made])
    return Masked(job, drawn.coverages, drawn.message)


def _write(job: Job, drawn: Drawn) -> None:
    write_image(job.target, drawn.image, durable=True)
    if job.alpha is not None:
        try:
            write_image(job.alpha, drawn.alpha, durable=True)
        except BaseException:
            job.target.unlink(missing_ok=True)  # no table would name it
            raise
