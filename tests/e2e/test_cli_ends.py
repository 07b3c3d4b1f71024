"""Commands that are stopped, that fail late, or that nobody listens to any more."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from maskface.exits import BUG, DONE, FAILED, INTERRUPTED, REFUSED
from tests.e2e.test_cli import ROOT
from tests.fixtures.commands import MASKFACE, call, nobody_left

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")

TYPED = "maskface" if shutil.which("maskface") == MASKFACE else MASKFACE
"""How a command that is told begins: another program of that name need not be this one."""
CHEAP = ("--occluder", "surgical", "--classifier", "fer")


@pytest.fixture
def faces(example_faces: list[Path], tmp_path: Path) -> Path:
    """So many pictures that a run can be stopped, and in its first parts hardly a face to read."""
    folder = tmp_path / "faces"
    for emotion in ("anger", "fear"):
        (folder / emotion).mkdir(parents=True)
        for number in range(100):
            face = number >= 50 or number % 8 == 0
            data = example_faces[number % 10].read_bytes() if face else b"no picture"
            (folder / emotion / f"{number:02}.jpg").write_bytes(data)
    return folder


def stop(
    command: Sequence[str | Path], begun: Callable[[], bool], sent: int, *, group: bool, cwd: Path
) -> str:
    """Send a signal once a command has begun its work; what it says."""
    process = subprocess.Popen(
        list(map(str, command)), cwd=cwd, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not begun():
        if process.poll() is not None:
            pytest.fail(process.communicate()[1])
        time.sleep(0.02)
    (os.killpg if group else os.kill)(process.pid, sent)
    _, told = process.communicate(timeout=300)  # ends only if no worker holds the pipes open
    assert process.returncode == INTERRUPTED
    assert "Traceback" not in told
    return told


@posix
@pytest.mark.parametrize(("sent", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_a_stopped_run_says_how_to_go_on(
    sent: int, group: bool, faces: Path, tmp_path: Path
) -> None:
    command = ("run", "--data", faces, "-o", "out", "-j", "2", "-q", *CHEAP)
    parts = tmp_path / "out" / "parts"
    told = stop(
        (MASKFACE, *command), lambda: any(parts.glob("part-*")), sent, group=group, cwd=tmp_path
    )
    way = f"{TYPED} {' '.join(map(str, command))} --resume"
    assert told == f"\nStopped. Results so far are saved; to continue, type: {way}\n"
    assert any(parts.glob("part-*"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("out/*") if path.is_file()}
    done = call("summarize", "out", "--allow-partial", "--json", cwd=tmp_path)
    values = json.loads(done.stdout)
    assert (values["guards"], values["files"]) == (None, [])
    assert before == {p: p.read_bytes() for p in tmp_path.rglob("out/*") if p.is_file()}


@posix
def test_workers_that_have_just_begun_print_nothing(faces: Path, tmp_path: Path) -> None:
    command = (MASKFACE, "run", "--data", faces, "-o", "out", "-j", "2", "-q", *CHEAP)
    manifest = tmp_path / "out" / "manifest.json"
    told = stop(command, manifest.exists, signal.SIGINT, group=True, cwd=tmp_path)
    assert told.startswith("\nStopped.")


@posix
@pytest.mark.parametrize("begun", ["manifest.json", "parts/part-*"])
@pytest.mark.parametrize("sent", [(signal.SIGINT, signal.SIGINT), (signal.SIGKILL,)])
def test_no_worker_outlives_a_second_ctrl_c_or_a_kill(
    sent: tuple[int, ...], begun: str, faces: Path, tmp_path: Path
) -> None:
    """Also while workers start; the second signal does not wait for the first one's end."""
    process = subprocess.Popen(
        [MASKFACE, "run", "--data", str(faces), "-o", "out", "-j", "2", "-q", *CHEAP],
        cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while not any((tmp_path / "out").glob(begun)):
        assert process.poll() is None
        time.sleep(0.01)
    for number in sent:
        process.send_signal(number)
        time.sleep(0.02)
    assert process.wait(5) in (INTERRUPTED, -signal.SIGINT, -signal.SIGKILL)
    assert nobody_left(process.pid, 5)
    assert "Traceback" not in process.communicate()[1]


@posix
@pytest.mark.parametrize(("sent", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_stopped_experiments_say_how_to_go_on(
    sent: int, group: bool, faces: Path, tmp_path: Path
) -> None:
    script = ROOT / "experiments" / "run_all.py"
    command = (sys.executable, script, "--data", faces, "-o", "all", "-q")
    told = stop(
        command, lambda: any(tmp_path.glob("all/*/parts/part-*")), sent, group=group, cwd=tmp_path
    )
    assert "01_mask_impairment.py --out all/01_mask_impairment --resume" in told
    assert told.splitlines()[-1].endswith(
        f"type: {sys.executable} {script} --data {faces} -o all -q"
    )


def test_what_fails_after_the_trials_costs_no_trials(tmp_path: Path) -> None:
    command = ("run", "-o", "out", "--limit", "7", "-q", *CHEAP)
    first = call(*command, cwd=tmp_path)
    trials = (tmp_path / "out" / "trials.csv").read_bytes()
    (tmp_path / "out" / "report.html").unlink()
    (tmp_path / "out" / "report.html").mkdir()
    done = call(*command, "--resume", ok=False, cwd=tmp_path)
    assert done.returncode == FAILED
    assert "out/report.html: Is a directory" in done.stderr
    assert f"then type: {TYPED} {' '.join(command)} --resume" in done.stderr
    assert done.stdout.splitlines()[0] == first.stdout.splitlines()[0]
    assert "report.html" not in done.stdout
    assert (tmp_path / "out" / "trials.csv").read_bytes() == trials


@posix
@pytest.mark.parametrize(
    "verb", [("list", "occluders"), ("list", "occluders", "--json"), ("--help",), ("run", "--help")]
)
def test_a_reader_that_has_heard_enough_is_no_error(verb: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [MASKFACE, *verb], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (DONE, "")


@posix
@pytest.mark.parametrize(
    ("verb", "closed", "code"),
    [
        ("list occluders", ">&-", DONE),
        ("list occluders --json", ">&-", DONE),
        ("list nothing", ">&-", REFUSED),
        ("list occluders", "2>&-", DONE),
        ("list nothing", "2>&-", REFUSED),
        (f"run -o out --limit 7 {' '.join(CHEAP)}", "2>&-", DONE),
    ],
)
def test_closed_streams_change_no_exit_code(
    verb: str, closed: str, code: int, tmp_path: Path
) -> None:
    command = f"{shlex.quote(MASKFACE)} {verb} {closed}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == code
    assert bool(done.stdout) is (code == DONE and closed == "2>&-")
    assert bool(done.stderr) is (code == REFUSED and closed == ">&-")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_result_that_cannot_be_printed_is_an_error() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [MASKFACE, "list", "datasets"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == REFUSED
    assert "Cannot print the result: No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


LIMITS = [("MASKFACE_CACHE_MB", "abc"), ("MASKFACE_CACHE_MB", "-1")]
FOLDERS = [("MASKFACE_CACHE", __file__), ("MASKFACE_CACHE", "~no_such_user")]


@pytest.mark.parametrize(
    ("verb", "variable", "value"),
    [
        *(("run -o out -j 2", *setting) for setting in LIMITS + FOLDERS),
        *((f"read {__file__}", *setting) for setting in LIMITS + FOLDERS),
        *(("run -o out --classifier onnx:ferplus", *setting) for setting in FOLDERS),
        *(("download ferplus", *setting) for setting in FOLDERS),
    ],
)
def test_a_wrong_setting_is_refused_before_any_work(
    verb: str, variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    done = call(*verb.split(), ok=False, cwd=tmp_path)
    assert done.returncode == REFUSED
    assert f"{variable} is {value!r}" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_bug_has_a_code_of_its_own() -> None:
    code = (
        "import sys, maskface.doctor\n"
        "from maskface.cli import main\n"
        "maskface.doctor.run_checks = lambda: [][1]\n"
        "sys.argv = ['maskface', 'doctor', '--json']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (BUG, "")
    assert done.stderr.startswith("maskface: unexpected IndexError: list index out of range.")
    assert "Traceback" not in done.stderr


def test_a_shell_without_completion_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import shellingham  # type: ignore[import-untyped]

    from maskface.cli.complete import require_shell
    from maskface.errors import MaskfaceError

    require_shell(["list", "occluders"])
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("dash", "/bin/dash"))
    with pytest.raises(MaskfaceError, match=r"shell \(dash\).*_MASKFACE_COMPLETE=source_bash"):
        require_shell(["--show-completion"])


def group_of(process: int) -> set[int]:
    """Processes that live in a group, whatever their state but dead."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = path.read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
            if int(group) == process and state != "Z":
                found.add(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGHUP])
def test_no_worker_outlives_its_parent(sent: int, faces: Path, tmp_path: Path) -> None:
    command = (MASKFACE, "run", "--data", faces, "-o", "out", "-j", "2", "-q", *CHEAP)
    # Under nohup SIGHUP is ignored, and so it would be by what is started here.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        process = subprocess.Popen(
            list(map(str, command)), cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    parts = tmp_path / "out" / "parts"
    while not any(parts.glob("part-*")):
        assert process.poll() is None
        time.sleep(0.02)
    workers = group_of(process.pid) - {process.pid}
    assert len(workers) >= 2
    process.send_signal(sent)
    _, told = process.communicate(timeout=300)
    assert process.returncode == (INTERRUPTED if sent == signal.SIGHUP else -signal.SIGKILL)
    assert (b"--resume" in told) is (sent == signal.SIGHUP)
    assert nobody_left(process.pid, 5)
    left = sorted(path.name for path in parts.glob("part-*"))
    time.sleep(1)
    assert sorted(path.name for path in parts.glob("part-*")) == left
