"""Fixtures: photographs that may be there on a developer's machine, and small made ones."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before NumPy loads: threads of each of several processes would wait for the cores in a loop.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

from maskface.datasets.example import FOLDER as EXAMPLE
from tests.fixtures import watched

PHOTOGRAPHS = Path(
    os.environ.get("MASKFACE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
)
"""Photographs that cannot be redistributed; tests that need them are skipped without them."""


# Tests never measure time.
settings.register_profile("maskface", deadline=None)
settings.load_profile("maskface")


def pytest_configure() -> None:
    # Begun in the background of a script, it ignores Ctrl-C, and so would all that tests begin.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots", action="store_true", help="write the pictures in tests/snapshots anew"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that starts commands and workers as slow, and put what waits to the end."""
    for item in items:
        if {"e2e", "integration"} & set(item.path.parts):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.name == watched.TEST)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin what waits for most of its time, beside the tests."""
    wanted = any(item.name == watched.TEST for item in session.items)
    if wanted and shutil.which("strace") and not session.config.option.collectonly:
        watched.begin()


def _photographs(name: str) -> Path:
    folder = PHOTOGRAPHS / "faces" / name
    if not folder.is_dir():
        pytest.skip(f"the {name} photographs are not on this machine (set MASKFACE_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def london() -> Path:
    """Face Research Lab London Set: index.csv, landmarks_neutral.csv.gz."""
    return _photographs("london")


@pytest.fixture(scope="session")
def taiwan() -> Path:
    """Taiwan Corpora of Chinese Emotions: index.csv, index_agreed.csv."""
    return _photographs("taiwan")


@pytest.fixture(scope="session")
def example_faces() -> list[Path]:
    """The shipped synthetic faces, sorted."""
    faces = sorted((EXAMPLE / "images").glob("*.jpg"))
    if not faces:
        pytest.skip("the synthetic faces have not been rendered")
    return faces


@pytest.fixture(autouse=True, scope="session")
def _private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests off the user's landmark cache, and let all workers share one."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKFACE_CACHE", str(base / "cache"))
        yield


@pytest.fixture(scope="module")
def few_resamples() -> Iterator[None]:
    """Draw 200 resamples at most: where intervals are not tested, as good as 5,000."""

    from maskface.stats import resample

    def few(totals: Any, levels: Any, *, seed: int, n: int) -> Iterator[Any]:
        return resample(totals, levels, seed=seed, n=min(n, 200))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maskface.stats.intervals.resample", few)
        yield


@pytest.fixture
def noise() -> np.ndarray:
    """A (64, 48, 3) picture without a face."""
    return np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
