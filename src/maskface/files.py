"""Files: written whole or not at all, locked, and read only if they are regular."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

_PARTIAL: Final = re.compile(r"\..+\.\d+\.\d+")

_SEAL: Final = "record_sha256"
_LONGEST_NAME: Final = 200  # bytes of a name that leave room for more; file systems take 255


def shortened(name: str) -> str:
    """Return a file name, or its beginning and a hash of it if it leaves no room for a suffix."""
    encoded = name.encode(errors="surrogateescape")
    if len(encoded) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    return f"{encoded[: _LONGEST_NAME - 17].decode(errors='ignore')}_{digest}"


def sealed(record: Mapping[str, Any]) -> bytes:
    """Return a record as JSON, with the hash of all other entries as its last one."""
    own = {name: value for name, value in record.items() if name != _SEAL}
    return json.dumps(own | {_SEAL: _seal(own)}, indent=2, ensure_ascii=False).encode() + b"\n"


def seal_is_broken(record: Mapping[str, Any]) -> bool:
    """Return whether a record differs from the one that was sealed; False without a seal."""
    own = {name: value for name, value in record.items() if name != _SEAL}
    return _SEAL in record and record[_SEAL] != _seal(own)


def _seal(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def write_atomically(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file whole or not at all; see `written_atomically`."""
    with written_atomically(path, durable=durable) as stream:
        stream.write(data)


@contextmanager
def written_atomically(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Open a file under another name, and move it into place at the end of the block.

    Its folder must exist. If `durable`, wait until the file and its name are on the disk, so that
    it survives a power failure. Raises OSError if the disk is full or the folder cannot be written
    to; an older file is not changed.
    """
    name = f".{shortened(path.name)}.{os.getpid()}.{threading.get_ident()}"
    partial = path.with_name(name)
    try:
        with partial.open("wb") as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(path)
        if durable:
            sync_folder(path.parent)
    except BaseException as error:
        if isinstance(error, OSError) and str(error.filename or partial) == str(partial):
            error.filename, error.filename2 = str(path), None  # the name that the user knows
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Wait until the names of the files in a folder are on the disk, where systems can (POSIX)."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some network file systems cannot
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def destination(path: Path) -> Path:
    """Return the path to write to: the target of a link, else the path itself.

    Raises OSError if the path is a folder, a pipe or a device, or its links lead in a circle.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        require_regular_file(path)
    return path.resolve() if path.is_symlink() else path


def is_partial(path: Path) -> bool:
    """Return whether a file was left by `written_atomically` in a process that was killed."""
    return _PARTIAL.fullmatch(path.name) is not None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file for the duration of the block, or until the process ends.

    Does nothing where the file system has no locks. Raises BlockingIOError if another process has
    locked it.
    """
    with open(path, "ab", opener=_open_itself) as stream:
        try:
            _lock(stream)
        except BlockingIOError:
            raise
        except OSError:
            pass
        yield


def _lock(stream: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_regular_file(path: Path, most: int) -> bytes:
    """Read a file of at most `most` bytes, but no pipe or device.

    Raises OSError if it is missing, cannot be read, or is no regular file, and OverflowError, whose
    argument is its size, if it is larger.
    """
    require_regular_file(path)  # opening a device may move a tape
    with open(path, "rb", opener=_open_at_once) as stream:
        about = os.fstat(stream.fileno())
        _require_regular(about)
        if about.st_size > most:
            raise OverflowError(about.st_size)
        return stream.read(about.st_size)


def _open_itself(path: str, flags: int) -> int:
    """Open a file, but no link and no pipe that waits for a reader."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting, in case a pipe has taken the place of the file."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def is_regular_file(path: Path) -> bool:
    """Return whether a path is a file, not a link, a folder, a pipe or a device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def require_regular_file(path: Path) -> None:
    """Raise `OSError` if the path is a folder, a pipe or a device."""
    _require_regular(path.stat())


def _require_regular(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe or a device"
        raise OSError(None, f"it is {kind}, not a file")
