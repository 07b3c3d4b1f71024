"""Labelled face pictures: the shipped synthetic set, folders and CSV indexes.

Importing this package is cheap: what is behind its names is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from maskface._lazy import lazily
from maskface.datasets.registry import DATASETS, load_dataset, require_apart

if TYPE_CHECKING:
    from maskface.datasets.base import Dataset, balanced_sample
    from maskface.datasets.labels import SPELLINGS

__all__ = ["DATASETS", "SPELLINGS", "Dataset", "balanced_sample", "load_dataset", "require_apart"]

_HOMES: Final = {"Dataset": "base", "SPELLINGS": "labels", "balanced_sample": "base"}


__getattr__ = lazily(__name__, _HOMES)
