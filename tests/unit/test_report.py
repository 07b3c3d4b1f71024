"""The report page and the figures of a run as files."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from maskface.errors import MaskfaceError
from maskface.experiment import RunFolder, failures_of
from maskface.experiment.checkpoints import ChunkResult
from maskface.findings import CLAIMS, Result, load_findings
from maskface.plots import plot_loss_by_emotion
from maskface.report import KINDS, SYNTHETIC, write_figures, write_report
from maskface.report.citations import (
    AUTHORS,
    TITLE,
    bibtex,
    of_findings,
    of_statistics,
    uncited,
)
from maskface.report.downloads import INSIDE, TOGETHER
from maskface.report.figures import FIGURES, FigureKind, Shown
from maskface.report.page import failures
from maskface.report.people import beside_people, judge_claim
from maskface.report.run_data import open_material
from maskface.report.text import answers
from maskface.stats import summarize
from maskface.tables import SUMMARY, TRIALS
from maskface.weights import manifest as shipped_weights
from tests.unit.test_stats import HAND, pairs

HOSTILE = "</script></style><script>alert(1)</script>\"'& javascript:alert(1) ]]>{{7*7}}"
ROOT = Path(__file__).parents[2]


def manifest_of(**more: Any) -> dict[str, Any]:
    weights = shipped_weights()
    return {
        "run_id": "r",
        "maskface": "0",
        "seed": 0,
        "created": "2026-01-02T03:04:05+00:00",
        "complete": True,
        "dataset": {
            "name": "faces", "images": 8, "images_in_set": 9, "subjects": 0, "licence": "",
            "citation": "", "may_be_shown": False, "index_sha256": "",
        },
        "experiment": {"data": "faces", "occluders": ["surgical"]},
        "classifiers": [{"name": "fer", "fingerprint": weights["fer.onnx"].sha256}],
        "environment": {"python": "3", "packages": {"numpy": "2", "mediapipe": "1", "scipy": ""}},
        "weights": [
            {"file": w.file, "sha256": w.sha256, "licence": w.licence, "citation": w.citation}
            for w in weights.values()
        ],
    } | more  # fmt: skip


def write_run(folder: Path, trials: pd.DataFrame, **more: Any) -> None:
    TRIALS.write(trials, folder / "trials.csv")
    SUMMARY.write(summarize(trials, n_resamples=100), folder / "summary.csv")
    (folder / "manifest.json").write_text(json.dumps(manifest_of(**more)))


class Page(HTMLParser):
    """Tags, addresses and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: dict[str, str] = {}
        self.texts: list[str] = []
        self.markup = path.read_text(encoding="utf-8")
        self.feed(self.markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href"):
                self.links[f"{tag} {len(self.links)}"] = value or ""

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def decoded(self, kind: str) -> list[bytes]:
        """What the data URIs of a kind hold."""
        start = f"data:{kind};base64,"
        return [base64.b64decode(link.removeprefix(start)) for link in self.links.values()
                if link.startswith(start)]  # fmt: skip


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the drawings out of pages whose words and tables are tested."""
    monkeypatch.setattr("maskface.report.figures.show", lambda one: Shown(one.title, "", one.kind))


@pytest.mark.slow
def test_page_holds_the_numbers_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    page = Page(write_report(tmp_path))
    assert "script" not in page.tags
    assert all(link.startswith("data:") for link in page.links.values())
    assert "75.0 % of the plain faces and 50.0 % of the same faces" in page.text
    assert "a loss of +25.0 percentage points (95 % confidence interval" in page.text
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page.markup)
    assert cells[:3] == ["c", "surgical", "+25.0"]
    assert cells[4:7] == ["75.0", "50.0", "8"]
    assert "images treated as independent" in page.text
    assert "What to be careful about" in page.text
    assert "8 of 8 pictures have no subject id" in page.text
    assert "terms of the set are not known to allow" in page.text
    assert "All 8 pictures were read" in page.text
    # loss, accuracy and where answers go at once; confusions folded (no probabilities here);
    # published losses of people
    assert len(page.decoded("image/svg+xml")) == 5


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_page_forbids_all_that_it_does_not_need(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    markup = Page(write_report(tmp_path)).markup
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', markup)
    assert policy.split("; ") == [
        "default-src 'none'", "img-src data:", "style-src 'unsafe-inline'", "base-uri 'none'",
        "form-action 'none'",
    ]  # fmt: skip
    assert markup.index("Content-Security-Policy") < markup.index("<style>")


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_no_photograph_is_shown_where_permission_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(name: str, *_: str) -> Any:
        loaded.append(name)
        raise MaskfaceError("No set is needed here.")

    monkeypatch.setattr("maskface.report.figures.load_dataset", load)
    for said, allowed, asked in (
        ({"may_be_shown": False}, False, False), ({}, False, False),
        ({"may_be_shown": True}, False, True), ({"may_be_shown": False}, True, True),
    ):  # fmt: skip
        manifest = manifest_of()
        del manifest["dataset"]["may_be_shown"]
        manifest["dataset"] |= said
        write_run(tmp_path, pairs(HAND), **manifest)
        loaded.clear()
        page = Page(write_report(tmp_path, faces_allowed=allowed))
        assert bool(loaded) == asked
        assert ("terms of the set are not known" in page.text) != asked
        assert not page.decoded("image/jpeg")


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_small_tables_are_in_the_page_byte_for_byte(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    page = Page(write_report(tmp_path))
    tables = page.decoded("text/csv")
    assert (tmp_path / "trials.csv").read_bytes() in tables
    assert (tmp_path / "summary.csv").read_bytes() in tables
    assert any(table.startswith(b"classifier,condition,emotion,n,clean") for table in tables)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_large_tables_are_beside_the_page(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    (tmp_path / "large table#.csv").write_bytes(b"x" * (INSIDE + 1))
    for number in range(4):
        (tmp_path / f"middling{number}.csv").write_bytes(b"x" * (INSIDE - 1))
    page = Page(write_report(tmp_path))
    assert "large%20table%23.csv" in page.links.values()
    assert sum(map(len, page.decoded("text/csv"))) <= TOGETHER + 10_000


@pytest.mark.slow
def test_everything_of_the_user_is_escaped(tmp_path: Path) -> None:
    trials = pairs(HAND, [HOSTILE, *"BCDEFGH"])
    trials["image_id"] = trials["image_id"] + HOSTILE
    trials["dataset"] = HOSTILE
    trials["classifier"] = HOSTILE
    trials.loc[trials["condition"] != "none", "condition"] = f"cover{HOSTILE}"
    failed = trials.index[:2]
    trials.loc[failed, ["status", "predicted", "message"]] = ["error", "", HOSTILE]
    manifest = manifest_of()
    manifest["dataset"] |= {"name": HOSTILE, "licence": HOSTILE, "citation": HOSTILE}
    manifest["classifiers"] = [{"name": HOSTILE, "fingerprint": HOSTILE}]
    write_run(tmp_path, TRIALS.tidy(trials), **manifest)
    (tmp_path / "answer.txt").write_text(f"{HOSTILE}\na  {HOSTILE}\n")
    (tmp_path / 'javascript:alert(1)"><script>.csv').write_bytes(b"x" * (INSIDE + 1))
    page = Page(write_report(tmp_path))
    assert "script" not in page.tags
    assert "<script" not in page.markup
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "{{7*7}}" in page.text
    assert "{{49}}" not in page.text
    beside = [link for link in page.links.values() if not link.startswith("data:")]
    assert beside == ["javascript%3Aalert%281%29%22%3E%3Cscript%3E.csv"]
    drawings = page.decoded("image/svg+xml")
    assert drawings
    assert not any(b"<script" in drawing for drawing in drawings)


def test_many_losses_are_summed_up_in_one_sentence() -> None:
    losses = pd.DataFrame(
        [
            ("a", "cap", "all", 8, 0.9, 0.8, 0.1, 0.02, 0.2, 0.01),
            ("a", "veil", "all", 8, 0.9, 0.4, 0.5, 0.4, 0.6, 0.01),
            ("b", "cap", "all", 8, 0.9, 0.95, -0.05, -0.1, -0.01, 0.01),
            ("b", "veil", "all", 8, 0.9, 0.8, 0.1, -0.1, 0.3, 0.5),
            ("b", "veil", "fear", 8, 0.9, 0.0, 0.9, 0.8, 1.0, 0.5),
        ],
        columns=["classifier", "condition", "emotion", "n", "clean", "occluded", "loss", "ci_low",
                 "ci_high", "p_adjusted"],
    )  # fmt: skip
    (sentence,) = answers(losses)
    assert "2 classifiers and 2 occluders, the loss of accuracy lies between -5.0" in sentence
    assert "-5.0 (a gain) and +50.0 percentage points" in sentence
    assert "smallest for b under cap (95 % CI -10.0 to -1.0)" in sentence
    assert "largest for a under veil (95 % CI +40.0 to +60.0)" in sentence
    assert "above 0 in 2 of 4 comparisons and below 0 in 1." in sentence
    control = losses.assign(classifier="hog:permuted=true", loss=0.99)
    assert answers(pd.concat([losses, control])) == [sentence]
    one = losses[(losses["condition"] == "veil") & (losses["emotion"] == "all")]
    assert [text.split()[0] for text in answers(one)] == ["a", "b"]


def test_losses_over_a_population_of_masks_come_first() -> None:
    def row(classifier: str, condition: str, loss: float) -> dict[str, object]:
        limits = {"ci_low": loss - 0.1, "ci_high": loss + 0.1, "p_adjusted": 0.01}
        cells = {"emotion": "all", "n": 8, "clean": 0.9, "occluded": 0.9 - loss, "loss": loss}
        return {"classifier": classifier, "condition": condition} | cells | limits

    names = ("masks:population=uniform", "surgical", "fill")
    losses = pd.DataFrame(
        [row(who, name, 0.1 * i + 0.2) for who in ("a", "b") for i, name in enumerate(names)]
    )
    first, second, others = answers(losses)
    assert "a names" in first
    assert "under masks:population=uniform: a loss of +20.0 percentage points" in first
    assert second.startswith("b names")
    assert others.startswith("With 2 classifiers and 2 other occluders, the loss of accuracy lies")
    assert "between +30.0 and +40.0" in others
    single = losses[losses["condition"] != names[0]]
    assert len(answers(single)) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_synthetic_faces_come_with_a_warning(tmp_path: Path) -> None:
    for name in SYNTHETIC:
        manifest = manifest_of()
        manifest["dataset"]["name"] = name
        write_run(tmp_path, pairs(HAND), **manifest)
        assert "no evidence about people" in Page(write_report(tmp_path)).text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_methods_say_what_was_done(tmp_path: Path) -> None:
    trials = pairs(HAND, list("AABBCCDD"))
    trials["coverage"] = 0.5
    write_run(tmp_path, trials)
    text = Page(write_report(tmp_path)).text
    assert "We used 8 pictures (drawn from 9 with balanced labels) from the set faces." in text
    assert "surgical (50.0 % of the face oval hidden on average)" in text
    assert "intervals (5000 resamples) with subjects as independent units (n = 4)" in text
    assert "(id r, seed 0) was made with maskface 0, Python 3, numpy 2, mediapipe 1." in text


def test_references_are_of_what_was_used_and_nothing_else() -> None:
    manifest = manifest_of()
    text = bibtex(manifest)
    assert "arriaga2017" in text
    assert "kartynnik2019" in text
    assert "npm package" not in text  # face-api was not used
    assert uncited(manifest) == ["set faces"]
    manifest["dataset"]["citation"] = "A & B 100% {sic}"
    manifest["classifiers"] = [
        {"name": "embedding:network=faceapi", "fingerprint": "x"},
        {"name": "onnx:model=mine.onnx", "fingerprint": "y"},
        {"name": "onnx:emotion-ferplus-8", "fingerprint": "z"},
    ]
    text = bibtex(manifest)
    assert r"A \& B 100\% \{sic\}" in text
    assert "npm package" in text
    assert "arriaga2017" not in text
    assert "classifier onnx:model=mine.onnx" in uncited(manifest)
    for name, networks in (
        ("faceapi:views=1", {"npm package"}), ("fer", {"arriaga2017"}),
        ("fusion:train=both", {"npm package", "arriaga2017"}),
        ("embedding:network=fer+faceapi:views=1", {"npm package", "arriaga2017"}),
        ("hog", set()), ("onnx:fer", set()),
    ):  # fmt: skip
        one = manifest | {"classifiers": [{"name": name, "fingerprint": "x"}]}
        cited = bibtex(one)
        assert {key for key in ("npm package", "arriaga2017") if key in cited} == networks, name
        assert (uncited(one) == []) == (name != "onnx:fer")
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("kind", "test", "expected"),
    [
        ("Wilson", "", ["wilson1927"]),
        ("cluster bootstrap", "", ["hesterberg2015", "davison1997"]),
        ("", "McNemar", ["mcnemar1947", "holm1979"]),
        ("", "exact cluster permutation", ["phipson2010", "holm1979"]),
        ("", "", []),
    ],
)
@pytest.mark.parametrize("column", ["interval", "value_interval"])
def test_references_of_statistics_are_those_of_the_kinds_that_were_used(
    kind: str, test: str, expected: list[str], column: str
) -> None:
    other = "value_interval" if column == "interval" else "interval"
    entries = of_statistics(pd.DataFrame({column: [kind, ""], other: "", "test": ["", test]}))
    assert [entry.partition("{")[2].partition(",")[0] for entry in entries] == expected


def test_references_of_findings_stand_in_the_order_of_their_names() -> None:
    text = "\n".join(of_findings(load_findings(), {"anger"})).replace(r"\&", "&")
    names = re.findall(r"note = \{(.*)\}", text)
    assert len(names) > 1
    assert names == sorted(names)


ENTRY = re.compile(r"@(\w+)\{([^,\s]+),\n((?:.|\n)*?)\n\}(?:\n\n|\Z)")
FIELD = re.compile(r"  (\w+) = (\{(?:.|\n)*\}),?")


def parsed(text: str) -> dict[str, dict[str, str]]:
    """Entries of BibTeX by key; nothing may be left over."""
    assert ENTRY.sub("", text) == ""
    entries: dict[str, dict[str, str]] = {}
    for kind, key, body in ENTRY.findall(text):
        assert kind in {"article", "book", "inproceedings", "misc", "software"}
        assert key not in entries
        fields = {}
        for field in re.split(r",\n(?=  \w+ = )", body):
            match = FIELD.fullmatch(field)
            assert match, field
            name, value = match.groups()
            assert name not in fields
            fields[name] = value[1:-1]
            bare = re.sub(r"\\[{}]", "", value)
            depth = [bare[: at + 1].count("{") - bare[: at + 1].count("}")
                     for at in range(len(bare))]  # fmt: skip
            assert min(depth[:-1]) > 0
            assert depth[-1] == 0
            assert not re.search(r"(?<!\\)[%&#$]", value)
        entries[key] = fields
    return entries


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_references_parse_whatever_was_used(tmp_path: Path) -> None:
    manifest = manifest_of()
    manifest["dataset"]["citation"] = 'A_B & "C" 100% {sic} \\ ~^ #$ <script> @misc{x, '
    names = (
        "faceapi", "fer", "emfacs", "hog:train=both", "blendshapes", "landmarks",
        "embedding:network=faceapi", "onnx:ferplus", "deepface", "pyfeat",
    )  # fmt: skip
    weights = {name.partition(".")[0]: one.sha256 for name, one in shipped_weights().items()}
    manifest["classifiers"] = [
        {"name": name, "fingerprint": weights.get(name, "x")} for name in names
    ]
    write_run(tmp_path, pairs(HAND * 4, list("ABCDEFGH") * 4), **manifest)
    page = Page(write_report(tmp_path))
    (text,) = (data.decode() for data in page.decoded("application/x-bibtex"))
    entries = parsed(text.rstrip("\n"))
    for used in (
        "maskface", "faceset", "kartynnik2019", "lugaresi2019", "bradski2000", "faceapi",
        "arriaga2017", "ekman1978", "dalal2005", "deepface", "cheong2023", "ferplus",
        "hesterberg2015", "davison1997", "phipson2010", "holm1979", "berger1982", "newcombe1998",
    ):  # fmt: skip
        assert used in entries
    assert "wilson1927" not in entries  # people are known: no interval of independent pictures
    # every study behind a verdict that was given has an entry, or is said to have none
    findings = load_findings()
    judged = findings[findings["claim"].isin(beside_people(open_material(tmp_path)).claims)]
    dois = {entry.get("doi") for entry in entries.values()}
    assert set(judged["doi"]) - {""} <= dois
    assert "study McCrackin 2022" in page.text
    assert "No reference is on record for" in page.text
    assert " ".join(text.split()) in page.text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_references_of_independent_pictures(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    (text,) = Page(write_report(tmp_path)).decoded("application/x-bibtex")
    entries = parsed(text.decode().rstrip("\n"))
    assert {"wilson1927", "mcnemar1947"} <= set(entries)
    assert "phipson2010" not in entries


def test_citation_of_the_package_is_that_of_its_citation_file() -> None:
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f'title: "{TITLE}"' in cff
    assert f'name: "{AUTHORS}"' in cff
    assert f"title = {{{TITLE}}}" in bibtex(manifest_of())
    assert "year = {2026}" in bibtex(manifest_of())


def test_verdicts_are_counted() -> None:
    claim = CLAIMS[0]
    nan = float("nan")
    results = [
        Result(claim, "a", "surgical", 0.2, 0.15, 0.22, "agrees", "trials"),
        Result(claim, "b", "surgical", 0.4, 0.35, 0.5, "differs", "trials"),
        Result(claim, "c", "surgical", 0.4, nan, nan, "differs", "trials", "why"),
    ]
    judged = judge_claim(claim, results, ("a study",))
    assert judged.verdict == "the run differs in 2, agrees in 1 of 3 comparisons"
    assert judged.rows[0] == ("a", "surgical", "+20.0", "+15.0 to +22.0", "agrees", "")
    assert judged.rows[2][3] == "-"
    assert judge_claim(claim, results[:1], ()).verdict == "the run agrees"


def test_too_many_masks_are_left_to_the_verb_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pairs(HAND, list("AABBCCDD"))
    masks = [one[one["condition"] != "none"].replace({"condition": {"surgical": name}})
             for name in ("surgical", "cloth", "upper")]  # fmt: skip
    write_run(tmp_path, TRIALS.tidy(pd.concat([one[one["condition"] == "none"], *masks])))
    # two masks: five claims on each, and each beside the other
    monkeypatch.setattr("maskface.report.people._MOST", 12)
    assert beside_people(open_material(tmp_path)).judged
    monkeypatch.setattr("maskface.report.people._MOST", 11)
    refused = beside_people(open_material(tmp_path))
    assert "takes long" in refused.reason
    assert not refused.judged


def test_failures_are_told_by_reason() -> None:
    rows = [
        ("a", "none", "ok", ""), ("a", "cap", "error", "broke"),
        ("b", "none", "no_face", "no face found"), ("b", "cap", "no_face", "no face found"),
        ("c", "none", "no_face", "no face found"), ("c", "cap", "no_face", "no face found"),
        ("d", "none", "ok", ""), ("d", "cap", "ok", ""),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["image_id", "condition", "status", "message"])
    told = failures(failures_of([frame.iloc[:3], frame.iloc[3:]]))
    assert told[0].startswith("3 of 4 pictures have trials without an answer")
    assert told[1].startswith("In 2 pictures, plain faces included, no face was found")
    assert told[2] == "In 1 picture, under cap, something went wrong: broke. For example a."
    assert failures(failures_of([frame[frame["status"] == "ok"]])) == [
        "All 2 pictures were read under every condition."
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_changed_sets_are_not_shown(tmp_path: Path) -> None:
    manifest = manifest_of(experiment={"data": "example"})
    manifest["dataset"] |= {"may_be_shown": True, "index_sha256": "another"}
    write_run(tmp_path, pairs(HAND), **manifest)
    assert "the set has changed since the run" in Page(write_report(tmp_path)).text
    manifest["experiment"] = {"data": str(tmp_path / "gone")}
    write_run(tmp_path, pairs(HAND), **manifest)
    assert "not where they were" in Page(write_report(tmp_path)).text


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_incomplete_run_is_refused_unless_told_otherwise(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND), complete=False)
    with pytest.raises(MaskfaceError, match="add allow_partial=True"):
        write_report(tmp_path)
    with pytest.raises(MaskfaceError, match="no answers yet"):
        write_report(tmp_path, allow_partial=True)
    first = [f"i{k:04}" for k in range(4)]
    trials = pairs(HAND, list("AABBCCDD"))
    rows = trials[trials["image_id"].isin(first)].to_dict("records")
    (tmp_path / "parts").mkdir()
    harvest = ChunkResult(trials=[{str(k): v for k, v in row.items()} for row in rows],
                      image_ids=first)  # fmt: skip
    RunFolder(tmp_path).write_checkpoint(0, 3, harvest, "r")
    text = Page(write_report(tmp_path, allow_partial=True)).text
    assert "This run is not complete" in text
    # of the first four, plain 3 right (i0002 is not), masked all three angers
    assert "75.0 % of the plain faces and 75.0 % of the same faces" in text
    assert "incomplete run is not compared with people" in text


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="holds no run"):
        write_report(tmp_path)


def test_plain_faces_alone_have_a_report(tmp_path: Path) -> None:
    trials = pairs(HAND)
    write_run(tmp_path, trials[trials["condition"] == "none"])
    assert "there is no loss to show" in Page(write_report(tmp_path)).text


@pytest.mark.slow
def test_figures_are_written_and_named(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    names = {path.name for path in write_figures(tmp_path)}
    assert names == {
        "classifiers.svg", "loss_surgical.svg", "accuracy_c_surgical.svg", "flows_c_surgical.svg",
        "confusions_c_surgical.svg", "people_surgical.svg",
    }  # fmt: skip
    assert names == {path.name for path in (tmp_path / "figures").iterdir()}
    (path,) = write_figures(tmp_path, ["flows"], form="png", out=tmp_path / "a" / "b")
    assert path == tmp_path / "a" / "b" / "flows_c_surgical.png"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_new_figure_is_one_declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = FigureKind(
        "mine",
        "Mine: {}",
        keys=lambda run: [(condition,) for condition in run.conditions],
        draw=lambda run, condition: plot_loss_by_emotion(run.summary, condition),
        unfolded=lambda run: len(run.conditions) == 1,
    )
    monkeypatch.setattr("maskface.report.figures.FIGURES", (*FIGURES, mine))
    write_run(tmp_path, pairs(HAND))
    assert "Mine: surgical" in Page(write_report(tmp_path)).text
    written = {path.name: path.read_bytes() for path in write_figures(tmp_path)}
    assert written["mine_surgical.svg"] == written["loss_surgical.svg"]
    assert ("strip", *(kind.name for kind in FIGURES)) == KINDS


def test_names_that_differ_in_signs_alone_have_files_of_their_own(tmp_path: Path) -> None:
    one = pairs(HAND)
    two = one.replace({"condition": {"surgical": "surgical:"}})
    trials = TRIALS.tidy(pd.concat([one, two[two["condition"] != "none"]]))
    write_run(tmp_path, trials)
    names = [path.name for path in write_figures(tmp_path, ["flows"])]
    assert names == ["flows_c_surgical.svg", "flows_c_surgical_2.svg"]


def test_figures_that_cannot_be_drawn_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    with pytest.raises(MaskfaceError, match="Did you mean 'flows'"):
        write_figures(tmp_path, ["flow"])
    with pytest.raises(MaskfaceError, match="svg, png, pdf"):
        write_figures(tmp_path, form="gif")
    with pytest.raises(MaskfaceError, match="needs two occluders"):
        write_figures(tmp_path, ["grid"])
    with pytest.raises(MaskfaceError, match="terms of the set"):
        write_figures(tmp_path, ["strip"])
