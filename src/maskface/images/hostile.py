"""Checks that refuse small picture files that would take minutes, or all memory, to decode.

Most of the work of a decoder grows with the pixels or the bytes, and takes seconds. The exceptions
are known for each format and have a limit here, far above what cameras and programs write.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterator
from typing import Final

from PIL import ImageFile, TiffImagePlugin

from maskface.errors import ImageError

MAX_SCANS: Final = 100
"""Scans of a progressive JPEG; encoders write about 10. Each costs the time of a pass over the
whole picture, however few bytes it has in the file."""
MAX_METADATA: Final = 32_000_000
"""Bytes before the pixels, of profiles, texts and the like. Some are copied once for each piece."""
MAX_PIECES: Final = 10_000
"""Calls by which Pillow reads what stands before the pixels, about four for each piece; for each it
runs Python, and may keep an object or copy all pieces so far. Pictures have some hundreds."""
MAX_BLOCKS: Final = 2_000_000
"""The same for the pixels: 500 MB in blocks of 1 KB."""
MAX_CHUNKS: Final = 100_000
"""Chunks of a WebP, of which each frame is one; what reads them keeps an object for each."""
MAX_VALUES: Final = 200_000
"""Values of one entry of a TIFF directory that are numbers. The places of the picture's strips or
tiles are the most, and Pillow makes several objects for each."""
MAX_SHARED: Final = 10
"""How much longer than the file all strips of a TIFF may claim to be: some may be one and the
same, which is then decompressed for each of them."""
MAX_SLOW_BYTES: Final = 20_000_000
"""For what Pillow decodes in Python, at 0.2 to 2 us a byte."""

MAX_COMMENTS: Final = 1000
"""In PPM files of text; for each, Pillow copies up to 1 MB."""

_TEXT: Final = "ppm_plain"
_IN_PYTHON: Final = frozenset({"bmp_rle", "ppm", _TEXT})
"""Pillow's decoders that run Python for each number."""
_WHOLE: Final = (b"II", b"MM", b"RI")
"""Begins TIFF and WebP, all of which is read when they are opened."""
_MARKER: Final = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""Begins a segment of a JPEG; 00 and D0 to D7 stand in the picture's own data."""
_TEXT_KINDS: Final = frozenset({1, 2, 6, 7})  # kinds of TIFF values that are kept as bytes
_STRIPS: Final = (279, 325)  # TIFF tags that say how long strips and tiles are


class Bounded(io.BytesIO):
    """A picture file in memory, with limits to the reads; they raise ImageError."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._calls = MAX_PIECES
        self._bytes: float = math.inf if data[:2] in _WHOLE else MAX_METADATA

    def opened(self, kind: str | None) -> None:
        """Mark the beginning of the pixels."""
        self._bytes = math.inf
        # What is decoded in Python is also read a byte at a time, and has a limit of its own.
        self._calls = MAX_SLOW_BYTES if kind in ("BMP", "PPM") else MAX_BLOCKS

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes."""
        found = super().read(size)
        self._calls -= 1
        self._bytes -= len(found)
        if self._calls < 0 or self._bytes < 0:
            what = "more pieces" if self._calls < 0 else "more texts and profiles"
            raise ImageError(f"file holds {what} than any picture needs. {_SAVE_AGAIN}")
        return found


_SAVE_AGAIN: Final = "If you trust it, save it again as PNG"


def check_structure(data: bytes) -> None:
    """Raise `ImageError` if it would cost too much to open a TIFF or WebP at all."""
    if data[:4] == b"RIFF":
        _check_chunks(data)
    if any(n > MAX_VALUES for kind, n in _entries(data) if kind not in _TEXT_KINDS):
        raise ImageError(
            f"TIFF has more than {MAX_VALUES:,} strips, tiles or other values. {_SAVE_AGAIN}"
        )


def _check_chunks(data: bytes) -> None:
    at = 12
    for _ in range(MAX_CHUNKS):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
        if at >= len(data):
            return
    raise ImageError(f"WebP has more than {MAX_CHUNKS:,} chunks. {_SAVE_AGAIN}")


def _entries(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the kind and number of values of each entry in the first directory of a TIFF."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return
    big = data[2:3] == b"\x2b"  # as Pillow tells BigTIFF, whatever the order of bytes
    place, number, entry, size = ("8xQ", "Q", "HHQ", 20) if big else ("4xI", "H", "HHI", 12)
    try:
        (at,) = struct.unpack_from(order + place, data)
        (count,) = struct.unpack_from(order + number, data, at)
        start = at + struct.calcsize(order + number)
        for where in range(start, start + min(count, MAX_PIECES) * size, size):
            _, kind, values = struct.unpack_from(order + entry, data, where)
            yield kind, values
    except (struct.error, OverflowError):
        return  # a broken file, which Pillow refuses


def check_cost(picture: ImageFile.ImageFile, data: bytes) -> None:
    """Raise `ImageError` if an opened picture would take minutes to decode."""
    if picture.format in ("JPEG", "MPO"):
        _check_scans(data)
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        _check_strips(picture, len(data))
    decoders = {tile[0] for tile in picture.tile}
    if _TEXT in decoders and data.count(b"#") > MAX_COMMENTS:
        raise ImageError(f"PPM picture with more than {MAX_COMMENTS:,} comments. {_SAVE_AGAIN}")
    if len(data) > MAX_SLOW_BYTES and _IN_PYTHON & decoders:
        raise ImageError(
            f"{picture.format} picture of a rare kind with {len(data):,} bytes; at most "
            f"{MAX_SLOW_BYTES:,} are read of it. {_SAVE_AGAIN}"
        )


def _check_strips(picture: TiffImagePlugin.TiffImageFile, size: int) -> None:
    lengths = (length for tag in _STRIPS for length in picture.tag_v2.get(tag, ()))
    if sum(lengths) > MAX_SHARED * size:
        raise ImageError(f"TIFF has strips that are longer than the file. {_SAVE_AGAIN}")


def _check_scans(data: bytes) -> None:
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
