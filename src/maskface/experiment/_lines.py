"""Rows as the bytes of a table, for the few rows of a part."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from maskface.cells import safe_cell
from maskface.schema import Column, Table


def csv_bytes(table: Table, rows: Sequence[Mapping[str, Any]], *, ordered: bool = True) -> bytes:
    """Set rows as `table.to_bytes(table.frame(rows))` does, without a data frame.

    Pandas takes milliseconds to set up a frame however few its rows are. For a part of 16 pictures
    that is 0.7 ms for each of them, and 0.1 ms without.

    Parameters
    ----------
    table
        What the columns are.
    rows
        At least one, with all cells of the key; other missing cells are empty.
    ordered
        Whether to sort by the key; otherwise rows stay where they are.

    Returns
    -------
    bytes
        CSV with a header.
    """
    lines = sorted(rows, key=itemgetter(*table.key)) if ordered else rows
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.header)
    columns = ([row.get(column.name) for row in lines] for column in table.columns)
    cells = map(_cells, table.columns, columns)
    writer.writerows(zip(*cells, strict=True))
    return text.getvalue().encode()


def _cells(column: Column, values: list[Any]) -> Iterable[Any]:
    if column.kind == "text":
        return ("" if _missing(value) else safe_cell(str(value)) for value in values)
    if column.kind == "whole":
        return ("" if _missing(value) else int(value) for value in values)
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    # As pandas rounds; Python's own rounding decides other halves otherwise.
    rounded = np.round(numbers, column.decimals).tolist()
    return ("" if value != value else value for value in rounded)  # noqa: PLR0124 (NaN)


def _missing(value: object) -> bool:
    return value is None or value != value  # noqa: PLR0124 (NaN)
