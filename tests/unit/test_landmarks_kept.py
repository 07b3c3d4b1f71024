"""The landmark cache stays below its limit, and clearing it removes nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from maskface.errors import MaskfaceError
from maskface.landmarks import (
    CacheStats,
    LandmarkCache,
    cache_limit,
    cache_stats,
    clear,
    detector_folder,
)
from maskface.landmarks.cache import cut_down, entries
from maskface.types import FaceLandmarks, Pose
from maskface.upkeep import cache_contents, clear_cache

FACE = FaceLandmarks(np.zeros((478, 3), np.float32), np.zeros(52, np.float32), Pose(0, 0, 0))
DAY = 86400


def filled(folder: Path, count: int, detector: str = "d", limit: int = 10**9) -> LandmarkCache:
    cache = LandmarkCache(folder, limit=limit)
    for number in range(count):
        cache.put(f"{detector} {number}".encode(), detector, (FACE,))
    return cache


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.npz"))


def age(folder: Path, data: bytes, detector: str, days: float) -> Path:
    cache = LandmarkCache(folder, limit=10**9)
    before = set(folder.rglob("*.npz"))
    cache.put(data, detector, (FACE,))
    (path,) = set(folder.rglob("*.npz")) - before
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def test_what_is_held_is_counted_by_detector(tmp_path: Path) -> None:
    filled(tmp_path, 3, "one")
    filled(tmp_path, 2, "two")
    held = {one.detector: one for one in cache_stats(tmp_path)}
    assert set(held) == {detector_folder("one"), detector_folder("two")}
    assert held[detector_folder("one")].entries == 3
    assert sum(one.size for one in held.values()) == size(tmp_path)
    assert cache_stats(tmp_path / "none") == []


def test_the_cache_stays_near_its_limit(tmp_path: Path) -> None:
    limit = 100_000
    cache = LandmarkCache(tmp_path, limit=limit)
    sizes = []
    for number in range(60):
        cache.put(str(number).encode(), "d", (FACE,))
        sizes.append(size(tmp_path))
    one = sizes[0]
    assert 60 * one > 4 * limit
    assert max(sizes) <= limit + one
    assert sizes[-1] > limit / 2


def test_a_large_cache_is_seldom_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr("maskface.landmarks.cache.cut_down", lambda *_: looked.append(1))
    filled(tmp_path, 60, limit=2 * 10**9)
    assert len(looked) <= 1


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    paths = [age(tmp_path, str(days).encode(), "d", days) for days in (5, 1, 9, 3)]
    one = paths[0].stat().st_size
    assert cut_down(tmp_path, 4 * one) == 0
    assert cut_down(tmp_path, 3 * one) == 2
    assert [path.exists() for path in paths] == [False, True, False, True]


def test_an_entry_that_is_read_counts_as_used(tmp_path: Path) -> None:
    read, other = (age(tmp_path, data, "d", 9) for data in (b"read", b"other"))
    assert LandmarkCache(tmp_path, limit=10**9).get(b"read", "d") is not None
    assert cut_down(tmp_path, read.stat().st_size * 3 // 2) == 1
    assert read.exists()
    assert not other.exists()


def test_nothing_is_written_without_room(tmp_path: Path) -> None:
    cache = filled(tmp_path, 1, limit=0)
    assert cache.get(b"d 0", "d") is None
    assert list(tmp_path.iterdir()) == []


def test_clearing_removes_entries_alone(tmp_path: Path) -> None:
    folder, outside = tmp_path / "cache", tmp_path / "outside"
    filled(folder, 4)
    key = "ab" + 62 * "0"
    theirs = [
        folder / "notes.npz",
        folder / detector_folder("d") / "mine.txt",
        folder / detector_folder("d") / "ab" / "other.npz",
        folder / detector_folder("d") / "cd" / f"{key}.npz",
        outside / "ab" / f"{key}.npz",
    ]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kept")
    (folder / detector_folder("linked")).symlink_to(outside)
    link = folder / detector_folder("d") / "ab" / f"{key}.npz"
    link.symlink_to(theirs[-1])
    bytes_before = sum(entry.size for entry in entries(folder))
    assert clear(folder) == [CacheStats(detector_folder("d"), 4, bytes_before)]
    assert all(path.read_text() == "kept" for path in theirs)
    assert link.is_symlink()
    assert cache_stats(folder) == []


def test_clearing_leaves_no_empty_folders(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert clear(tmp_path) == []


def test_unfinished_files_go_when_nobody_writes_them_any_more(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    (entry,) = tmp_path.rglob("*.npz")
    old, new = (entry.with_name(f".{entry.name}.{pid}.1") for pid in (11, 12))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    clear(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_the_limit_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASKFACE_CACHE_MB", raising=False)
    assert cache_limit() == 2_000_000_000
    monkeypatch.setenv("MASKFACE_CACHE_MB", "5")
    assert cache_limit() == 5_000_000
    assert LandmarkCache(Path("somewhere")).limit == 5_000_000
    for wrong in ("-1", "2 GB", "1.5"):
        monkeypatch.setenv("MASKFACE_CACHE_MB", wrong)
        with pytest.raises(MaskfaceError, match="whole number of megabytes"):
            cache_limit()


def test_what_the_command_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKFACE_CACHE", str(tmp_path))
    monkeypatch.setenv("MASKFACE_CACHE_MB", "7")
    assert "no landmarks" in cache_contents().text()
    filled(tmp_path / "landmarks", 3)
    said = cache_contents().text().splitlines()
    assert said[0] == str(tmp_path / "landmarks")
    assert said[2].split()[:2] == [detector_folder("d"), "3"]
    assert said[-1] == "0.0 of 7.0 MB"
    assert "removed 3 entries" in clear_cache().text()
    assert "no landmarks" in cache_contents().text()
