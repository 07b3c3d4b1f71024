"""Errors that users can fix."""

from __future__ import annotations


class MaskfaceError(Exception):
    """Error that the user can fix.

    The message names the value given, the allowed ones and what to type next. The command line
    prints it without a traceback and exits with code 2.
    """


class ImageError(MaskfaceError):
    """Picture that cannot be read."""


def format_error(error: Exception) -> str:
    """Return an unexpected error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
