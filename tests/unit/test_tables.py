"""Schemas of the result tables."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from maskface.errors import MaskfaceError
from maskface.tables import ATTRIBUTES, DETECTIONS, GUARDS, SUMMARY, TRIALS
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
