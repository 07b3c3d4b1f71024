"""Links, names, commands, options and examples in the texts are those of the code."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import itertools
import pkgutil
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from maskface import Experiment
from maskface.cli import main
from tests.fixtures.texts import FENCE, ROOT, TEXTS, Block, blocks, commands

DOCUMENT = pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
FILES = re.compile(
    r"`((?:docs|experiments|benchmarks|tools|tests|src|datasets)/[\w./*-]+|[\w/]+\.(?:md|py|toml))`"
)
MADE = re.compile(r"^(make_index\.py|datasets/(?!README)\w+|\w+\.toml|tests/snapshots)")
"""Files that readers make, or that are explained where they stand."""
MODULES = re.compile(r"`(maskface(?:\.\w+)+)")
ENTRY_POINTS = {"maskface.dataset_readers"}
"""Groups of entry points that are called like no module."""
LINKS = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def _anchors(path: Path) -> set[str]:
    """Anchors that GitHub gives the headings of a text."""
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", prose, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@DOCUMENT
def test_links_lead_to_files_and_headings(text: Path) -> None:
    prose = FENCE.sub("", text.read_text(encoding="utf-8"))
    for link in (a or b for a, b in LINKS.findall(prose)):
        if re.match(r"https?:|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (text.parent / name).resolve() if name else text
        assert target.exists(), f"{text.name} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{text.name} links to {link}"


def test_every_picture_is_shown_and_light() -> None:
    shown = {
        (path.parent / picture).resolve()
        for path in TEXTS
        for _, picture in LINKS.findall(path.read_text(encoding="utf-8"))
        if picture
    }
    kept = set((ROOT / "docs/images").iterdir())
    assert kept == shown
    assert all(path.stat().st_size < 300_000 for path in kept)


def test_every_text_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        links = (a for a, _ in LINKS.findall(path.read_text(encoding="utf-8")))
        targets = ((path.parent / link.partition("#")[0]).resolve() for link in links)
        waiting += [target for target in targets if target in TEXTS]
    assert set(TEXTS) - reached == {ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700


@DOCUMENT
def test_files_that_are_named_exist(text: Path) -> None:
    if text.name == "CHANGELOG.md":  # tells of what was
        return
    for name in FILES.findall(text.read_text(encoding="utf-8")):
        if MADE.match(name) or "*" in name:
            continue
        places = [ROOT / name, text.parent / name, *(ROOT / p / name for p in ("experiments",))]
        places += [ROOT / "src/maskface" / name, ROOT / "benchmarks" / name]
        assert any(place.exists() for place in places), f"{text.name} names {name}"


@DOCUMENT
def test_modules_that_are_named_exist(text: Path) -> None:
    if text.name == "CHANGELOG.md":
        return
    for name in set(MODULES.findall(text.read_text(encoding="utf-8"))) - ENTRY_POINTS:
        assert pkgutil.resolve_name(name) is not None


@functools.cache
def _help(*program: str) -> str:
    """What a verb or a script prints with ``--help``."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown):
        patch.setattr(sys, "argv", [*program, "--help"])
        patch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            _begin(program[0])
    assert not ended.value.code, program
    return shown.getvalue()


def _begin(program: str) -> None:
    if program == "maskface":
        main()
    else:
        runpy.run_path(str(ROOT / program), run_name="__main__")


def _program(words: list[str]) -> list[str]:
    """The program that a command runs, without its options."""
    if words[0] == "maskface":
        return ["maskface", *(word for word in words[1:2] if word[0] != "-")]
    return words[1:2]


COMMANDS = [(path, line) for path in TEXTS for line in commands(path)]


@pytest.mark.parametrize(
    ("text", "line"), COMMANDS, ids=[f"{path.name}: {line}" for path, line in COMMANDS]
)
def test_commands_have_such_options(text: Path, line: str) -> None:
    words = shlex.split(line, comments=True)
    program = _program(words)
    if program[0].startswith("benchmarks/"):  # some take a while to say how they are used
        known = (ROOT / program[0]).read_text(encoding="utf-8")
    else:
        known = _help(*program)
    for option in (word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)):
        if option in {"-m", "--help"}:
            continue
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", known), f"no {option}: {line}"


@pytest.mark.parametrize("kind", ["occluder", "classifier"])
def test_what_commands_name_is_there(kind: str) -> None:
    named = set()
    for _, line in COMMANDS:
        words = shlex.split(line, comments=True)
        named |= {after for word, after in itertools.pairwise(words) if word == f"--{kind}"}
    # Files of users, and packages that may be missing.
    elsewhere = ("onnx:", "table:", "deepface", "pyfeat")
    named = {name for name in named if not name.startswith(elsewhere)}
    assert len(named) >= 3
    for name in named:
        assert Experiment.model_validate({f"{kind}s": [name]})


def _of(language: str) -> list[Block]:
    return [block for path in TEXTS for block in blocks(path) if block.language == language]


@pytest.mark.parametrize("block", _of("python"), ids=str)
def test_python_examples_are_python(block: Block) -> None:
    ast.parse(block.code)


@pytest.mark.parametrize("block", _of("toml"), ids=str)
def test_toml_examples_are_toml(block: Block) -> None:
    assert tomllib.loads(block.code)


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("[0-9]*.py")), ids=str)
def test_experiments_are_listed(path: Path) -> None:
    table = (ROOT / "experiments/README.md").read_text(encoding="utf-8")
    assert f"[{path.name}]({path.name})" in table


def test_the_rooms_are_those_of_the_package() -> None:
    (rooms,) = (b.code for b in blocks(ROOT / "docs/architecture.md") if "types.py  " in b.code)
    drawn = set(re.findall(r"^  ([\w.]+)/?  ", rooms, flags=re.M))
    package = {path.name for path in (ROOT / "src/maskface").iterdir()}
    modules = {name for name in package if name.endswith(".py") or "." not in name}
    assert drawn == modules - {"__init__.py", "__pycache__"}
