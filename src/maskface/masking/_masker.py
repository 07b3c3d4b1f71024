"""What is the same for all files of one call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from maskface._version import __version__
from maskface.arrays import Row
from maskface.images import LIMITS, Limits
from maskface.landmarks import MediaPipeDetector
from maskface.masking._faces import params_text
from maskface.masking._plan import Job
from maskface.occluders import Occluder, occluder_name
from maskface.seeds import derived_seed


@dataclass(frozen=True, slots=True)
class Masked:
    """What became of one file.

    Attributes
    ----------
    job
        The file, and where the result is or would have been.
    coverages
        Hidden fraction of each covered face's oval, largest face first; for a video, the mean of
        each face over its frames, in the order in which they were met.
    message
        What went wrong; empty if nothing did.
    kept
        Whether an earlier call had done it.
    """

    job: Job
    coverages: tuple[float, ...] = ()
    message: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Masker:
    """Everything that is the same for all files.

    Attributes
    ----------
    occluder
        What to put on.
    detector
        Finds the faces.
    seed
        What the seeds of all faces are made from.
    root
        Folder that the column `output` starts from.
    limits
        Which picture files are opened.
    """

    occluder: Occluder
    detector: MediaPipeDetector
    seed: int
    root: Path
    limits: Limits = LIMITS

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that decides the results; 12 hexadecimal digits."""
        name, params = occluder_name(self.occluder), params_text(self.occluder)
        what = [__version__, name, params, self.seed, self.detector.fingerprint]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]

    def head(self, job: Job, digest: str) -> Row:
        """Cells that all rows of a file share."""
        return {
            "run_id": self.run_id,
            "source": job.name,
            "source_sha256": digest,
            "occluder": occluder_name(self.occluder),
            "params": params_text(self.occluder),
        }

    def face_seed(self, name: str, number: int) -> int:
        """Seed of a face, by the name of its file in the plan and its number."""
        return derived_seed(self.seed, name, number)

    def output(self, job: Job) -> str:
        """A file's result as it goes into the table."""
        if job.target.is_relative_to(self.root):
            return job.target.relative_to(self.root).as_posix()
        return job.target.as_posix()
