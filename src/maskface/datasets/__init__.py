"""Labelled face pictures: the shipped synthetic set, folders and CSV indexes.

Importing this package is cheap: what is behind its names is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.datasets._load import DATASETS, load_dataset, require_apart

if TYPE_CHECKING:
    from maskface.datasets._base import Dataset, balanced_sample
    from maskface.datasets._labels import SPELLINGS

__all__ = ["DATASETS", "SPELLINGS", "Dataset", "balanced_sample", "load_dataset", "require_apart"]

_HOMES: Final = {"Dataset": "_base", "SPELLINGS": "_labels", "balanced_sample": "_base"}


__getattr__ = lazily(__name__, _HOMES)
