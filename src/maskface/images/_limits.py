"""Which picture files are read: what is too large or too small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maskface.errors import ImageError

MIN_SIDE: Final = 16
MAX_PIXELS: Final = 100_000_000
MAX_BYTES: Final = 500_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Which picture files are read; others are refused before they are decoded.

    Attributes
    ----------
    max_pixels
        Width times height, at most.
    max_bytes
        Size of the file, at most. The default holds any picture of `MAX_PIXELS` with 8 bits a
        channel, without compression.
    min_side
        Shorter side in px, at least: smaller pictures hold no readable face.
    """

    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES
    min_side: int = MIN_SIDE


LIMITS: Final = Limits()


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raise `ImageError` if a picture of this size is not read."""
    if min(width, height) < limits.min_side:
        raise ImageError(
            f"picture is {width} x {height} px; at least {limits.min_side} px a side are needed"
        )
    if width * height > limits.max_pixels:
        raise ImageError(f"picture is {width} x {height} px; {too_many(width * height, limits)}")


def too_many(pixels: int, limits: Limits) -> str:
    """Say that a picture has too many pixels."""
    return (
        f"{pixels:,} pixels are too many; at most {limits.max_pixels:,} are read. If you trust "
        f"it, {_allow('max-pixels', pixels)}"
    )


def too_long(size: int, limits: Limits) -> str:
    """Say that a file has too many bytes."""
    return (
        f"file has {size:,} bytes; at most {limits.max_bytes:,} are read. If you trust it, "
        f"{_allow('max-bytes', size)}"
    )


def _allow(option: str, least: int) -> str:
    return (
        f"add --{option} {least} to `maskface run` or `maskface mask`, or "
        f"{option.replace('-', '_')}={least} in Python."
    )
