"""How drawn masks sit and fold beside real ones, measured in one frame.

The unit is the distance between the outer corners of the eyes, the origin lies midway between
them, x runs along them and y down the face. Landmarks are found anew in the masked picture, as they
were for real masks. `REAL` holds what 159 masks of people in public photographs measured: correctly
worn, |yaw| below 20 degrees. A drawn population agrees with them if each mean is within .03 (a
degree for the tilt) and each standard deviation within a third.

Folds: the brightness inside a mask, brought to its box and freed from what is broader than a
sixteenth of it, is correlated between pairs of drawn masks. Pairs of real ones have .01.

    python benchmarks/mask_placement.py --data london/neutral --draws 3
    python benchmarks/mask_placement.py --data london/neutral --occluder surgical --occluder ffp2
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.analyses.outlines import LEFT, PIXELS, eye_frame, mask_body, measure_outline
from maskface.images import read_image
from maskface.landmarks import CachedDetector, MediaPipeDetector
from maskface.occluders import get_occluder
from maskface.types import FaceLandmarks, ImageArray

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

REAL: Final[dict[str, dict[str, tuple[float, float]]]] = {
    "surgical": {
        "top, midline": (0.164, 0.084), "top, pupils": (0.194, 0.068),
        "top, outer corners": (0.204, 0.064), "midline to outer": (0.041, 0.062),
        "tilt": (0.2, 2.1), "width": (1.485, 0.084), "lowest": (1.298, 0.130),
        "upper corner x": (0.737, 0.044), "upper corner y": (0.242, 0.065),
        "lower corner x": (0.703, 0.064), "lower corner y": (0.805, 0.136),
    },
    "ffp2": {
        "top, midline": (0.130, 0.076), "top, pupils": (0.222, 0.060),
        "top, outer corners": (0.266, 0.062), "midline to outer": (0.137, 0.061),
        "tilt": (0.9, 2.9), "width": (1.464, 0.144), "lowest": (1.398, 0.126),
        "upper corner x": (0.709, 0.079), "upper corner y": (0.361, 0.074),
        "lower corner x": (0.640, 0.098), "lower corner y": (0.920, 0.115),
    },
    "cloth": {
        "top, midline": (0.166, 0.064), "top, pupils": (0.208, 0.050),
        "top, outer corners": (0.228, 0.063), "midline to outer": (0.062, 0.061),
        "tilt": (-0.1, 2.4), "width": (1.526, 0.097), "lowest": (1.316, 0.079),
        "upper corner x": (0.781, 0.046), "upper corner y": (0.244, 0.072),
        "lower corner x": (0.662, 0.060), "lower corner y": (0.841, 0.103),
    },
}  # fmt: skip
"""Mean and standard deviation by kind of mask and measure; tilt in degrees."""
MEAN_BAR: Final = 0.03
TILT_BAR: Final = 1.0
SPREAD_BAR: Final = 1 / 3
FOLD_BAR: Final = 0.1
LOOKS: Final = {
    "L": (75, 11), "L minus forehead": (16, 15), "a minus forehead": (-20, 9),
    "b minus forehead": (-23, 13), "SD of a inside": (3.1, None), "SD of b inside": (3.5, None),
    "fine SD of L": (3.5, 1.4), "L, centre minus sides": (2.4, 6.2),
}  # fmt: skip
"""CIELAB of real blue and green surgical masks: median over masks, and standard deviation."""
FOREHEAD: Final = (151, 9, 108, 337)

CHIP: Final = 64
"""Side of the box to which the inside of a mask is brought to compare folds."""


def folds_of(image: ImageArray, body: Bools, frame: Floats) -> Floats:
    """Return the folds inside a mask, standardised, in its box."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    seen = cv2.warpAffine(grey, frame, body.shape[::-1]).astype(np.float32)
    left, top, width, height = cv2.boundingRect(body.astype(np.uint8))
    part = (slice(top, top + height), slice(left, left + width))
    light = cv2.resize(seen[part], (CHIP, CHIP), interpolation=cv2.INTER_AREA)
    weight = cv2.resize(body[part].astype(np.float32), (CHIP, CHIP), interpolation=cv2.INTER_AREA)
    inside = cv2.erode((weight > 0.99).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    blurred = cv2.GaussianBlur(light * weight, (0, 0), CHIP / 16)
    rest = light - blurred / np.maximum(cv2.GaussianBlur(weight, (0, 0), CHIP / 16), 1e-3)
    return np.where(inside, rest, np.nan)


def looks_of(image: ImageArray, body: Bools, points: Floats, frame: Floats) -> dict[str, float]:
    """Return how a mask looks: CIELAB inside it, away from its edges."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    seen = cv2.warpAffine(lab, frame, body.shape[::-1], flags=cv2.INTER_LINEAR)
    inside = cv2.erode(body.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    x = np.nonzero(inside)[1] / PIXELS + LEFT
    light, a, b = seen[inside].T
    places = np.rint(points[list(FOREHEAD), :2]).astype(int)
    skin = np.median(np.vstack([lab[v - 3 : v + 4, u - 3 : u + 4].reshape(-1, 3)
                                for u, v in places]), axis=0)  # fmt: skip
    rest = seen[..., 0] - cv2.GaussianBlur(seen[..., 0], (0, 0), PIXELS / 16)
    middle, sides = np.abs(x) < 0.2, np.abs(x) > 0.45
    own = np.median(seen[inside], axis=0)
    return {
        "L": float(own[0]),
        **{f"{name} minus forehead": float(own[k] - skin[k]) for k, name in enumerate("Lab")},
        "SD of a inside": float(a.std()),
        "SD of b inside": float(b.std()),
        "fine SD of L": float(rest[inside].std()),
        "L, centre minus sides": float(np.median(light[middle]) - np.median(light[sides])),
    }


def fold_correlation(folds: list[Floats]) -> float:
    """Return the mean correlation of the folds of pairs of masks, where both are."""
    found = []
    for one, other in combinations(folds[:60], 2):
        both = np.isfinite(one) & np.isfinite(other)
        found.append(np.corrcoef(one[both], other[both])[0, 1])
    return float(np.mean(found))


def pictures(
    folder: Path, limit: int, half: int | None, detector: CachedDetector
) -> Iterator[tuple[ImageArray, FaceLandmarks]]:
    """Yield photographs, extended on all sides, and the face in each."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".jpg", ".png")]
    files = files if half is None else files[half::2]
    for number in np.unique(np.linspace(0, len(files) - 1, min(limit, len(files))).astype(int)):
        image = read_image(files[number])
        margin = image.shape[1] // 4
        image = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "edge")
        for face in detector.detect(image)[:1]:
            yield image, face


def report(folder: Path, limit: int, half: int | None, spec: str, draws: int) -> None:
    """Print the measures of a drawn population beside those of real masks."""
    kind = spec.partition(":")[0]
    rows: list[dict[str, float]] = []
    folds: list[Floats] = []
    looks: list[dict[str, float]] = []
    missed = 0
    with CachedDetector(MediaPipeDetector()) as detector:
        for image, face in pictures(folder, limit, half, detector):
            for seed in range(draws):
                drawn = get_occluder(spec).apply(image, face, seed=1000 * len(rows) + seed)
                again = detector.detect(drawn.image)
                if not again:
                    missed += 1
                    continue
                body, frame = mask_body(drawn.alpha, again[0]), eye_frame(again[0])
                rows.append(measure_outline(body, again[0]))
                folds.append(folds_of(drawn.image, body, frame))
                looks.append(looks_of(drawn.image, body, again[0].points.astype(float), frame))
    print(f"\n{spec}: {len(rows)} drawn masks, {missed} pictures without a face after that")
    print(f"{'':20}{'real':>16}{'drawn':>18}")
    off = 0
    for name, (mean, spread) in REAL.get(kind, {}).items():
        values = np.array([row[name] for row in rows])
        own, scatter = np.nanmean(values), np.nanstd(values, ddof=1)
        wrong = bool(abs(own - mean) > (TILT_BAR if name == "tilt" else MEAN_BAR))
        narrow = bool(abs(scatter / spread - 1) > SPREAD_BAR)
        off += wrong + narrow
        marks = " mean" * wrong + " SD" * narrow
        print(f"{name:20}{mean:8.3f} ({spread:.3f}){own:10.3f} ({scatter:.3f}){marks}")
    told = fold_correlation(folds)
    print(
        f"{'correlation of folds':20}{0.01:8.2f}{told:20.2f}{' above the bar' * (told > FOLD_BAR)}"
    )
    for name, (middle, scatter) in LOOKS.items():
        values = np.array([row[name] for row in looks])
        real = f"{middle:8.1f} ({scatter or float('nan'):.1f})" if kind == "surgical" else " " * 14
        print(f"{name:22}{real}{np.median(values):10.1f} ({values.std(ddof=1):.1f})")
    print(f"{off} of {2 * len(REAL.get(kind, {}))} outside the bounds")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--limit", type=int, default=102, help="number of photographs")
    parser.add_argument("--half", type=int, choices=(0, 1), help="every second photograph")
    parser.add_argument("--draws", type=int, default=1, help="masks drawn on each")
    parser.add_argument("--occluder", action="append", help="may be given several times")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for spec in options.occluder or ["surgical:vary=real", "ffp2:vary=real", "cloth:vary=real"]:
        report(options.data, options.limit, options.half, spec, options.draws)


if __name__ == "__main__":
    main()
