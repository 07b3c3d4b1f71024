"""Tables written piece by piece."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskface.errors import MaskfaceError
from maskface.schema import Column
from maskface.table_files import check_format, find_table, table_writer
from maskface.tables import TRIALS
from tests.unit.test_stats import trial


def frame(images: int) -> pd.DataFrame:
    return TRIALS.frame(
        [
            trial(f"{number:04d}", condition, "fear", "fear", p_fear=1 / (number + 1))
            for number in range(images)
            for condition in ("none", "surgical")
        ]
    )


def write(path: Path, pieces: list[pd.DataFrame]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    with table_writer(TRIALS, path, record) as target:
        for piece in pieces:
            target.add(piece)
    return record


@pytest.fixture(params=["csv", "parquet"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "parquet":
        pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    monkeypatch.setattr("maskface.table_files.ROWS_AT_ONCE", 25)
    monkeypatch.setattr("maskface.schema.ROWS_AT_ONCE", 7)
    return str(request.param)


@pytest.mark.slow
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None
)
@given(cuts=st.lists(st.integers(0, 30), max_size=6))
def test_pieces_give_the_bytes_of_the_whole(form: str, tmp_path: Path, cuts: list[int]) -> None:
    whole = frame(30)
    ends = [0, *sorted(2 * cut for cut in cuts), 60]
    # Within a piece rows may stand in any order.
    pieces = [whole.iloc[a:b].iloc[::-1] for a, b in pairwise(ends)]
    first = write(tmp_path / f"one.{form}", [whole])
    second = write(tmp_path / f"two.{form}", pieces)
    assert first == second
    data = (tmp_path / f"two.{form}").read_bytes()
    assert second == {"sha256": hashlib.sha256(data).hexdigest(), "rows": 60}
    if form == "csv":
        assert data == TRIALS.to_bytes(whole)
    pd.testing.assert_frame_equal(TRIALS.read(tmp_path / f"two.{form}"), whole)


def test_columns_can_be_chosen(form: str, tmp_path: Path) -> None:
    write(tmp_path / f"t.{form}", [frame(3)])
    chosen = TRIALS.parse(tmp_path / f"t.{form}", ["p_fear", "image_id"])
    pd.testing.assert_frame_equal(chosen, frame(3)[["image_id", "p_fear"]])


def test_tables_are_read_piece_by_piece(form: str, tmp_path: Path) -> None:
    """The same rows, in order and of the same types, as when they are read at once."""
    whole = frame(30)
    for name, value in {"predicted": "", "correct": None, "p_fear": None}.items():
        whole.loc[3, name] = value
    whole.loc[4, "seed"], whole.loc[4, "message"] = 2**62 + 1, "=1+1"
    path = tmp_path / f"t.{form}"
    write(path, [whole])
    pieces = list(TRIALS.pieces(path))
    assert len(pieces) > 5
    assert max(map(len, pieces)) == 7
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), TRIALS.parse(path))
    chosen = pd.concat(TRIALS.pieces(path, ["seed", "image_id"]), ignore_index=True)
    pd.testing.assert_frame_equal(chosen, whole[["image_id", "seed"]])
    with pytest.raises(MaskfaceError, match="lacks the columns answer"):
        list(replace(TRIALS, columns=(Column("answer", "text", ""),)).pieces(path))
    path.write_bytes(b"image_id,seed\na,\xff\n")
    with pytest.raises(MaskfaceError, match="Cannot read"):
        list(TRIALS.pieces(path))
    with pytest.raises(MaskfaceError, match="Cannot read"):
        list(TRIALS.pieces(tmp_path / f"missing.{form}"))


def test_no_rows(form: str, tmp_path: Path) -> None:
    assert write(tmp_path / f"t.{form}", [])["rows"] == 0
    assert TRIALS.read(tmp_path / f"t.{form}").empty


def test_rows_out_of_order_are_a_defect_and_leave_no_file(form: str, tmp_path: Path) -> None:
    whole = frame(30)
    with pytest.raises(ValueError, match="Expected rows after"):
        write(tmp_path / f"t.{form}", [whole.iloc[30:], whole.iloc[:30]])
    assert not list(tmp_path.iterdir())


def test_rows_are_checked(form: str, tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="trials table is not valid"):
        write(tmp_path / f"t.{form}", [frame(2).assign(coverage=2.0)])
    assert not list(tmp_path.iterdir())


def test_parquet_is_found_before_csv(tmp_path: Path) -> None:
    assert find_table(tmp_path, TRIALS) == tmp_path / "trials.csv"
    (tmp_path / "trials.parquet").touch()
    assert find_table(tmp_path, TRIALS) == tmp_path / "trials.parquet"


def test_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    check_format("csv")
    with pytest.raises(MaskfaceError, match=r"csv, parquet, got 'xls'"):
        check_format("xls")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MaskfaceError, match=r"maskface\[parquet\]"):
        check_format("parquet")
