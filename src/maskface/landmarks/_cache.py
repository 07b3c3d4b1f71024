"""Landmarks on disk, so that a picture is looked at once."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from maskface.errors import MaskfaceError
from maskface.files import write_atomically
from maskface.folders import cache_folder
from maskface.landmarks._base import Closing, LandmarkDetector
from maskface.landmarks._kept import SUFFIX, cut_down
from maskface.types import N_LANDMARKS, FaceLandmarks, ImageArray, Pose

_FORMAT: Final = 1
"""To be raised when the layout of an entry changes; older entries then count as missing."""
_N_BLENDSHAPES: Final = 52
LIMIT_MB: Final = 2000
"""Size of the cache unless the user says otherwise: about 270,000 pictures with one face."""
LIMIT_VARIABLE: Final = "MASKFACE_CACHE_MB"
_ENTRY_BYTES: Final = 7474  # of a picture with one face
_CUTS: Final = 64
"""How often the size is looked at while as much is written as the cache may hold. The work for
one entry is then the same for any limit: it is looked at `_CUTS` times."""
_DAY_S: Final = 86400
_LOG = logging.getLogger(__name__)

Faces = tuple[FaceLandmarks, ...]


def default_cache_folder() -> Path:
    """Where landmarks are kept unless the user says otherwise; see `maskface.folders`.

    Raises
    ------
    MaskfaceError
        If ``$MASKFACE_CACHE`` names what is no folder.
    """
    return cache_folder("landmarks")


def cache_limit() -> int:
    """Bytes that the cache may hold: ``$MASKFACE_CACHE_MB`` megabytes, or `LIMIT_MB`.

    Raises
    ------
    MaskfaceError
        If the variable holds no whole number of 0 or more.
    """
    said = os.environ.get(LIMIT_VARIABLE, "").strip() or str(LIMIT_MB)
    if not (said.isascii() and said.isdigit()):
        raise MaskfaceError(
            f"{LIMIT_VARIABLE} is {said!r}, but it must be a whole number of megabytes, such as "
            f"{LIMIT_MB}; 0 keeps nothing."
        )
    return int(said) * 1_000_000


class LandmarkCache:
    """A folder of landmarks, one small file per picture and detector.

    Entries are ``<hash of the detector's fingerprint>/<first 2 digits of the key>/<key>.npz``,
    so that a former detector's can be removed by hand. They are written under another name and
    then moved, so processes may share the folder. Entries that cannot be read count as missing
    and are written again. After the first failure to write, nothing more is written and one
    warning goes to the log: a full or read-only disk never breaks a run.

    When the folder holds more than `limit`, the entries that were not used for longest are
    removed. That is looked at now and then, so it may hold a few hundredths more for a while.

    Parameters
    ----------
    folder
        Made when the first entry is written; `default_cache_folder` if not given.
    limit
        Bytes it may hold, 0 or more; `cache_limit` if not given. Nothing is written if it is 0.

    Raises
    ------
    MaskfaceError
        If no limit is given and the user's own cannot be read.
    """

    def __init__(self, folder: Path | None = None, *, limit: int | None = None) -> None:
        self.folder = default_cache_folder() if folder is None else folder
        self.limit = cache_limit() if limit is None else limit
        self._writable = self.limit > 0
        self._between_cuts = max(self.limit // _ENTRY_BYTES // _CUTS, 1)

    def get(self, data: bytes, fingerprint: str) -> Faces | None:
        """Look up the faces of a picture.

        Parameters
        ----------
        data
            The bytes of the picture file.
        fingerprint
            The detector's.

        Returns
        -------
        tuple of FaceLandmarks or None
            What `put` was given, to the bit; None if there is no (readable) entry.
        """
        key = _key(data, fingerprint)
        try:
            path = self._path(key, fingerprint)
            entry = path.read_bytes()
            _note_use(path)
            return _unpack(entry, key)
        except FileNotFoundError:
            return None
        except Exception:  # noqa: BLE001 (broken files raise many kinds; each means "missing")
            return None

    def put(self, data: bytes, fingerprint: str, faces: Faces) -> None:
        """Store the faces of a picture, also when there are none; never raises `OSError`."""
        if not self._writable:
            return
        key = _key(data, fingerprint)
        try:
            path = self._path(key, fingerprint)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, _pack(faces, key))
            # Keys are evenly spread, so no process has to know what others write.
            if int(key[:12], 16) % self._between_cuts == 0:
                cut_down(self.folder, self.limit)
        except OSError as error:
            self._writable = False
            _LOG.warning("Landmarks are not cached from here on: %s", error)

    def _path(self, key: str, fingerprint: str) -> Path:
        return self.folder / detector_folder(fingerprint) / key[:2] / f"{key}{SUFFIX}"


def detector_folder(fingerprint: str) -> str:
    """Name of the folder with a detector's entries."""
    # Hashed, since another party's fingerprint may hold anything.
    return hashlib.sha256(fingerprint.encode()).hexdigest()[:16]


def _note_use(path: Path) -> None:
    """Let an entry count as used today; once a day, since this writes to the disk."""
    with suppress(OSError):  # another user's file, or a disk that is read only
        if time.time() - path.stat().st_mtime > _DAY_S:
            os.utime(path)


def _key(data: bytes, fingerprint: str) -> str:
    content = hashlib.sha256(data).hexdigest()
    return hashlib.sha256(f"{content} {fingerprint}".encode()).hexdigest()


def _pack(faces: Faces, key: str) -> bytes:
    entry = io.BytesIO()
    np.savez(
        entry,
        format=np.int64(_FORMAT),
        key=np.array(key),
        points=np.array([face.points for face in faces], np.float32),
        blendshapes=np.array([face.blendshapes for face in faces], np.float32),
        pose=np.array([face.pose for face in faces], np.float64),
    )
    return entry.getvalue()


def _unpack(entry: bytes, key: str) -> Faces | None:
    with np.load(io.BytesIO(entry), allow_pickle=False) as stored:
        if int(stored["format"]) != _FORMAT or str(stored["key"]) != key:
            return None
        count = len(stored["points"])
        points = stored["points"].reshape(count, N_LANDMARKS, 3).astype(np.float32, copy=False)
        shapes = stored["blendshapes"].reshape(count, _N_BLENDSHAPES)
        poses = stored["pose"].reshape(count, len(Pose._fields))
    return tuple(
        FaceLandmarks(points[i], shapes[i].astype(np.float32, copy=False), Pose(*map(float, pose)))
        for i, pose in enumerate(poses)
    )


class CachedDetector(Closing):
    """A detector that looks into a cache first.

    Parameters
    ----------
    detector
        Asked for what the cache does not know. `MediaPipeDetector` loads its model when it is
        first asked, so a run over known pictures never loads it.
    cache
        `LandmarkCache()` if not given.
    """

    def __init__(self, detector: LandmarkDetector, cache: LandmarkCache | None = None) -> None:
        self.fingerprint = detector.fingerprint
        self._detector = detector
        self._cache = LandmarkCache() if cache is None else cache

    def detect(self, image: ImageArray, data: bytes | None = None) -> Faces:
        """Find all faces.

        Parameters
        ----------
        image
            (H, W, 3) uint8 RGB.
        data
            The bytes of the file the picture was decoded from, the key in the cache. Without
            them the pixels are the key.

        Returns
        -------
        tuple of FaceLandmarks
            Largest face first; empty if there is none. Cached and fresh answers are the same to
            the bit.
        """
        content = _pixels(image) if data is None else data
        known = self._cache.get(content, self.fingerprint)
        if known is not None:
            return known
        faces = self._detector.detect(image)
        self._cache.put(content, self.fingerprint, faces)
        return faces

    def close(self) -> None:
        """Close the detector behind the cache."""
        self._detector.close()


def _pixels(image: ImageArray) -> bytes:
    return repr((image.shape, image.dtype.str)).encode() + image.tobytes()
