"""Synthetic faces that ship with the package; see ``CARD.md`` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from maskface.datasets.base import Dataset
from maskface.datasets.csv import read_index
from maskface.datasets.registry import DATASETS
from maskface.types import Sample

FOLDER: Final = Path(__file__).parent


@DATASETS.register("example")
def example_dataset(
    *, intensity: float | None = 1.0, yaw: float | None = 0.0, name: str = "example"
) -> Dataset:
    """Synthetic people with known expressions: a demo and regression set, never evidence.

    Parameters
    ----------
    intensity
        Only expressions of this intensity (1 full, 0.5 half) and the neutral faces; all if None.
    yaw
        Only heads turned by so many degrees (0 frontal, positive to the right of the image);
        all if None.
    name
        As in the results.

    Returns
    -------
    Dataset
        With the attributes accessories, age (years), intensity, seed, sex, skin_tone (1 to 10,
        darker) and yaw (degrees).

    Raises
    ------
    MaskfaceError
        If no picture is like that.
    """
    samples = read_index(FOLDER / "index.csv").samples
    return Dataset(
        name,
        tuple(sample for sample in samples if _is_asked(sample, intensity, yaw)),
        licence="CC0-1.0",
        citation="maskface synthetic faces, from CC0 geometry of the MakeHuman community",
        may_be_shown=True,
    )


def _is_asked(sample: Sample, intensity: float | None, yaw: float | None) -> bool:
    said = dict(sample.attributes)
    as_strong = sample.label == "neutral" or intensity in (None, float(said["intensity"]))
    return as_strong and yaw in (None, float(said["yaw"]))


@DATASETS.register("example-intensity")
def frontal_dataset() -> Dataset:
    """The synthetic people straight ahead, with expressions of full and of half intensity."""
    return example_dataset(intensity=None, name="example-intensity")


@DATASETS.register("example-all")
def whole_dataset() -> Dataset:
    """All synthetic faces: full and half intensity, six people also turned by 20 and 40 degrees."""
    return example_dataset(intensity=None, yaw=None, name="example-all")
