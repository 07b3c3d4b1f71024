"""Reader of CSV indexes of pictures."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, TextIO

from maskface.cells import cell_text
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
from maskface.files import require_regular_file
from maskface.types import Sample

REQUIRED: Final = ("path", "emotion")
KNOWN: Final = (*REQUIRED, "subject")
Cells = dict[str, str]
_SEPARATORS: Final = ",;\t"
"""Where the comma is the decimal mark, Excel writes CSV files with semicolons."""
_DECLARED: Final = re.compile(r'"?sep=([^"\s]|\t)"?\s*', re.IGNORECASE)
"""First line that tells Excel the separator."""
_LONGEST_HEADER: Final = 1_000_000
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
    try:
        require_regular_file(index)  # a pipe would be waited for
        with index.open(encoding="utf-8-sig", newline="") as stream:
            separator, skipped = _separator(stream)
            lines = csv.reader(stream, strict=True, delimiter=separator)
            header = next(lines, [])
            names = _names(header, index)
            rows = [(skipped + lines.line_num, row) for row in lines if any(map(str.strip, row))]
    except UnicodeDecodeError as error:
        raise MaskfaceError(
            f"Cannot read {index}: it is not text in UTF-8 ({error.reason} at byte {error.start}). "
            "Save it again as 'CSV UTF-8'; Excel offers this type under Save As."
        ) from error
    except (OSError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise MaskfaceError(f"Cannot read {index} as a CSV table: {why}.") from error
    if not rows:
        raise MaskfaceError(f"{index} has a header but no rows.")
    _check_widths(rows, len(header), index)
    return [(line, dict(_named(names, row))) for line, row in rows]


def _separator(stream: TextIO) -> tuple[str, int]:
    """Return the separator, and the number of lines (0 or 1) read before the header."""
    first = stream.readline(_LONGEST_HEADER)
    if declared := _DECLARED.fullmatch(first):
        return declared[1], 1
    stream.seek(0)
    return max(_SEPARATORS, key=first.count), 0


def _named(names: list[str], row: list[str]) -> Iterator[tuple[str, str]]:
    return ((name, cell_text(cell)) for name, cell in zip(names, row, strict=True) if name)


def _names(header: list[str], index: Path) -> list[str]:
    if not header:
        raise MaskfaceError(f"Cannot read {index} as a CSV table: its first line is empty.")
    given = map(cell_text, header)
    return column_names(given, str(index), "Write these names into its first line.")


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


def _check_widths(rows: list[tuple[int, list[str]]], width: int, index: Path) -> None:
    ragged = [(line, len(row)) for line, row in rows if len(row) != width]
    if ragged:
        line, cells = ragged[0]
        raise MaskfaceError(
            f"{index}, line {line}: {cells} cells, but the header has {width}. Quote "
            f'cells that contain the separator: "a, b". ({len(ragged)} such lines)'
        )


def _image_id(path: str, line: int, index: Path) -> str:
    """Return the normalized path below the folder of the index; raise if it leaves the folder."""
    pure = PurePosixPath(path.strip().replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or ":" in pure.parts[0]:
        raise MaskfaceError(
            f"{index}, line {line}: the path {quoted(path)} does not stay inside {index.parent}. "
            "Give paths relative to the index file, such as anger/T01_1.jpg."
        )
    return pure.as_posix()
