"""Synthetic faces that ship with the package; see ``CARD.md`` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from maskface.datasets._base import Dataset
from maskface.types import Sample

FOLDER: Final = Path(__file__).parent


def example_dataset(*, intensity: float | None = 1.0, yaw: float | None = 0.0) -> Dataset:
    """Synthetic people with known expressions: a demo and regression set, never evidence.

    Parameters
    ----------
    intensity
        Only expressions of this intensity (1 full, 0.5 half) and the neutral faces; all if None.
    yaw
        Only heads turned by so many degrees (0 frontal, positive to the right of the image);
        all if None.

    Returns
    -------
    Dataset
        Named ``example``.

    Raises
    ------
    MaskfaceError
        If no picture is like that.
    """
    index = pd.read_csv(FOLDER / "index.csv", dtype={"subject": str})
    chosen = pd.Series(data=True, index=index.index)
    if intensity is not None:
        chosen &= (index["intensity"] == intensity) | (index["emotion"] == "neutral")
    if yaw is not None:
        chosen &= index["yaw"] == yaw
    samples = tuple(
        Sample(str(row.path), FOLDER / str(row.path), str(row.emotion), str(row.subject))
        for row in index[chosen].itertuples()
    )
    return Dataset(
        "example",
        samples,
        licence="CC0-1.0",
        citation="maskface synthetic faces, from CC0 geometry of the MakeHuman community",
        may_be_shown=True,
    )
