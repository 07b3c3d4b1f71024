"""Tables with a fixed schema: reading, checking and writing as CSV."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.cells import cell_text, safe_cell
from maskface.errors import MaskfaceError
from maskface.files import require_regular_file, write_atomically

if TYPE_CHECKING:  # loaded when a table is checked: a run reads pictures before
    import pandera.pandas as pa

Kind = Literal["text", "whole", "real"]
ROWS_AT_ONCE: Final = 20_000
"""Rows that are read or written together; the row group of Parquet."""
_DTYPES: Final[dict[Kind, str]] = {"text": "str", "whole": "Int64", "real": "float64"}


@dataclass(frozen=True, slots=True)
class Column:
    """Column of a table."""

    name: str
    kind: Kind  # text (never missing, may be empty), whole or real (empty when missing)
    description: str  # for the manifest, as is the unit
    unit: str = ""
    # Smallest and largest allowed value.
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()  # the allowed texts; any if empty
    decimals: int = 6  # number of digits after the point in CSV


def share(name: str, description: str) -> Column:
    """Make the column of a share, 0 to 1."""
    return Column(name, "real", description, low=0, high=1)


def p_column(name: str, description: str) -> Column:
    """Make the column of a p value."""
    return Column(name, "real", description, low=0, high=1, decimals=12)


def interval_columns(of: str) -> tuple[Column, Column, Column]:
    """Make the columns of a 95 % interval and its kind."""
    return (
        Column("ci_low", "real", f"Lower end of the 95 % interval of {of}"),
        Column("ci_high", "real", "Upper end of it"),
        Column("interval", "text", "What kind of interval that is; empty if there is none"),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Table with a fixed schema."""

    name: str  # name of the file without its suffix
    columns: tuple[Column, ...]  # columns in their order
    key: tuple[str, ...]  # columns that identify a row; rows are sorted by them

    @property
    def header(self) -> list[str]:
        """Names of the columns in order."""
        return [column.name for column in self.columns]

    def dictionary(self) -> list[dict[str, Any]]:
        """Return the columns as plain values, for the manifest."""
        return [asdict(column) for column in self.columns]

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """Return rows as a sorted and rounded data frame; missing cells are empty."""
        return self.tidy(pd.DataFrame(list(rows), columns=self.header))

    def tidy(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with the types of the columns, rounded and sorted by the key."""
        texts = {column.name: "" for column in self.columns if column.kind == "text"}
        digits = {c.name: c.decimals for c in self.columns if c.kind == "real"}
        objects = frame[self.header].astype(dict.fromkeys(texts, "object"))
        frame = objects.fillna(texts).astype(self._dtypes()).round(digits)
        return frame.sort_values(list(self.key), kind="stable", ignore_index=True)

    def to_bytes(self, frame: pd.DataFrame, *, header: bool = True) -> bytes:
        """Return a tidy frame as CSV, with texts by `maskface.cells.safe_cell`."""
        return (
            self._converted(frame, safe_cell)
            .to_csv(index=False, lineterminator="\n", header=header)
            .encode()
        )

    def write(self, frame: pd.DataFrame, path: Path) -> dict[str, Any]:
        """Write a tidy frame as CSV, whole or not at all; return its ``sha256`` and ``rows``."""
        data = self.to_bytes(frame)
        write_atomically(path, data, durable=True)
        return {"sha256": hashlib.sha256(data).hexdigest(), "rows": len(frame)}

    def parse(self, source: Path | IO[bytes], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read CSV, or Parquet by its suffix, without checking values.

        `columns` are those to read, in the order of the table; all if None. Raises MaskfaceError if
        the file is missing, is no CSV, or lacks columns.
        """
        wanted = self._wanted(columns)
        with self._readable(source):
            if isinstance(source, Path):
                require_regular_file(source)
            if isinstance(source, Path) and source.suffix == ".parquet":
                return self._typed(
                    pd.read_parquet(source, columns=wanted, dtype_backend="numpy_nullable"),
                    wanted,
                    source,
                )
            with np.errstate(invalid="ignore"):  # numbers too large are refused
                frame = pd.read_csv(source, **self._csv_options(wanted))
        return self._converted(self._require(frame, wanted, source), cell_text)

    def pieces(self, source: Path, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Read like `parse`, and yield at most `ROWS_AT_ONCE` rows at a time."""
        wanted = self._wanted(columns)
        with self._readable(source):
            require_regular_file(source)
        if source.suffix == ".parquet":
            yield from self._parquet_pieces(source, wanted)
            return
        options = self._csv_options(wanted)
        with (
            self._readable(source),
            pd.read_csv(source, chunksize=ROWS_AT_ONCE, **options) as reader,
        ):
            while (frame := _next_rows(reader)) is not None:
                yield self._converted(self._require(frame, wanted, source), cell_text)

    def _parquet_pieces(self, source: Path, wanted: list[str]) -> Iterator[pd.DataFrame]:
        with self._readable(source):
            from pyarrow.parquet import ParquetFile

            with ParquetFile(source) as file:
                there = [name for name in wanted if name in file.schema_arrow.names]
                for batch in file.iter_batches(ROWS_AT_ONCE, columns=there):
                    yield self._typed(batch.to_pandas(integer_object_nulls=True), wanted, source)

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        return [name for name in self.header if columns is None or name in columns]

    def _csv_options(self, wanted: list[str]) -> dict[str, Any]:
        numbers = [column.name for column in self.columns if column.kind != "text"]
        return {
            "dtype": self._dtypes(),
            "keep_default_na": False,
            "na_values": {name: [""] for name in numbers},
            "usecols": lambda name: name in wanted,
        }

    @contextmanager
    def _readable(self, source: object) -> Iterator[None]:
        """Raise `MaskfaceError` with the reason if a file cannot be read."""
        try:
            yield
        except ImportError as error:
            raise MaskfaceError(
                f'{source} needs pyarrow. Type: pip install "maskface[parquet]".'
            ) from error
        except (OSError, ValueError, TypeError, OverflowError) as error:
            raise MaskfaceError(f"Cannot read {source} as table {self.name}: {error}.") from error

    def _converted(self, frame: pd.DataFrame, convert: Callable[[str], str]) -> pd.DataFrame:
        """Convert all texts; each distinct one once, since hardly any changes."""
        changed = {}
        for name in (c.name for c in self.columns if c.kind == "text" and c.name in frame):
            texts = (text for text in frame[name].unique() if isinstance(text, str))
            new = {text: cell for text in texts if (cell := convert(text)) != text}
            if new:
                changed[name] = [new.get(text, text) for text in frame[name]]
        return frame.assign(**changed) if changed else frame

    def _typed(self, frame: pd.DataFrame, wanted: list[str], source: object) -> pd.DataFrame:
        types = {name: kind for name, kind in self._dtypes().items() if name in frame}
        texts = {name: "" for name, kind in types.items() if kind == _DTYPES["text"]}
        return self._require(frame.astype(types).fillna(texts), wanted, source)

    def _require(self, frame: pd.DataFrame, wanted: list[str], source: object) -> pd.DataFrame:
        missing = [name for name in wanted if name not in frame]
        if missing:
            raise MaskfaceError(f"{source} lacks the columns {', '.join(missing)}.")
        return frame[wanted]

    def read(self, path: Path) -> pd.DataFrame:
        """Read and check a file; see `parse`.

        Raises MaskfaceError if the file is missing or does not fit the schema.
        """
        return self.check(self.parse(path))

    def _dtypes(self) -> dict[Hashable, Any]:
        return {column.name: _DTYPES[column.kind] for column in self.columns}

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame if it fits the schema.

        Raises MaskfaceError if a value is out of range or two rows have one key.
        """
        import pandera.pandas as pa

        try:
            return self._schema().validate(frame, lazy=False)
        except pa.errors.SchemaError as error:
            raise MaskfaceError(f"The {self.name} table is not valid: {error}.") from error

    def _schema(self) -> pa.DataFrameSchema:
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            unique=list(self.key),
            strict=True,
            ordered=True,
        )


def numbered(words: pd.Series | pd.Index, allowed: Sequence[str]) -> NDArray[np.int64]:
    """Return the positions of the words of a column in the list of allowed words, (n,).

    Raises MaskfaceError if a word is not in the list.
    """
    codes, found = pd.factorize(words)
    place = {word: number for number, word in enumerate(allowed)}
    unknown = [repr(word) for word in found if word not in place]
    unknown += ["an empty cell"] if (codes < 0).any() else []
    if unknown:
        which = "which is" if len(unknown) == 1 else "which are"
        raise MaskfaceError(
            f"Column {words.name} holds {', '.join(unknown)}, {which} none of "
            f"{', '.join(allowed)}. Correct these cells."
        )
    return np.array([place[word] for word in found], np.int64)[codes]


def _next_rows(reader: Iterator[pd.DataFrame]) -> pd.DataFrame | None:
    with np.errstate(invalid="ignore"):  # numbers too large are refused
        return next(reader, None)


def _pandera_column(column: Column) -> pa.Column:
    import pandera.pandas as pa

    checks = []
    if column.low is not None:
        checks.append(pa.Check.ge(column.low))
    if column.high is not None:
        checks.append(pa.Check.le(column.high))
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed))
    return pa.Column(_DTYPES[column.kind], checks, nullable=column.kind != "text")
