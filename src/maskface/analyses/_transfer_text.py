"""The split of a loss as sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from maskface.analyses._schemas_transfer import ABOVE_CHANCE, ACCURACY, SHARE
from maskface.analyses._words import limits_text
from maskface.text import percent, points


def transfer_text(transfer: pd.DataFrame) -> str:
    """Say for each family what its loss over all emotions is made of.

    Parameters
    ----------
    transfer
        In the schema of `maskface.analyses.TRANSFER`.
    """
    overall = transfer[transfer["label"] == "all"]
    return "\n".join(
        line
        for family, rows in overall.groupby("family", sort=False)
        for line in _lines(str(family), rows)
    )


def _lines(family: str, rows: pd.DataFrame) -> list[str]:
    cells = rows[rows["measure"] == ACCURACY].set_index(["train", "test"])["value"]
    of = {row["measure"]: row for row in rows.to_dict("records")}
    lines = [
        f"{family}: right plain {percent(cells['clean', 'plain'])} %, masked "
        f"{percent(cells['clean', 'masked'])} % after learning plain faces, "
        f"{percent(cells['masked', 'masked'])} % after learning masked ones",
        f"  loss {_points(of['loss'])} = lost information {_points(of['information'])} + shift "
        f"{_points(of['shift'])}; {_share(of[SHARE])}",
    ]
    if "price" in of:
        lines.append(
            f"  learning both: {_points(of['restored'])} points on masked faces, at a price of "
            f"{_points(of['price'])} on plain ones"
        )
    controls = rows[rows["measure"] == ABOVE_CHANCE]
    lines += [
        f"  control with shuffled labels, {row['test']} faces: "
        f"{percent(cells['permuted', row['test']])} % right, {_points(row)} points above chance"
        for row in controls.to_dict("records")
    ]
    missing = int(rows["n_missing"].iloc[0])
    if missing:
        lines.append(f"  {missing} pictures are left out: some cell has no answer to them")
    return lines


def _points(row: Any) -> str:
    return f"{points(row['value'])} {limits_text(row)}"


def _share(row: Any) -> str:
    if pd.isna(row["value"]):
        return "the loss is not clearly above 0, so the shift's share of it is not defined"
    return f"shift is {percent(row['value'])} % {limits_text(row, signed=False)} of the loss"
