"""Contact sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskface.errors import MaskfaceError
from maskface.gallery import (
    PAPER,
    check_out,
    draw_gallery,
    every_occluder,
    example_faces,
    find_faces,
    fold,
    read_faces,
    shorten,
)
from maskface.images import IMAGE_SUFFIXES, write_image
from maskface.types import FaceLandmarks, ImageArray
from tests.fixtures.faces import made_landmarks, made_picture

FACE = made_landmarks()
PICTURE = made_picture(FACE)


class Found:
    """A detector that finds the made face in pictures that are not grey."""

    fingerprint = "found"

    def detect(self, image: ImageArray) -> tuple[FaceLandmarks, ...]:
        return (FACE,) if image.std() > 1 else ()

    def close(self) -> None:
        """Nothing to do."""


def sheet(faces: int, occluders: int, columns: int = 8, label: str = "") -> ImageArray:
    names = ["none", "surgical", *(f"surgical:colour=#0000{i:02d}" for i in range(10, 30))]
    return draw_gallery(
        [(label, PICTURE)] * faces, names[:occluders], size=64, columns=columns, detector=Found()
    )


def test_cells_show_the_face_and_what_it_wears() -> None:
    drawn = sheet(1, 2)
    plain, masked = drawn[-60:-6, 10:60], drawn[-60:-6, 76:126]
    changed = np.abs(plain.astype(int) - masked).max(axis=2) > 40
    assert changed[30:].mean() > 0.2
    assert changed[:15].mean() < 0.05


@pytest.mark.parametrize(
    ("occluders", "columns", "shape"),
    [(3, 8, (1, 3)), (9, 8, (2, 5)), (7, 3, (3, 3)), (4, 1, (4, 1))],
)
def test_many_occluders_go_into_bands_of_even_length(
    occluders: int, columns: int, shape: tuple[int, int]
) -> None:
    drawn = sheet(2, occluders, columns)
    bands, wide = shape
    assert wide * 64 < drawn.shape[1] < wide * 80
    assert bands * 2 * 64 < drawn.shape[0] < bands * 2 * 90


def test_row_labels_take_room_only_if_there_are_any() -> None:
    assert sheet(1, 2, label="anna").shape[1] > sheet(1, 2).shape[1]
    margin = sheet(1, 2, label="anna")[-64:, :12]
    assert (margin != PAPER).any()


def test_a_seed_gives_the_same_sheet() -> None:
    assert np.array_equal(sheet(1, 3), sheet(1, 3))


@pytest.mark.parametrize(
    ("faces", "change", "words"),
    [
        ([], {}, "at least one face"),
        ([("a", PICTURE)], {"size": 8}, "Try --size"),
        ([("a", PICTURE)], {"columns": 0}, "Try --columns"),
        ([("a", PICTURE)], {"occluders": ["surgicl"]}, "Did you mean 'surgical'"),
        ([("a", PICTURE)] * 200, {"size": 1000}, "smaller --size"),
        ([("anna", np.full((99, 99, 3), 9, np.uint8))], {}, "No face found in anna"),
    ],
)
def test_mistakes(
    faces: list[tuple[str, ImageArray]], change: dict[str, object], words: str
) -> None:
    options: dict[str, object] = {"occluders": ["none"], "size": 64, "detector": Found()}
    with pytest.raises(MaskfaceError, match=words):
        draw_gallery(faces, **(options | change))  # type: ignore[arg-type]


def test_a_sheet_that_can_be_drawn_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    height, width = sheet(2, 3).shape[:2]
    monkeypatch.setattr("maskface.gallery.MAX_PIXELS", height * width)
    assert sheet(2, 3).shape[:2] == (height, width)
    monkeypatch.setattr("maskface.gallery.MAX_PIXELS", height * width - 1)
    with pytest.raises(MaskfaceError, match=r"2 faces with 3 occluders .* more than"):
        sheet(2, 3)


def test_where_a_sheet_cannot_go_is_told_before_it_is_drawn(tmp_path: Path) -> None:
    face = tmp_path / "anna.png"
    write_image(face, PICTURE)
    check_out(tmp_path / "new" / "sheet.jpg", [face])
    for out, words in (
        (tmp_path / "sheet.gif", r"sheet\.gif is not the name .* gallery\.png"),
        (tmp_path, "is not the name of a picture"),
        (tmp_path / "x" / ".." / "anna.png", "is one of the faces and would be overwritten"),
    ):
        with pytest.raises(MaskfaceError, match=words):
            check_out(out, [face])


def test_folders_stand_for_their_pictures(tmp_path: Path) -> None:
    for name in ("b.png", "in/a.png", "in/deep/c.png", "in/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_faces([tmp_path / "b.png", tmp_path / "in"])
    assert [path.name for path in found] == ["b.png", "a.png", "c.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaskfaceError, match=r"empty holds no pictures \(.*\.png"):
        find_faces([tmp_path / "empty"])


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("no")
    with pytest.raises(MaskfaceError, match=r"x\.png: not a picture"):
        read_faces([tmp_path / "x.png"])
    write_image(tmp_path / "y.png", PICTURE)
    assert [label for label, _ in read_faces([tmp_path / "y.png"])] == ["y"]


def test_examples_are_there_and_the_plain_face_comes_first() -> None:
    assert all(path.is_file() and path.suffix in IMAGE_SUFFIXES for path in example_faces())
    names = every_occluder()
    assert names[0] == "none"
    assert "surgical" in names


def test_long_names_are_folded_and_shortened() -> None:
    assert fold("surgical:colour=white,top=0.5", 100, 12) == [
        "surgical:",
        "colour=white,",
        "top=0.5",
    ]
    assert "".join(fold("tears+surgical", 1000, 12)) == "tears+surgical"
    assert shorten("a" * 99, 50, 12).endswith("...")
    assert shorten("short", 100, 12) == "short"
