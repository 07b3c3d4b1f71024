"""Read picture files within limits of size.

Pillow decodes: it honours EXIF orientation and CMYK, raises on truncated files and prints nothing.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, features

from maskface.errors import ImageError, MaskfaceError
from maskface.files import read_regular_file
from maskface.images.hostile import Bounded, check_cost, check_structure
from maskface.run_options import argument
from maskface.types import ImageArray

MIN_SIDE: Final = 16
MAX_PIXELS: Final = 100_000_000
MAX_BYTES: Final = 500_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the picture files that are read, and how they are read.

    Others are refused before they are decoded.
    """

    max_pixels: int = MAX_PIXELS  # width times height, at most
    # Size of the file, at most. The default holds any picture of `MAX_PIXELS` with 8 bits a
    # channel, without compression.
    max_bytes: int = MAX_BYTES
    min_side: int = MIN_SIDE  # shorter side in px, at least: smaller pictures hold no readable face
    # How many times as high pictures are made once they are read, relative to their width, to undo
    # that somebody has squashed them. Above 1 rows are added, below 1 columns.
    restore_aspect: float = 1.0

    def cache_key(self, data: bytes) -> bytes:
        """Return the key of the landmarks of a picture file, by its content."""
        if self.restore_aspect == 1:
            return data
        return data + f" restored {self.restore_aspect!r}".encode()


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
    """Return the message on a picture with too many pixels."""
    return (
        f"{pixels:,} pixels are too many; at most {limits.max_pixels:,} are read. If you trust "
        f"it, {_allow('max-pixels', pixels)}"
    )


def too_long(size: int, limits: Limits) -> str:
    """Return the message on a file with too many bytes."""
    return (
        f"file has {size:,} bytes; at most {limits.max_bytes:,} are read. If you trust it, "
        f"{_allow('max-bytes', size)}"
    )


def _allow(option: str, least: int) -> str:
    return (
        f"add --{option} {least} to `maskface run` or `maskface mask`, or "
        f"{option.replace('-', '_')}={least} in Python."
    )


_FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are decoded, whatever the file is called; some others of Pillow's are risky."""
_FTYP: Final = b"ftyp"
_HEIC: Final = "a HEIC"
_BRANDS: Final = (
    dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), _HEIC)
    | dict.fromkeys((b"avif", b"avis"), "an AVIF")
    | {b"crx ": "a raw camera"}
)
"""Pictures that phones and cameras write in the container of videos (ISO/IEC 23008-12, AV1 Image
File, Canon's CR3)."""
_PILLOW: Final = threading.RLock()
"""Held while Pillow's own limit, a global variable, is read or out of force."""


def read_image(path: str | Path, limits: Limits = LIMITS) -> ImageArray:
    """Read a picture file as RGB.

    Parameters
    ----------
    path
        A JPEG, PNG, BMP, TIFF, WebP, GIF, PPM or AVIF file, or a HEIC file if the extra ``heif``
        is installed; of several frames the first is read.
    limits
        Limits of size.

    Returns
    -------
    ImageArray
        (H, W, 3) uint8, read-only. EXIF orientation is applied; grey is repeated in three
        channels; 16-bit values are divided by 257, floating point values from 0 to 1 multiplied by
        255; transparency is laid over white.

    Raises
    ------
    ImageError
        If the file is missing, not a regular file, not a picture, truncated, too small or too
        large, or has more than 8 bits a channel and uses less than a quarter of their range.
    """
    return decode_image(read_bytes(Path(path), limits), limits)


def read_rgba(path: str | Path) -> NDArray[np.uint8]:
    """Read a picture file with its transparency: (H, W, 4) uint8, read-only; see `read_image`.

    The fourth channel is 255 where the picture is solid, everywhere if it has no transparency.
    """
    with _open(read_bytes(path)) as picture:
        if picture.has_transparency_data:
            return np.asarray(picture.convert("RGBA"))
        solid = np.dstack([_to_rgb(picture), np.full(picture.size[::-1], 255, np.uint8)])
    solid.flags.writeable = False
    return solid


def read_bytes(path: str | Path, limits: Limits = LIMITS) -> bytes:
    """Read a picture file's bytes; `ImageError` if that fails or they are too many."""
    try:
        return read_regular_file(Path(path), limits.max_bytes)
    except OverflowError as error:
        raise ImageError(too_long(int(str(error)), limits)) from error
    # Python refuses some names, such as those with a zero byte, by ValueError.
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ImageError(f"cannot read the file: {reason or error}") from error


def decode_image(data: bytes, limits: Limits = LIMITS) -> ImageArray:
    """Decode the bytes of a picture file as RGB; see `read_image`."""
    with _open(data, limits) as picture:
        return _restored(_to_rgb(picture), limits)


FACTORS: Final = (0.2, 5.0)
"""Least and greatest factor by which proportions are restored."""


def parse_aspect(given: object) -> float | Literal["auto"]:
    """Return a factor by which proportions are restored, from a number or text.

    Raises
    ------
    MaskfaceError
        If it is neither ``auto`` nor a number from 0.2 to 5.

    Examples
    --------
    >>> parse_aspect("1.25"), parse_aspect("auto")
    (1.25, 'auto')
    """
    if given == "auto":
        return "auto"
    try:
        factor = float(str(given))
    except ValueError:
        factor = 0.0
    if not FACTORS[0] <= factor <= FACTORS[1]:
        raise MaskfaceError(
            f"{argument('restore_aspect')} got {given!r}. Allowed are auto, and a number from "
            f"{FACTORS[0]:g} to {FACTORS[1]:g}: how many times as high pictures are made. Add "
            f"{argument('restore_aspect', value=1.25)} for pictures of 4 : 5 that were squashed to "
            "a square."
        )
    return factor


def _restored(image: ImageArray, limits: Limits) -> ImageArray:
    """Return a picture in other proportions; no row and no column gets lost."""
    factor = limits.restore_aspect
    if factor == 1:
        return image
    height, width = image.shape[:2]
    size = (width, round(height * factor)) if factor > 1 else (round(width / factor), height)
    check_size(*size, limits)
    restored = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    restored.flags.writeable = False
    return restored


def count_frames(data: bytes) -> int:
    """Count the frames of a picture file that was decoded; 1 if they cannot be counted."""
    try:
        with pillow_limit(LIMITS), Image.open(io.BytesIO(data), formats=_formats(data)) as picture:
            return int(getattr(picture, "n_frames", 1))
    except Exception:  # noqa: BLE001 (later frames may be broken in any way)
        return 1


def _formats(data: bytes) -> list[str] | tuple[str, ...]:
    """Return the formats that a file may have; ISO/IEC 14496-12 says how those of phones begin."""
    return _phone_formats() if data[4:8] == _FTYP else _FORMATS


@lru_cache(maxsize=1)
def _phone_formats() -> list[str]:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        heif = []
    else:
        register_heif_opener(thumbnails=False)
        heif = ["HEIF"]
    return heif + (["AVIF"] if features.check("avif") else [])


@contextmanager
def _open(data: bytes, limits: Limits = LIMITS) -> Iterator[Image.Image]:
    """Open a picture upright; whatever fails until it is decoded is an `ImageError`."""
    try:
        with pillow_limit(limits):
            check_structure(data)
            stream = Bounded(data)
            picture = Image.open(stream, formats=_formats(data))
            check_size(*picture.size, limits)
            check_cost(picture, data)
            stream.opened(picture.format)
            deep = _is_deep(picture)
            ImageOps.exif_transpose(picture, in_place=True)
            if deep:
                _check_range(picture)
            yield picture
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(_foreign(data)) from error
    except Image.DecompressionBombError as error:
        raise ImageError(too_many(_pixels_of(error), limits)) from error
    # Decoders raise many kinds of error on broken files; each means the same to the user.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"broken picture file: {reason}") from error


def _foreign(data: bytes) -> str:
    """Return the message on a file that no decoder takes."""
    if data[4:8] == _FTYP:
        kind = _BRANDS.get(data[8:12])
        if kind is None:
            return "a video, not a picture: save frames of it as JPEG or PNG"
        install = kind == _HEIC and "HEIF" not in _phone_formats()
        way = 'type pip install "maskface[heif]", or ' if install else ""
        return f"{kind} picture, which cannot be read: {way}save it as JPEG or PNG"
    return "not a picture that can be read (JPEG, PNG, BMP, TIFF, WebP, GIF, PPM, AVIF, HEIC)"


@contextmanager
def pillow_limit(limits: Limits) -> Iterator[None]:
    """Keep Pillow's own limit from warning, and from refusing what `limits` allow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with _PILLOW:
            usual = Image.MAX_IMAGE_PIXELS
            # Pillow warns above its limit and refuses above twice that.
            if usual is not None and limits.max_pixels > 2 * usual:
                try:
                    Image.MAX_IMAGE_PIXELS = None
                    yield
                finally:
                    Image.MAX_IMAGE_PIXELS = usual
                return
        yield


def _pixels_of(error: Exception) -> int:
    """Return the number of pixels that Pillow refused."""
    number = re.search(r"\((\d+) pixels\)", str(error))
    return int(number[1]) if number else 2 * (Image.MAX_IMAGE_PIXELS or 0) + 1


_SAVE_AS_8_BITS: Final = "Save it with 8 bits a channel, and values from 0 to 255"
SPARSE: Final = 0.25
"""Smallest share of its range that a picture of more than 8 bits must use. Pictures of 8 to 14 bits
are often stored in 16, and would be read as black."""


def _is_deep(picture: ImageFile.ImageFile) -> bool:
    """Return whether an opened picture has more than 8 bits a channel in its file."""
    codes = [tile[3] if isinstance(tile[3], tuple) else (tile[3],) for tile in picture.tile]
    return picture.mode[0] in "IF" or any(
        ";16" in str(code) or (picture.format == "PPM" and isinstance(code, int) and code > 255)
        for arguments in codes
        for code in arguments
    )


def _check_range(picture: Image.Image) -> None:
    """Raise `ImageError` if a picture of more than 8 bits would not be read as it is meant."""
    if picture.mode == "F":
        values = np.asarray(picture)
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and (SPARSE <= high <= 1 or 255 * SPARSE <= high <= 255)):
            raise ImageError(
                f"floating point values reach from {low:g} to {high:g}; those from 0 to 1 and from "
                f"0 to 255 are read. {_SAVE_AS_8_BITS}"
            )
        return
    reaches: Any = picture.getextrema()
    bands = [reaches] if len(picture.getbands()) == 1 else reaches[: 1 + 2 * (len(reaches) > 2)]
    low, high = min(band[0] for band in bands), max(band[1] for band in bands)
    # Pillow keeps the high byte of colours.
    scale = 1 if picture.mode.startswith("I") else 257
    if low < 0 or high * scale > 65535:
        raise ImageError(
            f"values reach from {low:,} to {high:,}, beyond 16 bits. {_SAVE_AS_8_BITS}"
        )
    if high * scale < SPARSE * 65535:
        reach = f"{high:,}" if scale == 1 else f"at most {256 * high + 255:,}"
        raise ImageError(
            f"values reach {reach} of 65,535, so the picture would be read as nearly black. "
            f"{_SAVE_AS_8_BITS}"
        )


_ROWS: Final = 256
_EIGHT_BITS: Final = np.round(np.arange(65536) / 257).astype(np.uint8)
_EIGHT_BITS.flags.writeable = False


def _to_rgb(picture: Image.Image) -> ImageArray:
    if picture.mode.startswith("I"):
        # Pillow would clip 16-bit grey at 255 instead of scaling it.
        scaled = _EIGHT_BITS[np.clip(np.asarray(picture), 0, 65535)]
        grey = np.repeat(scaled[..., None], 3, axis=2)
        grey.flags.writeable = False
        return grey
    if picture.mode == "F" and (values := np.asarray(picture)).max() <= 1:
        grey = np.repeat(np.round(255 * values).astype(np.uint8)[..., None], 3, axis=2)
        grey.flags.writeable = False
        return grey
    if picture.has_transparency_data:
        return _over_white(picture)
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _over_white(picture: Image.Image) -> ImageArray:
    """Lay a picture over white, some rows at a time: whole copies would be its largest cost."""
    width, height = picture.size
    laid = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS):
        rows = picture.crop((0, top, width, min(top + _ROWS, height))).convert("RGBA")
        paper = Image.new("RGBA", rows.size, "white")
        laid[top : top + _ROWS] = np.asarray(Image.alpha_composite(paper, rows))[..., :3]
    laid.flags.writeable = False
    return laid
