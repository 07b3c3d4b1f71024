"""Parts are read some at a time, and give every picture's rows once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskface.experiment._harvest import Harvest, digest
from maskface.experiment._parts import Parts
from maskface.tables import ATTRIBUTES


def save(folder: Path, number: int, images: list[str], value: str, *, rows: bool = True) -> None:
    harvest = Harvest(image_ids=images)
    if rows:
        harvest.attributes.extend(
            {
                "run_id": "r",
                "dataset": "d",
                "image_id": image,
                "attribute": "face_px",
                "value": value,
                "source": "measured",
            }
            for image in images
        )
    data = harvest.to_bytes("r")
    (folder / f"part-{number:08d}-{digest(data)}.zip").write_bytes(data)


def read(folder: Path) -> tuple[list[str], pd.DataFrame]:
    groups = list(Parts(folder, "r").frames(ATTRIBUTES))
    images = [image for some, _ in groups for image in some]
    for some, frame in groups:
        assert set(frame["image_id"]) <= set(some)
    return images, pd.concat([frame for _, frame in groups], ignore_index=True)


@given(places=st.lists(st.integers(0, 39), min_size=1, max_size=60))
def test_every_picture_comes_once_and_in_order(
    places: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    names = [f"{number:03d}.png" for number in range(len(places))]
    for part in set(places):
        own = [name for name, place in zip(names, places, strict=True) if place == part]
        save(folder, part, own, str(part))
    images, frame = read(folder)
    assert images == names
    values = dict(zip(frame["image_id"], frame["value"], strict=True))
    assert len(frame) == len(names)
    assert [int(values[name]) for name in names] == places


def test_the_first_part_with_a_picture_counts(tmp_path: Path) -> None:
    save(tmp_path, 0, ["a", "b"], "first")
    save(tmp_path, 1, ["b", "c"], "second")
    images, frame = read(tmp_path)
    assert images == ["a", "b", "c"]
    assert list(frame["value"]) == ["first", "first", "second"]


def test_parts_without_rows_are_passed_over(tmp_path: Path) -> None:
    save(tmp_path, 0, ["a"], "", rows=False)
    save(tmp_path, 1, ["b"], "kept")
    save(tmp_path, 2, ["c"], "", rows=False)
    images, frame = read(tmp_path)
    assert images == ["a", "b", "c"]
    assert list(frame["image_id"]) == ["b"]
