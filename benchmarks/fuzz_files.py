"""Commands over hundreds of damaged tables, column maps, results, networks and videos.

Whole files are damaged at random, as the pictures of `fuzz_pictures.py` are; texts also get quotes,
separators, numbers and characters of other programs. Each command runs in a process of its own and
must end in time with one of the exit codes 0 to 2; of videos, each must have its rows. The first
file of each kind is not damaged, and its command must succeed.

    nice python -m benchmarks.fuzz_files --texts 400 --networks 100 --videos 60
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd

from benchmarks.fuzz_pictures import DAMAGES
from maskface.cli import main as maskface
from maskface.datasets import load_dataset
from maskface.images import read_image
from maskface.landmarks.native import mediapipe
from maskface.types import EMOTIONS
from maskface.weights import manifest
from tests.unit.onnx_files import FER

PRELOADED: Final = ("scipy.stats", "matplotlib.pyplot", "maskface.experiment", "maskface.report")
"""What most commands load: they are forked from a process that has it."""
ENDS: Final = (0, 1, 2)
LIMIT_S: Final = 900
KINDS: Final = ("table", "json", "map", "index", "results")
SCRAPS: Final = (
    b'"', b"'", b",", b";", b"\t", b"\r", b"\n\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe9",
    "\u202e".encode(), b"\\ud800", b"NaN", b"1e999", b"-1", b"9" * 400, b"{", b"]", b"[[", b"=1+1",
    b"# ", b"true", b"(a+)+$", b"../../x", b"/dev/zero",
)  # fmt: skip
MAP: Final = """\
rt_unit = "ms"
[columns]
observer = "subject"
image = "stimulus"
identity = "model"
emotion = "emotion"
condition = "condition"
response = "response"
rt = "rt"
[exclude]
rt_ms_below = 100
"""
Case = tuple[str, Sequence[str | Path]]
"""Kind of the damaged file, and the arguments of the command that reads it."""


def damaged(data: bytes, rng: np.random.Generator, *, text: bool) -> bytes:
    """Return a file with one or two damages."""
    for _ in range(int(rng.integers(1, 3))):
        if text and rng.integers(3):
            at = int(rng.integers(len(data) + 1))
            scrap = SCRAPS[int(rng.integers(len(SCRAPS)))]
            data = data[:at] + scrap + data[at + int(rng.integers(2)) * len(scrap) :]
        else:
            damage = DAMAGES[int(rng.integers(len(DAMAGES)))]
            data = bytes(damage(bytearray(data or b"\0"), data or b"\0", rng))
    return data


def observers_trials() -> pd.DataFrame:
    """Return trials of six made observers, as their files would hold them."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "subject": f"p{who}", "stimulus": f"{model}_{emotion}_{condition}.jpg", "model": model,
            "emotion": emotion, "condition": condition, "rt": int(rng.integers(400, 2000)),
            "response": emotion if rng.random() < 0.7 else str(rng.choice(EMOTIONS)),
        }
        for who in range(6) for emotion in EMOTIONS for model in ("m1", "m2")
        for condition in ("none", "mask")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def spoilt(data: bytes, number: int, rng: np.random.Generator) -> bytes:
    """Return a damaged text; the first of each kind is not damaged."""
    return data if number < len(KINDS) else damaged(data, rng, text=True)


def text_cases(root: Path, count: int, rng: np.random.Generator) -> Iterator[Case]:
    """Yield commands over damaged tables, maps, indexes and runs."""
    trials = observers_trials()
    table, column_map = trials.to_csv(index=False).encode(), MAP.encode()
    objects = trials.assign(trial_type="image-button-response").to_dict("records")
    faces = [sample.path for sample in load_dataset("example").samples[:4]]
    index = "path,emotion,subject\n" + "".join(
        f"{path.name},{path.name.split('_')[1]},{path.name[:3]}\n" for path in faces
    )
    finished = root / "finished"
    run_in_child(["run", "--out", finished, "--limit", "14", "--classifier", "fer", "-q"], root)
    results = sorted(path.name for path in finished.iterdir() if path.suffix in (".csv", ".json"))
    for number in range(count):
        place = root / f"text{number}"
        place.mkdir()
        (place / "map.toml").write_bytes(column_map)
        (place / "a.csv").write_bytes(table)
        kind = KINDS[number % len(KINDS)]
        asked: list[str | Path] = [
            "humans", place / "a.csv", "--map", place / "map.toml", "--out", place / "out",
        ]  # fmt: skip
        if kind == "table":
            (place / "a.csv").write_bytes(spoilt(table, number, rng))
        elif kind == "map":
            (place / "map.toml").write_bytes(spoilt(column_map, number, rng))
        elif kind == "json":
            text = json.dumps(objects, indent=int(rng.integers(2)) or None).encode()
            (place / "a.json").write_bytes(spoilt(text, number, rng))
            asked[1] = place / "a.json"
        elif kind == "index":
            for face in faces:
                shutil.copy(face, place)
            (place / "index.csv").write_bytes(spoilt(index.encode(), number, rng))
            asked = ["run", "--data", place, "--out", root / f"out{number}", "-q"]
            asked += ["--classifier", "fer", "--limit", "2"]
        else:
            shutil.copytree(finished, place / "run")
            name = results[int(rng.integers(len(results)))]
            whole = (place / "run" / name).read_bytes()
            (place / "run" / name).write_bytes(spoilt(whole, number, rng))
            verb = ("summarize", "report", "doctor", "compare")[int(rng.integers(4))]
            asked = [verb, place / "run", *([finished] if verb == "compare" else [])]
        yield kind, asked


def altered(network: bytes, rng: np.random.Generator) -> bytes:
    """Return a network of the same length with some other bytes in its weights or its graph."""
    data, named = bytearray(network), [m.start() for m in re.finditer(rb"[A-Za-z_/]{4}", network)]
    for _ in range(int(rng.integers(1, 9))):
        near = named[int(rng.integers(len(named)))] + int(rng.integers(-12, 16))
        at = near if rng.integers(4) else int(rng.integers(len(data)))
        data[at % len(data)] = int(rng.integers(256))
    return bytes(data)


def network_cases(root: Path, count: int, rng: np.random.Generator) -> Iterator[Case]:
    """Yield commands that load damaged networks and cards."""
    face = load_dataset("example").samples[0].path
    network, card = manifest()["fer.onnx"].path.read_bytes(), FER.encode()
    for number in range(count):
        by_card = number % 5 == 0
        path = root / f"net{number}.onnx"
        changed = damaged(network, rng, text=False) if number % 5 == 1 else altered(network, rng)
        path.write_bytes(network if by_card or number < 2 else changed)
        path.with_suffix(".toml").write_bytes(
            damaged(card, rng, text=True) if by_card and number else card
        )
        yield "card" if by_card else "network", ["read", face, "--classifier", f"onnx:{path}", "-q"]


def video_cases(root: Path, count: int, rng: np.random.Generator) -> Iterator[Case]:
    """Yield commands that mask damaged videos, ten at a time."""
    shipped = read_image(load_dataset("example").samples[0].path)
    face = cv2.resize(cv2.cvtColor(shipped, cv2.COLOR_RGB2BGR), (128, 128))
    whole = []
    for ending, code in ((".mp4", "mp4v"), (".avi", "MJPG"), (".webm", "VP80"), (".mkv", "mp4v")):
        path = root / f"whole{ending}"
        writer = cv2.VideoWriter(
            str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), 10, (128, 128)
        )
        for shift in range(8):
            writer.write(np.roll(face, shift, axis=1))
        writer.release()
        whole.append((ending, path.read_bytes()))
    for first in range(0, count, 10):
        place = root / f"videos{first}"
        place.mkdir()
        for number in range(first, min(first + 10, count)):
            ending, data = whole[number % len(whole)]
            (place / f"{number}{ending}").write_bytes(damaged(data, rng, text=False))
        yield "video", ["mask", place, "--out", root / f"masked{first}", "-q"]


def run_in_child(arguments: Sequence[str | Path], log: Path) -> tuple[int | None, str]:
    """Run a command; return its exit code (None if it had to be killed) and what it printed."""
    told = log / "told.txt"
    child = os.fork()
    if not child:
        os.setsid()
        with told.open("wb") as stream:
            for descriptor in (1, 2):
                os.dup2(stream.fileno(), descriptor)
        sys.argv = ["maskface", *map(str, arguments)]
        code = 70
        with contextlib.suppress(BaseException):
            try:
                maskface()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), told.read_text(errors="replace")
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None, told.read_text(errors="replace")


def lost_rows(kind: str, arguments: Sequence[str | Path]) -> int:
    """Return the number of videos without a row."""
    if kind != "video":
        return 0
    rows = pd.read_csv(Path(arguments[3]) / "masked.csv")
    return len({path.name for path in Path(arguments[1]).iterdir()} - set(rows["source"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--videos", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="Folder for the files that were not survived.")
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    for name in PRELOADED:
        importlib.import_module(name)
    mediapipe()
    ends: collections.Counter[tuple[str, int | None]] = collections.Counter()
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        os.environ["MASKFACE_CACHE"] = str(root / "cache")
        cases = (
            case
            for made, count in (
                (text_cases, asked.texts),
                (network_cases, asked.networks),
                (video_cases, asked.videos),
            )
            for case in made(root, count, rng)
        )
        for kind, arguments in cases:
            code, told = run_in_child(arguments, root)
            lost = lost_rows(kind, arguments) if code in ENDS else 0
            sound = kind != "video" and not any(kind == known for known, _ in ends)
            ends[kind, code] += 1
            if code not in ENDS[: 1 if sound else None] or lost or "Traceback" in told:
                bad += 1
                print(kind, code, lost, *arguments, told[-1500:], sep="\n", flush=True)
                if asked.keep:
                    shutil.copytree(
                        root, asked.keep / str(bad), dirs_exist_ok=True,
                        ignore=lambda _, names: [n for n in names if n == "cache"],
                    )  # fmt: skip
    table = pd.DataFrame(ends.elements(), columns=["file", "exit code"])
    print(pd.crosstab(table["file"], table["exit code"]).to_string())
    print(f"{sum(ends.values())} commands; {bad} crashed, hung, or lost rows.")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
