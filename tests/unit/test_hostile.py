"""Files and texts from strangers: only errors in words may come of them, or nothing at all."""

from __future__ import annotations

import ast
import base64
import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maskface
from maskface.classifiers import make_classifier
from maskface.classifiers.card import parse_card
from maskface.classifiers.engines import read_graph
from maskface.datasets import load_dataset
from maskface.errors import MaskfaceError
from maskface.experiment import Experiment, RunFolder, load_run, make_plan, summarize_run
from maskface.experiment.checkpoints import Checkpoints, ChunkResult, digest
from maskface.experiment.folder import new_manifest
from maskface.humans import read_study
from maskface.landmarks import LandmarkCache
from maskface.occluders import get_occluder
from maskface.report import write_report
from maskface.stats import summarize
from maskface.tables import SUMMARY, TRIALS
from maskface.types import EMOTIONS
from tests.fixtures.faces import made_landmarks
from tests.unit.test_stats import HAND, pairs, trial

few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SOURCES = sorted(Path(maskface.__file__).parent.rglob("*.py"))


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes with some of them changed, cut out, doubled, or replaced by other bytes."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 40, len(data))))
        data[start:end] = draw(
            st.sampled_from(
                [b"", bytes(data[start:end]) * 2, b"\xff", b"\0", b'"', b"\r", b"[" * 9]
            )
            | st.binary(max_size=6)
        )
    return bytes(data)


def in_words(ask: Callable[[], object]) -> object:
    """What comes out; None if it is an error that is meant for the user."""
    try:
        return ask()
    except MaskfaceError:
        return None


# Programs in data -------------------------------------------------------------------------------

FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "yaml", "jsonpickle"}
LOADERS = {"read_pickle", "to_pickle", "unsafe_load", "mktemp"}


def nodes(kind: type[Any]) -> list[tuple[str, Any]]:
    trees = ((path.name, ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES)
    return [
        (name, node) for name, tree in trees for node in ast.walk(tree) if isinstance(node, kind)
    ]


@pytest.mark.slow
def test_no_module_that_runs_what_it_reads_is_imported() -> None:
    imported = {(f, alias.name) for f, node in nodes(ast.Import) for alias in node.names}
    imported |= {(f, node.module or "") for f, node in nodes(ast.ImportFrom)}
    assert len(imported) > 100
    found = [pair for pair in imported if pair[1].split(".")[0] in FORBIDDEN]
    # Workers get a user's own classes from the process that started them, which sends the hash of
    # their file through a pipe; a file with another hash is not unpickled (test_workers.py).
    assert found == [("workers.py", "cloudpickle")]
    text = next(p for p in SOURCES if p.name == "workers.py").read_text(encoding="utf-8")
    assert text.count("cloudpickle.loads(") == 1


@pytest.mark.slow
def test_nothing_that_is_read_is_run() -> None:
    calls = nodes(ast.Call)
    assert len(calls) > 1000
    plain = [(f, c.func.id) for f, c in calls if isinstance(c.func, ast.Name)]
    assert [pair for pair in plain if pair[1] in ("eval", "exec", "compile", "__import__")] == []
    methods = [(f, c.func.attr, c) for f, c in calls if isinstance(c.func, ast.Attribute)]
    assert [(f, name) for f, name, _ in methods if name in LOADERS] == []
    loads = [
        (f, ast.unparse(c)) for f, name, c in methods
        if name == "load" and ast.unparse(c.func.value) in ("np", "numpy", "joblib", "torch")
    ]  # fmt: skip
    assert loads
    assert [call for call in loads if "allow_pickle=False" not in call[1]] == []
    shells = [(f, ast.unparse(c)) for f, c in calls if any(k.arg == "shell" for k in c.keywords)]
    assert shells == []


# Texts ------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "surgical", "fill", "blur", "tears", "noise", "bubbles", "hog", "onnx", "landmarks",
        "emfacs", "colour", "region", "train", "folds", "seed", "model", "share", "top", "level",
        ":", "=", ",", "(", ")", "+", " ", "nan", "inf", "-1", "1e999", "9" * 400, "true", "\0",
        "../../x", "(" * 50, "\ud800", "'", "masked", "white", "0.5", "both",
    ]
)  # fmt: skip
SPECS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30)


@pytest.mark.slow
@given(SPECS)
@settings(max_examples=150, deadline=None)
def test_occluders_from_any_text(spec: str) -> None:
    in_words(lambda: get_occluder(spec))


@pytest.mark.slow
@given(SPECS)
@settings(max_examples=100, deadline=None)
def test_classifiers_from_any_text(spec: str) -> None:
    in_words(lambda: make_classifier(spec))


@pytest.mark.parametrize("make", [get_occluder, make_classifier])
@pytest.mark.parametrize("deep", ["(" * 5000, "surgical" + "(region=surgical" * 3000 + ")" * 3000])
def test_deeply_nested_specs(make: Callable[[str], object], deep: str) -> None:
    assert in_words(lambda: make(f"blur:region={deep}")) is None


CARD = b"""title = "A"
[input]
side = 48
[output]
labels = ["anger", "fear", "x"]
logits = true
[emotions]
x = "happiness"
"""
BOMBS = [
    "a." * 20_000 + "a = 1",
    "a = " + "[" * 20_000,
    "a = " + "{a=" * 5000 + "1" + "}" * 5000,
    "a = " + "9" * 10_000,
    "[a" + ".a" * 10_000 + "]",
    'a = "' + "x" * 1_000_000 + '"',
    "a = 1979-05-27T07:32:00Z",
]


@given(damaged(CARD))
@few
def test_damaged_cards(data: bytes) -> None:
    in_words(lambda: parse_card(data.decode("utf-8", "replace"), "card.toml"))


@pytest.mark.parametrize("text", BOMBS)
def test_cards_that_are_bombs(text: str) -> None:
    assert in_words(lambda: parse_card(text, "card.toml")) is None


FER = (Path(maskface.__file__).parent / "weights" / "fer.onnx").read_bytes()


@given(damaged(FER[:4000]), st.booleans())
@few
def test_damaged_networks(data: bytes, rest: bool) -> None:
    in_words(lambda: read_graph(data + FER[4000:] * rest, "a.onnx"))


@pytest.mark.parametrize(
    "data", [b"", b"\x80" * 1_000_000, b"\x3a\xff\xff\xff\xff\x0f", b"\x3b" * 99]
)
def test_networks_that_are_bombs(data: bytes) -> None:
    assert in_words(lambda: read_graph(data, "a.onnx")) is None


# Tables -----------------------------------------------------------------------------------------

INDEX = b'path,emotion,subject,age\na/1.jpg,fear,P1,3\n"b, c.jpg",joy,P2,\n'


@given(damaged(INDEX) | st.binary(max_size=60))
@few
def test_damaged_indexes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "index.csv").write_bytes(data)
    dataset = in_words(lambda: load_dataset(tmp_path))
    assert dataset is None or dataset.samples  # type: ignore[attr-defined]


def rows() -> pd.DataFrame:
    return TRIALS.frame([trial(f"{i}.jpg", "none", "fear", "fear") for i in range(3)])


@given(damaged(TRIALS.to_bytes(rows())))
@few
def test_damaged_tables(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "trials.csv").write_bytes(data)
    in_words(lambda: TRIALS.read(tmp_path / "trials.csv"))


HUMAN = b"""observer,picture,emotion,mask,answer,rt
P1,a.jpg,anger,none,anger,512
P1,b.jpg,fear,surgical,sadness,899
"""
MAP = b"""platform = "plain"
[columns]
observer = "observer"
image = "picture"
emotion = "emotion"
condition = "mask"
response = "answer"
rt = "rt"
"""


@given(damaged(HUMAN), damaged(MAP), st.sampled_from(["answers", "map", "both"]))
@few
def test_damaged_human_tables_and_maps(
    tmp_path: Path, table: bytes, column_map: bytes, which: str
) -> None:
    (tmp_path / "a.csv").write_bytes(HUMAN if which == "map" else table)
    (tmp_path / "map.toml").write_bytes(MAP if which == "answers" else column_map)
    in_words(lambda: read_study([tmp_path / "a.csv"], tmp_path / "map.toml"))


TRIALS_JSON = b"""[{"trial_type": "image-button-response", "trial_index": 1, "time_elapsed": 20,
"rt": 1.5e3, "stimulus": "a.jpg", "response": 0, "subject": "p1", "emotion": "anger",
"condition": "none"}]"""


@pytest.mark.slow
@given(damaged(TRIALS_JSON), st.sampled_from([".json", ".jsonl"]))
@few
def test_damaged_human_trials_in_json(tmp_path: Path, data: bytes, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(data)
    (tmp_path / "map.toml").write_text('[values.response]\n"0" = "anger"\n')
    in_words(lambda: read_study([tmp_path / f"a{suffix}"], tmp_path / "map.toml"))


@pytest.mark.slow
@given(damaged(gzip.compress(HUMAN)))
@few
def test_damaged_packed_tables(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(data)
    (tmp_path / "map.toml").write_bytes(MAP)
    in_words(lambda: read_study([tmp_path / "a.csv.gz"], tmp_path / "map.toml"))


@pytest.mark.parametrize("text", BOMBS)
def test_maps_that_are_bombs(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_bytes(HUMAN)
    (tmp_path / "map.toml").write_text(text)
    assert in_words(lambda: read_study([tmp_path / "a.csv"], tmp_path / "map.toml")) is None


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 50_000, b"", b"[[[1]]]", b"\xff"])
def test_json_tables_that_are_bombs(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)
    assert in_words(lambda: read_study([tmp_path / "a.json"])) is None


# What is kept between runs ----------------------------------------------------------------------


@given(st.data())
@few
def test_damaged_cache_entries_are_missing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cache = LandmarkCache(tmp_path_factory.mktemp("cache"))
    cache.put(b"picture", "1", (made_landmarks(),))
    (entry,) = cache.folder.rglob("*.npz")
    whole = entry.read_bytes()
    entry.write_bytes(data.draw(damaged(whole)))
    found = cache.get(b"picture", "1")
    if found is not None:
        np.testing.assert_array_equal(found[0].points, made_landmarks().points)
    cache.put(b"picture", "1", (made_landmarks(),))
    assert cache.get(b"picture", "1") is not None


def part_bytes() -> bytes:
    ready = [{str(k): v for k, v in row.items()} for row in rows().to_dict("records")]
    return ChunkResult(trials=ready, image_ids=["0.jpg", "1.jpg", "2.jpg"]).to_bytes("r")


@pytest.mark.slow
@given(damaged(part_bytes()))
@few
def test_damaged_parts_are_left_out(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("parts")
    whole = part_bytes()
    (folder / f"part-0-2-{digest(whole)}.zip").write_bytes(data)
    expected = ["0.jpg", "1.jpg", "2.jpg"] if data == whole else []
    assert Checkpoints(folder, "r").image_ids == expected


@given(damaged(part_bytes()) | st.binary(max_size=50))
@few
def test_checkpoints_that_only_claim_to_be_whole(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    (folder / f"part-0-2-{digest(data)}.zip").write_bytes(data)
    assert set(Checkpoints(folder, "r").image_ids) <= {"0.jpg", "1.jpg", "2.jpg"}


MANIFEST = json.dumps(
    {"run_id": "r", "seed": 0, "complete": False, "files": {}, "dataset": {"name": "d"}}
).encode()


@given(damaged(MANIFEST) | st.binary(max_size=30))
@few
def test_damaged_manifests(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(data)
    manifest = in_words(lambda: RunFolder(tmp_path).read_manifest())
    assert manifest is None or isinstance(manifest["run_id"], str)  # type: ignore[index]
    in_words(lambda: load_run(tmp_path))
    in_words(lambda: summarize_run(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, "null", "[]", "{}", '{"run_id": "r"}', '{"run_id": 1, "complete": true}',
        '{"run_id": "r", "complete": "no", "seed": 0}', '{"run_id": "r", "complete": true}',
        '{"run_id": "r", "complete": true, "seed": 0, "files": []}', "\ufeff{}",
    ],
)  # fmt: skip
def test_manifests_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(MaskfaceError):
        load_run(tmp_path)


# The report -------------------------------------------------------------------------------------

DATA = re.compile(
    r"data:(?P<kind>image/(png|jpeg|svg\+xml)|text/csv|application/(json|x-bibtex))?[;,]"
    r"(base64,(?P<data>.*))?$"
)
EVIL = {
    "script": "=HYPERLINK(1)</title><script>alert(1)</script>",
    "handler": "\"><img src=x onerror=a()>' onload='a()' {{ 7 * 7 }}<!-- &lt;",
    "address": "javascript:alert(1)",
    "formula": "$\\frac{1}{$ \\unknown $_^$",
}


class Structure(HTMLParser):
    """Elements, the names of their attributes, and where they lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.leads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))
        self.leads += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))


def write_run(folder: Path, text: str) -> None:
    """A finished run in which everything that can have a name is called `text`."""
    trials = pairs(HAND)
    trials["image_id"] = text + trials["image_id"]
    trials["subject_id"] = text + trials["label"]
    trials["condition"] = trials["condition"].where(trials["condition"] == "none", text)
    lost = trial(f"{text}9", "none", "fear", "") | {"status": "error", "message": text}
    trials = pd.concat([trials, TRIALS.frame([lost])]).assign(dataset=text, classifier=text)
    for emotion in EMOTIONS:
        sure = (trials["predicted"] == emotion).astype(float)
        trials[f"p_{emotion}"] = sure.where(trials["status"] == "ok")
    trials = TRIALS.tidy(trials)
    TRIALS.write(trials, folder / "trials.csv")
    SUMMARY.write(summarize(trials, n_resamples=50), folder / "summary.csv")
    manifest = new_manifest(make_plan(Experiment(limit=7, classifiers=("faceapi",))))
    manifest["complete"] = True
    manifest["dataset"] |= {"name": text, "licence": text, "citation": text}
    manifest["experiment"] |= {"occluders": [text], "data": text, "classifiers": [text]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    """The report of a run in which nothing has an odd name."""
    folder = tmp_path_factory.mktemp("plain")
    write_run(folder, "zz")
    return Structure(write_report(folder).read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_report_has_the_same_elements_whatever_things_are_called(
    tmp_path: Path, text: str, plain: Structure
) -> None:
    write_run(tmp_path, text)
    evil = Structure(write_report(tmp_path).read_text(encoding="utf-8"))
    assert evil.found == plain.found
    assert not {tag for tag, *_ in evil.found} & {"script", "iframe", "object", "form", "base"}
    assert not [name for _, *names in evil.found for name in names if name.startswith("on")]
    inside = [DATA.match(lead) for lead in evil.leads if ":" in lead]
    assert all(inside)
    for kind, data in ((m["kind"], base64.b64decode(m["data"] or "")) for m in inside if m):
        if kind == "image/svg+xml":
            drawn = Structure(data.decode()).found
            assert not {tag for tag, *_ in drawn} & {"script", "foreignobject", "iframe", "a"}
            assert not [name for _, *names in drawn for name in names if name.startswith("on")]
        if kind == "text/csv":
            cells = {cell for row in csv.reader(io.StringIO(data.decode())) for cell in row}
            assert not [c for c in cells if c.startswith(("=", "+", "@", "-1+"))]
    assert SUMMARY.read(tmp_path / "summary.csv")["dataset"].eq(text).all()
