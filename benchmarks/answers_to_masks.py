"""What networks answer to drawn masks, beside what they answer to masks that people wear.

Masks of each kind, drawn from the population (`vary=real`), are put on neutral faces, and a flat
fill of the same pixels in the mask's mean colour. `REAL` holds the shares of answers to 159 people
in public photographs, masks worn correctly, |yaw| below 20 degrees, classified once, in one crop
of 1.1 x the landmark box lifted by 6 %, as the package made then. Networks now read four views
without that lift, so the real shares would have to be measured anew for a fair comparison. Their
expressions are unknown, mostly neutral to the eye: where shares differ, people may have smiled.
The total variation of two distributions is half the sum of their absolute differences, 0 to 1.
Samples of that size alone make it .1 to .2, given in brackets.

With `--worn` the same for pairs whose expressions are known (an index for `compare-worn`, by name
or path): answers to neutral faces in worn masks, and under masks drawn on the same people.

Nothing in an occluder may be chosen by these answers: shapes and looks are fitted to photographs.

    python benchmarks/answers_to_masks.py --data london/neutral
    python benchmarks/answers_to_masks.py --data london/neutral --worn example_worn
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.analyses.pairs import Pair, find_pairs
from maskface.classifiers import Classifier, get_classifier
from maskface.crops import face_crop
from maskface.datasets import load_dataset
from maskface.images import read_image
from maskface.landmarks import CachedDetector, MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.pipeline import make_face
from maskface.types import EMOTIONS, Face, FaceLandmarks, ImageArray, Occlusion

Floats: TypeAlias = NDArray[np.float64]

REAL: Final[dict[str, tuple[int, dict[str, tuple[int, ...]]]]] = {
    "surgical": (93, {"faceapi": (4, 2, 8, 28, 11, 20, 27), "fer": (2, 0, 6, 19, 17, 5, 49)}),
    "ffp2": (30, {"faceapi": (0, 3, 0, 37, 10, 23, 27), "fer": (3, 0, 13, 7, 27, 13, 37)}),
    "cloth": (36, {"faceapi": (3, 14, 0, 8, 8, 44, 22), "fer": (22, 0, 3, 6, 6, 22, 42)}),
}
"""Number of masks, and answers in % in the order of `EMOTIONS`, by kind and classifier."""
BAR: Final = 0.15
NEUTRAL: Final = "neutral"
ROUNDS: Final = 2000


def flat(image: ImageArray, drawn: Occlusion) -> Occlusion:
    """The mask's pixels in its mean colour."""
    hides = drawn.alpha[..., None] / 255
    colour = drawn.image[drawn.mask].mean(axis=0)
    return replace(drawn, image=np.round(hides * colour + (1 - hides) * image).astype(np.uint8))


def shares(classifier: Classifier, faces: list[Face]) -> Floats:
    """Share of each answer (7,)."""
    answers = classifier.predict_proba(faces).argmax(axis=1)
    return np.bincount(answers, minlength=len(EMOTIONS)) / len(answers)


def variation(first: Floats, second: Floats) -> float:
    """Total variation of two distributions."""
    return float(np.abs(first - second).sum() / 2)


def by_chance(first: Floats, n: int, second: Floats, m: int) -> float:
    """Mean total variation of samples of n and m from what both have in common."""
    rng = np.random.default_rng(0)
    both = (n * first + m * second) / (n + m)
    both /= both.sum()
    one, two = (rng.multinomial(size, both, ROUNDS) / size for size in (n, m))
    return float(np.abs(one - two).sum(axis=1).mean() / 2)


def row(name: str, found: Floats, note: str = "") -> None:
    print(f"{name:32}" + "".join(f"{100 * share:10.0f}" for share in found) + f"   {note}")


def compare(name: str, found: Floats, n: int, real: Floats, m: int) -> None:
    """Print answers beside those they should be like."""
    apart = variation(found, real)
    chance = by_chance(found, n, real, m)
    verdict = "met" if apart <= BAR else "MISSED"
    row(name, found, f"variation {apart:.2f} (by chance {chance:.2f})  {verdict}")


def dressed(
    photos: list[tuple[ImageArray, FaceLandmarks]], kind: str, draws: int
) -> Iterator[tuple[Face, Face]]:
    """Yield faces under drawn masks, and under flat ones of the same outline."""
    occluder = get_occluder(f"{kind}:vary=real")
    for number, (image, face) in enumerate(photos):
        for seed in range(draws):
            drawn = occluder.apply(image, face, seed=1000 * number + seed)
            yield tuple(  # type: ignore[misc]
                make_face(image, one, frozenset({"crop"}), lambda *_: ())
                for one in (drawn, flat(image, drawn))
            )


def report_photographs(
    photos: list[tuple[ImageArray, FaceLandmarks]], draws: int, networks: list[Classifier]
) -> None:
    """Print answers to neutral photographs under drawn masks beside those to real wearers."""
    for kind, (n, real) in REAL.items():
        masked, painted = zip(*dressed(photos, kind, draws), strict=True)
        # By chance: masks on one face count as one.
        for network in networks:
            found = shares(network, list(masked))
            if network.name in real:
                wearers = np.array(real[network.name]) / 100
                row(f"{network.name} {kind}, {n} real", wearers)
                compare(f"  {len(masked)} drawn", found, len(photos), wearers, n)
            else:
                row(f"{network.name} {kind}, {len(masked)} drawn", found)
            row("  flat, the same pixels", shares(network, list(painted)))


def report_pairs(
    pairs: list[Pair], detector: CachedDetector, draws: int, networks: list[Classifier]
) -> None:
    """Print answers to neutral faces in worn masks and under drawn ones."""
    neutral = [pair for pair in pairs if pair.worn.label == NEUTRAL]
    if not neutral:
        raise SystemExit(f"No pair is neutral: the {len(pairs)} pairs have other emotions.")
    for kind in sorted({pair.kind for pair in neutral}):
        worn, plain = [], []
        for pair in (pair for pair in neutral if pair.kind == kind):
            image, seen = read_image(pair.plain.path), read_image(pair.worn.path)
            for face in detector.detect(image, pair.plain.path.read_bytes())[:1]:
                plain.append((image, face))
                worn.append(Face(face_crop(seen, face), face))
        masked, painted = zip(*dressed(plain, kind, draws), strict=True)
        for network in networks:
            real = shares(network, worn)
            row(f"{network.name} {kind}, {len(worn)} worn, neutral", real)
            found = shares(network, list(masked))
            compare(f"  {len(masked)} drawn", found, len(plain), real, len(worn))
            row("  flat, the same pixels", shares(network, list(painted)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of neutral photographs")
    parser.add_argument("--limit", type=int, default=102, help="number of photographs")
    parser.add_argument("--draws", type=int, default=2, help="masks drawn on each")
    parser.add_argument("--worn", help="pairs of plain and worn: a name or the path of an index")
    parser.add_argument("--classifier", action="append", help="may be given several times")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    networks = [get_classifier(spec) for spec in options.classifier or ["faceapi", "fer"]]
    files = [path for path in sorted(options.data.rglob("*")) if path.suffix in (".jpg", ".png")]
    chosen = np.unique(np.linspace(0, len(files) - 1, min(options.limit, len(files))).astype(int))
    print(f"{'Answers in %':32}" + "".join(f"{name:>10}" for name in EMOTIONS))
    with CachedDetector(MediaPipeDetector()) as detector:
        photos = []
        for path in (files[number] for number in chosen):
            image = read_image(path)
            photos += [(image, face) for face in detector.detect(image, path.read_bytes())[:1]]
        report_photographs(photos, options.draws, networks)
        if options.worn:
            samples = load_dataset(options.worn).samples
            report_pairs(find_pairs(options.worn, samples), detector, options.draws, networks)


if __name__ == "__main__":
    main()
