"""One face of a run as each condition shows it, where the set's terms allow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from maskface.crops import crop_box, cut, resize
from maskface.datasets import Dataset, load_dataset
from maskface.errors import MaskfaceError, told
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.report._material import Material
from maskface.seeds import derived_seed
from maskface.tables import PLAIN
from maskface.types import ImageArray, Sample

SIDE: Final = 224
MOST: Final = 20
"""So many conditions are shown at most."""
_EMOTIONS: Final = ("happiness", "disgust", "surprise", "sadness", "fear", "anger", "neutral")
"""Which emotion is shown, if it can be: those whose mouth moves most first."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one face.

    Attributes
    ----------
    pictures
        By condition, the plain one first; empty if none may or can be shown.
    credit
        What is shown, and under what terms.
    reason
        Why nothing is shown.
    """

    pictures: Mapping[str, ImageArray]
    credit: str
    reason: str


def make_strip(material: Material, *, allowed: bool = False) -> Strip:
    """Show one face under the run's conditions, as the classifiers were given it.

    Occluders and their seeds are those of the run.

    Parameters
    ----------
    material
        Of the run.
    allowed
        Whether the user says that the set's terms allow its pictures to be shown.

    Returns
    -------
    Strip
        Without pictures if the set's terms do not allow them or they are not there any more.
    """
    said = material.manifest["dataset"]
    if not (allowed or said.get("may_be_shown", False)):
        return _omitted(
            "the terms of the set are not known to allow its pictures to be shown; where they do, "
            "add --show-faces to maskface report"
        )
    try:
        dataset = load_dataset(material.manifest["experiment"]["data"])
        if dataset.index_hash != said["index_sha256"]:
            return _omitted("the set has changed since the run")
        sample = _choose(material, dataset)
        if sample is None:
            return _omitted("no picture was read under every condition")
        pictures = _pictures(material.manifest, sample, [PLAIN, *material.conditions])
    except MaskfaceError:
        return _omitted("the pictures are not where they were when the run was made")
    # An occluder or a detector may fail in any way; the report can do without its pictures.
    except Exception as error:  # noqa: BLE001
        return _omitted(f"drawing failed ({told(error)})")
    terms = ", ".join(filter(None, (said["name"], said["licence"], said["citation"])))
    return Strip(pictures, f"{sample.image_id} ({sample.label}). {terms}", "")


def _omitted(reason: str) -> Strip:
    return Strip({}, "", reason)


def _choose(material: Material, dataset: Dataset) -> Sample | None:
    """The first picture that was read under every condition, of the first emotion there is."""
    wanted = material.failures.images - set(material.failures.trials["image_id"])
    by_label: dict[str, Sample] = {}
    for sample in dataset:
        if sample.image_id in wanted:
            by_label.setdefault(sample.label, sample)
    return next((by_label[name] for name in _EMOTIONS if name in by_label), None)


def _pictures(
    manifest: Mapping[str, Any], sample: Sample, conditions: list[str]
) -> dict[str, ImageArray]:
    image = read_image(sample.path)
    with MediaPipeDetector() as detector:
        found = detector.detect(image)
    if not found:
        raise MaskfaceError(f"No face found in {sample.image_id}.")
    x0, y0, side = crop_box(found[0])
    pictures = {}
    for condition in islice(conditions, MOST):
        seed = derived_seed(int(manifest["seed"]), sample.image_id, condition)
        worn = get_occluder(condition).apply(image, found[0], seed=seed)
        name = "plain" if condition == PLAIN else condition
        pictures[name] = resize(cut(worn.image, x0, y0, side, side), SIDE, SIDE)
    return pictures
