"""How much emotion does a face mask hide? Compare masked and unmasked faces."""

from typing import TYPE_CHECKING

from maskface._lazy import lazily
from maskface._version import __version__

if TYPE_CHECKING:
    from maskface.classifiers import get_classifier
    from maskface.datasets import load_dataset
    from maskface.errors import MaskfaceError
    from maskface.experiment import Experiment, Run, run
    from maskface.gallery import draw_gallery
    from maskface.images import read_image, write_image
    from maskface.landmarks import MediaPipeDetector
    from maskface.masking import mask_files
    from maskface.occluders import get_occluder
    from maskface.plots import plot_loss_by_emotion
    from maskface.reading import read_faces
    from maskface.stats import loss_table, summarize
    from maskface.text import loss_text
    from maskface.types import EMOTIONS

_HOMES = {
    "EMOTIONS": "types",
    "Experiment": "experiment",
    "MaskfaceError": "errors",
    "MediaPipeDetector": "landmarks",
    "Run": "experiment",
    "draw_gallery": "gallery",
    "get_classifier": "classifiers",
    "get_occluder": "occluders",
    "load_dataset": "datasets",
    "loss_table": "stats",
    "loss_text": "text",
    "mask_files": "masking",
    "plot_loss_by_emotion": "plots",
    "read_faces": "reading",
    "read_image": "images",
    "run": "experiment",
    "summarize": "stats",
    "write_image": "images",
}

__all__ = [
    "EMOTIONS",
    "Experiment",
    "MaskfaceError",
    "MediaPipeDetector",
    "Run",
    "__version__",
    "draw_gallery",
    "get_classifier",
    "get_occluder",
    "load_dataset",
    "loss_table",
    "loss_text",
    "mask_files",
    "plot_loss_by_emotion",
    "read_faces",
    "read_image",
    "run",
    "summarize",
    "write_image",
]


__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
