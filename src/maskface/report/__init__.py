"""A run as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from maskface.experiment import RunFolder, failures_text, load_run
from maskface.files import write_atomically
from maskface.plots import plot_loss_by_emotion, save_figure
from maskface.report._index import ANSWER, write_index
from maskface.stats import loss_table
from maskface.text import footnote, guard_sentences, p_text, percent, points

__all__ = ["ANSWER", "NAME", "answer_text", "write_index", "write_report"]

NAME: Final = "report.html"
Row = Mapping[Hashable, Any]


def write_report(path: str | Path) -> Path:
    """Write the report of a finished run into its folder.

    Parameters
    ----------
    path
        Folder of the run.

    Returns
    -------
    Path
        The HTML file. It loads nothing from outside, and whatever came from the user's files is
        escaped.

    Raises
    ------
    MaskfaceError
        If the folder holds no complete run.
    """
    run = load_run(path)
    environment = Environment(
        loader=PackageLoader("maskface.report"), autoescape=True, undefined=StrictUndefined
    )
    table = loss_table(run.summary)
    page = environment.get_template("report.html.jinja").render(
        manifest=run.manifest,
        answers=[answer_text(row) for row in _overall(table)],
        figures=[_figure(run.summary, name) for name in sorted(table["condition"].unique())],
        rows=[_cells(row) for row in table.to_dict("records")],
        footnote=footnote(run.summary) if len(table) else "",
        guards=guard_sentences(run.guards),
        failures=failures_text(run),
        files=[path.name for path in run.folder.files()],
    )
    target = RunFolder(Path(path)).path / NAME
    write_atomically(target, page.encode())
    return target


def _overall(table: pd.DataFrame) -> list[Row]:
    return list(table[table["emotion"] == "all"].to_dict("records"))


def answer_text(row: Row) -> str:
    """Say in a sentence what a classifier lost overall; `row` is one of `loss_table`."""
    sentence = (
        f"{row['classifier']} is right on {percent(row['clean'])} % of the plain faces and "
        f"{percent(row['occluded'])} % of the same faces under {row['condition']}. "
        f"Loss: {points(row['loss'])} percentage points"
    )
    if math.isnan(row["ci_low"]):
        return sentence + " (no interval: there are too few subjects)."
    return sentence + f", 95 % CI {points(row['ci_low'])} to {points(row['ci_high'])}."


def _cells(row: Row) -> dict[str, Any]:
    interval = f"{points(row['ci_low'])} to {points(row['ci_high'])}"
    numbers = (percent(row["clean"]), percent(row["occluded"]), points(row["loss"]))
    return {
        "names": (row["classifier"], row["condition"], row["emotion"]),
        "numbers": (row["n"], *numbers, interval, p_text(row["p_adjusted"])),
    }


def _figure(summary: pd.DataFrame, condition: str) -> dict[str, str]:
    stream = io.BytesIO()
    save_figure(plot_loss_by_emotion(summary, condition), stream)
    return {"condition": condition, "png": base64.b64encode(stream.getvalue()).decode()}
