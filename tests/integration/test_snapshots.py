"""Every occluder looks as it did when somebody last looked at it.

After a wanted change: ``pytest tests/integration/test_snapshots.py --update-snapshots``, and look
at the pictures in ``tests/snapshots`` before they are committed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskface.datasets.example import FOLDER
from maskface.gallery import draw_gallery, every_occluder
from maskface.images import read_image, write_image
from maskface.landmarks import MediaPipeDetector
from maskface.types import ImageArray

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
FACES = (
    "S01_neutral_000_y+00.jpg",  # plain
    "S18_happiness_100_y+00.jpg",  # glasses and goatee, brown skin
    "S15_surprise_100_y+20.jpg",  # open mouth, turned
    "S08_neutral_000_y-40.jpg",  # turned far
)
CELL = 112
WAYS = ("nose_out", "under_lip", "chin", "one_ear", "loose", "tight")
VARIANTS = (
    *(f"surgical:wearing={way}" for way in WAYS),
    "surgical:top=50",
    "surgical:colour=black",
    "tears+surgical",
    "surgical+sunglasses",
)  # fmt: skip
OCCLUDERS = [name for name in (*every_occluder(), *VARIANTS) if name not in ("none", "texture")]
MEAN, WORST = 1.0, 48
"""Allowed difference in grey levels: on average, and at all but one pixel in a thousand. Other
builds of OpenCV and MediaPipe round otherwise; a change of design is far larger."""


@pytest.fixture(scope="module")
def sheet() -> dict[str, ImageArray]:
    """One contact sheet for each occluder."""
    faces = [("", read_image(FOLDER / "images" / name)) for name in FACES]
    with MediaPipeDetector() as detector:
        return {
            name: draw_gallery(faces, [name], size=CELL, columns=1, detector=detector)
            for name in OCCLUDERS
        }


@pytest.mark.parametrize("name", OCCLUDERS)
def test_looks_as_before(
    name: str, sheet: dict[str, ImageArray], request: pytest.FixtureRequest
) -> None:
    path = SNAPSHOTS / (name.replace(":", "-").replace("=", "-") + ".png")
    drawn = sheet[name]
    if request.config.getoption("--update-snapshots"):
        write_image(path, drawn)
    assert path.is_file(), f"There is no snapshot of {name}. Make it with --update-snapshots."
    difference = np.abs(drawn.astype(int) - read_image(path)).max(axis=2)
    assert difference.mean() <= MEAN
    assert np.quantile(difference, 0.999) <= WORST


def test_no_snapshot_is_left_over() -> None:
    wanted = {name.replace(":", "-").replace("=", "-") for name in OCCLUDERS}
    assert {path.stem for path in SNAPSHOTS.glob("*.png")} == wanted


def test_a_changed_occluder_would_be_noticed(sheet: dict[str, ImageArray]) -> None:
    difference = np.abs(sheet["surgical"].astype(int) - sheet["surgical:top=50"].astype(int)).max(
        axis=2
    )
    assert difference.mean() > MEAN
