"""The report in a real browser, opened from disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maskface import Experiment, run
from maskface.report import write_report

DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 400, "height": 800}
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Report of a small run of the embedded faces."""
    folder = tmp_path_factory.mktemp("run")
    experiment = Experiment(occluders=("surgical", "sunglasses", "upper"), limit=14)
    run(experiment, folder, progress=False, cache=None)
    return write_report(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (apt-get install chromium)")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (it is in the group dev)"
    )
    with playwright.sync_playwright() as driver:
        # No sandbox: tests may run as root, and the page is our own.
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page that was opened, and what it said and asked for."""

    def __init__(self, browser: Any, report: Path, size: dict[str, int]) -> None:
        self.page = browser.new_page(viewport=size)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(report.as_uri())

    def open_all(self) -> int:
        """Click on every closed part that can be seen, until there is none."""
        clicked = 0
        while (closed := self.page.locator("details:not([open]) > summary:visible")).count():
            closed.first.click()
            clicked += 1
        return clicked

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_report_opens_without_errors_or_requests(
    browser: Any, report: Path, size: dict[str, int]
) -> None:
    visit = Visit(browser, report, size)
    assert visit.said == []
    outside = [url for url in visit.asked if not url.startswith("data:")]
    assert outside == [report.as_uri()]
    assert visit.overflow() <= 0
    assert visit.open_all() > 8
    assert visit.overflow() <= 0
    broken = visit.page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
    assert broken == 0
    assert visit.page.evaluate("document.images.length") > 15
    assert visit.said == []
    visit.page.close()


def test_answer_is_seen_first(browser: Any, report: Path) -> None:
    visit = Visit(browser, report, PHONE)
    answer = visit.page.locator(".answer").first
    assert "percentage points" in answer.inner_text()
    assert answer.bounding_box()["y"] < PHONE["height"] / 2
    visit.page.close()


def test_table_can_be_downloaded(browser: Any, report: Path, tmp_path: Path) -> None:
    visit = Visit(browser, report, DESKTOP)
    with visit.page.expect_download() as waiting:
        visit.page.get_by_role("link", name="summary.csv").click()
    waiting.value.save_as(tmp_path / "summary.csv")
    assert (tmp_path / "summary.csv").read_bytes() == (report.parent / "summary.csv").read_bytes()
    visit.page.close()


def test_report_prints(browser: Any, report: Path) -> None:
    visit = Visit(browser, report, DESKTOP)
    visit.page.emulate_media(media="print")
    visit.page.set_viewport_size({"width": 680, "height": 1000})  # paper of 18 cm
    assert visit.overflow() <= 0
    cut = visit.page.evaluate(
        "[...document.querySelectorAll('.wide')].filter(e => e.offsetParent && "
        "e.scrollWidth > e.clientWidth + 1).length"
    )
    assert cut == 0
    assert visit.page.pdf(format="A4").startswith(b"%PDF")
    visit.page.close()
