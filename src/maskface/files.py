"""Write files whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


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
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
