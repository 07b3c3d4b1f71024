"""Errors that users can fix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MaskfaceError(Exception):
    """Error that the user can fix.

    The message names the value given, the allowed ones and what to type next. The command line
    prints it without a traceback and exits with code 2.
    """


class ImageError(MaskfaceError):
    """Picture that cannot be read."""


@contextmanager
def os_errors_explained(doing: str, advice: str = "") -> Iterator[None]:
    """Raise an OSError of the block as a MaskfaceError: what failed, why, and what to do."""
    try:
        yield
    except OSError as error:
        reason = f"Cannot {doing}: {error.strerror or error}."
        raise MaskfaceError(f"{reason} {advice}".rstrip()) from error


def format_error(error: Exception) -> str:
    """Return an unexpected error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
