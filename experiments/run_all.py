"""Run all experiment scripts and write one page about them: ``index.html`` in the folder of --out.

Each script writes into the folder of its name, and goes on where it stopped. Other options than
--out are passed on to every script: ``run_all.py --data my_faces/ --out results/mine --jobs 2``.
A script that fails does not stop the others; the exit code then is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from maskface.errors import MaskfaceError
from maskface.report import write_index

HERE = Path(__file__).parent


def main() -> int:
    """Run everything; 0 if no script failed."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out", type=Path, default=Path("results/experiments"), help="(default: %(default)s)"
    )
    options, passed_on = parser.parse_known_args()
    scripts = sorted(HERE.glob("[0-9]*.py"))
    failed = []
    for script in scripts:
        print(f"\n{script.stem}", flush=True)
        command = [sys.executable, script, "--out", options.out / script.stem, "--resume"]
        if subprocess.run([*command, *passed_on], check=False).returncode:  # noqa: S603
            failed.append(script.stem)
    try:
        print(f"\nAll answers: {write_index(options.out, scripts)}")
    except MaskfaceError as error:
        print(f"maskface: {error}", file=sys.stderr)
        return 1
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
