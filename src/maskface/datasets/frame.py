"""Data sets from data frames and other objects, as in notebooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from maskface.datasets.base import Dataset
from maskface.datasets.csv import KNOWN, LABEL_ADVICE, column_names
from maskface.datasets.labels import emotion_of, printable, require_emotions
from maskface.datasets.registry import DATASETS, load_dataset
from maskface.errors import MaskfaceError
from maskface.types import Sample

if TYPE_CHECKING:
    import pandas as pd

    from maskface.datasets.registry import DataLike

NAME: Final = "dataframe"


def read_frame(frame: pd.DataFrame) -> Dataset:
    """Make a data set of a data frame with the columns ``path, emotion[, subject, ...]``.

    Parameters
    ----------
    frame
        One row per picture. Relative paths start at the working directory; labels may have any
        spelling of `maskface.datasets.SPELLINGS`; other columns become `Sample.attributes`, without
        missing values; columns without a name are left out.

    Returns
    -------
    Dataset
        Named ``frame.attrs["name"]``, or `NAME`. The id of a picture is its path below the
        folder that holds all pictures.

    Raises
    ------
    MaskfaceError
        If a column is missing or named twice, there are no rows, a path is missing or appears
        twice, a label is unknown, or no folder holds all pictures.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"path": ["a/1.jpg", "b/2.jpg"], "emotion": ["happy", "sad"]})
    >>> [(sample.image_id, sample.label) for sample in read_frame(frame)]
    [('a/1.jpg', 'happiness'), ('b/2.jpg', 'sadness')]
    """
    advice = "Rename the columns: frame.rename(columns={'file': 'path'})."
    names = column_names(map(str, frame.columns), "The data frame", advice)
    rows = [dict(zip(names, cells, strict=True)) for cells in frame.itertuples(index=False)]
    labels = [(_text(row["emotion"]), f"row {number}") for number, row in enumerate(rows)]
    require_emotions(labels, "The data frame", LABEL_ADVICE)
    paths = [_path(row["path"], number) for number, row in enumerate(rows)]
    ids = _ids(paths)
    samples = [
        Sample(
            ids[number], path, emotion_of(labels[number][0]) or "",
            _text(row.get("subject")),
            tuple((name, text) for name in sorted(set(row) - set(KNOWN))
                  if name and (text := _text(row[name]))),
        )
        for number, (row, path) in enumerate(zip(rows, paths, strict=True))
    ]  # fmt: skip
    return Dataset(str(frame.attrs.get("name", NAME)), tuple(samples))


def as_dataset(data: DataLike, reader: str = "") -> Dataset:
    """Return a data set itself, or read one from a data frame, or as `load_dataset` does.

    Raises MaskfaceError if it cannot be read; see `load_dataset` and `read_frame`.
    """
    if isinstance(data, str | Path):
        return load_dataset(data, reader)
    if reader:
        raise MaskfaceError(
            f"The dataset reader {reader!r} needs the path of a folder or file, got an object of "
            f"type {type(data).__name__}. Give data as a path, or leave the reader out."
        )
    if isinstance(data, Dataset):
        return data
    if hasattr(data, "itertuples"):
        return read_frame(data)
    raise MaskfaceError(
        f"Expected a data set, got {data!r:.80}. Give a folder, a name of "
        f"{', '.join(DATASETS.names())}, a DataFrame with path and emotion, or a Dataset."
    )


def _text(cell: Any) -> str:
    """Return a cell as text: empty if missing, whole numbers without a decimal point."""
    if cell is None or cell != cell or str(cell) in ("<NA>", "NaT"):  # noqa: PLR0124 (NaN)
        return ""
    whole = isinstance(cell, float) and cell.is_integer()
    return printable(str(int(cell) if whole else cell)).strip()


def _path(cell: Any, number: int) -> Path:
    if not isinstance(cell, str | os.PathLike) or not str(cell).strip():
        raise MaskfaceError(
            f"The data frame has no path in row {number}, got {cell!r:.80}. Give the path of a "
            "picture in every row."
        )
    return Path(cell).expanduser()


def _ids(paths: list[Path]) -> list[str]:
    """Return the paths below the folder that holds all pictures, with forward slashes."""
    if not paths:
        return []
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 (links stay)
    try:
        root = os.path.commonpath([path.parent for path in absolute])
    except ValueError as error:  # drives of Windows
        raise MaskfaceError(
            "The pictures of the data frame lie on several drives. Put them below one folder."
        ) from error
    return [path.relative_to(root).as_posix() for path in absolute]
