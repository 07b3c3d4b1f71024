"""The report page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from maskface.errors import MaskfaceError
from maskface.report import write_report
from maskface.stats import summarize
from maskface.tables import SUMMARY, TRIALS
from tests.unit.test_stats import HAND, pairs

HOSTILE = "<script>alert(1)</script>"


def write_run(folder: Path, trials: pd.DataFrame, *, complete: bool = True) -> None:
    TRIALS.write(trials, folder / "trials.csv")
    SUMMARY.write(summarize(trials, n_resamples=100), folder / "summary.csv")
    manifest = {
        "run_id": "r",
        "maskface": "0",
        "seed": 0,
        "complete": complete,
        "dataset": {
            "name": HOSTILE, "images": 8, "images_in_set": 9, "subjects": 0,
            "licence": HOSTILE, "citation": "",
        },
        "experiment": {"occluders": [HOSTILE]},
        "environment": {"python": "3", "packages": {"numpy": "2"}},
        "weights": [],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


class Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def test_page_holds_the_numbers_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND))
    path = write_report(tmp_path)
    text = path.read_text(encoding="utf-8")
    page = Collector()
    page.feed(text)
    assert "script" not in page.tags
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert len(page.links) == 1
    assert "75.0 % of the plain faces and 50.0 % of the same faces" in text
    assert "Loss: +25.0 percentage points" in text
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", text)
    assert cells[:6] == ["c", "surgical", "all", "8", "75.0", "50.0"]
    assert "images treated as independent" in text
    assert "&lt;script&gt;" in text
    assert "What to be careful about" in text
    assert "8 of 8 pictures have no subject id" in text


def test_incomplete_run_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path, pairs(HAND), complete=False)
    with pytest.raises(MaskfaceError, match="--resume"):
        write_report(tmp_path)


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match="holds no run"):
        write_report(tmp_path)
