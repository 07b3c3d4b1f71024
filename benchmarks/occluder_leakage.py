"""Measure what a drawn mask gives away of the expression, how well it covers and how fast it is.

From the pixels of the mask region alone, aligned by the eyes, a ridge model predicts MediaPipe's
smile and jaw-open blendshapes of people it was not trained on. A mask that hides what it should
leaves no more to predict than the pose of the head, which shows above the mask as well: people
hold their heads differently when they smile. For comparison the same is done with the pose alone,
with the same cloth painted on the moving landmark mesh, and with shuffled labels.

    python benchmarks/occluder_leakage.py --data faces --limit 300

The folder holds ``index.csv`` with columns path, emotion, subject.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.images import read_image, resize
from maskface.landmarks import BLENDSHAPES, MediaPipeDetector
from maskface.mesh import (
    CHIN,
    LEFT_EYE,
    LOWER_LIP,
    MOUTH_CORNERS,
    NOSE_TIP,
    RIGHT_EYE,
    canonical_mesh,
)
from maskface.occluders import Occluder, get_occluder
from maskface.occluders.geometry import fit_head
from maskface.occluders.raster import rasterise, visible_triangles
from maskface.occluders.texture import cloth
from maskface.types import FaceLandmarks, ImageArray

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.uint8]

CHIP: Final = 32
FOLDS: Final = 10
PENALTIES: Final = (0.01, 0.1, 1.0, 10.0)
"""Ridge penalties in units of a picture's variance; the best is reported, against the mask."""
POINTS: Final = {
    "nose tip": (NOSE_TIP,),
    "mouth corners": MOUTH_CORNERS,
    "lower lip": (LOWER_LIP,),
    "chin": (CHIN,),
}
ALIGNED: Final = np.array([[10.0, 4.0], [22.0, 4.0]], np.float32)
"""Where the eyes lie in a chip."""


@dataclass(frozen=True)
class Photo:
    """A photograph and its face."""

    image: ImageArray
    landmarks: FaceLandmarks
    subject: str

    def score(self, *blendshapes: str) -> float:
        """Mean of some blendshapes."""
        chosen = [BLENDSHAPES.index(name) for name in blendshapes]
        return float(self.landmarks.blendshapes[chosen].mean())


TARGETS: Final = {"smile": ("mouthSmileLeft", "mouthSmileRight"), "jaw": ("jawOpen",)}


def load(folder: Path, limit: int) -> tuple[list[Photo], float]:
    """Read up to `limit` photographs spread over the index; also median CPU ms per detection."""
    with (folder / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int))
    photos: list[Photo] = []
    times: list[float] = []
    with MediaPipeDetector() as detector:
        for row in (rows[number] for number in chosen):
            image = read_image(folder / row["path"])
            started = time.process_time()
            faces = detector.detect(image)
            times.append(1000 * (time.process_time() - started))
            photos += [Photo(image, face, row["subject"]) for face in faces[:1]]
    return photos, float(np.median(times))


def draw_fixed(photo: Photo) -> tuple[ImageArray, Mask]:
    """Draw the mask under test."""
    result = get_occluder("surgical").apply(photo.image, photo.landmarks)
    return result.image, result.mask.astype(np.uint8) * 255


def draw_painted(photo: Photo) -> tuple[ImageArray, Mask]:
    """Paint the same cloth on the landmark mesh, as simple mask generators do."""
    mesh = canonical_mesh()
    middle = mesh.vertices[mesh.triangles, 1].mean(axis=1)
    points = photo.landmarks.points[:468].astype(np.float64)
    triangles = visible_triangles(points, mesh.triangles[middle < 0.8])
    raster = rasterise(points, triangles, mesh.uv.astype(np.float64), photo.image.shape[:2], 1)
    sheet = (np.clip(cloth()[1], 0, 1.2) * 180).astype(np.uint8)
    height, width = sheet.shape
    # The lower half of the face takes the whole cloth.
    lookup = (raster.lookup * [1, 2] - [0, 0.95]) * [width - 1, height - 1]
    drawn = replace(raster, lookup=lookup.astype(np.float32)).sample(sheet)
    alpha = raster.alpha[..., None] > 127
    return np.where(alpha, drawn[..., None], photo.image), raster.alpha


def chip(photo: Photo, image: ImageArray, mask: Mask) -> NDArray[np.float32]:
    """Mask pixels only, with the eyes in fixed places: grey values and the mask's own shape."""
    points = photo.landmarks.points
    eyes = np.array(
        [points[list(RIGHT_EYE), :2].mean(0), points[list(LEFT_EYE), :2].mean(0)], np.float32
    )
    move, _ = cv2.estimateAffinePartial2D(eyes, ALIGNED * 4)
    size = (CHIP * 4, CHIP * 4)
    grey = cv2.warpAffine(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), move, size)
    inside = cv2.warpAffine(mask, move, size)
    both = np.dstack([np.where(inside > 127, grey, 0), inside]).astype(np.float32)
    return np.asarray(
        cv2.resize(both, (CHIP, CHIP), interpolation=cv2.INTER_AREA), np.float32
    ).ravel()


def prediction_r(chips: Floats, target: Floats, subjects: Sequence[str]) -> float:
    """Correlate a target with its ridge prediction for held-out subjects; best penalty."""
    centred = chips - chips.mean(axis=0)
    kernel = centred @ centred.T
    kernel /= np.trace(kernel) / len(kernel)
    people = np.unique(subjects)
    fold_of = dict(zip(people, np.arange(len(people)) % FOLDS, strict=True))
    folds = np.array([fold_of[subject] for subject in subjects])
    return max(_cross_validated(kernel, target, folds, penalty) for penalty in PENALTIES)


def _cross_validated(
    kernel: Floats, target: Floats, folds: NDArray[np.int_], penalty: float
) -> float:
    predicted = np.zeros(len(target))
    for fold in np.unique(folds):
        test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        mean = target[train].mean()
        inner = kernel[np.ix_(train, train)] + penalty * np.eye(len(train))
        weights = np.linalg.solve(inner, target[train] - mean)
        # Fold means differ a little, and opposite to the held-out ones: compare without them.
        predicted[test] = kernel[np.ix_(test, train)] @ weights
    return float(np.corrcoef(predicted, target)[0, 1])


def shuffled_r(chips: Floats, target: Floats, subjects: Sequence[str], rounds: int = 20) -> str:
    """Mean and SD of r over shuffled labels."""
    rng = np.random.default_rng(0)
    values = [prediction_r(chips, rng.permutation(target), subjects) for _ in range(rounds)]
    return f"{np.mean(values):+.3f} +- {np.std(values):.3f}"


def pose(photo: Photo) -> Floats:
    """Pose and proportions of the head by the mask's own anchors, in the frame of the eyes."""
    right, left = (photo.landmarks.points[list(e), :2].mean(axis=0) for e in (RIGHT_EYE, LEFT_EYE))
    along = (left - right).astype(np.float64)
    across = np.array([-along[1], along[0]])
    linear = fit_head(photo.landmarks.points).linear[:2]
    return np.asarray((np.stack([along, across]) @ linear / (along @ along)).ravel())


def report_leakage(photos: list[Photo]) -> None:
    poses = np.array([pose(photo) for photo in photos])
    features = {"pose of the head alone": (poses - poses.mean(axis=0)) / poses.std(axis=0)}
    draws: dict[str, Callable[[Photo], tuple[ImageArray, Mask]]] = {
        "surgical": draw_fixed,
        "painted on the landmarks": draw_painted,
    }
    for name, draw in draws.items():
        features[name] = np.array([chip(photo, *draw(photo)) for photo in photos], np.float64)
    subjects = [photo.subject for photo in photos]
    for name, values in features.items():
        for label, shapes in TARGETS.items():
            target = np.array([photo.score(*shapes) for photo in photos])
            r, null = prediction_r(values, target, subjects), shuffled_r(values, target, subjects)
            print(f"leak  {name:25s} {label:6s} r = {r:+.3f}   shuffled {null}")


def report_coverage(photos: list[Photo]) -> None:
    results = [get_occluder("surgical").apply(p.image, p.landmarks) for p in photos]
    covered = np.array([r.coverage for r in results])
    print(
        f"cover face oval             mean {covered.mean():.3f}  SD {covered.std():.3f}  "
        f"min {covered.min():.3f}  max {covered.max():.3f}"
    )
    for name, indices in POINTS.items():
        hidden = [
            all(_at(r.mask, p.landmarks.points[i]) for i in indices)
            for r, p in zip(results, photos, strict=True)
        ]
        print(f"cover {name:21s} {100 * np.mean(hidden):6.2f} % of {len(photos)} faces")


def _at(mask: NDArray[np.bool_], point: NDArray[np.float32]) -> bool:
    x = int(np.clip(round(float(point[0])), 0, mask.shape[1] - 1))
    y = int(np.clip(round(float(point[1])), 0, mask.shape[0] - 1))
    return bool(mask[y, x])


def report_speed(photos: list[Photo], detection: float) -> None:
    occluder = get_occluder("surgical")
    print(f"speed detection          {detection:6.1f} ms CPU (pictures as they are)")
    for side in (256, 1024):
        sized = [_resized(photo, side) for photo in photos[:: max(1, len(photos) // 20)]]
        occluder.apply(*sized[0])
        times = [_timed(occluder, *one) for one in sized]
        middle = float(np.median(times))
        ratio = middle / detection
        print(f"speed mask at {side:4d} px {middle:11.2f} ms CPU, {ratio:.2f} x detection")


def _resized(photo: Photo, side: int) -> tuple[ImageArray, FaceLandmarks]:
    factor = side / photo.image.shape[0]
    width = round(photo.image.shape[1] * factor)
    points = photo.landmarks.points * np.float32(factor)
    landmarks = FaceLandmarks(points, photo.landmarks.blendshapes, photo.landmarks.pose)
    return resize(photo.image, width, side), landmarks


def _timed(occluder: Occluder, image: ImageArray, landmarks: FaceLandmarks) -> float:
    """Least CPU ms of five runs."""
    times = []
    for _ in range(5):
        started = time.process_time()
        occluder.apply(image, landmarks)
        times.append(1000 * (time.process_time() - started))
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--limit", type=int, default=300, help="number of photographs")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    photos, detection = load(arguments.data, arguments.limit)
    print(f"{len(photos)} photographs of {len({p.subject for p in photos})} people")
    report_coverage(photos)
    report_speed(photos, detection)
    report_leakage(photos)


if __name__ == "__main__":
    main()
