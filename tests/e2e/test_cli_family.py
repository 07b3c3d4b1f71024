"""All verbs are one family: names, help texts, exit codes, JSON, completion, and their page."""

from __future__ import annotations

import inspect
import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from maskface.catalogue import KINDS as LISTS
from maskface.classifiers.cards import shipped_cards
from maskface.cli import complete as _complete
from maskface.cli.root import VERBS, app
from maskface.exits import BUG, DONE, FAILED, INTERRUPTED, REFUSED
from maskface.experiment import Experiment, run
from maskface.images import MAX_BYTES, MAX_PIXELS
from maskface.report import FORMATS as FIGURE_FORMATS
from maskface.report import KINDS
from maskface.run_options import OPTIONS
from maskface.types import EMOTIONS
from tests.e2e.test_cli import ROOT
from tests.fixtures.commands import MASKFACE, call

NAMES = [verb.name for verb in VERBS]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SHARED = {
    "--out": "-o", "--quiet": "-q", "--jobs": "-j", "--seed": None, "--json": None,
    "--resume": None, "--limit": None, "--data": None, "--occluder": None, "--classifier": None,
    "--allow-partial": None, "--format": None, "--csv": None,
}  # fmt: skip
"""Options that several verbs have, with their short form."""


def commands() -> dict[str, Any]:
    root: Any = typer.main.get_command(app)
    return dict(root.commands)


def table(heading: str) -> Iterator[list[str]]:
    """Rows of the table below a heading of the page."""
    part = PAGE.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    for line in part.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("columns", ["80", "120"])
def test_help_fits_and_has_examples(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    root: Any = typer.main.get_command(app)
    text = root.make_context("maskface", [], resilient_parsing=True).get_help()
    assert "maskface run --data example --out results/example" in text
    for verb in VERBS:
        assert re.search(rf"^  {verb.name} +[A-Z][^.]*\.$", text, re.MULTILINE), verb.name
        command = root.commands[verb.name]
        told = command.make_context(verb.name, [], resilient_parsing=True).get_help()
        assert max(map(len, [*told.splitlines(), *text.splitlines()])) < 80, verb.name
        assert f"\n  Examples:\n    maskface {verb.name}" in told
        words = " ".join(told.split())
        assert (f"Exit code 1: {verb.exit_1}." in words) is bool(verb.exit_1)
        for noise in ("<bool>", "<str>", "<path>", "[x>", "║", "│", "\x1b"):
            assert noise not in told


def test_the_same_option_is_the_same_everywhere() -> None:
    seen: dict[str, set[tuple[str, ...]]] = {}
    for name, command in commands().items():
        for option in command.params:
            for flag in set(option.opts) & set(SHARED):
                seen.setdefault(flag, set()).add(tuple(sorted(option.opts)))
                assert option.help, name
                assert option.is_flag or option.metavar, (name, option.name)
    for name, short in SHARED.items():
        (forms,) = seen[name]  # one way to write it
        assert [form for form in forms if not form.startswith("--")] == ([short] if short else [])
    assert all("--json" in str([p.opts for p in c.params]) for c in commands().values())


def test_examples_can_be_typed() -> None:
    """Every example is one that the verb's own options can be read from."""
    found = 0
    for name, command in commands().items():
        for line in re.findall(rf"^  maskface {name}(.*)$", command.help, re.MULTILINE):
            words = re.sub(r" > \S+$", "", line).replace("'", "").split()
            command.make_context(name, words, resilient_parsing=False).close()
            found += 1
    assert found > 2 * len(NAMES) - 3


def test_page_names_verbs_options_codes_and_variables() -> None:
    verbs = [row for row in table("The command line") if row[0].startswith("`")]
    assert [row[0].strip("`") for row in verbs] == NAMES
    assert {row[0].strip("`"): row[3] for row in verbs} == {v.name: v.exit_1 for v in VERBS}
    options = [row[0] for row in table("Options that verbs share") if row[0].startswith("`")]
    known = {form for c in commands().values() for p in c.params for form in p.opts}
    assert {form for cell in options for form in re.findall(r"`(-[^`]+)`", cell)} <= known
    codes = [int(row[0]) for row in table("Exit codes") if row[0].isdigit()]
    assert codes == [DONE, FAILED, REFUSED, BUG, INTERRUPTED]
    told = call("--help").stdout
    assert [int(code) for code in re.findall(r"^    (\d+) ", told, re.MULTILINE)] == codes
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    variables = {row[0].strip("`") for row in table("Environment") if "MASKFACE" in row[0]}
    assert variables == set(re.findall(r"\bMASKFACE_[A-Z_]+", source)) - {"MASKFACE_COMPLETE"}


def strict(text: str) -> Any:
    """Read JSON that has no words beyond the standard's."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


def promised(verb: str) -> set[str]:
    row = next(row for row in table("The command line") if row[0] == f"`{verb}`")
    return set(re.findall(r"`([a-z_]+)`", row[2].partition(";")[0]))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family") / "run"
    done = call(
        "run", "-o", folder, "--limit", "14", "-q", "--json", "--occluder", "surgical",
        "--classifier", "fer",
    )  # fmt: skip
    values = strict(done.stdout)
    assert set(values) == promised("run") | {"files"}
    assert done.stderr == ""
    assert {Path(path) for path in values["files"]} >= {
        folder / "trials.csv",
        folder / "report.html",
    }
    assert all(Path(path).is_file() for path in values["files"])
    rows = values["loss"]
    assert next(row["label"] for row in rows if row["classifier"] == "fer") == "all"
    header = (folder / "summary.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert all(list(row) == header for row in rows)
    assert values["failures"] == []
    return folder


def test_verbs_of_a_run_print_json(run_folder: Path, tmp_path: Path) -> None:
    values = strict(call("compare", run_folder, "--json").stdout)
    assert set(values) == promised("compare")
    values = strict(call("summarize", run_folder, "--json").stdout)
    assert set(values) == promised("summarize") | {"files"}
    names = ("summary.csv", "guards.csv", "manifest.json")
    assert values["files"] == [str(run_folder / name) for name in names]
    for verb in ("report", "plot"):
        more = ("--figure", "loss", "--out", tmp_path) if verb == "plot" else ()
        values = strict(call(verb, run_folder, *more, "--json").stdout)
        assert set(values) == {"files"}
        assert all(Path(path).is_file() for path in values["files"])
    power = ("--subjects", "10,500", "--images", "6")
    values = strict(call("power", *power, "--json").stdout)
    assert set(values) == promised("power")
    assert [design["subjects"] for design in values["designs"]] == [10, 500]
    assert values["smallest"]["subjects"] == 500


def test_a_complete_run_is_summarized_alike_when_a_partial_one_may_be(run_folder: Path) -> None:
    summarize = ("summarize", run_folder, "--json")
    values = strict(call(*summarize).stdout)
    assert values["guards"]  # of 14 pictures there is much to warn of
    assert strict(call(*summarize, "--allow-partial").stdout) == values


def test_verbs_of_pictures_print_json(example_faces: list[Path], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "gesicht_ä.jpg").write_bytes(example_faces[0].read_bytes())
    (tmp_path / "in" / "broken.jpg").write_text("no picture")
    masked = call("mask", "in", "-o", "out", "--json", "-q", ok=False, cwd=tmp_path)
    values = strict(masked.stdout)
    assert (masked.returncode, set(values)) == (FAILED, promised("mask") | {"files"})
    assert [values[key] for key in ("n_files", "n_written", "n_faces")] == [2, 1, 1]
    assert [Path(failure["source"]).name for failure in values["failures"]] == ["broken.jpg"]
    assert values["files"] == [str(Path("out", "gesicht_ä.jpg")), str(Path("out", "masked.csv"))]
    read = call("read", "in", "--json", "-q", "--csv", "new/r.csv", ok=False, cwd=tmp_path)
    values = strict(read.stdout)
    assert (read.returncode, set(values)) == (FAILED, promised("read") | {"files"})
    header = (tmp_path / "new" / "r.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert all(list(row) == header for row in values["readings"])
    assert {row["status"]: row["p_fear"] is None for row in values["readings"]} == {
        "ok": False, "error": True,
    }  # fmt: skip
    found = strict(call("landmarks", example_faces[0], "--json").stdout)
    assert set(found) == promised("landmarks") | {"files"}
    assert found["faces"][0]["face"] == 0


@pytest.mark.skipif(os.name == "nt", reason="names of files are no bytes there")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text(example_faces: list[Path], tmp_path: Path) -> None:
    name = os.fsdecode(b"face_\xff.jpg")
    (tmp_path / name).write_bytes(example_faces[0].read_bytes())
    refused = call("read", name, "--json", ok=False, cwd=tmp_path)
    assert (refused.returncode, "bytes that are not UTF-8" in refused.stderr) == (REFUSED, True)
    found = strict(call("landmarks", name, "--json", cwd=tmp_path).stdout)
    assert found["image"] == name


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text_cost_no_other_picture(
    example_faces: list[Path], tmp_path: Path
) -> None:
    odd = os.fsdecode(b"caf\xe9")
    (tmp_path / "p").mkdir()
    for name in (f"{odd}.jpg", "ok.jpg"):
        (tmp_path / "p" / name).write_bytes(example_faces[0].read_bytes())
    for more in ((), ("--resume",)):
        done = call("mask", "p", "-o", "m", "-q", *more, ok=False, cwd=tmp_path)
        assert done.returncode == FAILED
        assert "its name holds bytes that are not UTF-8" in done.stderr
        assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
            "masked.csv", "masked.sha256", "ok.jpg",
        ]  # fmt: skip
    table = (tmp_path / "m" / "masked.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1] for line in table] == ["source", "caf?.jpg", "ok.jpg"]
    texture = f"texture:path=p/{odd}.jpg"
    for arguments in (
        ("run", "--data", odd, "-o", "r"),
        ("mask", "p/ok.jpg", "-o", "t", "--occluder", texture),
        ("run", "-o", "r", "--occluder", texture),
    ):
        done = call(*arguments, ok=False, cwd=tmp_path)
        assert (done.returncode, "not UTF-8" in done.stderr) == (REFUSED, True)
        assert not (tmp_path / "r").exists()


def test_verbs_of_the_machine_print_json() -> None:
    for verb, more in (("list", "occluders"), ("list", "classifiers"), ("list", "datasets")):
        values = strict(call(verb, more, "--json").stdout)
        assert list(values) == [more]
        assert set(values) < promised("list")
        assert all(set(entry) == {"name", "description", "parameters"} for entry in values[more])
    for verb in ("doctor", "cache"):
        assert set(strict(call(verb, "--json").stdout)) == promised(verb)


@pytest.mark.parametrize(
    "arguments",
    [
        ("summarize", "nothing"),
        ("list", "hats"),
        ("landmarks", "nothing.png"),
        ("run", "-o", "x", "--limit", "0"),
    ],
)
def test_a_refusal_leaves_stdout_empty(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = call(*arguments, "--json", ok=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert done.stderr


def complete(words: str, cwd: Path) -> list[str]:
    number = len(words.split(" ")) - 1
    told = {"COMP_WORDS": words, "COMP_CWORD": str(number), "_MASKFACE_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [MASKFACE], env=os.environ | told, capture_output=True, text=True, check=True, cwd=cwd
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_values_are_completed(tmp_path: Path) -> None:
    assert complete("maskface ", tmp_path) == NAMES
    for words, wanted in {
        "run --occluder surg": ["surgical"],
        "mask --occluder tears+surg": ["tears+surgical"],
        "read --classifier f": ["faceapi", "fer", "fusion"],
        "run --data example-i": ["example-intensity"],
        "plot x --figure fl": ["flows"],
        "plot x --format p": ["png", "pdf"],
        "run --format p": ["parquet"],
        "run --backend d": ["dask"],
        "list o": ["occluders"],
        "download ferp": ["ferplus"],
        "power --emotion su": ["surprise"],
        "compare --js": ["--json"],
    }.items():
        assert complete(f"maskface {words}", tmp_path) == wanted


def in_bash(folder: Path, *lines: str) -> list[str]:
    """What stands on the line of a real bash when a Tab has been typed after each of some texts."""
    pty: Any = pytest.importorskip("pty", reason="there are no terminals on Windows")
    try:
        master, slave = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine has no terminal to open: {error}")
    bin_folder = str(Path(MASKFACE).parent)
    path = os.pathsep.join([bin_folder, os.environ["PATH"]])
    told = {"PS1": "", "TERM": "dumb", "INPUTRC": "/dev/null", "HISTFILE": "", "PATH": path}
    # Ctrl-X x prints the line as it is.
    setup = (
        'eval "$(_MASKFACE_COMPLETE=source_bash maskface)"; show() { echo "[$READLINE_LINE]"; }; '
        "bind 'set bell-style none'; bind -x '\"\\C-xx\": show'; echo rea''dy\n"
    )
    bash = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=slave, stdout=slave, stderr=slave,
        env=os.environ | told, cwd=folder, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        os.write(master, setup.encode())
        _until(master, b"ready")
        shown = []
        for line in lines:
            os.write(master, f"{line}\t\x18x".encode())
            shown.append(_until(master, b"]").rpartition(b"[")[2].decode().removesuffix("]"))
            os.write(master, b"\x15")
        return shown
    finally:
        bash.kill()
        bash.wait()
        os.close(master)


def _until(descriptor: int, end: bytes) -> bytes:
    """Read from a terminal until there is a text, without what comes after it."""
    seen = b""
    while end not in seen:
        assert select.select([descriptor], [], [], 60)[0], f"no {end!r} after {seen!r}"
        seen += os.read(descriptor, 4096)
    return seen[: seen.index(end) + len(end)]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_parameters_are_completed_in_a_real_bash(tmp_path: Path) -> None:
    run = "maskface run --occluder"
    wanted = {
        f"{run} surgical:co": f"{run} surgical:colour=",
        f"{run} surgical:wearing=no": f"{run} surgical:wearing=nose_out ",
        f"{run} surgical:colour=white,t": f"{run} surgical:colour=white,top=",
        f"{run}=tears+scarf:pattern=d": f"{run}=tears+scarf:pattern=dots ",
        f"{run} 'blur:region=surg": f"{run} 'blur:region=surgical' ",
        f"{run} surgical:colour=white --lim": f"{run} surgical:colour=white --limit ",
        "maskface run --classifier hog:train=b": "maskface run --classifier hog:train=both ",
    }
    assert in_bash(tmp_path, *wanted) == list(wanted.values())


def test_other_shells_are_told_whole_words(tmp_path: Path) -> None:
    words = {"_TYPER_COMPLETE_ARGS": "maskface run --occluder surgical:wearing=no"}
    for shell in ("zsh", "fish"):
        told = {
            "_MASKFACE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }  # fmt: skip
        done = subprocess.run(
            [MASKFACE], env=os.environ | words | told, capture_output=True, text=True, check=True,
            cwd=tmp_path,
        )  # fmt: skip
        # zsh would take what follows a bare colon for a description.
        colon = r"\\:" if shell == "zsh" else ":"
        assert f"surgical{colon}wearing=nose_out" in done.stdout


def test_an_option_of_a_run_is_declared_once() -> None:
    """Python, the command line and the scripts have the same name, default, range and help."""
    python = {name: field.default for name, field in Experiment.model_fields.items()}
    python |= {p.name: p.default for p in inspect.signature(run).parameters.values()}
    verb = {option.name: option for option in commands()["run"].params}
    script = subprocess.run(
        [sys.executable, ROOT / "experiments" / "01_mask_impairment.py", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    only_python = {"detect_px", "min_side", "experiment", "progress", "cache", "chunk"}
    assert set(python) - only_python == {*OPTIONS, "out"}
    assert set(verb) == {*OPTIONS, "out", "as_json", "quiet"}
    for name, option in OPTIONS.items():
        # In Python, the cell of a notebook may be run again without saying so.
        assert python[name] == (None if name == "resume" else option.default), name
        default = verb[name].default
        assert (tuple(default) if option.many else default) == option.default, name
        assert {*verb[name].opts} == {*option.flags}, name
        assert getattr(verb[name], "min", None) == option.low, name
        assert " ".join(option.help.split()) in " ".join(verb[name].help.split()), name
        assert (f"  {option.flags[0]}" in script) is not option.many, name


def test_completed_names_are_those_that_are_allowed() -> None:
    assert _complete.FIGURES == KINDS
    assert _complete.FIGURE_FORMATS == FIGURE_FORMATS
    assert list(_complete.EMOTIONS) == ["all", *EMOTIONS]
    assert _complete.LISTS == LISTS
    assert _complete.card_names("") == sorted(shipped_cards())
    assert [OPTIONS[name].default for name in ("max_pixels", "max_bytes")] == [
        MAX_PIXELS,
        MAX_BYTES,
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_for_a_named_shell(shell: str) -> None:
    told = {"_MASKFACE_COMPLETE": f"source_{shell}"}
    done = subprocess.run(
        [MASKFACE], env=os.environ | told, capture_output=True, text=True, check=True
    )
    assert f"complete_{shell}" in done.stdout
