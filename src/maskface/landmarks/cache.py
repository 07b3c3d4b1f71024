"""Cache of landmarks on disk, so that faces are searched for once in a picture.

Only files with names of the cache are counted and removed, and no link is followed: anything else
in the folder stays.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from maskface.errors import MaskfaceError
from maskface.files import write_atomically
from maskface.folders import cache_folder, make_folder
from maskface.landmarks.base import Closing, LandmarkDetector
from maskface.types import N_LANDMARKS, FaceLandmarks, ImageArray, Pose

SUFFIX: Final = ".npz"
_DETECTOR: Final = re.compile(r"[0-9a-f]{16}")
_START: Final = re.compile(r"[0-9a-f]{2}")
_ENTRY: Final = re.compile(r"[0-9a-f]{64}\.npz")
_UNFINISHED: Final = re.compile(r"\.[0-9a-f]{64}\.npz\.\d+\.\d+")
_ABANDONED_S: Final = 3600
"""Age in seconds at which an unfinished file counts as abandoned."""
ROOM: Final = 0.9
"""Share of the limit that is left when the cache is cut, so that it is not cut at every entry."""


class Entry(NamedTuple):
    """One file of the cache."""

    used: float  # day of the last use, in seconds since 1970
    size: int  # bytes
    path: str  # where it is


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Contents of the cache for one detector."""

    detector: str  # name of its folder, a hash of the detector's fingerprint; 16 hexadecimal digits
    entries: int  # number of pictures
    size: int  # bytes in all


def cache_stats(folder: Path) -> list[CacheStats]:
    """Count the entries of a cache folder, by detector; none if there is no such folder."""
    found: dict[str, list[Entry]] = {}
    for entry in entries(folder):
        found.setdefault(Path(entry.path).parent.parent.name, []).append(entry)
    return [
        CacheStats(detector, len(own), sum(entry.size for entry in own))
        for detector, own in sorted(found.items())
    ]


def clear(folder: Path) -> list[CacheStats]:
    """Remove all entries of a cache folder and the folders that are then empty; return them.

    Raises OSError if an entry cannot be removed.
    """
    removed: dict[str, list[int]] = {}
    for entry in entries(folder):
        with suppress(FileNotFoundError):  # another process was quicker
            Path(entry.path).unlink()
            removed.setdefault(Path(entry.path).parent.parent.name, []).append(entry.size)
    _drop_rest(folder)
    return [CacheStats(name, len(sizes), sum(sizes)) for name, sizes in sorted(removed.items())]


def cut_down(folder: Path, limit: int) -> int:
    """Remove the least recently used entries if all exceed `limit` bytes, and count the removed.

    `ROOM` of the limit is left. Raises OSError if an entry cannot be removed.
    """
    found = list(entries(folder))
    total = sum(entry.size for entry in found)
    if total <= limit:
        return 0
    removed = 0
    for entry in sorted(found):
        if total <= ROOM * limit:
            break
        with suppress(FileNotFoundError):
            Path(entry.path).unlink()
            removed += 1
        total -= entry.size
    return removed


def entries(folder: Path) -> Iterator[Entry]:
    """Yield the entries of a cache folder, in no particular order."""
    for start in _starts(folder):
        for file in _files(start, _ENTRY):
            if file.name.startswith(Path(start).name):
                with suppress(FileNotFoundError):
                    about = file.stat(follow_symlinks=False)
                    yield Entry(about.st_mtime, about.st_size, file.path)


def _drop_rest(folder: Path) -> None:
    """Remove abandoned files and empty folders."""
    for start in list(_starts(folder)):
        for file in _files(start, _UNFINISHED):
            with suppress(OSError):
                if time.time() - file.stat(follow_symlinks=False).st_mtime > _ABANDONED_S:
                    Path(file.path).unlink()
        with suppress(OSError):
            Path(start).rmdir()
    for detector in list(_folders(folder, _DETECTOR)):
        with suppress(OSError):
            Path(detector).rmdir()


def _starts(folder: Path) -> Iterator[str]:
    for detector in _folders(folder, _DETECTOR):
        yield from _folders(detector, _START)


def _folders(within: Path | str, name: re.Pattern[str]) -> Iterator[str]:
    return (
        found.path
        for found in _scanned(within)
        if name.fullmatch(found.name) and found.is_dir(follow_symlinks=False)
    )


def _files(within: str, name: re.Pattern[str]) -> Iterator[os.DirEntry[str]]:
    return (
        found
        for found in _scanned(within)
        if name.fullmatch(found.name) and found.is_file(follow_symlinks=False)
    )


def _scanned(folder: Path | str) -> list[os.DirEntry[str]]:
    """Return the contents of a folder; nothing if there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


_FORMAT: Final = 1  # layout of an entry; entries of another one count as missing
_N_BLENDSHAPES: Final = 52
_LARGEST: Final = 1e6
"""No coordinate in px, score or angle is as large; a damaged entry may hold any number."""
LIMIT_MB: Final = 2000
"""Default size of the cache: about 270,000 pictures with one face."""
LIMIT_VARIABLE: Final = "MASKFACE_CACHE_MB"
_ENTRY_BYTES: Final = 7474  # of a picture with one face
_CUTS: Final = 64
"""Number of checks of the size while as much is written as the cache may hold. The work per entry
is then the same for any limit."""
_DAY_S: Final = 86400
_LOG = logging.getLogger(__name__)

Faces = tuple[FaceLandmarks, ...]


def default_cache_folder() -> Path:
    """Return the default folder of the cache; see `maskface.folders`.

    Raises MaskfaceError if ``$MASKFACE_CACHE`` is not a folder.
    """
    return cache_folder("landmarks")


def cache_limit() -> int:
    """Return the limit of the cache in bytes: ``$MASKFACE_CACHE_MB`` megabytes, or `LIMIT_MB`.

    Raises MaskfaceError if the variable holds no whole number of 0 or more.
    """
    value = os.environ.get(LIMIT_VARIABLE, "").strip() or str(LIMIT_MB)
    if not (value.isascii() and value.isdigit()):
        raise MaskfaceError(
            f"{LIMIT_VARIABLE} is {value!r}, but it must be a whole number of megabytes, such as "
            f"{LIMIT_MB}; 0 keeps nothing."
        )
    return int(value) * 1_000_000


class LandmarkCache:
    """A folder of landmarks, one small file per picture and detector.

    Entries are ``<hash of the detector's fingerprint>/<first 2 digits of the key>/<key>.npz``, so
    that a former detector's can be removed by hand. They are written under another name and then
    moved, so processes may share the folder. Entries that cannot be read count as missing and are
    written again. After the first failure to write, nothing more is written and one warning goes to
    the log: a full or read-only disk never breaks a run.

    When the folder (`default_cache_folder` by default, made when the first entry is written) holds
    more than `limit` bytes (`cache_limit` by default; nothing is written if it is 0), the least
    recently used entries are removed. The size is checked now and then, so it may exceed the limit
    by a few hundredths. Raises MaskfaceError if no limit is given and ``$MASKFACE_CACHE_MB`` is not
    a number.
    """

    def __init__(self, folder: Path | None = None, *, limit: int | None = None) -> None:
        self.folder = default_cache_folder() if folder is None else folder
        self.limit = cache_limit() if limit is None else limit
        self._writable = self.limit > 0
        self._between_cuts = max(self.limit // _ENTRY_BYTES // _CUTS, 1)

    def get(self, data: bytes, fingerprint: str) -> Faces | None:
        """Look up the faces of a picture file by its bytes and the detector's fingerprint.

        They are those given to `put`, to the bit; None if there is no (readable) entry.
        """
        key = entry_key(data, fingerprint)
        try:
            path = self._path(key, fingerprint)
            entry = path.read_bytes()
            _note_use(path)
            return unpack_faces(entry, key)
        except FileNotFoundError:
            return None
        except Exception:  # noqa: BLE001 (broken files raise many kinds; each means "missing")
            return None

    def put(self, data: bytes, fingerprint: str, faces: Faces) -> None:
        """Store the faces of a picture, also when there are none; never raises `OSError`."""
        if not self._writable:
            return
        key = entry_key(data, fingerprint)
        try:
            path = self._path(key, fingerprint)
            make_folder(path.parent)
            write_atomically(path, pack_faces(faces, key))
            # Keys are evenly spread, so no process has to know what others write.
            if int(key[:12], 16) % self._between_cuts == 0:
                cut_down(self.folder, self.limit)
        except OSError as error:
            self._writable = False
            _LOG.warning("Landmarks are not cached from here on: %s", error)

    def _path(self, key: str, fingerprint: str) -> Path:
        return self.folder / detector_folder(fingerprint) / key[:2] / f"{key}{SUFFIX}"


def detector_folder(fingerprint: str) -> str:
    """Return the name of the folder with the entries of a detector."""
    # Hashed, since another party's fingerprint may hold anything.
    return hashlib.sha256(fingerprint.encode()).hexdigest()[:16]


def _note_use(path: Path) -> None:
    """Mark an entry as used today; once a day, since this writes to the disk."""
    with suppress(OSError):  # another user's file, or a disk that is read only
        if time.time() - path.stat().st_mtime > _DAY_S:
            os.utime(path)


def entry_key(data: bytes, fingerprint: str) -> str:
    """Return the key of a picture and a detector, 64 hexadecimal digits."""
    content = hashlib.sha256(data).hexdigest()
    return hashlib.sha256(f"{content} {fingerprint}".encode()).hexdigest()


def pack_faces(faces: Faces, key: str) -> bytes:
    """Return the content of an entry."""
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


def unpack_faces(entry: bytes, key: str) -> Faces | None:
    """Return the faces in an entry; None if it has another layout or key."""
    with np.load(io.BytesIO(entry), allow_pickle=False) as stored:
        if int(stored["format"]) != _FORMAT or str(stored["key"]) != key:
            return None
        count = len(stored["points"])
        points = stored["points"].reshape(count, N_LANDMARKS, 3).astype(np.float32, copy=False)
        shapes = stored["blendshapes"].reshape(count, _N_BLENDSHAPES)
        poses = stored["pose"].reshape(count, len(Pose._fields))
    if not all((np.abs(numbers) < _LARGEST).all() for numbers in (points, shapes, poses)):
        return None  # also NaN
    return tuple(
        FaceLandmarks(points[i], shapes[i].astype(np.float32, copy=False), Pose(*map(float, pose)))
        for i, pose in enumerate(poses)
    )


class CachedDetector(Closing):
    """A detector with a cache, `LandmarkCache()` if none is given.

    The detector is used for pictures that are not in the cache. `MediaPipeDetector` loads its model
    at its first use, so a run over known pictures never loads it.
    """

    def __init__(self, detector: LandmarkDetector, cache: LandmarkCache | None = None) -> None:
        self.fingerprint = detector.fingerprint
        self._detector = detector
        self._cache = LandmarkCache() if cache is None else cache

    def detect(self, image: ImageArray, data: bytes | None = None) -> Faces:
        """Find all faces, largest first; cached and fresh results are the same to the bit.

        `image` is (H, W, 3) uint8 RGB. The key in the cache are the bytes `data` of the file it was
        decoded from; without them its pixels.
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
