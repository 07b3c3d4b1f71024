"""What an analysis hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from maskface.plots import save_figure
from maskface.schema import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a script's question.

    Attributes
    ----------
    text
        In words, with intervals.
    tables
        Each with its schema, whose name is the file's.
    figures
        By file name.
    """

    text: str
    tables: Sequence[tuple[Table, pd.DataFrame]]
    figures: Mapping[str, Axes] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        """Write tables as CSV and the figures.

        Returns
        -------
        list of Path
            What was written.
        """
        paths = []
        for schema, table in self.tables:
            paths.append(folder / f"{schema.name}.csv")
            schema.write(table, paths[-1])
        for name, axes in self.figures.items():
            paths.append(folder / name)
            save_figure(axes, paths[-1])
        return paths
