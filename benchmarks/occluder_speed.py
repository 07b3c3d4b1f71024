"""CPU time of occluders beside face detection, in one process on one core.

    python benchmarks/occluder_speed.py

The pictures are the shipped synthetic faces, resized. Times are the median over pictures of the
least of some runs, in milliseconds of CPU time. All take turns, so that a machine that is busy for
a while slows all alike. Every call is made twice, and the first one counts for nothing where the
second is quicker: what is kept from picture to picture (cloth, surfaces) is there then. So is what
all conditions of a picture share, where the head is, light, sharpness, grain, spectacles and hair:
`reading` is what that takes once for a picture.

Masks of a population, `vary=real`, have another seed at every call, so that none is kept. They
stand beside the fixed mask of their kind, and beside it together with what a run does to a picture
before: decoding and detection.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.crops import resize
from maskface.datasets.example import example_dataset
from maskface.images import decode_image, read_image
from maskface.landmarks import MediaPipeDetector
from maskface.occluders import OCCLUDERS, get_occluder
from maskface.occluders.drawing.geometry import fit_head
from maskface.occluders.photo.appearance import Appearance, appearance_of
from maskface.occluders.worn.base import Mask
from maskface.types import FaceLandmarks, ImageArray

BARS: Final = {256: 4.0, 1024: 20.0}
"""Allowed CPU ms of one occluder, by side of the picture in px."""
POPULATION_BAR: Final = 1.1
"""A mask of a population beside a fixed one, with decoding and detection."""
FRESH_BAR: Final = 35.0
CACHED_BAR: Final = 130.0
"""Images per second and core with one mask, and with 12 once landmarks are known."""
CONDITIONS: Final = 12
TURNS: Final = 4


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


def cpu(work: Callable[[], Any]) -> float:
    """CPU ms that a call takes."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def least(works: list[Callable[[], Any]]) -> NDArray[np.float64]:
    """CPU ms (n,) of calls that take turns; the least of some runs of each."""
    turns = [[min(cpu(work), cpu(work)) for work in works] for _ in range(TURNS)]
    return np.asarray(np.min(turns, axis=0), np.float64)


def read_look(face: Picture) -> Appearance:
    """Read what occluders take over from a picture, which is kept only if it cannot change."""
    return appearance_of(face.image.copy(), fit_head(face.face.points))


def vary(name: str, seeds: Iterator[int]) -> Callable[[Picture], None]:
    """Return what draws another mask of a population at every call."""
    occluder = get_occluder(f"{name}:vary=real")

    def draw(face: Picture) -> None:
        occluder.apply(face.image, face.face, seed=next(seeds))

    return draw


def report_population(detector: MediaPipeDetector, faces: list[Picture], side: int) -> None:
    names = [name for name in OCCLUDERS.names() if issubclass(OCCLUDERS.get(name), Mask)]
    seeds = count()
    works: list[Callable[[], Any]] = [
        partial(lambda face: detector.detect(decode_image(face.data)), face) for face in faces
    ]
    for name in names:
        works += [partial(get_occluder(name).apply, face.image, face.face) for face in faces]
        works += [partial(vary(name, seeds), face) for face in faces]
    medians = np.median(least(works).reshape(-1, len(faces)), axis=1).tolist()
    before, fixed, varied = medians[0], medians[1::2], medians[2::2]
    for name, one, other in zip(names, fixed, varied, strict=True):
        in_run = (before + other) / (before + one)
        print(
            f"{side:5d} px  {name:12s} fixed {one:6.2f} ms, varied {other:6.2f} ms  "
            f"{other / one:5.2f} x alone, {in_run:5.2f} x in a run  "
            f"{verdict(other <= BARS[side] and in_run <= POPULATION_BAR)}"
        )


def verdict(met: bool) -> str:  # noqa: FBT001
    return "met" if met else "MISSED"


def report_parts(detector: MediaPipeDetector, faces: list[Picture], side: int) -> None:
    occluders = {name: get_occluder(name) for name in OCCLUDERS.names() if name != "none"}
    parts: dict[str, list[Callable[[], Any]]] = {
        "detection": [partial(detector.detect, face.image) for face in faces],
        "decoding": [partial(decode_image, face.data) for face in faces],
        "reading": [partial(read_look, face) for face in faces],
    }
    for name, occluder in occluders.items():
        parts[name] = [partial(occluder.apply, face.image, face.face) for face in faces]
    by_face = least([work for works in parts.values() for work in works])
    taken = np.median(by_face.reshape(len(parts), len(faces)), axis=1)
    for name, ms in zip(parts, taken.tolist(), strict=True):
        bar = f"{verdict(ms <= BARS[side])} ({BARS[side]:g} ms)" if name in occluders else ""
        ratio = f"{ms / taken[0]:5.2f} x detection"
        print(f"{side:5d} px  {name:12s} {ms:7.2f} ms  {ratio}  {bar}")


def report_rates(detector: MediaPipeDetector, faces: list[Picture], spec: str) -> None:
    occluder = get_occluder(spec)

    def fresh(face: Picture) -> None:
        image = decode_image(face.data)
        occluder.apply(image, detector.detect(image)[0])

    def cached(face: Picture) -> None:
        image = decode_image(face.data)
        for seed in range(CONDITIONS):
            occluder.apply(image, face.face, seed=seed)

    works: list[Callable[[], Any]] = [partial(fresh, face) for face in faces]
    once, often = least(works + [partial(cached, face) for face in faces]).reshape(2, -1)
    for what, rate, bar in (
        (f"decoding, detection and one {spec}: {{:.0f}} images", 1000 / once.mean(), FRESH_BAR),
        (
            f"landmarks known, {CONDITIONS} x {spec}: {{:.0f}} masked images",
            1000 * CONDITIONS / often.mean(),
            CACHED_BAR,
        ),
    ):
        print(f"{what.format(rate)}/s/core  {verdict(bool(rate >= bar))} ({bar:g})")


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
            report_population(detector, faces, side)
        report_rates(detector, small, options.occluder)


if __name__ == "__main__":
    main()
