"""Registries of data sets and of their readers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from maskface.errors import MaskfaceError
from maskface.registry import Registry
from maskface.run_options import argument

if TYPE_CHECKING:
    import pandas as pd

    from maskface.datasets.base import Dataset

    DataLike: TypeAlias = str | Path | Dataset | pd.DataFrame
    Maker: TypeAlias = Callable[[], Dataset]

    class DatasetReader(Protocol):
        """A class whose objects read data sets of one layout."""

        def read(self, path: Path, /) -> Dataset:
            """Read the set in a folder or file; its pictures are not opened."""

    Reader: TypeAlias = Callable[[Path], Dataset] | type[DatasetReader]

DATASETS: Registry[Maker] = Registry("dataset", "maskface.datasets", "DATASETS")
"""Data sets by name: functions that return a `Dataset`."""
DATASET_READERS: Registry[Reader] = Registry(
    "dataset reader", "maskface.datasets", "DATASET_READERS"
)
"""Readers by name: functions ``read(path)``, or classes with a method `read`."""

_TABLES: Final = (".csv", ".tsv", ".txt", "")
_UNPACK: Final = "Unpack it, and give the folder in it."
_SAVE: Final = "Save it as 'CSV UTF-8', and give that file."
_ADVICE: Final = dict.fromkeys(
    (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz"), _UNPACK
) | dict.fromkeys((".xlsx", ".xls", ".ods"), _SAVE)


def load_dataset(data: str | Path, reader: str = "") -> Dataset:
    """Read a data set.

    Parameters
    ----------
    data
        A folder with an ``index.csv``, a folder with one folder per emotion, a CSV index, or a
        name in `DATASETS`. With `reader`, any path that it can read.
    reader
        A name in `DATASET_READERS`; if empty, the layout is recognised.

    Returns
    -------
    Dataset
        Its pictures are not opened.

    Raises
    ------
    MaskfaceError
        If the folder does not exist or cannot be read as a data set, or there is no such reader.
    """
    from maskface.datasets.base import Dataset

    if not reader and isinstance(data, str) and data in DATASETS.names():
        return DATASETS.get(data)()
    root = Path(data).expanduser()
    known: Any = DATASET_READERS.get(reader or _layout(root))
    read = known().read if isinstance(known, type) else known
    found = read(root)
    if isinstance(found, Dataset):
        return found
    raise MaskfaceError(
        f"The dataset reader {reader!r} returned an object of type {type(found).__name__}. It must "
        "return a maskface.datasets.Dataset."
    )


def _layout(root: Path) -> str:
    """Return the name of the reader that the layout of a set calls for."""
    if root.is_file():
        _require_index(root)
        return "index"
    if root.exists() and not root.is_dir():
        raise MaskfaceError(f"{root} is a pipe or a device, not a folder or a file. {_allowed()}")
    if not root.is_dir():
        place = "" if root.is_absolute() else f" in {Path.cwd()}"
        raise MaskfaceError(f"There is no folder {str(root)!r}{place}. {_allowed()}")
    return "index" if _has_index(root) else "folder"


def _has_index(root: Path) -> bool:
    """Return whether there is an index.csv, be it a pipe or a broken link, which cannot be read."""
    return os.path.lexists(root / "index.csv")


def require_apart(data: str | Path, out: Path) -> None:
    """Raise `MaskfaceError` if a folder of results lies among folders named after emotions.

    The results would be taken for pictures or an emotion when the set is read again.
    """
    root = Path(data).expanduser()
    if str(data) in DATASETS.names() or not root.is_dir() or _has_index(root):
        return
    if out.resolve() != root.resolve() and out.resolve().is_relative_to(root.resolve()):
        raise MaskfaceError(
            f"{out} lies in the folder of pictures {root}, where every folder is an emotion. "
            f"Choose a folder outside it with {argument('out')}, such as "
            f"{root.resolve().name}_results."
        )


def _require_index(path: Path) -> None:
    """Raise if a file is not named like a table, as archives, sheets, videos and pictures."""
    kind = path.suffix.lower()
    if kind not in _TABLES:
        raise MaskfaceError(f"{path} is not a CSV table. {_ADVICE.get(kind) or _allowed()}")


def _allowed() -> str:
    return (
        "Give a folder with an index.csv (path,emotion,subject), a folder with one folder per "
        f"emotion, or one of: {', '.join(DATASETS.names())}."
    )
