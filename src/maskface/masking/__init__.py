"""Put an occluder on the faces in picture and video files, outside any experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily

if TYPE_CHECKING:
    from maskface.masking._faces import Drawn, draw_on_faces
    from maskface.masking._masker import Masked
    from maskface.masking._plan import VIDEO_SUFFIXES, Job
    from maskface.masking._run import MaskedFiles, mask_files
    from maskface.masking._text import done_text, done_values, problems_text
    from maskface.masking._tracking import FaceTracker, Look
    from maskface.masking._webcam import camera_number, mask_webcam

_HOMES: Final = {
    "Drawn": "_faces",
    "FaceTracker": "_tracking",
    "Job": "_plan",
    "Look": "_tracking",
    "Masked": "_masker",
    "MaskedFiles": "_run",
    "VIDEO_SUFFIXES": "_plan",
    "camera_number": "_webcam",
    "done_text": "_text",
    "done_values": "_text",
    "draw_on_faces": "_faces",
    "mask_files": "_run",
    "mask_webcam": "_webcam",
    "problems_text": "_text",
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
