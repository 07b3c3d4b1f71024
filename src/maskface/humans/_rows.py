"""From files to one table of text with a column for each field that the map finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from maskface.errors import MaskfaceError
from maskface.humans._files import Source
from maskface.humans._harmless import listed
from maskface.humans._map import FILE, PATTERN, ColumnMap, Columns, Names, Wide
from maskface.humans._patterns import groups_of, search
from maskface.humans._start import starting_map

FIELDS: Final = tuple(Columns.model_fields)
ATTENTION: Final = "attention"
KEPT: Final = "kept"


def read_rows(source: Source, column_map: ColumnMap) -> pd.DataFrame:
    """Read the rows of one file.

    Returns
    -------
    pandas.DataFrame
        Text. A column for each of `Columns` (empty where the file has nothing), ``attention``
        (the answer to a check, if any) and ``kept`` (bool: the map's filters let the row pass).

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
    """Texts that fit a name which begins with ``re:``."""
    found = search(name.removeprefix(PATTERN), texts, (), key)
    return [text for text, groups in found.items() if groups is not None]


def _missing_columns(missing: list[str], header: Sequence[str], column_map: ColumnMap) -> str:
    tried = [
        f"{field} ({', '.join(getattr(column_map.columns, field)) or 'no name given'})"
        for field in missing
    ]
    return (
        f"No column was found for {'; '.join(tried)}. The file has: {listed(header)}.\n"
        f"The map in use is {column_map.platform or 'plain'!r}. Say which column is what: save "
        "the lines below as map.toml, complete them, and add --map map.toml.\n\n"
        + starting_map(header, column_map.design)
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
    """Fill fields from named groups; rows whose text does not fit are no trials."""
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
