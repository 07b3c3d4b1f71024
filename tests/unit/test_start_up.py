"""What has to be loaded before the first picture is read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from maskface.classifiers import get_classifier, networks
from maskface.errors import MaskfaceError
from maskface.weights import Weights


@pytest.mark.slow
def test_reading_pictures_needs_no_statistics_and_no_figures() -> None:
    script = (
        "import sys, maskface.experiment_cli, maskface.experiment.runner\n"
        "from maskface.landmarks.native import mediapipe\n"
        "drawing = mediapipe().tasks.vision.drawing_utils\n"
        "loaded = {'scipy', 'statsmodels', 'matplotlib', 'pandera', 'jinja2', 'sklearn'}\n"
        "loaded &= set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "import matplotlib.pyplot\n"  # once it is there, MediaPipe draws with it
        "assert drawing.plt.figure is matplotlib.pyplot.figure\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run"]])
def test_help_loads_no_numerical_package(arguments: list[str]) -> None:
    heavy = {"numpy", "pandas", "cv2", "mediapipe", "scipy", "matplotlib", "rich", "PIL"}
    script = (
        "import sys\n"
        "from maskface.cli import main\n"
        f"sys.argv = ['maskface', *{arguments}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"loaded = {heavy} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "value"), [("--occluder", "s"), ("--classifier", "f"), ("--data", "e")]
)
def test_completing_names_loads_no_numerical_package(option: str, value: str) -> None:
    script = (
        "import sys\n"
        "from maskface.cli import main\n"
        "sys.argv = ['maskface']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "loaded = {'numpy', 'pandas', 'cv2', 'scipy', 'matplotlib', 'rich'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    asked = {
        "COMP_WORDS": f"maskface run {option} {value}", "COMP_CWORD": "3",
        "_MASKFACE_COMPLETE": "complete_bash",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=300, capture_output=True, text=True,
        env=os.environ | asked,
    )  # fmt: skip
    assert done.stdout.startswith(value)


def test_networks_are_not_loaded_for_their_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(networks, "Network", refuse)
    assert len({get_classifier(name).fingerprint for name in ("faceapi", "fer")}) == 2


def test_damaged_weights_are_found_before_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(self: Weights) -> None:
        raise MaskfaceError(f"{self.file} is damaged")

    monkeypatch.setattr(Weights, "verify", damaged)
    with pytest.raises(MaskfaceError, match=r"fer\.onnx is damaged"):
        get_classifier("fer")
