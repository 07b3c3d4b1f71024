"""Checkpoints are read some at a time, and give every picture's rows once."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskface.arrays import Row
from maskface.experiment import Experiment, make_plan
from maskface.experiment.checkpoints import (
    Checkpoint,
    Checkpoints,
    ChunkResult,
    csv_bytes,
    digest,
    merge,
)
from maskface.experiment.resume import result_of_checkpoint
from maskface.experiment.runner import Described
from maskface.schema import Column, Table
from maskface.tables import ATTRIBUTES


def save(folder: Path, number: int, images: list[str], value: str, *, rows: bool = True) -> None:
    result = ChunkResult(image_ids=images)
    if rows:
        result.attributes.extend(
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
    data = result.to_bytes("r")
    (folder / f"part-{number:08d}-{digest(data)}.zip").write_bytes(data)


def read(folder: Path) -> tuple[list[str], pd.DataFrame]:
    groups = list(Checkpoints(folder, "r").frames(ATTRIBUTES))
    images = [image for some, _ in groups for image in some]
    for some, frame in groups:
        assert set(frame["image_id"]) <= set(some)
    return images, pd.concat([frame for _, frame in groups], ignore_index=True)


@pytest.mark.slow
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


def test_the_first_checkpoint_with_a_picture_counts(tmp_path: Path) -> None:
    save(tmp_path, 0, ["a", "b"], "first")
    save(tmp_path, 1, ["b", "c"], "second")
    images, frame = read(tmp_path)
    assert images == ["a", "b", "c"]
    assert list(frame["value"]) == ["first", "first", "second"]


def test_checkpoints_of_another_layout_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 0, ["a"], "kept")
    with monkeypatch.context() as patch:
        patch.setattr("maskface.experiment.checkpoints.LAYOUT", 1)
        save(tmp_path, 1, ["b"], "older")
    assert read(tmp_path)[0] == ["a"]


def made_result(numbers: Sequence[int], odd: str) -> ChunkResult:
    """Rows, and vectors of two measurements, of some pictures; one face was not measured."""
    made = ChunkResult(features={"hog": [], "points": []})
    for number in numbers:
        head: Row = {"run_id": "r", "dataset": "d", "image_id": f"{number:03d}"}
        made.image_ids.append(f"{number:03d}")
        made.pictures.append(head | {"sha256": f"{number:064x}", "message": "", "state": "1 2 3"})
        made.attributes.append(
            head | {"attribute": "sex", "value": odd, "source": "measured"},
        )
        for condition in ("none", "surgical"):
            row = head | {"label": "fear", "condition": condition, "coverage": number / 7}
            row |= {"status": "ok", "message": odd, "params": '{"a": 1}', "seed": 2**40 + number}
            answer = {"predicted": "fear", "correct": 1, "p_fear": number / 3, "p_anger": 1e-7}
            missing = {"status": "error", "message": odd}
            made.trials.append(row | {"classifier": "x"} | (answer if number % 2 else missing))
            for width, name in enumerate(("hog", "points"), 2):
                failed = number % 3 == 0 and name == "hog"
                made.unanswered.append(row | {"classifier": name} | (missing if failed else {}))
                if not failed:
                    vector = np.full(width, number + (condition == "none") / 2, np.float32)
                    made.features[name].append(vector)
    return made


@pytest.mark.slow
@settings(max_examples=40)
@given(kept=st.sets(st.integers(0, 11), min_size=1), odd=st.sampled_from(["", "=1+1", "'=x", "ä,"]))
def test_a_checkpoint_without_some_pictures_is_as_if_they_had_not_been_read(
    kept: set[int], odd: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("part") / "part.zip"
    path.write_bytes(made_result(range(12), odd).to_bytes("r"))
    expected = made_result(sorted(kept), odd)
    found = result_of_checkpoint(Checkpoint(path, path.read_bytes()), expected.image_ids)
    assert contents(found) == contents(expected)


def contents(result: ChunkResult) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(result.to_bytes("r"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_checkpoints_without_rows_are_passed_over(tmp_path: Path) -> None:
    save(tmp_path, 0, ["a"], "", rows=False)
    save(tmp_path, 1, ["b"], "kept")
    save(tmp_path, 2, ["c"], "", rows=False)
    images, frame = read(tmp_path)
    assert images == ["a", "b", "c"]
    assert list(frame["image_id"]) == ["b"]


def test_as_many_parts_are_parsed_at_once_as_their_pictures_allow(tmp_path: Path) -> None:
    """Many small parts, but one large one: rows have to fit into memory."""
    for number in range(40):
        save(tmp_path, number, [f"a{number:02d}{k:02d}" for k in range(16)], "small")
    for number in range(40, 43):
        save(tmp_path, number, [f"b{number}{k:03d}" for k in range(300)], "large")
    sizes = [len(images) for images, _ in Checkpoints(tmp_path, "r").frames(ATTRIBUTES)]
    assert sizes == [256, 256, 128 + 300, 300, 300]


def test_index_attributes_are_merged_with_measured_ones(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    index.write_text(
        "path,emotion,sex,age\n" + "".join(f"{n}.png,fear,f{n},\n" for n in range(300)),
        encoding="utf-8",
    )
    for number in range(300):
        Image.new("RGB", (2, 2)).save(tmp_path / f"{number}.png")
    plan = make_plan(Experiment(data=str(index), classifiers=("faceapi",)))
    folder = tmp_path / "parts"
    folder.mkdir()
    names = sorted(f"{number}.png" for number in range(300))
    save(folder, 0, names[:280], "7")
    save(folder, 1, names[280:], "", rows=False)
    record = merge(Described(plan, Checkpoints(folder, "r")), ATTRIBUTES, tmp_path / "a.csv")
    found = ATTRIBUTES.read(tmp_path / "a.csv")
    assert record["rows"] == len(found) == 280 + 300
    sexes = found[found["attribute"] == "sex"]
    assert [f"{value[1:]}.png" for value in sexes["value"]] == list(sexes["image_id"]) == names
    assert set(sexes["source"]) == {"index"}
    assert list(found.loc[found["attribute"] == "face_px", "image_id"]) == names[:280]


# Rows as CSV ------------------------------------------------------------------------------------

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


@settings(max_examples=50)
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
