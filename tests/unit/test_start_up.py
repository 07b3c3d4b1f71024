"""What has to be loaded before the first picture is read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from maskface.classifiers import get_classifier, networks
from maskface.errors import MaskfaceError
from maskface.weights import Weights


def test_reading_pictures_needs_no_statistics_and_no_figures() -> None:
    script = (
        "import sys, maskface.script, maskface.experiment._run\n"
        "loaded = {'scipy', 'statsmodels', 'matplotlib', 'pandera', 'jinja2', 'sklearn'}\n"
        "loaded &= set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


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
