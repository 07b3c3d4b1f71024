"""The folder for what can be made or fetched again, and who may write to it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import platformdirs
import platformdirs.windows
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from maskface.doctor import check_cache
from maskface.errors import MaskfaceError
from maskface.folders import cache_folder, make_folder
from maskface.landmarks import default_cache_folder

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No settings but a home folder."""
    for name in ("MASKFACE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    monkeypatch.setattr(
        platformdirs.windows, "get_win_folder", platformdirs.windows.get_win_folder_from_env_vars
    )
    return monkeypatch


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        (Unix, {"XDG_CACHE_HOME": "/xdg"}, "/xdg/maskface/landmarks"),
        (Unix, {"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/maskface/landmarks"),
        (Unix, {}, "/home/me/.cache/maskface/landmarks"),
        (MacOS, {}, "/home/me/Library/Caches/maskface/landmarks"),
        (Windows, {"LOCALAPPDATA": "/local"}, "/local/maskface/landmarks"),
    ],
)
def test_the_folder_follows_the_platform(
    platform: Any, variables: dict[str, str], expected: str, own: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        own.setenv(name, value)
    own.setattr(platformdirs, "PlatformDirs", platform)
    assert default_cache_folder() == Path(expected)


@posix
def test_a_folder_that_everybody_can_write_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "shared"
    monkeypatch.setenv("MASKFACE_CACHE", str(root))
    make_folder(cache_folder("landmarks"))
    assert [folder.stat().st_mode & 0o777 for folder in (root, root / "landmarks")] == [0o700] * 2
    for folder in (root, root / "landmarks"):
        folder.chmod(0o777)
        with pytest.raises(MaskfaceError, match=rf"can write to {folder}.*chmod o-w {folder}"):
            cache_folder("landmarks")
        check = check_cache()
        assert (check.ok, f"chmod o-w {folder}" in check.detail) == (False, True)
        folder.chmod(0o775)  # a group may share one
        assert cache_folder("landmarks") == root / "landmarks"
        assert check_cache().ok


@posix
def test_a_user_without_a_home_has_a_folder_of_their_own(
    own: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    own.setattr(platformdirs, "user_cache_path", lambda *_, **__: Path("~/.cache/maskface"))
    private = tmp_path / f"maskface-{os.getuid()}"
    assert cache_folder("models") == private / "models"
    assert private.stat().st_mode & 0o777 == 0o700
    private.chmod(0o755)
    with pytest.raises(MaskfaceError, match=f"{private} is not a folder of this user alone"):
        cache_folder("models")
    private.rmdir()
    private.symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(MaskfaceError, match="export MASKFACE_CACHE=DIR"):
        cache_folder("models")
