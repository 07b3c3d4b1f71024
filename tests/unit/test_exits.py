"""How commands end."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.documents import rows, to_json
from maskface.errors import MaskfaceError
from maskface.exits import (
    BUG,
    INTERRUPTED,
    REFUSED,
    Ended,
    command_again,
    ended_in_words,
    why_not,
)
from maskface.files import write_atomically


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> object:
    """Give signals back, and let one command have been typed."""
    monkeypatch.setattr(sys, "argv", ["/bin/maskface", "run", "--out", "my results"])
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MaskfaceError("No such hat."), REFUSED, "maskface: No such hat.\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b.png"),
            REFUSED,
            "maskface: a/b.png: No space left on device. Trials are kept; mend that, then type: "
            "maskface run --out 'my results' --resume\n",
        ),
        (ImportError("libGL.so.1: no such file"), REFUSED, "libGL.so.1: no such file. Type: maskf"),
        (KeyError("x"), BUG, "maskface: unexpected KeyError: 'x'. This is a bug in maskface"),
        (RecursionError(), BUG, "unexpected RecursionError"),
        (
            KeyboardInterrupt(),
            INTERRUPTED,
            "\nStopped. Trials are kept; to go on, type: maskface run --out 'my results' --resume",
        ),
    ],
)
def test_every_error_ends_in_words(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Ended) as end, ended_in_words("Trials are kept", "--resume"):
        raise error
    assert end.value.code == code
    said = capsys.readouterr()
    assert (said.out, words in said.err) == ("", True)


def test_debugging_adds_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASKFACE_DEBUG", "1")
    with pytest.raises(Ended) as end, ended_in_words():
        raise KeyError("x")
    assert end.value.code == BUG
    assert "Traceback" in capsys.readouterr().err


def test_termination_is_an_interruption_and_only_inside(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Ended) as end, ended_in_words():
        os.kill(os.getpid(), signal.SIGTERM)
    assert end.value.code == INTERRUPTED
    assert "Nothing was kept; to begin again, type: maskface run" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def test_other_exits_pass() -> None:
    with pytest.raises(SystemExit) as end, ended_in_words():
        sys.exit(1)
    assert (end.value.code, type(end.value)) == (1, SystemExit)


@pytest.mark.parametrize(
    ("program", "start"),
    [
        ("/usr/bin/maskface", "maskface"),
        ("/x/maskface/__main__.py", "python -m maskface"),
        ("experiments/run_all.py", "python experiments/run_all.py"),
    ],
)
def test_the_command_is_typed_again(
    program: str, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "--out", "x"])
    assert command_again("--resume") == f"{start} --out x --resume"
    monkeypatch.setattr(sys, "argv", [program, "--resume"])
    assert command_again("--resume") == f"{start} --resume"


def test_the_file_of_a_failure_is_the_one_that_was_named(tmp_path: Path) -> None:
    target = tmp_path / "results.csv"
    target.mkdir()
    with pytest.raises(OSError, match="results") as failure:
        write_atomically(target, b"")
    assert why_not(failure.value).startswith(f"{target}: ")
    with pytest.raises(OSError, match="nowhere") as failure:
        write_atomically(tmp_path / "nowhere" / "x.csv", b"")
    assert why_not(failure.value) == f"{tmp_path / 'nowhere' / 'x.csv'}: No such file or directory"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def nulled(value: object) -> object:
    if isinstance(value, dict):
        return {key: nulled(held) for key, held in value.items()}
    if isinstance(value, list):
        return [nulled(held) for held in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(values)
def test_documents_are_strict_json(value: object) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(to_json(value).decode(), parse_constant=refuse) == nulled(value)


def test_rows_of_a_table_are_plain() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, pd.NA], dtype="Int64"),
            "share": [0.25, np.nan],
            "ok": np.array([True, False]),
            "path": [Path("ä.png"), Path(os.fsdecode(b"\xff.png"))],
        }
    )
    data = to_json(rows(frame))
    assert "ä.png".encode() in data
    assert json.loads(data) == [
        {"n": 1, "share": 0.25, "ok": True, "path": "ä.png"},
        {"n": None, "share": None, "ok": False, "path": "\udcff.png"},
    ]
