"""CPU time of the checks of a complete run's tables, as a share of that of the run.

The tables are hashed ten times.

    nice python benchmarks/hash_cost.py --pictures 56
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from maskface import Experiment, run
from maskface.experiment import find_damage, integrity

MOST: float = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=56)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        begun = time.process_time()
        done = run(
            Experiment(limit=asked.pictures), Path(place) / "out", progress=False, cache=None
        )
        whole = time.process_time() - begun
        manifest = done.folder.require_manifest()
        begun = time.process_time()
        for _ in range(10):
            integrity._sha256.cache_clear()
            found = find_damage(done.folder, manifest)
        check = (time.process_time() - begun) / 10
    print(
        f"{asked.pictures} pictures: run {whole:.2f} s, check {1000 * check:.2f} ms of CPU time, "
        f"{check / whole:.4%}"
    )
    sys.exit(bool(found) or check / whole > MOST)


if __name__ == "__main__":
    main()
