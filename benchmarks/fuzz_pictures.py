"""A run over thousands of damaged picture files.

Synthetic faces are saved as JPEG, PNG, GIF, TIFF, WebP and BMP and then damaged at random: bits are
flipped, ends cut off, bytes put in and taken out, pieces exchanged within a file and between files,
and headers overwritten. `maskface run` reads them in two worker processes. It must end in time and
without a crash, and every file must be accounted for in its rows.

    nice python benchmarks/fuzz_pictures.py --files 2000
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from PIL import Image

from maskface.datasets import load_dataset
from maskface.tables import TRIALS

SIDE: Final = 192
KINDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("JPEG", {"quality": 85}),
    ("JPEG", {"quality": 85, "progressive": True}),
    ("PNG", {}),
    ("GIF", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "tiff_deflate"}),
    ("WEBP", {"quality": 80}),
    ("WEBP", {"lossless": True}),
    ("BMP", {}),
)
HEADER: Final = 64
"""Bytes in which most formats say what follows."""
Damage = Callable[[bytearray, bytes, np.random.Generator], bytearray]


def flip_bits(data: bytearray, _: bytes, rng: np.random.Generator) -> bytearray:
    for at in rng.integers(0, len(data), rng.integers(1, 50)):
        data[at] ^= 1 << int(rng.integers(8))
    return data


def edit_header(data: bytearray, _: bytes, rng: np.random.Generator) -> bytearray:
    for at in rng.integers(0, min(HEADER, len(data)), rng.integers(1, 4)):
        data[at] = int(rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))]))
    return data


def truncate(data: bytearray, _: bytes, rng: np.random.Generator) -> bytearray:
    return data[: rng.integers(0, len(data))]


def splice(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    return data[: rng.integers(0, len(data))] + bytearray(other[rng.integers(0, len(other)) :])


def swap(data: bytearray, _: bytes, rng: np.random.Generator) -> bytearray:
    a, b, c, d = sorted(int(at) for at in rng.integers(0, len(data), 4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def insert(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at, start = (int(rng.integers(0, len(one))) for one in (data, other))
    return data[:at] + bytearray(other[start : start + int(rng.integers(1, 2000))]) + data[at:]


def remove(data: bytearray, _: bytes, rng: np.random.Generator) -> bytearray:
    at = int(rng.integers(0, len(data)))
    return data[:at] + data[at + int(rng.integers(1, 2000)) :]


DAMAGES: Final[tuple[Damage, ...]] = (
    flip_bits,
    edit_header,
    truncate,
    splice,
    swap,
    insert,
    remove,
)


def damaged_files(count: int, seed: int) -> list[tuple[str, bytes]]:
    """Names and contents of damaged picture files; the same for the same seed."""
    rng = np.random.default_rng(seed)
    faces = [sample.path for sample in load_dataset("example").samples[::28]]
    pictures = [Image.open(path).resize((SIDE, SIDE)) for path in faces]
    whole = [(kind, _encoded(p, kind, options)) for p in pictures for kind, options in KINDS]
    files = []
    for number in range(count):
        (kind, data), (_, other) = (whole[int(i)] for i in rng.integers(0, len(whole), 2))
        for _ in range(int(rng.integers(1, 3))):
            damage = DAMAGES[int(rng.integers(len(DAMAGES)))]
            data = bytes(damage(bytearray(data or b"\0"), other, rng))
        files.append((f"{number:05d}.{kind.lower()}", data))
    return files


def _encoded(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def write_set(folder: Path, count: int, seed: int) -> None:
    """Write damaged pictures and their index."""
    folder.mkdir(parents=True)
    files = damaged_files(count, seed)
    for name, data in files:
        (folder / name).write_bytes(data)
    rows = "".join(f"{name},fear\n" for name, _ in files)
    (folder / "index.csv").write_text(f"path,emotion\n{rows}")


def read_set(folder: Path, out: Path, *, jobs: int, limit_s: float) -> pd.DataFrame:
    """Let `maskface run` read the pictures; return its trials under no occluder.

    Raises
    ------
    SystemExit
        If it fails or takes too long, or a picture has no row.
    """
    command = [sys.executable, "-m", "maskface", "run", "--data", folder, "--out", out, "--quiet"]
    command += ["--occluder", "surgical", "--classifier", "faceapi", "--jobs", str(jobs)]
    try:
        done = subprocess.run(  # noqa: S603 (our own command)
            [*map(str, command)], capture_output=True, text=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired as error:
        raise SystemExit(f"The run did not end within {limit_s:.0f} s.") from error
    if done.returncode or "Traceback" in done.stderr:
        raise SystemExit(f"The run ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    trials = TRIALS.read(out / "trials.csv")
    plain = trials[trials["condition"] == "none"]
    expected = {path.name for path in folder.iterdir()} - {"index.csv"}
    if len(plain) != len(expected) or set(plain["image_id"]) != expected:
        raise SystemExit(f"{len(expected)} pictures have {len(plain)} rows.")
    return plain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit-s", type=float, default=3600)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        write_set(Path(place) / "faces", asked.files, asked.seed)
        started = time.perf_counter()
        trials = read_set(
            Path(place) / "faces", Path(place) / "out", jobs=asked.jobs, limit_s=asked.limit_s
        )
        seconds = time.perf_counter() - started
    print(f"{asked.files} damaged files, {seconds:.0f} s, no crash; every file has its row.")
    kinds = trials["image_id"].str.rpartition(".")[2]
    print(pd.crosstab(kinds, trials["status"], margins=True).to_string())
    ended = trials["message"].str.startswith("reading it ended the process").sum()
    print(f"{ended} of them ended a worker process.")
    print("The most frequent messages:")
    print(
        trials["message"].str.replace(r"\d[\d,]*", "N", regex=True).value_counts()[:12].to_string()
    )


if __name__ == "__main__":
    main()
