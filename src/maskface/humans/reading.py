"""Trial tables of strangers: CSV and JSON files of text, and the fields that a map finds in them.

Control characters become blanks here; cells that a spreadsheet would take for a formula are dealt
with wherever a table is written (`maskface.cells`).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.humans.column_map import (
    FILE,
    PATTERN,
    ColumnMap,
    Columns,
    Names,
    Wide,
    groups_of,
    normalise,
    search,
    starting_map,
)

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_HALF: Final = re.compile(r"[\ud800-\udfff]")


def harmless(texts: pd.Series) -> pd.Series:
    """Replace control characters in cells by blanks."""
    change = {text: harmless_text(str(text)) for text in texts.unique()}
    return texts.map(change).astype(object)


def harmless_text(text: str) -> str:
    """Replace control characters in a text by blanks."""
    return _CONTROL.sub(" ", text)


def listed(names: Iterable[str]) -> str:
    """List names of columns for a message."""
    return ", ".join(harmless_text(name) for name in names)


_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".csv.gz")
_SEPARATORS: Final = ",;\t"
_N_QUALTRICS_ROWS: Final = 2
_LONGEST_HEADER: Final = 1_000_000
_LONGEST_CELL: Final = 100_000_000
_PIECE: Final = 1_000_000
_PIECES: Final = 1000
"""Size of a packed table at most: 1 GB, for which Pandas needs some GB of memory."""
_CONTAINERS: Final = ("data", "trials", "results", "rows", "records")
"""Keys of an object in JSON that hold its trials."""
_BLANK: Final = re.compile(r"\s*")
_DECIMAL_COMMA: Final = re.compile(r"\s*[+-]?\d*,\d+\s*")


@dataclass(frozen=True, slots=True)
class Source:
    """A trial table."""

    path: Path  # the file
    header: tuple[str, ...]  # names of its columns
    separator: str  # between cells; empty for JSON
    # Second row of headers of a Qualtrics table (the text of the question), by column.
    texts: dict[str, str]

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """Read some columns as text, with empty cells where a value is missing.

        Raises MaskfaceError if the file cannot be read, a row has more or fewer cells than the
        header, or one of the columns is there twice.
        """
        if twice := [name for name in dict.fromkeys(columns) if self.header.count(name) > 1]:
            raise MaskfaceError(
                f"{self.path} has several columns named {harmless_text(twice[0])!r}. Give them "
                "different names, and name the right one in the map."
            )
        if not self.separator:
            return _json_frame(self.path)[list(columns)]
        places = [self.header.index(name) for name in columns]
        skipped = _N_QUALTRICS_ROWS if self.texts else 0
        rows = _csv_rows(self.path, self.separator)
        cells = [[row[place] for place in places] for row in islice(rows, 1 + skipped, None)]
        return pd.DataFrame(cells, columns=list(columns), dtype=object)

    def sha256(self) -> str:
        """Return the hash of the bytes of the file."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def find_files(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """List files and the trial tables in folders, sorted, and note the files that are passed over.

    Raises MaskfaceError if a path is missing, a folder has no table, or two files are the same.
    """
    found: list[Path] = []
    notes: list[str] = []
    for path in paths:
        if path.is_dir():
            tables, others = _tables_in(path)
            found += tables
            if others:
                notes.append(f"{path} has other files that were not read: {_some(others)}.")
        elif path.is_file():
            found.append(path)
        else:
            raise MaskfaceError(
                f"There is no file or folder {path}. Give trial tables ({', '.join(_SUFFIXES)}), "
                "or folders of them."
            )
    if len({path.resolve() for path in found}) < len(found):
        raise MaskfaceError("A file is named twice: its trials would count twice. Name it once.")
    return _without_empty(found, notes)


def _without_empty(found: list[Path], notes: list[str]) -> tuple[list[Path], list[str]]:
    empty = [path for path in found if not path.stat().st_size]
    if len(empty) == len(found):
        raise MaskfaceError(f"Cannot read {empty[0]}: the file is empty.")
    if empty:
        notes.append(f"Empty files were passed over: {_some([p.name for p in empty])}.")
    return [path for path in found if path not in empty], notes


def _tables_in(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the trial tables in a folder, and the names of its other files but hidden ones."""
    there = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    tables = [path for path in there if path.name.lower().endswith(_SUFFIXES)]
    if not tables:
        raise MaskfaceError(f"{folder} holds no trial table ({', '.join(_SUFFIXES)}).")
    return tables, [path.name for path in there if path not in tables]


def _some(names: Sequence[str], most: int = 5) -> str:
    further = f" and {len(names) - most} more" if len(names) > most else ""
    return listed(names[:most]) + further


def open_source(path: Path) -> Source:
    """Read the header of a trial table.

    Raises MaskfaceError if it cannot be read or has no columns.
    """
    first = _first_line(path)
    if path.name.lower().endswith((".json", ".jsonl")) or first.lstrip()[:1] in ("[", "{"):
        return Source(path, tuple(_json_frame(path).columns), "", {})
    _check_packed(path)
    separator = max(_SEPARATORS, key=first.count)
    header, *top = islice(_csv_rows(path, separator), 1 + _N_QUALTRICS_ROWS)
    is_qualtrics = len(top) == _N_QUALTRICS_ROWS and "ImportId" in top[1][0]
    texts = dict(zip(header, top[0], strict=True)) if is_qualtrics else {}
    if not is_qualtrics and top and "ResponseId" in header:
        _check_one_header(path, [row[header.index("ResponseId")] for row in top])
    return Source(path, tuple(header), separator, texts)


def _check_one_header(path: Path, first: Sequence[str]) -> None:
    """Raise `MaskfaceError` if a Qualtrics table has two rows of headers, as older exports."""
    if not first[0].startswith("R_") and all(one.startswith("R_") for one in first[1:]):
        raise MaskfaceError(
            f"{path}: the second line holds the texts of the questions, as in older exports of "
            "Qualtrics. Delete that line, or export the table again with three rows of headers."
        )


def _check_packed(path: Path) -> None:
    """Raise `MaskfaceError` for a packed file that would fill the memory."""
    if path.suffix != ".gz":
        return
    with _told(path), gzip.open(path) as stream:
        size = sum(map(len, islice(iter(lambda: stream.read(_PIECE), b""), _PIECES + 1)))
    if size > _PIECE * _PIECES:
        raise MaskfaceError(
            f"{path} has more than {_PIECE * _PIECES:,} bytes when it is unpacked. If you trust "
            "it, unpack it and read that file."
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn errors of reading a file into `MaskfaceError`."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise MaskfaceError(
            f"Cannot read {path} as CSV in UTF-8: {error.reason} at byte {error.start}. Unpack "
            "archives, and save sheets as 'CSV UTF-8'."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise MaskfaceError(f"Cannot read {path}: {error}.") from error


def _first_line(path: Path) -> str:
    with _told(path), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return stream.readline(_LONGEST_HEADER).decode("utf-8-sig", "replace")


def _csv_rows(path: Path, separator: str) -> Iterator[list[str]]:
    """Yield the rows of a CSV file, which all have as many cells as the header, the first one.

    A last cell without a name is dropped if it is there, and empty, in every row.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with _told(path), opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        limit = csv.field_size_limit(_LONGEST_CELL)
        try:
            header = next(filter(None, reader), [])
            if not header:
                raise MaskfaceError(f"Cannot read {path}: the file has no header.")
            yield header
            extra = 0
            for number, row in enumerate(filter(None, reader)):
                if number == 0 and len(row) == len(header) + 1 and not row[-1]:
                    extra = 1
                if len(row) != len(header) + extra or (extra and row[-1]):
                    raise MaskfaceError(_wrong_width(path, reader.line_num, row, header, separator))
                yield row[: len(header)]
        except csv.Error as error:
            raise MaskfaceError(
                f"Cannot read {path} as CSV in UTF-8: line {reader.line_num}: {error}. Double the "
                "quotes inside a cell, and put the cell in quotes. Unpack archives, and save "
                "sheets as 'CSV UTF-8'."
            ) from error
        finally:
            csv.field_size_limit(limit)


def _wrong_width(
    path: Path, line: int, row: Sequence[str], header: Sequence[str], separator: str
) -> str:
    shown = {"\t": "tab"}.get(separator, separator)
    return (
        f"{path}, line {line}: the row has {len(row)} cells, and the header has {len(header)}. Put "
        f"cells that hold the separator ({shown}) in double quotes, or mend the row."
    )


def _json_frame(path: Path) -> pd.DataFrame:
    """Read the trials of a JSON file: values one behind the other, of lists and objects."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = [_cells(row) for value in _json_values(text) for row in _json_rows(value)]
    except (OSError, ValueError, RecursionError) as error:
        raise MaskfaceError(f"Cannot read {path} as JSON: {error}.") from error
    if not rows:
        raise MaskfaceError(f"{path} holds no trials: a list of objects is needed.")
    return pd.DataFrame(rows).fillna("")


def _json_values(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _BLANK.match(text, at).end()  # type: ignore[union-attr]  # may match nothing


def _json_rows(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the trials in a value: in lists, in texts of JSON, and inside objects.

    What stands beside the trials of an object, such as the name of the observer, is added to each.
    """
    if isinstance(value, str):
        value = json.loads(value)  # JSON inside of JSON
    if isinstance(value, list):
        for item in value:
            yield from _json_rows(item) if item is not None else ()
    elif isinstance(value, dict):
        yield from _rows_of_object(value)
    else:
        raise ValueError(f"{value!r} is no trial")  # noqa: TRY004 (what JSON raises)


def _rows_of_object(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inside = [key for key, held in value.items() if key in _CONTAINERS and _is_container(held)]
    if len(inside) == 1:
        beside = {key: held for key, held in value.items() if key != inside[0]}
        yield from (beside | row for row in _json_rows(value[inside[0]]))
    elif value and all(_is_container(held) for held in value.values()):
        for key, held in value.items():
            yield from ({"key": key} | row for row in _json_rows(held))
    else:
        yield value


def _is_container(value: Any) -> bool:
    """Return whether a value holds trials: a list of objects, or an object of several values."""
    if isinstance(value, str):
        return value.lstrip()[:2] in ("[{", "[[")
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict | list | None) for one in value)
    return isinstance(value, dict) and len(value) > 1


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """Return the values of a trial as text: of objects, each value as a column of its own too."""
    cells: dict[str, str] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            cells |= {f"{key}.{name}": _text(held) for name, held in value.items()}
        cells[key] = _text(value)
    # JSON may escape half a character (\ud800), which no table can hold.
    return {_HALF.sub(" ", name): _HALF.sub(" ", text) for name, text in cells.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and len(value) == 1:
        return _text(next(iter(value.values())))
    return value if isinstance(value, str) else json.dumps(value)


FIELDS: Final = tuple(Columns.model_fields)
ATTENTION: Final = "attention"
KEPT: Final = "kept"
EXCLUDED: Final = "excluded"
_NUMBERS: Final = ("rt", "confidence")


def read_rows(source: Source, column_map: ColumnMap) -> pd.DataFrame:
    """Read the rows of one file as text, with a column for each of `Columns`, which may be empty.

    Further columns are ``attention`` (the answer to a check, if any), ``kept`` (bool: the row
    passes the filters of the map) and ``excluded`` (the column by whose value the map excludes the
    row, if any). Raises MaskfaceError if the file lacks a column that the map or the analysis
    needs.
    """
    if column_map.wide is not None:
        return _wide_rows(source, column_map, column_map.wide)
    found = _find_columns(source, column_map)
    pattern = column_map.pattern
    wanted = {column for column in found.values() if column != FILE}
    cells = _read_cells(source, column_map, wanted | ({pattern.column} if pattern else set()))
    rows = _named(cells, found, source)
    if pattern:
        rows = _from_pattern(rows, cells[pattern.column], pattern.regex)
    return _marked(rows, cells, source, column_map)


def _read_cells(source: Source, column_map: ColumnMap, wanted: set[str]) -> pd.DataFrame:
    """Read some columns, and those that the map filters and excludes by."""
    check = column_map.exclude.attention
    needed = [column_map.pattern.column] if column_map.pattern else []
    needed += [*column_map.keep, *([check.column] if check else [])]
    missing = [name for name in needed if name not in source.header]
    if missing:
        raise MaskfaceError(
            f"{source.path} has no column {', '.join(map(repr, missing))}, which the map names. "
            f"It has: {listed(source.header)}."
        )
    wanted = wanted | {*needed, *column_map.keep_if_there, *column_map.exclude.rows}
    return source.read([name for name in source.header if name in wanted])


def _marked(
    rows: pd.DataFrame, cells: pd.DataFrame, source: Source, column_map: ColumnMap
) -> pd.DataFrame:
    """Add to rows what the map filters and excludes by; turn decimal commas into points."""
    check = column_map.exclude.attention
    rows[ATTENTION] = cells[check.column] if check else ""
    rows[KEPT] = True
    for column, allowed in (column_map.keep | column_map.keep_if_there).items():
        if column in cells:
            rows[KEPT] &= _fits(cells[column], allowed, f"keep.{column}")
    rows[EXCLUDED] = ""
    for column, values in column_map.exclude.rows.items():
        if column in cells:
            hit = _fits(cells[column], values, f"exclude.rows.{column}")
            rows.loc[hit & (rows[EXCLUDED] == ""), EXCLUDED] = column
    if source.separator not in ("", ","):
        for field in _NUMBERS:
            rows[field] = _with_points(rows[field], source)
    return rows


def _with_points(texts: pd.Series, source: Source) -> pd.Series:
    commas = texts.str.fullmatch(_DECIMAL_COMMA)
    points = texts.str.contains(".", regex=False)
    if commas.any() and points.any():
        raise MaskfaceError(
            f"{source.path} has numbers with decimal commas and with points in one column: "
            f"{texts[commas].iloc[0]!r} and {texts[points].iloc[0]!r}. Write all with points."
        )
    return texts.where(~commas, texts.str.replace(",", ".", regex=False))


def _fits(cells: pd.Series, allowed: Names, key: str) -> pd.Series:
    """Return which cells have one of the values, or match one of the patterns, of a map."""
    texts = {normalise(value) for value in allowed if not value.startswith(PATTERN)}
    known = {text: normalise(text) in texts for text in cells.unique()}
    for value in (value for value in allowed if value.startswith(PATTERN)):
        known |= dict.fromkeys(_fitting(value, known, key), True)
    return cells.map(known).astype(bool)


def _find_columns(source: Source, column_map: ColumnMap) -> dict[str, str]:
    header = source.header
    named = {field: getattr(column_map.columns, field) for field in FIELDS}
    found = {field: _first(names, header, field) for field, names in named.items()}
    given = groups_of(column_map.pattern.regex, FIELDS) if column_map.pattern else ()
    needed = ["observer", "emotion", "condition", "response"]
    needed += ["question"] if column_map.design == "yes_no" else []
    missing = [field for field in needed if not found[field] and field not in given]
    if missing:
        raise MaskfaceError(_missing_columns(missing, source, column_map))
    return {field: column for field, column in found.items() if column and field not in given}


def _first(names: Names, header: Sequence[str], field: str) -> str:
    for name in names:
        if name == FILE or name in header:
            return name
        if name.startswith(PATTERN):
            fitting = _fitting(name, header, f"columns.{field}")
            if len(fitting) > 1:
                raise MaskfaceError(
                    f"More than one column fits {name!r}: {listed(fitting)}. Name one of them "
                    "in the map."
                )
            if fitting:
                return fitting[0]
    return ""


def _fitting(name: str, texts: Iterable[str], key: str) -> list[str]:
    """Return the texts that a name beginning with ``re:`` matches."""
    found = search(name.removeprefix(PATTERN), texts, (), key)
    return [text for text, groups in found.items() if groups is not None]


def _missing_columns(missing: list[str], source: Source, column_map: ColumnMap) -> str:
    tried = [
        f"{field} ({', '.join(getattr(column_map.columns, field)) or 'no name given'})"
        for field in missing
    ]
    return (
        f"{source.path}: no column was found for {'; '.join(tried)}. The file has: "
        f"{listed(source.header)}.\n"
        f"The map in use is {column_map.platform or 'plain'!r}. Save the lines below as map.toml, "
        "complete them, and add --map map.toml.\n\n"
        + starting_map(source.header, column_map.design)
    )


def _named(cells: pd.DataFrame, found: dict[str, str], source: Source) -> pd.DataFrame:
    rows = pd.DataFrame("", index=cells.index, columns=list(FIELDS), dtype=object)
    for field, column in found.items():
        rows[field] = source.path.name.split(".")[0] if column == FILE else cells[column]
    return rows


def _from_pattern(rows: pd.DataFrame, texts: pd.Series, regex: str) -> pd.DataFrame:
    """Fill in fields from named groups; rows whose text does not match are no trials."""
    found = search(regex, texts.unique(), FIELDS, "pattern.regex")
    for field in groups_of(regex, FIELDS):
        rows[field] = texts.map({text: (m or {}).get(field, "") for text, m in found.items()})
    return rows


def _wide_rows(source: Source, column_map: ColumnMap, wide: Wide) -> pd.DataFrame:
    observer = _first(column_map.columns.observer, source.header, "observer")
    titles = {c: source.texts.get(c, "") if wide.header == "text" else c for c in source.header}
    found = search(wide.regex, titles.values(), FIELDS, "wide.regex")
    fitting = {c: m for c, title in titles.items() if (m := found[title]) is not None}
    if not fitting or not observer:
        raise MaskfaceError(
            f"{source.path}: no column of answers fits {wide.regex!r}, or there is no column for "
            f"the observer. The file has: {listed(source.header)}."
        )
    times = {c: c + wide.rt_suffix for c in fitting if wide.rt_suffix}
    cells = _read_cells(source, column_map, {observer, *fitting, *times.values()})
    parts: list[pd.DataFrame] = []
    for column, match in fitting.items():
        part = _named(cells, {"observer": observer, "response": column}, source)
        for field, value in match.items():
            part[field] = value
        part["image"] = part["image"].where(part["image"] != "", column)
        if times.get(column) in cells:
            part["rt"] = cells[times[column]]
        parts.append(_marked(part, cells, source, column_map))
        if len(parts) > 1:
            parts[-1][ATTENTION] = ""  # a check counts once
    return pd.concat(parts, ignore_index=True)
