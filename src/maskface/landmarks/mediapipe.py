"""The face landmarker of MediaPipe as a landmark detector."""

from __future__ import annotations

import hashlib
import threading
import weakref
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskface import weights
from maskface.landmarks.base import Closing
from maskface.landmarks.fallbacks import SEARCHES, Search, find_faces
from maskface.landmarks.native import NativeFace, mediapipe, native_faces, native_logs_muted
from maskface.landmarks.pose import head_pose
from maskface.landmarks.privacy import private_options
from maskface.types import FaceLandmarks, ImageArray

MODEL: Final = "face_landmarker.task"
MAX_FACES: Final = 64

HALF_PIXEL: Final = 0.5
SAMPLING_DRIFT: Final = 0.0025
"""MediaPipe confuses corners and centres of pixels when it cuts a face out at 256 px. That moves
all landmarks by half a pixel less this share of the face's size: 0.4 px to the top left for a face
of 42 px, 1.3 px to the bottom right for one of 677 px (half of the disagreement between a picture
and its mirror image). Undoing it lowers the median error of 48 px faces, against points placed by
hand, from 2.6 to 1.4 % of the distance between the outer corners of the eyes."""

_REVISION: Final = 5
"""Version of this package's own part of the detector; it changes with its results."""


class MediaPipeDetector(Closing):
    """A detector that uses the face landmarker of MediaPipe.

    The model is loaded by the first call of `detect` (about two seconds), so that making a
    detector costs nothing. Usable from several threads, one call at a time.

    Parameters
    ----------
    max_faces
        Greatest number of faces in one pass over a picture or tile, 1 or more. A high number costs
        nothing where there are few faces.
    search
        When to search tile by tile: ``"scenes"`` where the first pass finds no face or
        only small ones, ``"always"`` also for small faces beside a large one, or ``"never"``.
        Finds faces down to 24 px at 640 x 480, for about 25 times the time of a portrait. Where
        this finds nothing, the middle is searched at other sizes and lighter, unless ``"never"``.

    Examples
    --------
    >>> with MediaPipeDetector() as detector:  # doctest: +SKIP
    ...     faces = detector.detect(image)
    """

    def __init__(self, *, max_faces: int = MAX_FACES, search: Search = "scenes") -> None:
        if max_faces < 1:
            raise ValueError(f"max_faces must be 1 or more, got {max_faces}.")
        if search not in SEARCHES:
            raise ValueError(f"search must be one of {SEARCHES}, got {search!r}.")
        self.max_faces = max_faces
        self.search = search
        self._lock = threading.Lock()
        self._landmarker: Any = None
        self._closed = False

    @property
    def fingerprint(self) -> str:
        """Hash of the model file, MediaPipe's version and the settings; 64 hexadecimal digits."""
        model = weights.manifest()[MODEL].sha256
        parts = (model, version("mediapipe"), _REVISION, self.max_faces, self.search)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def detect(self, image: ImageArray) -> tuple[FaceLandmarks, ...]:
        """Find all faces; see `LandmarkDetector.detect`."""
        return find_faces(image, self.one_pass, search=self.search)

    def one_pass(self, image: ImageArray) -> tuple[FaceLandmarks, ...]:
        """Find faces in one pass of MediaPipe, in no particular order; see `detect`."""
        mp = mediapipe()
        height, width = image.shape[:2]
        picture = mp.Image(
            image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image, dtype=np.uint8)
        )
        return tuple(_face(found, width, height) for found in native_faces(self._load(), picture))

    def _load(self) -> Any:
        with self._lock:
            if self._closed:
                raise ValueError("The detector has been closed; make a new one.")
            if self._landmarker is None:
                self._landmarker = _create(self.max_faces)
                self._finalizer = weakref.finalize(self, _release, self._landmarker)
            return self._landmarker

    def close(self) -> None:
        """Release the native resources; the detector cannot be used afterwards."""
        with self._lock:
            self._closed = True
            if self._landmarker is not None:
                self._finalizer()
                self._landmarker = None


def _create(max_faces: int) -> Any:
    vision = mediapipe().tasks.vision
    model = weights.manifest()[MODEL]
    model.verify()
    options = vision.FaceLandmarkerOptions(
        base_options=private_options(str(model.path)),
        num_faces=max_faces,
        output_face_blendshapes=True,
    )
    with native_logs_muted():
        return vision.FaceLandmarker.create_from_options(options)


def _release(landmarker: Any) -> None:
    """Close MediaPipe's object so that its own `__del__` finds nothing left to do.

    Its `__del__` fails with a traceback when it first runs while the interpreter shuts down.
    """
    try:
        landmarker.close()
    except RuntimeError:  # its worker thread has already been stopped by the interpreter
        landmarker._handle = None


def _face(found: NativeFace, width: int, height: int) -> FaceLandmarks:
    points = _points(found.shares, width, height)
    return FaceLandmarks(points, found.scores, head_pose(points))


def _points(shares: NDArray[np.float64], width: int, height: int) -> NDArray[np.float32]:
    """Return landmarks in pixels; MediaPipe's z is a share of the picture's width, as x is."""
    pixels = shares * np.array([width, height, width])
    x, y = pixels[:, 0], pixels[:, 1]
    side = max(x.max() - x.min(), y.max() - y.min())
    pixels[:, :2] += HALF_PIXEL - SAMPLING_DRIFT * side
    return np.asarray(pixels, np.float32)
