"""Keep MediaPipe's native log lines off the terminal.

They are written to file descriptor 2 by C++ while a model is created (MediaPipe 1.2); none of
the usual variables (GLOG_minloglevel, TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL) silences them.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

_HARMLESS: Final = re.compile(
    rb"[IW]\d{4} \d\d:\d\d:[\d:.]+ +\d+ [\w./-]+:\d+\] "
    rb"|INFO: Created TensorFlow Lite "
    rb"|WARNING: (All log messages before|Logging before)"
)
"""Native information and warning lines. Native errors are not among them, on purpose."""

_LOCK = threading.Lock()  # two threads swapping descriptor 2 would restore the wrong one


@contextmanager
def native_logs_muted() -> Iterator[None]:
    """Drop native log lines written to file descriptor 2 meanwhile.

    What else is written there (native errors, Python's own lines from other threads) is held
    back and appears, in order, when the block is left. Nothing is done when descriptor 2 is
    closed or no temporary file can be made.
    """
    with _LOCK:
        try:
            saved = os.dup(2)
        except OSError:  # closed: there is nothing to keep clean
            yield
            return
        try:
            held = tempfile.TemporaryFile()  # noqa: SIM115 (closed below, after the swap back)
        except OSError:
            os.close(saved)
            yield
            return
        try:
            _flush()
            os.dup2(held.fileno(), 2)
            yield
        finally:
            _flush()
            os.dup2(saved, 2)
            os.close(saved)
            _replay(held)


def _flush() -> None:
    with suppress(OSError, ValueError, AttributeError):  # stderr may be None, closed or broken
        sys.stderr.flush()


def _replay(held: BinaryIO) -> None:
    """Write the lines that are not harmless to descriptor 2."""
    with held:
        held.seek(0)
        wanted = b"".join(line for line in held if not _HARMLESS.match(line))
    with suppress(OSError):
        while wanted:
            wanted = wanted[os.write(2, wanted) :]
