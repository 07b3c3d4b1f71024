"""Runs that are ended by any signal at any moment, and what is left of them.

A command gets SIGINT, SIGTERM, SIGHUP or SIGKILL, alone, with its workers, or one of its workers
does; half of the times within the first two seconds, while it and its workers start. It must end
with an exit code that says so, never with that of a bug, and leave no process after 5 s. Then
`--resume` must give the bytes of an undisturbed run.

    nice python -m benchmarks.kills --kills 30
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
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.kill_resume import differences, write_set
from tests.fixtures.commands import nobody_left

WAYS: Final = (
    ("SIGINT", "group"), ("SIGTERM", "command"), ("SIGHUP", "group"), ("SIGKILL", "command"),
    ("SIGKILL", "worker"), ("SIGINT", "command"), ("SIGTERM", "group"), ("SIGTERM", "worker"),
    ("SIGINT", "twice"),
)  # fmt: skip
PATIENCE_S: Final = 600
LEFT_S: Final = 5


CHILD: Final = """
import sys
from pathlib import Path
from maskface.exits import ended_in_words
with ended_in_words("Results so far are saved", "--resume"):
    from maskface import Experiment, run
    data, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    experiment = Experiment(data=data, occluders="surgical", classifiers=("fer",))
    run(experiment, out, jobs=jobs, chunk=1, resume=True, progress=False)
"""
"""What `maskface run` does, without its figures."""


def command(data: Path, out: Path, jobs: int) -> list[str]:
    """Return the command of a run."""
    return [sys.executable, "-c", CHILD, str(data), str(out), str(jobs)]


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of a command."""
    done = subprocess.run(  # noqa: S603
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [int(line.split()[0]) for line in done.stdout.splitlines() if "popen_loky" in line]


def send(process: subprocess.Popen[bytes], name: str, target: str, rng: np.random.Generator) -> str:
    """Send a signal; return whom it was sent to."""
    number = signal.Signals[name]
    if target == "worker":
        workers = workers_of(process.pid)
        if not workers:
            return "no worker yet"
        os.kill(int(rng.choice(workers)), number)
        return target
    for _ in range(1 + (target == "twice")):
        (os.killpg if target == "group" else os.kill)(process.pid, number)
        time.sleep(0.05)
    return target


def allowed(name: str, target: str, out: Path) -> set[int]:
    """Return the exit codes with which a command may end."""
    codes = {0} if target in ("worker", "no worker yet") else {0, 130}
    if name == "SIGKILL" or target == "twice" or not (out / "manifest.json").exists():
        codes.add(-signal.Signals[name])  # ended at once, or before Python ran the first line
    return codes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    for ignored in (signal.SIGINT, signal.SIGHUP):  # a shell may have them ignored
        signal.signal(ignored, signal.SIG_DFL)
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        os.environ["MASKFACE_CACHE"] = str(root / "cache")
        write_set(root / "faces")
        begun = time.monotonic()
        subprocess.run(  # noqa: S603
            command(root / "faces", root / "reference", 2), check=True, capture_output=True
        )
        took = time.monotonic() - begun
        for number in range(asked.kills):
            (name, target), out = WAYS[number % len(WAYS)], root / f"run{number}"
            early = bool(rng.integers(2))
            moment = float(rng.uniform(0, 2 if early else took))
            process = subprocess.Popen(  # noqa: S603 (our own command)
                command(root / "faces", out, 2), start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            time.sleep(moment)
            if process.poll() is None:
                target = send(process, name, target, rng)
            told = process.communicate(timeout=PATIENCE_S)[1].decode(errors="replace")
            wrong = [] if process.returncode in allowed(name, target, out) else ["exit code"]
            wrong += [] if nobody_left(process.pid, LEFT_S) else ["process left"]
            again = subprocess.run(  # noqa: S603
                command(root / "faces", out, 1), capture_output=True, check=False
            )
            # Until maskface is loaded, Python answers Ctrl-C with a traceback.
            wrong += ["traceback"] if "Traceback" in told and (out / "parts").exists() else []
            wrong += ["resume"] if again.returncode else differences(root / "reference", out)
            bad += bool(wrong)
            print(
                f"{number:3} {name:8} {target:14} {moment:5.2f} s  ended with "
                f"{process.returncode:4}  {', '.join(wrong) or 'same bytes'}", flush=True,
            )  # fmt: skip
            if wrong:
                print(told[-1500:], again.stderr.decode(errors="replace")[-1500:], flush=True)
            shutil.rmtree(out)
    print(f"{asked.kills} kills; {bad} ended wrongly, left a process, or changed a result.")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
