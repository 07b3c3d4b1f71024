"""Reader of CSV indexes of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from maskface.csv_files import read_csv
from maskface.datasets.base import Dataset
from maskface.datasets.labels import (
    emotion_of,
    printable,
    quoted,
    require_emotions,
    require_inside,
    require_printable,
)
from maskface.datasets.registry import DATASET_READERS
from maskface.errors import MaskfaceError
from maskface.types import Sample

REQUIRED: Final = ("path", "emotion")
KNOWN: Final = (*REQUIRED, "subject")
Cells = dict[str, str]
LABEL_ADVICE: Final = "Write one of these labels, or leave the row out (for example contempt)."


@DATASET_READERS.register("index")
def read_index(path: Path) -> Dataset:
    """Read a CSV index with the columns path,emotion[,subject]; the set is named after its folder.

    `path` is the file, or a folder with an ``index.csv``. It is in UTF-8, with columns separated by
    commas, semicolons or tabs: the most frequent in the header, or as in a line ``sep=;`` before
    it. Paths are relative to its folder and stay inside it; labels may have any spelling of
    `maskface.datasets.SPELLINGS`; the case of the three names does not matter. Other columns become
    `Sample.attributes`; columns without a name and empty rows are left out. Control characters in
    cells become blanks; the apostrophe that keeps spreadsheets from executing a cell
    (`maskface.cells`) is removed. Pictures that are missing on disk are listed too, and have rows
    with status error in the results.

    Raises MaskfaceError if a column is missing or named twice, the file has no rows, a row has more
    or fewer cells than the header, a label is unknown, a path leaves the folder (also by a link),
    or a path appears twice.
    """
    index = path / "index.csv" if path.is_dir() else path
    rows = _read_rows(index)
    labels = ((cells["emotion"], f"line {line}") for line, cells in rows)
    require_emotions(labels, str(index), LABEL_ADVICE)
    require_printable((cells["path"].strip() for _, cells in rows), str(index))
    samples = tuple(_sample(index, line, cells) for line, cells in rows)
    dataset = Dataset(index.parent.resolve().name, samples)
    require_inside(samples, index.parent)
    return dataset


def _sample(index: Path, line: int, cells: Cells) -> Sample:
    image_id = _image_id(cells["path"], line, index)
    attributes = {
        name: printable(cell).strip() for name, cell in cells.items() if name not in KNOWN
    }
    return Sample(
        image_id,
        index.parent / image_id,
        emotion_of(cells["emotion"]) or "",
        printable(cells.get("subject", "")).strip(),
        tuple((name, attributes[name]) for name in sorted(attributes) if attributes[name]),
    )


def _read_rows(index: Path) -> list[tuple[int, Cells]]:
    """Return the rows with the lines on which they end."""
    advice = "Write these names into its first line."
    names, rows = read_csv(index, lambda header: column_names(header, str(index), advice))
    return [(line, {n: c for n, c in zip(names, row, strict=True) if n}) for line, row in rows]


def column_names(given: Iterable[str], source: str, advice: str) -> list[str]:
    """Return the names of columns, those in `KNOWN` in lower case.

    Raises MaskfaceError if a column is named twice, or one of `REQUIRED` is missing; `source` and
    `advice` are parts of the message.
    """
    plain = (printable(name).strip() for name in given)
    names = [name.lower() if name.lower() in KNOWN else name for name in plain]
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise MaskfaceError(
            f"{source} has the column {quoted(twice[0])} twice. Leave one out, or rename it."
        )
    missing = [column for column in REQUIRED if column not in names]
    if missing:
        raise MaskfaceError(
            f"{source} has the columns {', '.join(name[:80] for name in names if name) or 'none'}, "
            f"but it needs {' and '.join(REQUIRED)} (and may have subject). Missing: "
            f"{', '.join(missing)}. {advice}"
        )
    return names


def _image_id(path: str, line: int, index: Path) -> str:
    """Return the normalized path below the folder of the index; raise if it leaves the folder."""
    pure = PurePosixPath(path.strip().replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or ":" in pure.parts[0]:
        raise MaskfaceError(
            f"{index}, line {line}: the path {quoted(path)} does not stay inside {index.parent}. "
            "Give paths relative to the index file, such as anger/T01_1.jpg."
        )
    return pure.as_posix()
