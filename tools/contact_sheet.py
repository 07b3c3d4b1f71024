"""Draw the contact sheet of the README: synthetic faces, clean and under several covers.

python tools/contact_sheet.py docs/images/contact_sheet.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from maskface.datasets.example import example_dataset
from maskface.images import read_image, resize, write_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.types import EMOTIONS, ImageArray

COVERS = ("none", "surgical", "surgical:colour=white", "surgical:colour=black")
SIDE = 200


def draw(detector: MediaPipeDetector) -> ImageArray:
    """Draw one column for each emotion, each of another person, and one row for each cover."""
    samples = example_dataset().samples
    subjects = sorted({sample.subject_id for sample in samples})
    chosen = subjects[:: max(1, len(subjects) // len(EMOTIONS))]
    columns = []
    for emotion, subject in zip(EMOTIONS, chosen, strict=False):
        (sample,) = (s for s in samples if (s.label, s.subject_id) == (emotion, subject))
        image = read_image(sample.path)
        (face, *_) = detector.detect(image)
        covered = (get_occluder(name).apply(image, face).image for name in COVERS)
        columns.append(np.vstack([resize(picture, SIDE, SIDE) for picture in covered]))
    return np.hstack(columns)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    with MediaPipeDetector() as opened:
        write_image(parser.parse_args().out, draw(opened))
