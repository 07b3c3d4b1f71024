"""Data sets by name or by folder; what is behind a name is loaded when it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from maskface.errors import MaskfaceError
from maskface.registry import Registry

if TYPE_CHECKING:
    from maskface.datasets._base import Dataset

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
        return read_index(root)
    if not root.is_dir():
        raise MaskfaceError(
            f"There is no folder {str(data)!r}. Give a folder with an index.csv "
            "(path,emotion,subject), a folder with one folder per emotion, or one of: "
            f"{', '.join(DATASETS.names())}."
        )
    index = root / "index.csv"
    return read_index(index) if index.is_file() else read_folder(root)
