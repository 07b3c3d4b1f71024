"""CSV files of strangers: their separator, encoding and widths, with the line of each row."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeVar

from maskface.cells import cell_text
from maskface.errors import MaskfaceError
from maskface.files import require_regular_file

T = TypeVar("T")
_SEPARATORS: Final = ",;\t"
"""Where the comma is the decimal mark, Excel writes CSV files with semicolons."""
_DECLARED: Final = re.compile(r'"?sep=([^"\s]|\t)"?\s*', re.IGNORECASE)
"""First line that tells Excel the separator."""
_LONGEST_HEADER: Final = 1_000_000


def read_csv(path: Path, check: Callable[[list[str]], T]) -> tuple[T, list[tuple[int, list[str]]]]:
    """Return what `check` makes of the header, and the rows with the lines on which they end.

    The file is in UTF-8, with columns separated by commas, semicolons or tabs: the most frequent in
    the header, or as in a line ``sep=;`` before it. Empty rows are left out, and the apostrophe
    that keeps spreadsheets from executing a cell (`maskface.cells`) is removed. Raises
    MaskfaceError if it cannot be read, has no rows, or a row has another width than the header.
    """
    try:
        require_regular_file(path)  # a pipe would be waited for
        with path.open(encoding="utf-8-sig", newline="") as stream:
            separator, skipped = _separator(stream)
            lines = csv.reader(stream, strict=True, delimiter=separator)
            header = next(lines, [])
            if not header:
                raise MaskfaceError(f"Cannot read {path} as a CSV table: its first line is empty.")
            checked = check([*map(cell_text, header)])
            rows = [(skipped + lines.line_num, row) for row in lines if any(map(str.strip, row))]
    except UnicodeDecodeError as error:
        raise MaskfaceError(
            f"Cannot read {path}: it is not text in UTF-8 ({error.reason} at byte {error.start}). "
            "Save it again as 'CSV UTF-8'; Excel offers this type under Save As."
        ) from error
    except (OSError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise MaskfaceError(f"Cannot read {path} as a CSV table: {why}.") from error
    if not rows:
        raise MaskfaceError(f"{path} has a header but no rows.")
    _check_widths(rows, len(header), path)
    return checked, [(line, [*map(cell_text, row)]) for line, row in rows]


def _separator(stream: TextIO) -> tuple[str, int]:
    """Return the separator, and the number of lines (0 or 1) read before the header."""
    first = stream.readline(_LONGEST_HEADER)
    if declared := _DECLARED.fullmatch(first):
        return declared[1], 1
    stream.seek(0)
    return max(_SEPARATORS, key=first.count), 0


def _check_widths(rows: Sequence[tuple[int, list[str]]], width: int, path: Path) -> None:
    ragged = [(line, len(row)) for line, row in rows if len(row) != width]
    if ragged:
        line, cells = ragged[0]
        raise MaskfaceError(
            f"{path}, line {line}: {cells} cells, but the header has {width}. Quote "
            f'cells that contain the separator: "a, b". ({len(ragged)} such lines)'
        )
