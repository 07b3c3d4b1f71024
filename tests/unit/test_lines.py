"""Rows of a part: the same bytes as through a data frame."""

from __future__ import annotations

import csv
import io
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from maskface.experiment.checkpoints import csv_bytes
from maskface.schema import Column, Table

TABLE = Table(
    "made",
    (
        Column("name", "text", ""),
        Column("part", "whole", ""),
        Column("said", "text", ""),
        Column("share", "real", ""),
        Column("angle", "real", "", decimals=2),
    ),
    key=("name", "part"),
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXTS, "part": st.integers(0, 2**62)},
        optional={
            "said": TEXTS | st.none(),
            "share": st.floats(-1e6, 1e6) | st.none() | st.just(float("nan")),
            "angle": st.floats(-180, 180),
        },
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: (row["name"], row["part"]),
)


@given(ROWS)
def test_the_bytes_are_those_of_a_data_frame(rows: list[dict[str, Any]]) -> None:
    assert csv_bytes(TABLE, rows) == TABLE.to_bytes(TABLE.frame(rows))


@given(st.lists(st.text('ab,"é '), min_size=1))
def test_rows_may_stay_where_they_are(names: list[str]) -> None:
    rows = [{"name": name, "part": number} for number, name in enumerate(names)]
    text = csv_bytes(TABLE, rows, ordered=False).decode()
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["name"] for row in read] == names
    assert [int(row["part"]) for row in read] == list(range(len(names)))


def test_halves_are_rounded_as_pandas_rounds_them() -> None:
    halves = [2.675, 0.125, 0.375, -0.005, 1.005]
    rows = [{"name": "a", "part": i, "angle": half} for i, half in enumerate(halves)]
    text = csv_bytes(TABLE, rows).decode()
    read = [float(row["angle"]) for row in csv.DictReader(io.StringIO(text))]
    assert read == pd.Series(halves).round(2).to_list()
