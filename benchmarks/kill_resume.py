"""Runs that are killed again and again, and the bytes that they end with.

Each cycle begins a run in a new folder and kills its whole process group (with the workers) one to
three times with SIGKILL, while pictures are read or while the tables are merged. Each start has
another number of workers and of pictures between two saves. The last one may finish; then its
tables are compared with those of an undisturbed run, and the folder must hold nothing else.

    nice python benchmarks/kill_resume.py --cycles 20
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from maskface import Experiment, run
from maskface.datasets import load_dataset

CLASSIFIERS: Final = ("faceapi", "landmarks:folds=3")
PATIENCE_S: Final = 300


@dataclass(frozen=True)
class Tally:
    """What happened to the starts of a cycle."""

    killed_reading: int = 0
    killed_merging: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.killed_reading + other.killed_reading, self.killed_merging + other.killed_merging
        )


def write_set(folder: Path) -> None:
    """Copy a dozen synthetic faces of four people, and add a file that is no picture."""
    folder.mkdir(parents=True)
    samples = [s for s in load_dataset("example").samples if s.subject_id in _people(4)]
    rows = ["path,emotion,subject,note"]
    for number, sample in enumerate(samples[:: max(len(samples) // 12, 1)][:12]):
        shutil.copy(sample.path, folder / f"{number}.jpg")
        rows.append(f"{number}.jpg,{sample.label},{sample.subject_id},=1+{number}")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    rows.append(f"broken.jpg,fear,{_people(1)[0]},")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")


def _people(count: int) -> list[str]:
    return sorted({sample.subject_id for sample in load_dataset("example").samples})[:count]


def carry_out(data: Path, out: Path, jobs: int, chunk: int, *, light: bool = False) -> None:
    """Run or resume the experiment in this process; a light one trains and looks for nothing."""
    experiment = Experiment(
        data=data,
        occluders="surgical",
        classifiers=CLASSIFIERS[:1] if light else CLASSIFIERS,
        detect_px=() if light else (0,),
    )
    run(experiment, out, jobs=jobs, chunk=chunk, resume=True, progress=False, cache=None)


def start(
    data: Path, out: Path, rng: np.random.Generator, *, light: bool = False
) -> subprocess.Popen[bytes]:
    """Start it in a process group of its own, with any number of workers and size of parts."""
    jobs, chunk = int(rng.integers(1, 3)), int(rng.integers(1, 6))
    command = [sys.executable, __file__, "--child", data, out, jobs, chunk, int(light)]
    return subprocess.Popen(  # noqa: S603 (our own command)
        [*map(str, command)], start_new_session=True, stderr=subprocess.PIPE
    )


def kill(process: subprocess.Popen[bytes]) -> bool:
    """Kill a process and its workers; whether it was still at work."""
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


def disturb(
    process: subprocess.Popen[bytes], out: Path, rng: np.random.Generator, *, light: bool = False
) -> Tally:
    """Kill a run: half of the times while it reads, half of the times while it merges."""
    merging = bool(rng.integers(2))
    begun = time.monotonic()
    signs = (".*.csv.*", "*.csv") if merging else ("parts/part-*", "parts/reading-*")
    while process.poll() is None and not any(next(out.glob(sign), None) for sign in signs):
        time.sleep(0.002)
        if time.monotonic() - begun > PATIENCE_S:
            raise SystemExit("A run came to no end.")
    time.sleep(float(rng.uniform(0, 0.05 if merging else 0.3 if light else 3)))
    merging = any(out.glob("*.csv")) or merging
    if not kill(process):
        return Tally()
    return Tally(killed_merging=1) if merging else Tally(killed_reading=1)


def cycle(
    data: Path, out: Path, rng: np.random.Generator, kills: int, *, light: bool = False
) -> Tally:
    """Kill a run `kills` times, then let it finish."""
    tally = Tally()
    for _ in range(kills):
        tally += disturb(start(data, out, rng, light=light), out, rng, light=light)
    process = start(data, out, rng, light=light)
    told = process.communicate(timeout=PATIENCE_S)[1].decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"Resuming {out} ended with status {process.returncode}:\n{told[-2000:]}")
    return tally


def differences(first: Path, second: Path) -> list[str]:
    """Tables that are not the same in two runs, and files that should not be there."""
    names = [{path.name for path in folder.iterdir()} for folder in (first, second)]
    both = sorted(names[0] & names[1] - {"manifest.json"})  # that one holds times
    changed = [name for name in both if (first / name).read_bytes() != (second / name).read_bytes()]
    return changed + sorted(names[0] ^ names[1])


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        jobs, chunk, light = map(int, sys.argv[4:7])
        carry_out(Path(sys.argv[2]), Path(sys.argv[3]), jobs, chunk, light=bool(light))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    total, bad = Tally(), 0
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        write_set(root / "faces")
        carry_out(root / "faces", root / "reference", 1, 16)
        for number in range(asked.cycles):
            out = root / f"run{number}"
            tally = cycle(root / "faces", out, rng, int(rng.integers(1, 4)))
            found = differences(root / "reference", out)
            bad += bool(found)
            total += tally
            print(f"cycle {number}: {tally}, {'differs: ' + ', '.join(found) if found else 'same'}")
            shutil.rmtree(out)
    print(
        f"{asked.cycles} cycles, killed {total.killed_reading} times while reading and "
        f"{total.killed_merging} times while merging; {bad} differ from the undisturbed run."
    )
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
