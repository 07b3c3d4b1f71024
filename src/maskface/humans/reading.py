"""Trial tables of strangers: CSV and JSON files of text, and the fields that a map finds in them.

Control characters become blanks here; cells that a spreadsheet would take for a formula are dealt
with wherever a table is written (`maskface.cells`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Sequence
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
    search,
    starting_map,
)

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


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
_PIECE: Final = 1_000_000
_PIECES: Final = 1000
"""Size of a packed table at most: 1 GB, for which Pandas needs some GB of memory."""


@dataclass(frozen=True, slots=True)
class Source:
    """A trial table.

    Attributes
    ----------
    path
        The file.
    header
        Names of its columns.
    separator
        Between cells; empty for JSON.
    texts
        Second row of headers of a Qualtrics table (the text of the question), by column.
    """

    path: Path
    header: tuple[str, ...]
    separator: str
    texts: dict[str, str]

    def read(self, columns: Sequence[str]) -> pd.DataFrame:
        """Read some columns as text, with empty cells where a value is missing.

        Raises
        ------
        MaskfaceError
            If the file cannot be read.
        """
        if not self.separator:
            return _json_frame(self.path)[list(columns)]
        skipped = range(1, 1 + _N_QUALTRICS_ROWS) if self.texts else None
        return _csv(self.path, self.separator, usecols=list(columns), skiprows=skipped)

    def sha256(self) -> str:
        """Return the hash of the bytes of the file."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List files, and the trial tables in folders, sorted.

    Raises
    ------
    MaskfaceError
        If a path is missing, a folder has no table, or two paths are the same file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            tables = sorted(p for p in path.iterdir() if p.name.endswith(_SUFFIXES))
            if not tables:
                raise MaskfaceError(f"{path} holds no trial table ({', '.join(_SUFFIXES)}).")
            found += tables
        elif path.is_file():
            found.append(path)
        else:
            raise MaskfaceError(
                f"There is no file or folder {path}. Give trial tables ({', '.join(_SUFFIXES)}), "
                "or folders of them."
            )
    if len({path.resolve() for path in found}) < len(found):
        raise MaskfaceError("A file is named twice: its trials would count twice. Name it once.")
    return found


def open_source(path: Path) -> Source:
    """Read the header of a trial table.

    Raises
    ------
    MaskfaceError
        If it cannot be read or has no columns.
    """
    if path.name.endswith((".json", ".jsonl")):
        return Source(path, tuple(_json_frame(path).columns), "", {})
    _check_packed(path)
    separator = max(_SEPARATORS, key=_first_line(path).count)
    top = _csv(path, separator, nrows=_N_QUALTRICS_ROWS)
    header = tuple(map(str, top.columns))
    is_qualtrics = len(top) == _N_QUALTRICS_ROWS and "ImportId" in str(top.iloc[1, 0])
    texts = dict(zip(header, map(str, top.iloc[0]), strict=True)) if is_qualtrics else {}
    return Source(path, header, separator, texts)


def _check_packed(path: Path) -> None:
    """Raise `MaskfaceError` for a packed file that would fill the memory."""
    if path.suffix != ".gz":
        return
    try:
        with gzip.open(path) as stream:
            size = sum(map(len, islice(iter(lambda: stream.read(_PIECE), b""), _PIECES + 1)))
    except (OSError, EOFError, zlib.error) as error:
        raise MaskfaceError(f"Cannot read {path}: {error}.") from error
    if size > _PIECE * _PIECES:
        raise MaskfaceError(
            f"{path} has more than {_PIECE * _PIECES:,} bytes when it is unpacked. If you trust "
            "it, unpack it and read that file."
        )


def _first_line(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return stream.readline(_LONGEST_HEADER).decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error) as error:
        raise MaskfaceError(f"Cannot read {path}: {error}.") from error


def _csv(path: Path, separator: str, **options: Any) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig",
            # Pandas would unpack other archives, too, however large what they hold.
            compression="gzip" if path.suffix == ".gz" else None, **options,
        )  # fmt: skip
    except (OSError, ValueError, EOFError) as error:
        told = " ".join(str(error).split())
        raise MaskfaceError(
            f"Cannot read {path} as CSV in UTF-8: {told}. Unpack archives, and save sheets as "
            "'CSV UTF-8'."
        ) from error
    return frame


def _json_frame(path: Path) -> pd.DataFrame:
    """Read a JSON file: a list of trials, lists of them, or one JSON value per line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        try:
            values = [json.loads(text)]
        except ValueError:
            values = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise MaskfaceError(f"Cannot read {path} as JSON: {error}.") from error
    rows = list(_rows(values))
    if not rows:
        raise MaskfaceError(f"{path} holds no trials: a list of objects is needed.")
    return pd.DataFrame([{str(k): _text(v) for k, v in row.items()} for row in rows]).fillna("")


def _rows(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _rows(item)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


FIELDS: Final = tuple(Columns.model_fields)
ATTENTION: Final = "attention"
KEPT: Final = "kept"


def read_rows(source: Source, column_map: ColumnMap) -> pd.DataFrame:
    """Read the rows of one file.

    Returns
    -------
    pandas.DataFrame
        Text. A column for each of `Columns` (empty where the file has nothing), ``attention``
        (the answer to a check, if any) and ``kept`` (bool: the row passes the filters of the map).

    Raises
    ------
    MaskfaceError
        If the file lacks a column that the map or the analysis needs.
    """
    if column_map.wide is not None:
        return _wide_rows(source, column_map, column_map.wide)
    found = _find_columns(source.header, column_map)
    filters = _filters(source, column_map)
    wanted = {column for column in found.values() if column != FILE} | set(filters)
    check = column_map.exclude.attention
    texts = [column_map.pattern.column] if column_map.pattern else []
    texts += [check.column] if check else []
    _require(source, texts)
    cells = source.read([c for c in source.header if c in wanted | set(texts)])
    rows = _named(cells, found, source)
    if column_map.pattern:
        rows = _from_pattern(rows, cells[column_map.pattern.column], column_map.pattern.regex)
    rows[ATTENTION] = cells[check.column] if check else ""
    rows[KEPT] = _passes(cells, filters)
    return rows


def _find_columns(header: Sequence[str], column_map: ColumnMap) -> dict[str, str]:
    named = {field: getattr(column_map.columns, field) for field in FIELDS}
    found = {field: _first(names, header, field) for field, names in named.items()}
    given = groups_of(column_map.pattern.regex, FIELDS) if column_map.pattern else ()
    needed = ["observer", "emotion", "condition", "response"]
    needed += ["question"] if column_map.design == "yes_no" else []
    missing = [field for field in needed if not found[field] and field not in given]
    if missing:
        raise MaskfaceError(_missing_columns(missing, header, column_map))
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


def _missing_columns(missing: list[str], header: Sequence[str], column_map: ColumnMap) -> str:
    tried = [
        f"{field} ({', '.join(getattr(column_map.columns, field)) or 'no name given'})"
        for field in missing
    ]
    return (
        f"No column was found for {'; '.join(tried)}. The file has: {listed(header)}.\n"
        f"The map in use is {column_map.platform or 'plain'!r}. Save the lines below as map.toml, "
        "complete them, and add --map map.toml.\n\n" + starting_map(header, column_map.design)
    )


def _require(source: Source, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in source.header]
    if missing:
        raise MaskfaceError(
            f"{source.path} has no column {', '.join(map(repr, missing))}, which the map names. "
            f"It has: {listed(source.header)}."
        )


def _filters(source: Source, column_map: ColumnMap) -> dict[str, Names]:
    _require(source, list(column_map.keep))
    there = {k: v for k, v in column_map.keep_if_there.items() if k in source.header}
    return column_map.keep | there


def _named(cells: pd.DataFrame, found: dict[str, str], source: Source) -> pd.DataFrame:
    rows = pd.DataFrame("", index=cells.index, columns=list(FIELDS), dtype=object)
    for field, column in found.items():
        rows[field] = _stem(source) if column == FILE else cells[column]
    return rows


def _stem(source: Source) -> str:
    return source.path.name.split(".")[0]


def _passes(cells: pd.DataFrame, filters: dict[str, Names]) -> pd.Series:
    passes = pd.Series(data=True, index=cells.index)
    for column, allowed in filters.items():
        plain = [value for value in allowed if not value.startswith(PATTERN)]
        fits = cells[column].isin(plain)
        for value in set(allowed) - set(plain):
            fits |= cells[column].isin(_fitting(value, cells[column].unique(), f"keep.{column}"))
        passes &= fits
    return passes


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
    check = column_map.exclude.attention
    filters = _filters(source, column_map)
    _require(source, [check.column] if check else [])
    times = {c: c + wide.rt_suffix for c in fitting if wide.rt_suffix}
    wanted = {observer, *fitting, *filters, *times.values()} | ({check.column} if check else set())
    cells = source.read([c for c in source.header if c in wanted])
    parts: list[pd.DataFrame] = []
    for column, match in fitting.items():
        part = _named(cells, {"observer": observer, "response": column}, source)
        for field, value in match.items():
            part[field] = value
        part["image"] = part["image"].where(part["image"] != "", column)
        if times.get(column) in cells:
            part["rt"] = cells[times[column]]
        part[ATTENTION] = cells[check.column] if check and not parts else ""
        part[KEPT] = _passes(cells, filters)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
