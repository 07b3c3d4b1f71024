"""Measure how far the landmarks are from points that people placed by hand.

    python benchmarks/landmark_accuracy.py --data FOLDER
    python benchmarks/landmark_accuracy.py --data FOLDER --face 48

FOLDER holds the Face Research Lab London Set (DeBruine & Jones 2017,
doi:10.6084/m9.figshare.5047666, CC BY 4.0): `neutral/*.jpg` and `landmarks_neutral.csv.gz` with
the columns subject, point, x_px, y_px, the 189 points of each WebMorph template. Only points that
mean the same in both schemes are compared; they were chosen by looking at both drawn over the
photographs. The template has no tip of the nose; the lowest point of the septum stands for it.

Distances are shares of the distance between the outer corners of the eyes. With `--face`, the
photographs are first shrunk until the faces have so many pixels, and one plain pass over them is
shown beside the detector's own answer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from maskface.crops import resize
from maskface.images import read_image
from maskface.landmarks import MediaPipeDetector
from maskface.types import FaceLandmarks, FloatArray, ImageArray

POINTS: Final[dict[str, tuple[int, int]]] = {
    "right pupil": (0, 468),
    "left pupil": (1, 473),
    "right eye, outer corner": (18, 33),
    "right eye, inner corner": (22, 133),
    "left eye, inner corner": (23, 362),
    "left eye, outer corner": (27, 263),
    "septum, lowest point": (55, 94),
    "mouth, right corner": (87, 61),
    "mouth, left corner": (93, 291),
    "upper lip, middle of the upper edge": (90, 0),
    "lower lip, middle of the lower edge": (106, 17),
    "chin": (129, 152),
}
"""What a point is called: its number in the template, its index among the landmarks."""
OUTER_CORNERS: Final = ("right eye, outer corner", "left eye, outer corner")

Detect = Callable[[ImageArray], Sequence[FaceLandmarks]]


def read_points(folder: Path) -> dict[str, FloatArray]:
    """Hand-placed points (12, 2) in pixels by subject, in the order of `POINTS`."""
    table = pd.read_csv(folder / "landmarks_neutral.csv.gz", dtype={"subject": str})
    numbers = [template for template, _ in POINTS.values()]
    return {
        str(subject): rows.set_index("point").loc[numbers, ["x_px", "y_px"]].to_numpy(float)
        for subject, rows in table.groupby("subject")
    }


def shrink(image: ImageArray, truth: FloatArray, face: int | None) -> tuple[ImageArray, FloatArray]:
    """Shrink a photograph until the face, twice as high as the eyes are apart, has `face` px."""
    if face is None:
        return image, truth
    scale = face / (2 * eye_distance(truth))
    height, width = (round(side * scale) for side in image.shape[:2])
    factors = np.array([width / image.shape[1], height / image.shape[0]])
    return resize(image, width, height), truth * factors


def eye_distance(points: FloatArray) -> float:
    right, left = (list(POINTS).index(name) for name in OUTER_CORNERS)
    return float(np.linalg.norm(points[right] - points[left]))


def errors(detect: Detect, folder: Path, face: int | None) -> Iterator[FloatArray]:
    """Yield each subject's errors (12, 2) as shares of the eye distance; NaN without a face."""
    indices = [index for _, index in POINTS.values()]
    for subject, placed in read_points(folder).items():
        (path,) = sorted(folder.glob(f"neutral/{subject}_*.jpg"))
        image, truth = shrink(read_image(path), placed, face)
        found = detect(image)
        points = found[0].points[indices, :2] if found else np.full((len(POINTS), 2), np.nan)
        yield (points - truth) / eye_distance(truth)


def report(name: str, detect: Detect, folder: Path, face: int | None) -> float:
    """Print one table; return the CPU time in seconds."""
    start = time.process_time()
    all_errors = np.stack(list(errors(detect, folder, face)))
    spent = time.process_time() - start
    found = all_errors[~np.isnan(all_errors[:, 0, 0])]
    print(f"\n{name}: face found in {len(found)} of {len(all_errors)} photographs")
    print(f"{'% of the eye distance':38}{'median':>8}{'95th':>8}{'right':>8}{'down':>8}")
    rows = {label: found[:, [i]] for i, label in enumerate(POINTS)} | {"all": found}
    for label, part in rows.items():
        distance = np.linalg.norm(part, axis=2)
        middle, high = np.quantile(distance, [0.5, 0.95]) * 100
        right, down = np.mean(part, axis=(0, 1)) * 100
        print(f"{label:38}{middle:8.2f}{high:8.2f}{right:8.2f}{down:8.2f}")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description="Landmarks against hand-placed points.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the London set")
    parser.add_argument("--face", type=int, help="shrink the faces to so many pixels")
    arguments = parser.parse_args()
    with MediaPipeDetector() as detector:
        detector.detect(np.zeros((64, 64, 3), np.uint8))  # loads the model
        plain = report("one plain pass", detector.one_pass, arguments.data, arguments.face)
        own = report("detect", detector.detect, arguments.data, arguments.face)
    print(f"\nCPU time of detect: {own / plain:.2f} times the plain pass")


if __name__ == "__main__":
    main()
