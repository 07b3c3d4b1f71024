"""The verb cache as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.commands import call


def test_the_cache_is_shown_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("MASKFACE_CACHE", str(cache))
    call("cache")
    assert not cache.exists()
    out = tmp_path / "out"
    call(
        "run", "--data", "example", "--limit", "2", "--classifier", "fer", "--occluder", "block",
        "--out", out, "--quiet",
    )  # fmt: skip
    shown = call("cache").stdout.splitlines()
    assert shown[0] == str(cache / "landmarks")
    assert shown[2].split()[1] == "2"
    assert shown[2].endswith("the one in use")
    assert "removed 2 entries" in call("cache", "--clear").stdout
    assert "no landmarks" in call("cache").stdout
