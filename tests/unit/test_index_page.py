"""The page about all experiments: complete, escaped, and in need of nothing from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from maskface.errors import MaskfaceError
from maskface.report import write_index
from maskface.tables import TRIALS
from tests.unit.test_stats import trial

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DOCSTRING = '''"""Made up: a <b>title</b>.

Question
    Is 1 < 2,
    or not?
Reading a null
    Not & never.
"""
'''
EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Addresses, identifiers and visible text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"href", "src", "srcset", "action"} and value:
                self.addresses.append(value)
            if name == "id" and value:
                self.ids.append(value)

    def handle_data(self, data: str) -> None:
        self.text += data


def put_run(folder: Path, *, dataset: str = "example", complete: bool = True) -> Path:
    """A run as the page reads it."""
    folder.mkdir(parents=True)
    manifest = {
        "run_id": "0123456789ab", "maskface": "0.0", "seed": 7, "complete": complete,
        "dataset": {
            "name": dataset, "images": 1, "images_in_set": 1, "subjects": 1, "licence": "",
            "citation": "",
        },
        "experiment": {"data": dataset}, "weights": [],
        "environment": {"python": "3", "packages": {}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    frame = TRIALS.frame([trial("a.jpg", "none", "fear", "fear", "P")])
    TRIALS.write(frame, folder / "trials.csv")
    return folder


def put_script(folder: Path, name: str, text: str = DOCSTRING) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder / f"{name}.py"


def test_shows_question_answer_figures_and_files(tmp_path: Path) -> None:
    run = put_run(tmp_path / "01_made_up")
    (run / "answer.txt").write_text("It is so.\nCaution: look out.\n", encoding="utf-8")
    for name in ("a figure.png", "own.csv", "report.html"):
        (run / name).touch()
    page = Page(write_index(tmp_path, [put_script(tmp_path / "scripts", "01_made_up")]))
    for text in ("01 Made up: a <b>title</b>", "Is 1 < 2, or not?", "Not & never.", "It is so."):
        assert text in page.text
    assert "look out." in page.text
    assert "Caution" not in page.text
    assert "run 0123456789ab, seed 7" in page.text
    assert "b" not in page.tags
    files = {unquote(address) for address in page.addresses if not address.startswith("#")}
    assert files == {
        f"01_made_up/{name}"
        for name in ("a figure.png", "own.csv", "trials.csv", "report.html", "manifest.json")
    }


def test_needs_nothing_from_outside(tmp_path: Path) -> None:
    (put_run(tmp_path / "01_made_up") / "figure.png").touch()
    path = write_index(tmp_path, [put_script(tmp_path / "scripts", "01_made_up")])
    page = Page(path)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    for address in page.addresses:
        if address.startswith("#"):
            assert unquote(address[1:]) in page.ids
        else:
            assert (tmp_path / unquote(address)).is_file()
    source = path.read_text(encoding="utf-8")
    assert "://" not in source
    assert "url(" not in source
    assert '<meta name="viewport"' in source


def test_whatever_comes_from_files_is_escaped(tmp_path: Path) -> None:
    run = put_run(tmp_path / "02 <i>odd & 'name'", dataset=EVIL)
    (run / "answer.txt").write_text(f"{EVIL}\nx  {EVIL}\nCaution: {EVIL}\n", encoding="utf-8")
    (run / '"><img src=x>.png').touch()
    script = put_script(tmp_path / "scripts", "01_evil", f'"""{EVIL}\n\nQuestion\n    {EVIL}\n"""')
    page = Page(write_index(tmp_path, [script]))
    assert not {"script", "i"} & set(page.tags)
    assert page.tags.count("img") == 1
    assert page.text.count(EVIL) >= 6
    for address in page.addresses:
        if not address.startswith("#"):
            assert (tmp_path / unquote(address)).is_file()


def test_tables_keep_their_columns(tmp_path: Path) -> None:
    run = put_run(tmp_path / "01_made_up")
    (run / "answer.txt").write_text("name   n\nfear   1\n\nA sentence.\n", encoding="utf-8")
    source = write_index(tmp_path).read_text(encoding="utf-8")
    assert "<pre>name   n\nfear   1</pre>" in source
    assert '<p class="answer">A sentence.</p>' in source


@pytest.mark.parametrize("state", ["missing", "unfinished"])
def test_scripts_without_results_are_named(tmp_path: Path, state: str) -> None:
    if state == "unfinished":
        put_run(tmp_path / "03_later", complete=False)
    script = put_script(tmp_path / "scripts", "03_later")
    page = Page(write_index(tmp_path, [script]))
    assert "no finished run in the folder 03_later" in page.text
    assert "Is 1 < 2, or not?" in page.text
    assert str(tmp_path) not in page.text


def test_only_the_embedded_faces_are_no_evidence(tmp_path: Path) -> None:
    put_run(tmp_path / "01_a", dataset="my_faces")
    assert "no evidence" not in Page(write_index(tmp_path)).text
    put_run(tmp_path / "02_b", dataset="example-intensity")
    assert Page(write_index(tmp_path)).text.count("no evidence about people") == 1


def test_runs_without_a_script_are_shown_in_order(tmp_path: Path) -> None:
    put_run(tmp_path / "10_last")
    put_run(tmp_path / "02_first_one")
    text = Page(write_index(tmp_path)).text
    assert text.index("02 first one") < text.index("10 last")


def test_is_refused_if_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="holds no runs"):
        write_index(tmp_path)
    with pytest.raises(MaskfaceError, match="Cannot read the script"):
        write_index(tmp_path, [put_script(tmp_path / "scripts", "01_broken", "def")])
    assert not (tmp_path / "index.html").exists()


def test_the_repositorys_own_scripts_have_their_sections(tmp_path: Path) -> None:
    scripts = sorted(EXPERIMENTS.glob("[0-9]*.py"))
    page = Page(write_index(tmp_path, scripts))
    n = len(scripts)
    assert page.text.count("no finished run in the folder") == n
    for heading in ("Prediction", "Design", "Run time", "Outputs", "Reading a null"):
        assert page.text.count(f"{heading}\n") == n, heading


@pytest.mark.slow
def test_one_script_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    note = "import sys, pathlib; pathlib.Path({name!r}).write_text(' '.join(sys.argv[1:]))\n"
    for name, end in (("01_fails", "sys.exit(3)"), ("02_works", "")):
        put_script(scripts, name, DOCSTRING + note.format(name=name) + end)
    shutil.copy(EXPERIMENTS / "run_all.py", scripts)
    command = [sys.executable, "scripts/run_all.py", "--out", "out", "--limit", "5"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "for the reasons above: 01_fails." in ran.stderr
    for name in ("01_fails", "02_works"):
        passed = (tmp_path / name).read_text(encoding="utf-8")
        assert passed == f"--out {Path('out') / name} --resume --limit 5"
    assert "Made up" in Page(tmp_path / "out" / "index.html").text


@pytest.mark.slow
def test_all_answers_are_one_json_document(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    code = "import sys; print('a note', file=sys.stderr)\n"
    put_script(scripts, "01_fails", DOCSTRING + code + "sys.exit(2)")
    put_script(
        scripts,
        "02_works",
        DOCSTRING + code + "print('{\"given\": \"' + ' '.join(sys.argv[3:]) + '\"}')",
    )
    shutil.copy(EXPERIMENTS / "run_all.py", scripts)
    command = [sys.executable, "scripts/run_all.py", "--out", "out", "--json", "-q"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("a note\na note\nWithout an answer")
    assert json.loads(ran.stdout) == {
        "experiments": {"01_fails": None, "02_works": {"given": "--resume -q --json"}},
        "files": [str(Path("out") / "index.html")],
    }
