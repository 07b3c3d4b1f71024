"""A page about all experiments in a folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from maskface.errors import MaskfaceError, os_errors_explained
from maskface.experiment import failures_text, load_run
from maskface.files import write_atomically
from maskface.report.run_data import SYNTHETIC

INDEX: Final = "index.html"
ANSWER: Final = "answer.txt"
CAUTION: Final = "Caution: "
_NUMBER: Final = re.compile(r"(\d+)[ _-]*(.*)")


@dataclass(frozen=True, slots=True)
class Block:
    """Part of an answer: a line of text, or lines that are a table."""

    text: str
    table: bool


@dataclass(frozen=True, slots=True)
class Link:
    """File beside the page: its name and its address."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment."""

    name: str  # name of its script and folder
    # Digits at the beginning of the name, and first line of the docstring of the script.
    number: str
    title: str
    sections: tuple[tuple[str, str], ...] = ()  # sections of the docstring, heading and text
    manifest: dict[str, Any] | None = None  # manifest of the run; None if there is no finished one
    # Output of the script.
    answers: tuple[Block, ...] = ()
    cautions: tuple[str, ...] = ()
    failures: str = ""  # pictures without an answer
    # Files of the run.
    figures: tuple[Link, ...] = ()
    files: tuple[Link, ...] = ()


def write_index(folder: str | Path, scripts: Sequence[Path] = ()) -> Path:
    """Write ``index.html`` about the experiments whose runs are in folders of a folder.

    Each of `scripts` has an entry, with the question from its docstring, even if the folder of its
    name holds no finished run; finished runs without a script have one too. The page loads nothing
    but the figures beside it and works from disk; the contents of files are escaped. Raises
    MaskfaceError if there is nothing to show, or the page cannot be written.
    """
    root = Path(folder)
    documented = {script.stem: _docstring(script) for script in scripts}
    found = {path.parent.name for path in root.glob("*/manifest.json")}
    entries = [
        _entry(root, name, documented.get(name, "")) for name in sorted({*documented, *found})
    ]
    if not entries:
        raise MaskfaceError(f"{root} holds no runs. Run experiments with --out {root / 'NAME'}.")
    environment = Environment(
        loader=PackageLoader("maskface.report"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("index.html.jinja").render(entries=entries, synthetic=SYNTHETIC)
    with os_errors_explained(f"write to {root}"):
        root.mkdir(parents=True, exist_ok=True)
        write_atomically(root / INDEX, page.encode())
    return root / INDEX


def _docstring(script: Path) -> str:
    try:
        return ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    except (OSError, SyntaxError, ValueError) as error:
        raise MaskfaceError(f"Cannot read the script {script}: {error}.") from error


def _entry(root: Path, name: str, docstring: str) -> Entry:
    title, sections = _read_docstring(docstring)
    digits = _NUMBER.fullmatch(name)
    number, rest = digits.groups() if digits else ("", name)
    title = title or rest.replace("_", " ")
    try:
        run = load_run(root / name)
        failures = failures_text(run)
    except MaskfaceError:
        return Entry(name, number, title, sections)
    answers, cautions = read_answer(root / name / ANSWER)
    return Entry(
        name,
        number,
        title,
        sections,
        manifest=run.manifest,
        answers=answers,
        cautions=cautions,
        failures=failures,
        figures=_links(root, name, ("png",)),
        files=_links(root, name, ("html", "csv", "json")),
    )


def _read_docstring(docstring: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split a docstring into title and sections: lines without indentation are headings."""
    title, _, rest = docstring.partition("\n")
    sections: list[tuple[str, list[str]]] = []
    for line in rest.splitlines():
        if line and not line[0].isspace():
            sections.append((line.strip(), []))
        elif line.strip() and sections:
            sections[-1][1].append(line.strip())
    return title.strip().rstrip("."), tuple(
        (heading, " ".join(lines)) for heading, lines in sections
    )


def read_answer(path: Path) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """Read the output of a script: blocks of text and tables, and cautions."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cautions = tuple(line.removeprefix(CAUTION) for line in lines if line.startswith(CAUTION))
    return tuple(_blocks(line for line in lines if not line.startswith(CAUTION))), cautions


def _blocks(lines: Iterable[str]) -> list[Block]:
    """Return lines as blocks; adjacent lines with columns (double spaces) are one table."""
    blocks: list[Block] = []
    for line in filter(str.strip, lines):
        table = "  " in line.strip()
        if table and blocks and blocks[-1].table:
            blocks[-1] = Block(f"{blocks[-1].text}\n{line}", table=True)
        else:
            blocks.append(Block(line, table))
    return blocks


def _links(root: Path, name: str, suffixes: Sequence[str]) -> tuple[Link, ...]:
    paths = [path for suffix in suffixes for path in sorted((root / name).glob(f"*.{suffix}"))]
    return tuple(Link(path.name, quote(f"{name}/{path.name}")) for path in paths)
