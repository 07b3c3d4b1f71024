"""Read and write pictures.

Pillow decodes (it honours EXIF orientation and CMYK, refuses truncated files and prints nothing
on the terminal). No other module touches a picture file.
"""

from __future__ import annotations

import io
import os
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from maskface.errors import ImageError, MaskfaceError
from maskface.files import read_regular_file, write_atomically
from maskface.types import ImageArray

IMAGE_SUFFIXES: Final = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MIN_SIDE: Final = 16
MAX_PIXELS: Final = 100_000_000
MAX_BYTES: Final = 500_000_000
MAX_SCANS: Final = 100
"""Scans of a progressive JPEG; encoders write about 10. Each costs the time of a pass over the
whole picture, however few bytes it has in the file."""
_FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is decoded, whatever the file is called; Pillow knows more, and some of them are risky."""
_MARKER: Final = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""Begins a segment of a JPEG; 00 and D0 to D7 stand in the picture's own data."""
_PILLOW: Final = threading.RLock()
"""Held while Pillow's own limit, which is a global of its, is out of force."""


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


def read_image(path: Path, limits: Limits = LIMITS) -> ImageArray:
    """Read a picture file as RGB.

    Parameters
    ----------
    path
        A JPEG, PNG, BMP, TIFF, WebP, GIF or PPM file; of several frames the first is read.
    limits
        What is too large or too small.

    Returns
    -------
    ImageArray
        (H, W, 3) uint8, read-only. EXIF orientation is applied; grey is repeated in three
        channels; 16-bit values are divided by 257; transparency is laid over white.

    Raises
    ------
    ImageError
        If the file is missing, not a regular file, not a picture, truncated, too small or too
        large.
    """
    return decode_image(read_bytes(path, limits), limits)


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Read a picture file with its transparency: (H, W, 4) uint8, read-only; see `read_image`.

    The fourth channel is 255 where the picture is solid, everywhere if it has no transparency.
    """
    with _open(read_bytes(path)) as picture:
        if picture.has_transparency_data:
            return np.asarray(picture.convert("RGBA"))
        solid = np.dstack([_to_rgb(picture), np.full(picture.size[::-1], 255, np.uint8)])
    solid.flags.writeable = False
    return solid


def read_bytes(path: Path, limits: Limits = LIMITS) -> bytes:
    """Read a picture file's bytes; `ImageError` if that fails or they are too many."""
    try:
        return read_regular_file(path, limits.max_bytes)
    except OverflowError as error:
        size = int(str(error))
        raise ImageError(
            f"file has {size:,} bytes; at most {limits.max_bytes:,} are read. If you trust it, "
            f"{_allow('max-bytes', size)}"
        ) from error
    # Python refuses some names, such as those with a zero byte, by ValueError.
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else None
        raise ImageError(f"cannot read the file: {told or error}") from error


def _allow(option: str, least: int) -> str:
    return (
        f"add --{option} {least} to `maskface run` or `maskface mask`, or "
        f"{option.replace('-', '_')}={least} in Python."
    )


def decode_image(data: bytes, limits: Limits = LIMITS) -> ImageArray:
    """Decode the bytes of a picture file as RGB; see `read_image` for what it does and raises."""
    with _open(data, limits) as picture:
        return _to_rgb(picture)


@contextmanager
def _open(data: bytes, limits: Limits = LIMITS) -> Iterator[Image.Image]:
    """Open a picture upright; whatever fails until it is decoded is an `ImageError`."""
    try:
        with _pillow_limit(limits):
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
            _check_size(*picture.size, limits)
            _check_scans(picture, data)
            ImageOps.exif_transpose(picture, in_place=True)
            yield picture
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            "not a picture that can be read (JPEG, PNG, BMP, TIFF, WebP, GIF, PPM)"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(_too_many(_pixels_of(error), limits)) from error
    # Decoders raise many kinds of error on broken files; each means the same to the user.
    except Exception as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"broken picture file: {told}") from error


@contextmanager
def _pillow_limit(limits: Limits) -> Iterator[None]:
    """Keep Pillow from warning above a limit of its own, or from refusing what `limits` allow."""
    usual = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        # Pillow warns above its limit and refuses above twice that.
        if usual is None or limits.max_pixels <= 2 * usual:
            yield
            return
        with _PILLOW:
            try:
                Image.MAX_IMAGE_PIXELS = None
                yield
            finally:
                Image.MAX_IMAGE_PIXELS = usual


def _check_size(width: int, height: int, limits: Limits) -> None:
    if min(width, height) < limits.min_side:
        raise ImageError(
            f"picture is {width} x {height} px; at least {limits.min_side} px a side are needed"
        )
    if width * height > limits.max_pixels:
        raise ImageError(f"picture is {width} x {height} px; {_too_many(width * height, limits)}")


def _too_many(pixels: int, limits: Limits) -> str:
    return (
        f"{pixels:,} pixels are too many; at most {limits.max_pixels:,} are read. If you trust "
        f"it, {_allow('max-pixels', pixels)}"
    )


def _pixels_of(error: Exception) -> int:
    """How many pixels Pillow refused."""
    number = re.search(r"\((\d+) pixels\)", str(error))
    return int(number[1]) if number else 2 * (Image.MAX_IMAGE_PIXELS or 0) + 1


def _check_scans(picture: Image.Image, data: bytes) -> None:
    if picture.format not in ("JPEG", "MPO"):
        return
    # There are no more scans than places that look like one, which are quickly counted.
    if data.count(b"\xff\xda") > MAX_SCANS and _scans(data) > MAX_SCANS:
        raise ImageError(
            f"picture is made of more than {MAX_SCANS} scans. Save it again as PNG, if you trust it"
        )


def _scans(data: bytes) -> int:
    """Count the scans of a JPEG, up to one more than allowed."""
    count, at = 0, 2
    while count <= MAX_SCANS and (marker := _MARKER.search(data, at)):
        at, kind = marker.end(), marker[1]
        if kind == b"\xd9":  # end of the picture; cameras put films behind it
            break
        count += kind == b"\xda"
        if kind not in b"\x01\xd8":
            at += int.from_bytes(data[at : at + 2], "big")
    return count


_EIGHT_BITS: Final = np.round(np.arange(65536) / 257).astype(np.uint8)
_EIGHT_BITS.flags.writeable = False


def _to_rgb(picture: Image.Image) -> ImageArray:
    if picture.mode.startswith("I"):
        # Pillow would clip 16-bit grey at 255 instead of scaling it.
        scaled = _EIGHT_BITS[np.clip(np.asarray(picture), 0, 65535)]
        return np.repeat(scaled[..., None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def write_image(path: Path, image: ImageArray) -> None:
    """Write an RGB picture, whole or not at all; the suffix chooses the format (quality 95).

    Raises
    ------
    ImageError
        If the folder cannot be written to or the suffix is not a picture's.
    """
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or path.suffix.lower() not in IMAGE_SUFFIXES:
        raise ImageError(
            f"cannot write a {path.suffix or 'nameless'} picture; use one of "
            f"{', '.join(IMAGE_SUFFIXES)}"
        )
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, format=kind, quality=95)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, encoded.getvalue())
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror or error}") from error


def find_images(root: Path) -> Iterator[Path]:
    """Yield the picture files below a folder in sorted order, hidden ones left out."""
    return find_files(root, IMAGE_SUFFIXES)


def find_files(root: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder that end in one of `suffixes`, as `find_images` does.

    Links to files count as files; links to folders are not followed, so loops do no harm. Pipes
    and devices are listed too: what they are called, they are not, and reading says so.

    Raises
    ------
    MaskfaceError
        If a folder cannot be listed.
    """
    paths = (folder / name for folder, _, names in walk(root) for name in names)
    yield from sorted(path for path in paths if path.suffix.lower() in suffixes)


def walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder with its folders and files, hidden ones left out.

    Raises
    ------
    MaskfaceError
        If a folder cannot be listed.
    """
    for folder, folders, files in os.walk(root, onerror=_unlistable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(folder), folders, [name for name in files if not name.startswith(".")]


def _unlistable(error: OSError) -> None:
    raise MaskfaceError(
        f"Cannot list the folder {error.filename}: {error.strerror}. Make it readable, or move it "
        "away."
    ) from error
