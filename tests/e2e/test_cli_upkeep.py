"""The verb cache as a user types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MASKFACE = str(Path(sys.executable).with_name("maskface"))


def type_in(*arguments: str | Path, cache: Path) -> str:
    done = subprocess.run(
        [MASKFACE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"MASKFACE_CACHE": str(cache)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_cache_is_shown_and_cleared(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    type_in("cache", cache=cache)
    assert not cache.exists()
    out = tmp_path / "out"
    type_in(
        "run", "--data", "example", "--limit", "2", "--classifier", "fer", "--occluder", "block",
        "--out", out, "--quiet", cache=cache,
    )  # fmt: skip
    shown = type_in("cache", cache=cache).splitlines()
    assert shown[0] == str(cache / "landmarks")
    assert shown[2].split()[1] == "2"
    assert shown[2].endswith("the one in use")
    assert "removed 2 entries" in type_in("cache", "--clear", cache=cache)
    assert "no landmarks" in type_in("cache", cache=cache)
