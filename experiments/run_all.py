"""Run all experiment scripts and write one page about them: ``index.html`` in the folder of --out.

Each script writes into the folder of its name, and goes on where it stopped. Other options than
--out are passed on to every script: ``run_all.py --data my_faces/ --out results/mine --jobs 2``.
With --json there is one document of all answers. A script that fails does not stop the others; the
exit code then is 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from maskface.documents import to_json
from maskface.exits import FAILED, INTERRUPTED, ended_in_words, note, say, write
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
    parser.add_argument(
        "--json", action="store_true", help="print all answers as one JSON document"
    )
    with ended_in_words("Results so far are saved"):
        options, passed_on = parser.parse_known_args()
        scripts = sorted(HERE.glob("[0-9]*.py"))
        passed_on += ["--json"] if options.json else []
        answers: dict[str, Any] = {}
        failed = []
        for script in scripts:
            if not options.json:
                say(f"\n{script.stem}")
            command = [sys.executable, script, "--out", options.out / script.stem, "--resume"]
            code, told = run([*map(str, command), *passed_on], held=options.json)
            answers[script.stem] = json.loads(told) if told else None
            if code:
                failed.append(script.stem)
        page = write_index(options.out, scripts)
        if options.json:
            write(to_json({"experiments": answers, "files": [page]}))
        else:
            say(f"\nAll answers: {page}")
        if failed:
            note(f"Without an answer, for the reasons above: {', '.join(failed)}.")
            sys.exit(FAILED)


def run(command: list[str], *, held: bool) -> tuple[int, bytes]:
    """Run one script, and let it end in its own way when this one is stopped.

    Parameters
    ----------
    command
        What to type.
    held
        Whether to return what it prints on stdout, and not to print it.

    Returns
    -------
    int, bytes
        Its exit code, and what it has printed.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted.
    """
    stdout = subprocess.PIPE if held else None
    with subprocess.Popen(command, stdout=stdout) as script:  # noqa: S603
        try:
            told, _ = script.communicate()
        except KeyboardInterrupt:
            script.terminate()
            script.communicate()
            raise
    if script.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    return script.returncode, told or b""


if __name__ == "__main__":
    main()
