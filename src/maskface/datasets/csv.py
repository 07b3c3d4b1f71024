"""Read a CSV index of pictures."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from maskface.datasets._base import Dataset
from maskface.datasets._labels import emotion_of, require_emotions
from maskface.errors import MaskfaceError
from maskface.types import Sample

REQUIRED = ("path", "emotion")
KNOWN = (*REQUIRED, "subject")


def read_index(index: Path) -> Dataset:
    """Read a data set from a CSV file with the columns ``path,emotion[,subject]``.

    Parameters
    ----------
    index
        The file. Paths are relative to its folder and stay inside it; labels may be in any
        spelling of `maskface.datasets.SPELLINGS`; other columns become `Sample.attributes`.

    Returns
    -------
    Dataset
        Named after the folder. A picture that is missing on disk is still listed: its failure
        becomes rows of the results.

    Raises
    ------
    MaskfaceError
        If a column is missing, the file has no rows, a label is unknown, a path leaves the
        folder, or a path stands twice.
    """
    table = _read_table(index)
    lines = [f"line {number}" for number in range(2, len(table) + 2)]
    require_emotions(zip(table["emotion"], lines, strict=True), str(index))
    root = index.parent
    ids = [_image_id(path, line, index) for path, line in zip(table["path"], lines, strict=True)]
    subjects = table["subject"] if "subject" in table else [""] * len(table)
    samples = tuple(
        Sample(image_id, root / image_id, emotion_of(label) or "", subject.strip(), said)
        for image_id, label, subject, said in zip(
            ids, table["emotion"], subjects, _attributes(table), strict=True
        )
    )
    return Dataset(root.resolve().name, samples)


def _attributes(table: pd.DataFrame) -> list[tuple[tuple[str, str], ...]]:
    """What the other columns of an index say of each picture, sorted by column; no empty cells."""
    others = sorted(str(column) for column in table if column not in KNOWN)
    return [
        tuple(
            (name, value)
            for name, cell in zip(others, cells, strict=True)
            if (value := str(cell).strip())
        )
        for cells in table[others].itertuples(index=False, name=None)
    ]


def _read_table(index: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(index, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise MaskfaceError(f"Cannot read {index} as a CSV table: {error}.") from error
    missing = [column for column in REQUIRED if column not in table]
    if missing:
        raise MaskfaceError(
            f"{index} has the columns {', '.join(table.columns)}, but it needs "
            f"{' and '.join(REQUIRED)} (and may have subject). Missing: {', '.join(missing)}."
        )
    if table.empty:
        raise MaskfaceError(f"{index} has a header but no rows.")
    return table


def _image_id(path: str, line: str, index: Path) -> str:
    """Return a path below the index's folder in its one spelling, or refuse it."""
    pure = PurePosixPath(path.strip().replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or ":" in pure.parts[0]:
        raise MaskfaceError(
            f"{index}, {line}: the path {path!r} does not stay inside {index.parent}. "
            "Give paths relative to the index file, such as anger/T01_1.jpg."
        )
    return pure.as_posix()
