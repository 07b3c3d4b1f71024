"""Put an occluder on the faces in picture and video files, outside any experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily

if TYPE_CHECKING:
    from maskface.masking.faces import Drawn, Masked, draw_on_faces
    from maskface.masking.files import (
        MaskedFiles,
        done_text,
        done_values,
        mask_files,
        problems_text,
    )
    from maskface.masking.plan import VIDEO_SUFFIXES, Job
    from maskface.masking.tracking import FaceTracker, Look
    from maskface.masking.webcam import camera_number, mask_webcam

_HOMES: Final = {
    "Drawn": "faces",
    "FaceTracker": "tracking",
    "Job": "plan",
    "Look": "tracking",
    "Masked": "faces",
    "MaskedFiles": "files",
    "VIDEO_SUFFIXES": "plan",
    "camera_number": "webcam",
    "done_text": "files",
    "done_values": "files",
    "draw_on_faces": "faces",
    "mask_files": "files",
    "mask_webcam": "webcam",
    "problems_text": "files",
}

__all__ = [
    "VIDEO_SUFFIXES",
    "Drawn",
    "FaceTracker",
    "Job",
    "Look",
    "Masked",
    "MaskedFiles",
    "camera_number",
    "done_text",
    "done_values",
    "draw_on_faces",
    "mask_files",
    "mask_webcam",
    "problems_text",
]


__getattr__ = lazily(__name__, _HOMES)
