"""Measure how many faces are found, and how many that are not there.

    python benchmarks/detection_rate.py --data FOLDER
    python benchmarks/detection_rate.py --data FOLDER --backgrounds FOLDER

The first folder holds photographs of one face each (JPEG or PNG, searched recursively), the second
pictures without any face; without it, clouds with the spectrum of natural pictures are made. Each
row compares one plain pass of MediaPipe with the detector's own search: the share of faces found,
the share of findings that are faces, and the CPU time as a multiple of the plain pass's. A finding
is a face if its box and the true one overlap by 30 % (intersection over union). Numbers come from a
fixed seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from maskface.crops import CROP_SCALE, face_crop, resize
from maskface.images import find_images, read_image
from maskface.landmarks import MediaPipeDetector
from maskface.landmarks.fallbacks import overlap
from maskface.types import FaceLandmarks, ImageArray

VGA: Final = (640, 480)
GRID: Final = (8, 6)
SAME: Final = 0.3

Box: TypeAlias = tuple[float, float, float, float]
Scene: TypeAlias = tuple[ImageArray, list[Box]]
Detect: TypeAlias = Callable[[ImageArray], Sequence[FaceLandmarks]]


@dataclass
class Score:
    """Counts over many pictures."""

    true: int = 0
    found: int = 0
    right: int = 0
    seconds: float = 0.0

    def add(self, detect: Detect, scene: Scene) -> None:
        """Count what is found in one picture."""
        image, boxes = scene
        start = time.process_time()
        faces = detect(image)
        self.seconds += time.process_time() - start
        self.true += len(boxes)
        self.found += len(faces)
        self.right += sum(any(overlap(box, face.box) > SAME for face in faces) for box in boxes)

    def __str__(self) -> str:
        recall = f"{self.right}/{self.true}" if self.true else "-"
        return f"{recall:>10} found {self.found - self.right:>4} false"


def clouds(rng: np.random.Generator) -> ImageArray:
    """A picture without objects whose amplitudes fall with frequency, as photographs' do."""
    width, height = VGA
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    noise = np.fft.rfft2(rng.normal(size=(3, height, width)))
    cloud = np.fft.irfft2(noise / np.maximum(frequency, 1 / width), s=(height, width))
    low, high = cloud.min(axis=(1, 2), keepdims=True), cloud.max(axis=(1, 2), keepdims=True)
    return np.asarray((cloud - low) / (high - low) * 255, dtype=np.uint8).transpose(1, 2, 0)


def backgrounds(folder: Path | None) -> list[ImageArray]:
    """Pictures without faces, at 640 x 480."""
    if folder is None:
        rng = np.random.default_rng(0)
        return [clouds(rng) for _ in range(20)]
    return [resize(read_image(path), *VGA) for path in find_images(folder)]


def paste(scene: Scene, crop: ImageArray, face: int, x: int, y: int) -> None:
    """Put a classifier crop into a picture so that its face has `face` pixels."""
    image, boxes = scene
    side = round(face * CROP_SCALE)
    image[y : y + side, x : x + side] = resize(crop, side, side)
    left, top = x + (side - face) / 2, y + (side - face) / 2
    boxes.append((left, top, left + face, top + face))


def whole(photographs: list[Scene], side: int | None) -> Iterator[Scene]:
    """The photographs themselves, or shrunk to `side` pixels (shorter side)."""
    for image, boxes in photographs:
        height, width = image.shape[:2]
        scale = 1.0 if side is None else side / min(height, width)
        small = resize(image, round(width * scale), round(height * scale)) if side else image
        yield small, [tuple(scale * edge for edge in box) for box in boxes]  # type: ignore[misc]


def alone(crops: list[ImageArray], grounds: list[ImageArray], face: int) -> Iterator[Scene]:
    """One small face in each picture, anywhere."""
    rng = np.random.default_rng(face)
    for i, crop in enumerate(crops):
        scene: Scene = (grounds[i % len(grounds)].copy(), [])
        x, y = (int(rng.integers(0, length - round(face * CROP_SCALE))) for length in VGA)
        paste(scene, crop, face, x, y)
        yield scene


def crowds(crops: list[ImageArray], grounds: list[ImageArray], face: int) -> Iterator[Scene]:
    """48 small faces in each picture."""
    cell = VGA[0] // GRID[0]
    per_picture = GRID[0] * GRID[1]
    for i in range(max(len(crops) // per_picture, 1)):
        scene: Scene = (grounds[i % len(grounds)].copy(), [])
        for k, crop in enumerate(crops[i * per_picture : (i + 1) * per_picture]):
            row, column = divmod(k, GRID[0])
            paste(scene, crop, face, column * cell + 4, row * cell + 4)
        yield scene


def compare(name: str, scenes: Iterator[Scene], detector: MediaPipeDetector) -> None:
    plain, own = Score(), Score()
    for scene in scenes:
        plain.add(detector.one_pass, scene)
        own.add(detector.detect, scene)
    print(f"{name:36}{plain!s}   {own!s}   {own.seconds / plain.seconds:6.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description="Faces found and faces imagined.")
    parser.add_argument("--data", type=Path, required=True, help="photographs of one face each")
    parser.add_argument("--backgrounds", type=Path, help="pictures without faces")
    parser.add_argument("--limit", type=int, default=96, help="photographs used")
    arguments = parser.parse_args()
    paths = list(find_images(arguments.data))
    paths = paths[:: max(len(paths) // arguments.limit, 1)][: arguments.limit]
    grounds = backgrounds(arguments.backgrounds)
    with MediaPipeDetector() as detector:
        images = [read_image(path) for path in paths]
        known = [(image, faces[0]) for image in images if (faces := detector.detect(image))]
        crops = [face_crop(image, face) for image, face in known]
        photographs: list[Scene] = [(image, [face.box]) for image, face in known]
        print(f"{len(paths)} photographs, {len(paths) - len(known)} without a finding, left out")
        print(f"{'':36}{'plain pass':^27}   {'detect':^27}   CPU time")
        compare("as they are", whole(photographs, None), detector)
        compare("shrunk to 48 px", whole(photographs, 48), detector)
        compare(
            "classifier crops at 48 px",
            ((resize(c, 48, 48), [(2, 4, 46, 48)]) for c in crops),
            detector,
        )
        for face in (96, 64, 48, 32, 24):
            compare(f"face of {face} px in 640 x 480", alone(crops, grounds, face), detector)
        for face in (64, 48, 32):
            compare(f"48 faces of {face} px in 640 x 480", crowds(crops, grounds, face), detector)
        compare("no face, 640 x 480", ((ground, []) for ground in grounds), detector)


if __name__ == "__main__":
    main()
