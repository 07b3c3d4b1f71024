"""Results as JSON documents, for scripts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from maskface.exits import escaped


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as one dictionary per row, with the names of the columns as keys."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def to_json(document: Any) -> bytes:
    """Write a document as strict JSON in UTF-8, with a newline at its end.

    It is made of dictionaries, sequences, texts, numbers (also NumPy's) and paths. Missing and
    infinite numbers become null. Letters are not escaped, except for those that control a terminal
    or that UTF-8 cannot hold, such as a file name in another encoding.
    """
    text = json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False)
    return f"{escaped(text)}\n".encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return _single(value.item() if isinstance(value, np.generic) else value)


def _single(value: Any) -> Any:
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return str(value) if isinstance(value, Path) else value
