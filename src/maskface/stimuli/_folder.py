"""The folder of a made set: its pictures, and how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from maskface.cells import safe_cell
from maskface.errors import MaskfaceError
from maskface.files import write_atomically

RECIPE: Final = "recipe.json"
INDEX: Final = "index.csv"
FAILURES: Final = "failures.csv"
HEADER: Final = (
    "path", "emotion", "subject", "kind", "upper", "lower", "pair", "upper_image", "lower_image",
)  # fmt: skip
FAILURES_HEADER: Final = ("subject", "upper_image", "lower_image", "message")


@dataclass(frozen=True, slots=True)
class SetFolder:
    """Names and files of one set.

    Attributes
    ----------
    path
        The folder.
    """

    path: Path

    def claim(self, recipe: Mapping[str, Any]) -> None:
        """Make sure that the set of this recipe may be written here.

        Raises
        ------
        MaskfaceError
            If something else is in the folder.
        """
        data = json.dumps(recipe, indent=2, ensure_ascii=False).encode() + b"\n"
        target = self.path / RECIPE
        self.path.mkdir(parents=True, exist_ok=True)
        if not target.exists() and any(self.path.iterdir()):
            raise MaskfaceError(f"{self.path} holds other files. Choose a new or empty folder.")
        if target.exists() and target.read_bytes() != data:
            raise MaskfaceError(
                f"{self.path} holds faces that were made in another way ({RECIPE} says how). "
                "Choose a new or empty folder, or delete this one."
            )
        write_atomically(target, data)

    def write(self, rows: Sequence[Sequence[str]], failures: Sequence[Sequence[str]]) -> None:
        """Write what was made, and what could not be."""
        for name, header, lines in ((INDEX, HEADER, rows), (FAILURES, FAILURES_HEADER, failures)):
            cells = [[safe_cell(text) for text in line] for line in lines]
            table = pd.DataFrame(cells, columns=list(header))
            data = table.to_csv(index=False, lineterminator="\n").encode()
            write_atomically(self.path / name, data)
