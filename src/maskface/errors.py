"""The one error that users are meant to see."""

from __future__ import annotations


class MaskfaceError(Exception):
    """Something the user can mend.

    The message says what was got, what is allowed and what to type next. The command line
    prints it without a traceback and exits with status 2.
    """


class ImageError(MaskfaceError):
    """A picture that cannot be read."""


def format_error(error: Exception) -> str:
    """Set an unexpected error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
