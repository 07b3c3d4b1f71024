"""A benchmark of the shipped faces with the real models."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskface import Experiment
from maskface.bench import BENCH, bench
from maskface.errors import MaskfaceError


def test_all_stages_are_measured_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = Experiment(
        limit=3, occluders=("block",), classifiers=("faceapi", "blendshapes:points=plain")
    )
    found = BENCH.check(bench(asked))
    assert list(zip(found["stage"], found["name"], strict=True)) == [
        ("read file", ""),
        ("decode", ""),
        ("landmarks", ""),
        ("occluder", "none"),
        ("occluder", "block"),
        ("crops", ""),
        ("size and skin", ""),
        ("rows", ""),
        ("classifier", "faceapi"),
        ("classifier", "blendshapes:points=plain"),
        ("save parts", ""),
        ("merge tables", ""),
        ("all stages", ""),
        ("whole run", ""),
    ]
    stages, total = found[:-2], found.iloc[-2]
    assert total["cpu_ms"] == pytest.approx(stages["cpu_ms"].sum(), abs=0.01)
    assert stages["share"].sum() == pytest.approx(1, abs=0.002)
    floored = found[found["floor_cpu_ms"].notna()]
    assert list(floored["stage"]) == [
        "decode", "landmarks", "classifier", "all stages", "whole run"
    ]  # fmt: skip
    assert set(found["pictures"]) == {3}
    assert list(tmp_path.iterdir()) == []


def test_pictures_without_a_face_are_refused(tmp_path: Path) -> None:
    for emotion in ("anger", "fear"):
        (tmp_path / emotion).mkdir()
        grey = np.full((64, 64, 3), 127, np.uint8)
        Image.fromarray(grey).save(tmp_path / emotion / "grey.png")
    with pytest.raises(MaskfaceError, match="None of the pictures"):
        bench(Experiment(data=str(tmp_path), occluders=(), classifiers=("fer",)))
