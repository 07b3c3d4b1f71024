"""The benchmark of a run on shipped faces with the real models; the times are not tested."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.run_cost import Bench, Clock, Floor, Spent, stages_text, take_turns
from maskface import Experiment
from maskface.errors import MaskfaceError
from maskface.experiment import make_plan
from maskface.threads import one_thread

STAGE = ("decode", "")


def test_all_stages_are_measured(tmp_path: Path) -> None:
    asked = Experiment(
        limit=3, occluders=("block",), classifiers=("faceapi", "blendshapes:points=plain")
    )
    bench = Bench(make_plan(asked), tmp_path, Floor())
    take_turns([bench])
    found = bench.stages()
    assert [stage for stage, _, _ in found] == [
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
    assert found[-2][1].cpu == pytest.approx(sum(spent.cpu for _, spent, _ in found[:-2]))
    floored = [stage[0] for stage, _, bare in found if bare is not None]
    assert floored == ["decode", "landmarks", "classifier", "all stages", "whole run"]
    assert bench.taken == 3
    assert "on 3 pictures" in stages_text(bench)


def test_pictures_without_a_face_are_refused(tmp_path: Path) -> None:
    for emotion in ("anger", "fear"):
        (tmp_path / emotion).mkdir()
        grey = np.full((64, 64, 3), 127, np.uint8)
        Image.fromarray(grey).save(tmp_path / emotion / "grey.png")
    asked = Experiment(data=str(tmp_path), occluders=(), classifiers=("fer",))
    with pytest.raises(MaskfaceError, match="None of the pictures"):
        take_turns([Bench(make_plan(asked), tmp_path / "out", Floor())])


def test_a_clock_takes_the_median_over_chunks() -> None:
    clock = Clock()
    clock.chunks[STAGE] = [Spent(1, 9), Spent(5, 2), Spent(2, 3)]
    assert clock.per_picture(STAGE) == Spent(2, 3)


def test_a_clock_notes_what_a_picture_took(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, wall = iter([1.0, 3.0]), iter([10.0, 18.0])
    monkeypatch.setattr("time.process_time", lambda: next(cpu))
    monkeypatch.setattr("time.perf_counter", lambda: next(wall))
    clock = Clock()
    assert clock.time(STAGE, 4, lambda: "done") == "done"
    assert clock.chunks[STAGE] == [Spent(0.5, 2.0)]


def test_threads_are_as_before_afterwards() -> None:
    def stop() -> None:
        with one_thread():
            seen.append(cv2.getNumThreads())
            raise MaskfaceError("stop")

    before, seen = cv2.getNumThreads(), list[int]()
    with pytest.raises(MaskfaceError):
        stop()
    assert seen == [1]
    assert cv2.getNumThreads() == before
