"""Trial tables as they come: CSV and JSON files of text, opened with suspicion."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.errors import MaskfaceError

_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".csv.gz")
_SEPARATORS: Final = ",;\t"
_N_QUALTRICS_ROWS: Final = 2
_LONGEST_HEADER: Final = 1_000_000
_PIECE: Final = 1_000_000
_PIECES: Final = 1000
"""What a packed table may hold: 1 GB, for which Pandas needs some GB of memory."""


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
        Second row of headers of a Qualtrics table (the questions' texts), by column.
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
        """Hash of the file's bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List files, and the trial tables right below folders, sorted.

    Raises
    ------
    MaskfaceError
        If a path is missing, a folder has none, or two are the same file.
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
    """Look at a trial table's header.

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
    """Refuse what would fill the memory when it is unpacked."""
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
    """Rows of a JSON file: a list of trials, lists of them, or one JSON value in each line."""
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
