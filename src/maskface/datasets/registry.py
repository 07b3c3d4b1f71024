"""Data sets by name or by folder; what is behind a name is loaded when it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from maskface.errors import MaskfaceError
from maskface.registry import Registry

if TYPE_CHECKING:
    from maskface.datasets.base import Dataset

    Maker: TypeAlias = Callable[[], Dataset]

DATASETS: Registry[Maker] = Registry(
    "dataset",
    {
        "example": "maskface.datasets.example:example_dataset",
        "example-all": "maskface.datasets.example:whole_dataset",
        "example-intensity": "maskface.datasets.example:frontal_dataset",
    },
)
"""Sets that can be had by name alone."""

_TABLES: Final = (".csv", ".tsv", ".txt", "")
_UNPACK: Final = "Unpack it, and give the folder that it holds."
_SAVE: Final = "Save it as 'CSV UTF-8', and give that file."
_MENDS: Final = dict.fromkeys(
    (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz"), _UNPACK
) | dict.fromkeys((".xlsx", ".xls", ".ods"), _SAVE)


def load_dataset(data: str | Path) -> Dataset:
    """Read a data set, whichever way it is laid out.

    Parameters
    ----------
    data
        A name in `DATASETS`, a folder with an ``index.csv``, a folder with one folder per
        emotion, or a CSV index.

    Returns
    -------
    Dataset
        Its pictures are not opened.

    Raises
    ------
    MaskfaceError
        If the folder does not exist or cannot be read as a data set.
    """
    if isinstance(data, str) and data in DATASETS.names():
        return DATASETS.get(data)()
    # Imported here, since the CSV reader needs pandas, which takes a second to load.
    from maskface.datasets.csv import read_index
    from maskface.datasets.folder import read_folder

    root = Path(data).expanduser()
    if root.is_file():
        _require_index(root)
        return read_index(root)
    if not root.is_dir():
        place = "" if root.is_absolute() else f" in {Path.cwd()}"
        raise MaskfaceError(f"There is no folder {str(data)!r}{place}. {_allowed()}")
    index = root / "index.csv"
    return read_index(index) if index.is_file() else read_folder(root)


def require_apart(data: str | Path, out: Path) -> None:
    """Refuse a folder of results within folders that are named after emotions.

    The next time the set is read, results would be taken for pictures or for an emotion.

    Raises
    ------
    MaskfaceError
        If it is so.
    """
    root = Path(data).expanduser()
    if str(data) in DATASETS.names() or not root.is_dir() or (root / "index.csv").is_file():
        return
    if out.resolve() != root.resolve() and out.resolve().is_relative_to(root.resolve()):
        raise MaskfaceError(
            f"{out} lies in the folder of pictures {root}, where every folder is an emotion. "
            f"Choose a folder outside it with --out, such as {root.resolve().name}_results."
        )


def _require_index(path: Path) -> None:
    """Refuse what is not named like a table: archives, sheets, videos, pictures."""
    kind = path.suffix.lower()
    if kind not in _TABLES:
        raise MaskfaceError(f"{path} is not a CSV table. {_MENDS.get(kind) or _allowed()}")


def _allowed() -> str:
    return (
        "Give a folder with an index.csv (path,emotion,subject), a folder with one folder per "
        f"emotion, or one of: {', '.join(DATASETS.names())}."
    )
