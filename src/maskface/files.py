"""Write files whole or not at all."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file under another name, then move it into place.

    Parameters
    ----------
    path
        The file; its folder must exist.
    data
        All of its bytes.
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
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
