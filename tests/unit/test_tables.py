"""Schemas of the result tables."""

from __future__ import annotations

import hashlib
import io
import string
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskface import schema
from maskface.cells import cell_text, safe_cell
from maskface.errors import MaskfaceError
from maskface.experiment import Run, RunFolder, failures_of, failures_text, find_failures
from maskface.experiment.checkpoints import csv_bytes
from maskface.schema import Column, Table, numbered
from maskface.table_files import table_writer
from maskface.tables import ATTRIBUTES, DETECTIONS, GUARDS, SUMMARY, TRIALS
from maskface.types import EMOTIONS
from tests.unit.test_stats import trial


def test_headers_are_those_of_the_documentation() -> None:
    text = Path(__file__).parents[2].joinpath("docs/architecture.md").read_text(encoding="utf-8")
    for table in (TRIALS, SUMMARY, GUARDS, ATTRIBUTES, DETECTIONS):
        assert f"`{', '.join(table.header)}`" in text


def test_write_read_round_trip(tmp_path: Path) -> None:
    rows = [
        trial("b", "none", "fear", "fear", p_fear=1 / 3, coverage=0.0),
        trial("NA", "none", "anger", "", message='said "no", then\nnothing'),
    ]
    frame = TRIALS.frame(rows)
    record = TRIALS.write(frame, tmp_path / "trials.csv")
    data = (tmp_path / "trials.csv").read_bytes()
    assert record == {"sha256": hashlib.sha256(data).hexdigest(), "rows": 2}
    assert b"\r" not in data
    read = TRIALS.read(tmp_path / "trials.csv")
    pd.testing.assert_frame_equal(read, frame)
    assert list(read["image_id"]) == ["NA", "b"]
    assert read["p_fear"].iloc[1] == 0.333333
    assert read["correct"].isna().iloc[0]


@pytest.mark.parametrize(
    "change",
    [{"label": "contempt"}, {"status": "fine"}, {"p_fear": 1.2}, {"correct": 2}, {"seed": -1}],
)
def test_values_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(MaskfaceError, match=next(iter(change))):
        TRIALS.check(TRIALS.frame([trial("a", "none", "fear", "fear") | change]))


def test_two_rows_with_one_key_are_refused() -> None:
    with pytest.raises(MaskfaceError, match="not valid"):
        TRIALS.check(TRIALS.frame([trial("a", "none", "fear", "fear")] * 2))


def test_missing_column_is_named(tmp_path: Path) -> None:
    TRIALS.frame([trial("a", "none", "fear", "fear")]).drop(columns="status").to_csv(
        tmp_path / "t.csv", index=False
    )
    with pytest.raises(MaskfaceError, match="lacks the columns status"):
        TRIALS.read(tmp_path / "t.csv")


def test_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="Cannot read"):
        TRIALS.read(tmp_path / "none.csv")


NOTES = Table(
    "notes",
    (Column("name", "text", "Name"), Column("note", "text", "Note"), Column("n", "whole", "N")),
    key=("n",),
)
ODD = st.text(alphabet="'\"=+-@\t\n\uff1d ,;ab1.0\xe9", max_size=8)
TEXTS = st.one_of(ODD, st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))


def starts_like_a_formula(cell: str) -> bool:
    """What OWASP lists, with blanks and quotes before it, unless it is a plain number."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return cell.lstrip(string.whitespace + '"')[:1] in {"=", "+", "-", "@"}
    return False


@given(TEXTS)
def test_cells_are_harmless_and_give_the_text_back(text: str) -> None:
    cell = safe_cell(text)
    assert cell_text(cell) == text
    assert not starts_like_a_formula(cell)
    assert cell[:1] not in ("\t", "\n", "\r")
    assert cell in (text, f"'{text}")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ('"=1', "'\"=1"),
        ("  @SUM(A1)", "'  @SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\tplain", "'\tplain"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("''=1", "''" + "'=1"),
        ("\u200b=1", "'\u200b=1"),
        (" \ufeff\u202e+1", "' \ufeff\u202e+1"),
        ("\u200bplain", "\u200bplain"),
        ("'s Hertogenbosch", "'s Hertogenbosch"),
        ("-12.34", "-12.34"),
        ("-1,5e3", "-1,5e3"),
        ("-1+1", "'-1+1"),
        ("", ""),
        ("surgical:top=50", "surgical:top=50"),
    ],
)
def test_which_cells_get_an_apostrophe(text: str, cell: str) -> None:
    assert safe_cell(text) == cell
    assert cell_text(cell) == text


@pytest.mark.parametrize("text", ["a\rb", "a\x00b", "a\x1b[31mb", "a\x85b", "a\udcffb"])
def test_control_characters_become_blanks(text: str) -> None:
    cell = safe_cell(text)
    assert cell[0] == "a"
    assert cell[-1] == "b"
    assert cell.isprintable()
    assert safe_cell(cell) == cell


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), st.integers(1, 8))
@settings(max_examples=40)
def test_hostile_tables_round_trip_in_any_pieces(rows: list[tuple[str, str]], size: int) -> None:
    cells = [{"name": a, "note": b, "n": i} for i, (a, b) in enumerate(rows)]
    frame = NOTES.frame(cells)
    data = NOTES.to_bytes(frame)
    pd.testing.assert_frame_equal(NOTES.parse(io.BytesIO(data)), frame)
    pieces = [NOTES.to_bytes(frame[i : i + size], header=not i) for i in range(0, len(rows), size)]
    assert b"".join(pieces) == data
    assert csv_bytes(NOTES, cells) == data


def test_checkpoints_and_final_tables_agree_on_hostile_ids(tmp_path: Path) -> None:
    ids = ["=1.jpg", "'=1.jpg", "'a.jpg", "-2", "@x"]
    frame = TRIALS.frame([trial(image_id, "none", "fear", "fear") for image_id in ids])
    again = TRIALS.parse(io.BytesIO(TRIALS.to_bytes(frame)))
    record: dict[str, object] = {}
    with table_writer(TRIALS, tmp_path / "trials.csv", record) as target:
        target.add(again)
    assert TRIALS.write(frame, tmp_path / "once.csv") == record
    assert (tmp_path / "trials.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()
    read = TRIALS.read(tmp_path / "trials.csv")
    assert sorted(read["image_id"]) == sorted(ids)
    raw = pd.read_csv(tmp_path / "trials.csv", dtype=str, keep_default_na=False)
    assert sorted(raw["image_id"]) == sorted(["'=1.jpg", "''=1.jpg", "'a.jpg", "-2", "'@x"])


@pytest.mark.parametrize(
    "text", ["n,name,note\n1.5,a,b\n", "n,name,note\n1e99,a,b\n", 'n,name,note\n"1,a,b\n', "", "\0"]
)
def test_broken_tables_are_refused_in_words(text: str) -> None:
    with pytest.raises(MaskfaceError, match=r"table notes|lacks the columns"):
        NOTES.parse(io.BytesIO(text.encode()))


def test_failures_are_found_whatever_piece_they_are_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "ROWS_AT_ONCE", 2)
    told = {("b", "none"): "first", ("b", "surgical"): "second", ("d", "surgical"): "third"}
    rows = [
        trial(image, condition, "fear", "" if why else "fear", message=why)
        for image in "abcd"
        for condition in ("none", "surgical")
        for why in [told.get((image, condition), "")]
    ]
    folder = RunFolder(tmp_path)
    TRIALS.write(TRIALS.frame(rows), folder.trials_path)
    found = find_failures(Run(folder))
    assert found.n_images == 4
    assert list(found.failed) == [
        {"image_id": "b", "status": "no_face", "message": "first"},
        {"image_id": "d", "status": "no_face", "message": "third"},
    ]
    assert failures_text(Run(folder)).startswith("2 of 4 images")
    assert "b: first" in failures_text(Run(folder))


def test_no_trials_are_no_failures() -> None:
    found = failures_of([])
    assert found.n_images == 0
    assert found.failed == ()
    assert list(found.trials.columns) == ["image_id", "condition", "status", "message"]


def test_words_become_their_places_and_others_are_named() -> None:
    words = pd.Series(["fear", "anger", "fear"], name="label")
    assert numbered(words, EMOTIONS).tolist() == [2, 0, 2]
    assert numbered(pd.Index(words), EMOTIONS).tolist() == [2, 0, 2]
    with pytest.raises(MaskfaceError, match=r"Column label holds 'joy', which is none of anger,"):
        numbered(words.replace("fear", "joy"), EMOTIONS)
    with pytest.raises(MaskfaceError, match="holds 'joy', an empty cell, which are none of"):
        numbered(pd.Series(["joy", None], name="label"), EMOTIONS)
