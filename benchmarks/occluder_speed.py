"""CPU time of occluders beside face detection, in one process on one core.

    python benchmarks/occluder_speed.py

The pictures are the shipped synthetic faces, resized. Times are the median over pictures of the
least of three runs, in milliseconds of CPU time; occluders have drawn once before, so that what
is kept from picture to picture (cloth, surfaces) is there. So is what all conditions of a picture
share, its light, sharpness, grain and spectacles: `reading` is what that takes once for a picture.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from maskface.crops import resize
from maskface.datasets.example import example_dataset
from maskface.images import decode_image, read_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import OCCLUDERS, get_occluder
from maskface.occluders.geometry import fit_head
from maskface.occluders.look import Look, look_of
from maskface.types import FaceLandmarks, ImageArray

BARS: Final = {256: 4.0, 1024: 20.0}
"""Allowed CPU ms of one occluder, by side of the picture in px."""
FRESH_BAR: Final = 35.0
CACHED_BAR: Final = 130.0
"""Images per second and core with one mask, and with 12 once landmarks are known."""
CONDITIONS: Final = 12
RUNS: Final = 3


@dataclass(frozen=True)
class Picture:
    """A picture of some size, as a file and decoded, and its face."""

    data: bytes
    image: ImageArray
    face: FaceLandmarks


def pictures(detector: MediaPipeDetector, side: int, count: int) -> list[Picture]:
    """Make `count` pictures of different people and emotions."""
    samples = example_dataset().samples
    chosen = np.unique(np.linspace(0, len(samples) - 1, count).astype(int))
    made = []
    for sample in (samples[number] for number in chosen):
        image = resize(read_image(sample.path), side, side)
        _, code = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        data = code.tobytes()
        image = decode_image(data)
        made += [Picture(data, image, face) for face in detector.detect(image)[:1]]
    return made


def cpu(work: Callable[..., Any], *arguments: Any) -> float:
    """CPU ms that a call takes; the least of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work(*arguments)
        times.append(1000 * (time.process_time() - start))
    return min(times)


def read_look(face: Picture) -> Look:
    """Read what occluders take over from a picture, which is kept only if it cannot change."""
    return look_of(face.image.copy(), fit_head(face.face.points))


def verdict(met: bool) -> str:  # noqa: FBT001
    return "met" if met else "MISSED"


def report_parts(detector: MediaPipeDetector, faces: list[Picture], side: int) -> None:
    detection = float(np.median([cpu(detector.detect, face.image) for face in faces]))
    decoding = float(np.median([cpu(decode_image, face.data) for face in faces]))
    reading = float(np.median([cpu(read_look, face) for face in faces]))
    parts = (("detection", detection), ("decoding", decoding), ("reading", reading))
    for name, taken in parts:
        print(f"{side:5d} px  {name:12s} {taken:7.2f} ms  {taken / detection:5.2f} x detection")
    for name in (name for name in OCCLUDERS.names() if name != "none"):
        occluder = get_occluder(name)
        occluder.apply(faces[0].image, faces[0].face)
        taken = float(np.median([cpu(occluder.apply, face.image, face.face) for face in faces]))
        print(
            f"{side:5d} px  {name:12s} {taken:7.2f} ms  {taken / detection:5.2f} x detection  "
            f"{verdict(taken <= BARS[side])} ({BARS[side]:g} ms)"
        )


def report_rates(detector: MediaPipeDetector, faces: list[Picture], spec: str) -> None:
    occluder = get_occluder(spec)

    def fresh(face: Picture) -> None:
        image = decode_image(face.data)
        occluder.apply(image, detector.detect(image)[0])

    def cached(face: Picture) -> None:
        image = decode_image(face.data)
        for seed in range(CONDITIONS):
            occluder.apply(image, face.face, seed=seed)

    once = 1000 / np.mean([cpu(fresh, face) for face in faces])
    often = 1000 * CONDITIONS / np.mean([cpu(cached, face) for face in faces])
    print(
        f"decoding, detection and one {spec}: {once:.0f} images/s/core  "
        f"{verdict(bool(once >= FRESH_BAR))} ({FRESH_BAR:g})"
    )
    print(
        f"landmarks known, {CONDITIONS} x {spec}: {often:.0f} masked images/s/core  "
        f"{verdict(bool(often >= CACHED_BAR))} ({CACHED_BAR:g})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--occluder", default="surgical", help="for images per second")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with MediaPipeDetector() as detector:
        small, large = (pictures(detector, side, options.pictures) for side in BARS)
        for side, faces in zip(BARS, (small, large), strict=True):
            report_parts(detector, faces, side)
        report_rates(detector, small, options.occluder)


if __name__ == "__main__":
    main()
