"""Time and memory of the costliest picture files that are read, each in a process of its own.

Every file is made to be as large as the limits of `maskface.images` allow in the one respect that
makes it slow or large: pixels, scans, pieces of metadata, values of a directory, or numbers that
are decoded one by one. Printed are CPU seconds, the growth of peak memory beside the file, and what
came of it. Linux only.

    python benchmarks/costly_pictures.py --most-s 60 --most-mb 3000
"""

from __future__ import annotations

import argparse
import io
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

SIDE: Final = 10_000
CHILD: Final = r"""
import re, sys, time
from pathlib import Path
from maskface.images import read_image
# What getrusage says would begin with the memory of the process that started this one.
peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before, started = peak(), time.process_time()
try:
    told = "read, %d x %d px" % read_image(Path(sys.argv[1])).shape[1::-1]
except Exception as error:
    told = f"{type(error).__name__}: {error}"
print(time.process_time() - started, peak() - before, told)
"""


def encoded(kind: str, mode: str, side: int = SIDE, colour: Any = 0, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (side, side), colour).save(stream, kind, **options)
    return stream.getvalue()


def noise(**options: Any) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE // 10, SIDE // 10, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((SIDE, SIDE)).save(stream, "JPEG", **options)
    return stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(side: int, bits: int, kind: int, rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", side, side, bits, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 1)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def scans(whole: bytes) -> bytes:
    """A progressive JPEG with its last scan again and again, up to 95 and 490 MB."""
    last = whole[whole.rindex(b"\xff\xda") : -2]
    count = min(95 - whole.count(b"\xff\xda"), (490_000_000 - len(whole)) // len(last))
    return whole[:-2] + last * count + whole[-2:]


def exif_pieces() -> bytes:
    whole = encoded("JPEG", "RGB", 64)
    piece = b"\xff\xe1" + struct.pack(">H", 12_700) + b"Exif\0\0" + bytes(12_692)
    return whole[:2] + piece * 2480 + whole[2:]


def tiff_values() -> bytes:
    """A directory whose 500 entries all have the most values; strips of one row."""
    tags = [(256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 16),
            (279, 256)]  # fmt: skip
    single = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    places = 8 + 256
    many = [struct.pack("<HHII", 60_000 + n, 3, 200_000, places + 400_000 * n) for n in range(500)]
    body = bytes(256) + bytes(400_000) * len(many)
    directory = struct.pack("<H", len(single + many)) + b"".join(single + many) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "PNG, 16 bit, transparent": lambda: png(SIDE, 16, 6, bytes((8 * SIDE + 1) * SIDE)),
    "WebP, transparent": lambda: encoded(
        "WEBP", "RGBA", colour=(1, 2, 3, 4), lossless=True, quality=0, method=0
    ),
    "TIFF, transparent": lambda: encoded("TIFF", "RGBA", compression="tiff_deflate"),
    "TIFF, CMYK": lambda: encoded("TIFF", "CMYK", compression="tiff_lzw"),
    "GIF, transparent": lambda: encoded("GIF", "P", transparency=0),
    "JPEG": lambda: noise(quality=95),
    "JPEG, 95 scans": lambda: scans(noise(quality=95, progressive=True, subsampling=0)),
    "JPEG, EXIF in pieces": exif_pieces,
    "TIFF, many values": tiff_values,
    "PPM, odd maximum": lambda: b"P5\n4000 4990\n254\n" + bytes(4000 * 4990),
    "PPM, text": lambda: b"P3\n3000 1100\n255\n" + b"9 " * 9_900_000,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--most-s", type=float, default=60)
    parser.add_argument("--most-mb", type=float, default=3000)
    parser.add_argument("--only", default="", help="kinds whose name begins so")
    options = parser.parse_args()
    over = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        for name, make in FILES.items():
            if not name.startswith(options.only):
                continue
            path.write_bytes(make())
            command = [sys.executable, "-c", CHILD, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            seconds, megabytes, told = done.stdout.strip().split(" ", 2)
            size = path.stat().st_size / 1e6
            print(
                f"{name:26s} {size:6.1f} MB file: {float(seconds):5.1f} s, "
                f"{float(megabytes):5.0f} MB; {told}",
                flush=True,
            )
            if float(seconds) > options.most_s or float(megabytes) > options.most_mb:
                over.append(name)
    if over:
        raise SystemExit(f"More than {options.most_s:g} s or {options.most_mb:g} MB: {over}")


if __name__ == "__main__":
    main()
