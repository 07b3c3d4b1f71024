"""How far it is from a picture to its row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import maskface

TRACE = """
import sys
from pathlib import Path
import maskface
from maskface.experiment import runner

root, seen = str(Path(maskface.__file__).parent), set()

def note(frame, event, argument):
    file, name = frame.f_code.co_filename, frame.f_code.co_name
    if event == "call" and file.startswith(root) and name != "<module>":
        seen.add(file)

def traced(function):
    def call(*arguments, **options):
        sys.setprofile(note)
        try:
            return function(*arguments, **options)
        finally:
            sys.setprofile(None)
    return call

# From the file of a picture to its part on disk, and from there to trials.csv.
runner.read_pictures, runner.merge = traced(runner.read_pictures), traced(runner.merge)
maskface.run(
    maskface.Experiment(limit=1, occluders=("surgical",), classifiers=("faceapi",)),
    sys.argv[1], cache=None, progress=False,
)
print(*sorted(seen), sep="\\n")
"""


def test_a_picture_crosses_few_modules_on_its_way_to_its_row(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRACE, str(tmp_path / "run")],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    crossed = {Path(line).relative_to(Path(maskface.__file__).parent).as_posix()
               for line in done.stdout.splitlines()}  # fmt: skip
    assert {"pipeline.py", "experiment/trials.py", "images/decode.py", "crops.py"} <= crossed
    assert len(crossed) <= 60
