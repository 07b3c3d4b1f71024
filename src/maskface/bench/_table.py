"""What a benchmark found, as a table and as text."""

from __future__ import annotations

from typing import Final

import pandas as pd

from maskface.schema import Column, Table
from maskface.text import align

TOTAL: Final = "all stages"
RUN: Final = "whole run"

BENCH: Final = Table(
    "bench",
    (
        Column("number", "whole", "Order of the row", low=1),
        Column("stage", "text", "What is done; the last two rows are sums"),
        Column("name", "text", "Which occluder or classifier; empty for other stages"),
        Column("pictures", "whole", "Pictures it was measured on", "picture", 1),
        Column("cpu_ms", "real", "CPU time per picture, of all threads", "ms", 0, decimals=4),
        Column("wall_ms", "real", "Time per picture that passed", "ms", 0, decimals=4),
        Column("share", "real", "Of the CPU time of all stages", low=0, high=1, decimals=4),
        Column(
            "floor_cpu_ms", "real", "CPU time per picture of the bare library; empty if there is "
            "none", "ms", 0, decimals=4,
        ),
        Column("floor_wall_ms", "real", "The same, time that passed", "ms", 0, decimals=4),
    ),
    key=("number",),
)  # fmt: skip
"""One row for each stage of a run, for their sum, and for a run that was measured whole."""


def bench_text(found: pd.DataFrame) -> str:
    """Set the table of a benchmark for a terminal."""
    head = ("stage", "", "CPU ms", "wall ms", "share", "floor CPU ms")
    rows = [
        (
            str(row["stage"]),
            str(row["name"]),
            f"{row['cpu_ms']:.2f}",
            f"{row['wall_ms']:.2f}",
            "" if pd.isna(row["share"]) else f"{100 * row['share']:.0f} %",
            "" if pd.isna(row["floor_cpu_ms"]) else f"{row['floor_cpu_ms']:.2f}",
        )
        for row in found.to_dict("records")
    ]
    whole = found[found["stage"] == RUN].iloc[0]
    ratio = whole["cpu_ms"] / whole["floor_cpu_ms"]
    return "\n".join(
        [
            *align([head, *rows]).splitlines(),
            f"Per picture, on {whole['pictures']} pictures, one after the other. The floor is "
            "decoding with OpenCV, MediaPipe's landmarker and the bare networks.",
            f"A whole run takes {ratio:.2f} times the CPU time of its floor.",
        ]
    )
