"""Writing files whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from maskface.cli.app import ready
from maskface.errors import MaskfaceError
from maskface.files import (
    destination,
    is_partial,
    seal_is_broken,
    sealed,
    shortened,
    write_atomically,
    written_atomically,
)


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    write_atomically(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new", durable=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_goes_through_links(tmp_path: Path) -> None:
    real, link = tmp_path / "deep" / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    for _ in range(2):  # the file need not be there
        (place,) = ready(link)
        assert place == real
        write_atomically(place, b"new")
    assert link.is_symlink()
    assert ready(tmp_path / "other.csv") == [tmp_path / "other.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")
def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe.csv", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(MaskfaceError, match=r"a pipe or a device.*another place with --csv"):
            ready(path)
    with pytest.raises(MaskfaceError, match="is a folder"):
        ready(tmp_path)
    circle = tmp_path / "circle.csv"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match="symbolic links"):
        destination(circle)


@pytest.mark.parametrize("name", ["a" * 255, "a" * 231 + ".jpg", "\u00fc" * 127, "a.csv"])
def test_any_name_that_a_file_system_takes_can_be_written(tmp_path: Path, name: str) -> None:
    seen: list[str] = []
    with written_atomically(tmp_path / name, durable=True) as stream:
        seen += [path.name for path in tmp_path.iterdir()]
        stream.write(b"new")
    assert is_partial(tmp_path / seen[0])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"new"


def test_long_names_stay_apart_when_they_are_shortened() -> None:
    first, second = ("a" * 250 + end for end in ("1", "2"))
    assert len({shortened(first), shortened(second)}) == 2
    assert max(len(shortened(name).encode()) for name in (first, "\u00fc" * 127)) <= 200
    assert shortened("a.csv") == "a.csv"


def test_a_record_bears_its_own_hash() -> None:
    record = {"seed": 0, "files": {"a.csv": {"rows": 3}}, "wait_s": 0.1, "name": "größe"}
    kept = json.loads(sealed(record))
    assert kept.items() > record.items()
    assert not seal_is_broken(kept)
    assert not seal_is_broken(record)  # of an earlier version
    assert seal_is_broken(kept | {"seed": 1})
    assert json.loads(sealed(kept | {"seed": 0})) == kept
