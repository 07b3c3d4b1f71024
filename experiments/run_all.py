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

from maskface.exits import FAILED, INTERRUPTED, ended_in_words, note, say
from maskface.report import write_index

HERE = Path(__file__).parent


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out", "-o", metavar="DIR", type=Path, default=Path("results/experiments"),
        help="folder for the results (default: %(default)s)",
    )  # fmt: skip
    with ended_in_words("What was read is saved"):
        options, passed_on = parser.parse_known_args()
        scripts = sorted(HERE.glob("[0-9]*.py"))
        failed = []
        for script in scripts:
            say(f"\n{script.stem}")
            command = [sys.executable, script, "--out", options.out / script.stem, "--resume"]
            if run([*map(str, command), *passed_on]):
                failed.append(script.stem)
        say(f"\nAll answers: {write_index(options.out, scripts)}")
        if failed:
            note(f"Without an answer, for the reasons above: {', '.join(failed)}.")
            sys.exit(FAILED)


def run(command: list[str]) -> int:
    """Run one script, and let it end in its own way when this one is stopped.

    Returns
    -------
    int
        Its exit code.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted.
    """
    with subprocess.Popen(command) as script:  # noqa: S603
        try:
            code = script.wait()
        except KeyboardInterrupt:
            script.terminate()
            script.wait()
            raise
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code


if __name__ == "__main__":
    main()
