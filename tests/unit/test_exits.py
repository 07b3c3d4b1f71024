"""How commands end."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
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
    escaped,
    say,
    why_not,
)
from maskface.experiment.workers import ignore_sigint
from maskface.files import write_atomically

WHICH = shutil.which


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> object:
    """Give signals back, and let one command have been typed."""
    monkeypatch.setattr(sys, "argv", ["/bin/maskface", "run", "--out", "my results"])
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
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
            "maskface: a/b.png: No space left on device. Trials are kept; fix this, then type: "
            "maskface run --out 'my results' --resume\n",
        ),
        (ImportError("libGL.so.1: no such file"), REFUSED, "libGL.so.1: no such file. Type: maskf"),
        (KeyError("x"), BUG, "maskface: unexpected KeyError: 'x'. This is a bug in maskface"),
        (RecursionError(), BUG, "unexpected RecursionError"),
        (
            KeyboardInterrupt(),
            INTERRUPTED,
            "\nStopped. Trials are kept; to continue, type: maskface run --out 'my results' --resu",
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
    assert "Nothing was kept; to start again, type: maskface run" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_an_interruption_breaks_in_a_library_is_an_interruption(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def start() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise UnboundLocalError  # as joblib does when it starts a process

    with pytest.raises(Ended) as end, ended_in_words("Trials are kept", "--resume"):
        start()
    assert end.value.code == INTERRUPTED
    assert "Stopped. Trials are kept" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_to_any_thread_wait_until_workers_have_started(sent: str) -> None:
    begun = threading.Event()
    reached: list[int] = []
    number = getattr(signal, sent)

    def interrupt() -> None:
        begun.wait(10)
        signal.pthread_kill(threading.get_ident(), number)

    thread = threading.Thread(target=interrupt)
    thread.start()

    def start() -> None:
        with ignore_sigint():
            begun.set()
            thread.join()
            reached.extend(range(100))  # bytecode on which Python would call its handler

    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert len(reached) == 100
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("signal.raise_signal(sent); self.whole = True", "self.whole"),  # half made
        ("self.whole = True", "signal.raise_signal(sent); print('closed')"),
    ],
)
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_interruptions_of_objects_that_are_made_or_deleted(made: str, told: str, sent: str) -> None:
    """Python prints errors of `__del__`, and loses an interruption there."""
    script = f"""
import signal, time
from maskface.exits import ended_in_words
sent = signal.{sent}
class Picture:
    def __init__(self): {made}
    def __del__(self): {told}
with ended_in_words("Trials are kept"):
    Picture()
    time.sleep(60)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == INTERRUPTED
    assert done.stderr.startswith("\nStopped. Trials are kept")
    assert "Traceback" not in done.stderr


def test_other_exits_pass() -> None:
    with pytest.raises(SystemExit) as end, ended_in_words():
        sys.exit(1)
    assert (end.value.code, type(end.value)) == (1, SystemExit)


@pytest.mark.parametrize(
    ("program", "start"),
    [
        ("/usr/bin/maskface", "maskface"),
        (".venv/bin/maskface", ".venv/bin/maskface"),
        ("/x/maskface/__main__.py", "/opt/python3 -m maskface"),
        ("experiments/run_all.py", "/opt/python3 experiments/run_all.py"),
    ],
)
@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("--out x", "--out x --resume"),
        ("--resume", "--resume"),
        ("-o x -- -x.jpg", "-o x --resume -- -x.jpg"),
        ("-o x -- --resume", "-o x --resume -- --resume"),
        ("--resume -- -x.jpg", "--resume -- -x.jpg"),
    ],
)
def test_the_command_is_typed_again(
    program: str, start: str, typed: str, again: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(sys, "executable", "/opt/python3")
    monkeypatch.setattr(sys, "argv", [program, *typed.split()])
    assert command_again("--resume") == f"{start} {again}"
    assert command_again() == f"{start} {typed}"


@pytest.mark.parametrize(
    ("python", "shown"),
    [(".venv/bin/python", ".venv/bin/python"), ("python", "{}/python"), ("../python", "{}/python")],
)
def test_python_is_the_one_that_has_maskface(
    python: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    python = os.path.normpath(tmp_path / "here" / python)
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr(sys, "argv", ["a.py"])
    assert command_again() == f"{shown.format(Path(python).parent)} a.py"


def test_a_program_behind_a_link_has_its_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("real", "linked"):
        (tmp_path / folder).mkdir()
    program = tmp_path / "real" / "maskface"
    program.touch(mode=0o755)
    (tmp_path / "linked" / "maskface").symlink_to(program)
    monkeypatch.setattr(shutil, "which", WHICH)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", str(tmp_path / "linked"))
    assert command_again() == "maskface"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_again() == str(program)


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_nothing_is_said_to_a_closed_stream(name: str) -> None:
    code = (
        "import sys\n"
        f"sys.{name} = None\n"  # as Python has it when the descriptor is closed
        "from maskface.exits import note, say\n"
        "say('result')\n"
        "note('word')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    told = {"stdout": done.stdout, "stderr": done.stderr}
    assert (done.returncode, told.pop(name), *told.values()) == (
        0, "", "word\n" if name == "stdout" else "result\n",
    )  # fmt: skip


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


HOSTILE = "a\x1b]0;title\x07\x9b31m\u202etxt.gpj\u2066\u200b\U000e0041\ud800b"


def test_what_controls_a_terminal_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with ended_in_words():
            say(f"{HOSTILE}\tb\nc d\u200de")
            sys.stderr.write(f"\r 10%{HOSTILE}\r 20%")  # a progress bar
            raise MaskfaceError(HOSTILE)

    with pytest.raises(Ended):
        work()
    shown = capsys.readouterr()
    plain = r"a\u001b]0;title\u0007\u009b31m\u202etxt.gpj\u2066\u200b\udb40\udc41\ud800b"
    assert shown.out == f"{plain}\tb\nc d\u200de\n"
    assert shown.err == f"\r 10%{plain}\r 20%maskface: {plain}\n"
    assert escaped(plain) == plain
    assert json.loads(f'"{escaped(HOSTILE)}"') == HOSTILE.replace("\ud800", "\ud800")


def test_documents_escape_alike() -> None:
    document = to_json({HOSTILE: [HOSTILE]})
    assert json.loads(document) == {HOSTILE: [HOSTILE]}
    assert escaped(document.decode()) == document.decode()


@pytest.mark.skipif(os.name == "nt", reason="quotes of POSIX shells")
def test_a_command_with_such_a_name_can_be_typed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "it's \\ \x1b[31m\nü.jpg"
    monkeypatch.setattr(sys, "argv", ["/bin/maskface", "mask", name, "a b"])
    again = command_again("--resume")
    assert escaped(again) == again
    printed = again.replace("maskface ", "printf '%s|' ", 1)
    done = subprocess.run(["bash", "-c", printed], capture_output=True, text=True, check=True)
    assert done.stdout == f"mask|{name}|a b|--resume|"
