"""What a benchmark is made of; the times themselves are not tested."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import pandas as pd
import pytest

from maskface.bench import BENCH, bench_text
from maskface.bench._clock import Clock, Spent
from maskface.bench._measure import _room
from maskface.errors import MaskfaceError
from maskface.threads import one_thread

STAGE = ("decode", "")


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


def test_the_text_says_how_far_a_run_is_from_its_floor() -> None:
    row = {"pictures": 5, "wall_ms": 1.0}
    found = BENCH.frame(
        [
            row | {"number": 1, "stage": "decode", "cpu_ms": 4.0, "share": 1.0},
            row | {"number": 2, "stage": "whole run", "cpu_ms": 6.0, "floor_cpu_ms": 4.0},
        ]
    )
    text = bench_text(found)
    assert "1.50 times the CPU time of its floor" in text
    assert [line.split() for line in text.splitlines()[1:3]] == [
        ["decode", "4.00", "1.00", "100", "%"],
        ["whole", "run", "6.00", "1.00", "4.00"],
    ]
    assert isinstance(BENCH.check(found), pd.DataFrame)


@pytest.mark.parametrize(("pixels", "conditions", "room"), [(200_000, 10, 100), (10**8, 13, 0)])
def test_large_pictures_are_timed_a_few_at_a_time(pixels: int, conditions: int, room: int) -> None:
    asked = SimpleNamespace(experiment=SimpleNamespace(conditions=("none",) * conditions))
    fewer = SimpleNamespace(experiment=SimpleNamespace(conditions=("none",)))
    benches: Any = [SimpleNamespace(plan=fewer, largest=pixels), SimpleNamespace(plan=asked)]
    assert _room(benches) == room
