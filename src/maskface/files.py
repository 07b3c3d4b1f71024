"""Write files whole or not at all."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

_PARTIAL: Final = re.compile(r"\..+\.\d+\.\d+")


def write_atomically(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file under another name, then move it into place; see `written_atomically`."""
    with written_atomically(path, durable=durable) as stream:
        stream.write(data)


@contextmanager
def written_atomically(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Open a file under another name, and move it into place when the block ends well.

    Parameters
    ----------
    path
        The file; its folder must exist.
    durable
        Wait until the bytes are on the disk, so that the file survives a power failure.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written to; an older file is left as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with partial.open("wb") as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and str(error.filename or partial) == str(partial):
            error.filename, error.filename2 = str(path), None  # the name that the user knows
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def destination(path: Path) -> Path:
    """Where a file is written that may be there: links are followed, not replaced.

    Raises
    ------
    OSError
        If it is there and no regular file (a folder, a pipe or a device), or its links lead in a
        circle.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        require_regular_file(path)
    return path.resolve() if path.is_symlink() else path


def is_partial(path: Path) -> bool:
    """Whether a file is what `written_atomically` leaves behind when its process is killed."""
    return _PARTIAL.fullmatch(path.name) is not None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file as long as the block lasts; the system lets go of it if the process is killed.

    Where the file system knows no locks, nothing is held.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    """
    with path.open("ab") as stream:
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
    """Read a file that may be anything: a pipe without a writer, or a disk.

    Parameters
    ----------
    path
        The file.
    most
        Bytes that are read at most.

    Raises
    ------
    OSError
        If it is missing, cannot be read, or is no regular file.
    OverflowError
        If it has more bytes; its argument is their number.
    """
    require_regular_file(path)  # before it is opened: that alone may move a tape
    with open(path, "rb", opener=_open_at_once) as stream:
        about = os.fstat(stream.fileno())
        _require_regular(about)
        if about.st_size > most:
            raise OverflowError(about.st_size)
        return stream.read(about.st_size)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting, in case a pipe has taken the file's place."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def require_regular_file(path: Path) -> None:
    """Raise `OSError` unless there is a file, not a folder, a pipe or a device."""
    _require_regular(path.stat())


def _require_regular(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe or a device"
        raise OSError(None, f"it is {kind}, not a file")
