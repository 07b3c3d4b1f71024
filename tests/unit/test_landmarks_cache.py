"""Landmarks on disk: what goes in comes out, and nothing on the disk can break a run."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface.landmarks import CachedDetector, LandmarkCache, default_cache_folder
from maskface.landmarks.cache import entry_key, pack_faces, unpack_faces
from maskface.types import FaceLandmarks, ImageArray, Pose


def a_face(seed: int) -> FaceLandmarks:
    rng = np.random.default_rng(seed)
    return FaceLandmarks(
        rng.normal(100, 30, (478, 3)).astype(np.float32),
        rng.random(52, dtype=np.float32),
        Pose(*(float(angle) for angle in rng.normal(0, 20, 3))),
    )


def same(one: tuple[FaceLandmarks, ...], other: tuple[FaceLandmarks, ...]) -> bool:
    return len(one) == len(other) and all(
        a.points.tobytes() == b.points.tobytes()
        and a.blendshapes.tobytes() == b.blendshapes.tobytes()
        and a.points.dtype == b.points.dtype == np.float32
        and a.pose == b.pose
        for a, b in zip(one, other, strict=True)
    )


class Fake:
    """Finds a fixed number of faces and counts how often it is asked."""

    fingerprint = "fake-1"

    def __init__(self, count: int = 1) -> None:
        self.faces = tuple(a_face(i) for i in range(count))
        self.asked = 0
        self.closed = False

    def detect(self, image: ImageArray) -> tuple[FaceLandmarks, ...]:
        self.asked += 1
        return self.faces

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def cache(tmp_path: Path) -> LandmarkCache:
    return LandmarkCache(tmp_path / "cache")


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_second_answer_is_the_first_to_the_bit(
    cache: LandmarkCache, noise: ImageArray, count: int
) -> None:
    fake = Fake(count)
    with CachedDetector(fake, cache) as detector:
        first, second = detector.detect(noise, b"picture"), detector.detect(noise, b"picture")
        assert detector.fingerprint == "fake-1"
    assert fake.asked == 1
    assert fake.closed
    assert same(first, second)
    assert same(second, fake.faces)


def test_an_entry_serves_one_picture_and_one_detector(cache: LandmarkCache) -> None:
    cache.put(b"picture", "one", (a_face(0),))
    assert cache.get(b"picture", "one") is not None
    assert cache.get(b"picture", "two") is None
    assert cache.get(b"other", "one") is None


def test_any_fingerprint_stays_in_the_folder(cache: LandmarkCache) -> None:
    cache.put(b"picture", "../../a:b\\c", ())
    assert cache.get(b"picture", "../../a:b\\c") == ()
    (entry,) = cache.folder.rglob("*.npz")
    assert len(entry.relative_to(cache.folder).parts) == 3


def test_without_file_bytes_the_pixels_are_the_key(cache: LandmarkCache, noise: ImageArray) -> None:
    fake = Fake()
    detector = CachedDetector(fake, cache)
    detector.detect(noise)
    detector.detect(noise.copy())
    assert fake.asked == 1
    detector.detect(noise.transpose(1, 0, 2))
    assert fake.asked == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"not an entry" * 100])
def test_a_broken_entry_is_written_again(
    cache: LandmarkCache, noise: ImageArray, content: bytes
) -> None:
    fake = Fake()
    detector = CachedDetector(fake, cache)
    detector.detect(noise, b"picture")
    (entry,) = cache.folder.rglob("*.npz")
    entry.write_bytes(content)
    assert same(detector.detect(noise, b"picture"), fake.faces)
    assert fake.asked == 2
    assert same(detector.detect(noise, b"picture"), fake.faces)
    assert fake.asked == 2


def test_an_entry_under_a_foreign_name_is_ignored(cache: LandmarkCache) -> None:
    cache.put(b"one", "f", (a_face(0),))
    (one,) = cache.folder.rglob("*.npz")
    cache.put(b"two", "f", (a_face(1),))
    (two,) = set(cache.folder.rglob("*.npz")) - {one}
    two.write_bytes(one.read_bytes())
    assert cache.get(b"two", "f") is None


@settings(max_examples=200)
@given(st.data())
def test_no_damage_to_an_entry_raises(data: st.DataObject) -> None:
    key = entry_key(b"picture", "f")
    entry = bytearray(pack_faces((a_face(0), a_face(1)), key))
    position = data.draw(st.integers(0, len(entry) - 1))
    if data.draw(st.booleans()):
        entry[position] ^= data.draw(st.integers(1, 255))
    else:
        del entry[position:]
    with patch.object(Path, "read_bytes", return_value=bytes(entry)):
        found = LandmarkCache(Path()).get(b"picture", "f")
    assert found is None or len(found) == 2


def test_entries_hold_no_pickles() -> None:
    assert unpack_faces(pack_faces((), "key"), "key") == ()
    assert unpack_faces(pack_faces((), "key"), "other") is None


def test_an_unwritable_folder_only_warns_once(
    tmp_path: Path, noise: ImageArray, caplog: pytest.LogCaptureFixture
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    fake = Fake()
    detector = CachedDetector(fake, LandmarkCache(blocker / "cache"))
    with caplog.at_level(logging.WARNING, logger="maskface"):
        for picture in (b"one", b"two", b"three"):
            assert same(detector.detect(noise, picture), fake.faces)
    assert fake.asked == 3
    assert [record.message[:22] for record in caplog.records] == ["Landmarks are not cach"]


def test_a_failed_write_leaves_nothing_behind(
    cache: LandmarkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache.put(b"picture", "f", ())
    assert [path for path in cache.folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e30])
def test_an_entry_with_impossible_numbers_is_missing(number: float, tmp_path: Path) -> None:
    points = np.zeros((478, 3), np.float32)
    points[7, 1] = number
    face = FaceLandmarks(points, np.zeros(52, np.float32), Pose(0.0, 0.0, 0.0))
    cache = LandmarkCache(tmp_path)
    cache.put(b"picture", "f", (face,))
    assert cache.get(b"picture", "f") is None


def test_the_folder_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MASKFACE_CACHE", str(tmp_path))
    assert default_cache_folder() == tmp_path / "landmarks"
    assert LandmarkCache().folder == tmp_path / "landmarks"


def test_a_run_over_known_pictures_never_loads_mediapipe(tmp_path: Path) -> None:
    script = """
import sys
import numpy as np
from pathlib import Path
from maskface.landmarks import CachedDetector, LandmarkCache, MediaPipeDetector
detector = MediaPipeDetector()
cache = LandmarkCache(Path(sys.argv[1]))
cache.put(b"picture", detector.fingerprint, ())
with CachedDetector(detector, cache) as cached:
    assert cached.detect(np.zeros((64, 64, 3), np.uint8), b"picture") == ()
assert "mediapipe" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=300)


def test_importing_the_package_imports_nothing_large() -> None:
    script = (
        "import sys, maskface.landmarks as found\n"
        "from maskface.blendshapes import BLENDSHAPES\n"
        "assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52\n"
        "assert not {'mediapipe', 'cv2', 'numpy'} & set(sys.modules)\n"
        "assert all(getattr(found, name) for name in found.__all__)\n"
        "assert 'mediapipe' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)
