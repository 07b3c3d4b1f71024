"""How well occluders hide: coverage, what they give away of the expression, edges, exactness.

Leakage: from the pixels of the hidden region alone, aligned by the eyes, a ridge model predicts
MediaPipe's smile and jaw-open blendshapes of people it was not trained on. Beside it stand

- the same with labels shuffled among all photographs, and within each person, which leaves what
  the shape of a face tells about its usual score;
- the same from the head's pose and proportions alone, which show above a mask as well, and the
  partial r of the hidden region beyond them;
- the same from the pixels above the mask, which it leaves as they are, and the partial r of the
  hidden region beyond them: what a mask adds to what anybody sees of the face around it;
- the same with the mask fixed to the corners of the eyes, which has one turn, proportion and place
  beside them in all photographs: it follows nothing of head or face, and what it still tells is
  light, white balance, sharpness and grain, read above the mask, and how large the face is;
- the same with cloth painted on the moving landmark mesh, as simple mask generators do.

The standard error of r is a bootstrap over people with the predictions as they are; r is that of
the best of four penalties, so that shuffled labels have a mean a little above 0.

Photographs are first extended on all sides. Cut off by the edge of the picture, a mask would show
where in the picture the face is. How large it is there shows anyway: "picture" predicts from the
distances of the eyes from one another and from the borders alone. If a picture is cut at the face
box, that tells the jaw (r = .6), as the box grows with it.

`--variant` measures other pictures of the same faces, whose scores are those of the photograph as
it is: grey and 256 px high or wide, or cut at the face box with 5 % around it. Eyes found by
landmarks move with the mouth themselves. On the example faces, whose heads do not, `--still` takes
the mean place of a person's eyes instead: only this tells what follows the mouth.

    python benchmarks/occluder_quality.py --data FOLDER --limit 600 --leak-only --variant tight48
    python benchmarks/occluder_quality.py --leak-only --still
    python benchmarks/occluder_quality.py --occluder surgical:colour=black --occluder ffp2
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import joblib
import numpy as np
from numpy.typing import NDArray

from maskface.analyses.leakage import (
    CHIP,
    TARGETS,
    align_eyes,
    correlate,
    eyes,
    mask_chip,
    predict_unseen,
    target_scores,
)
from maskface.datasets import load_dataset
from maskface.datasets.example import example_dataset
from maskface.images import read_image
from maskface.landmarks import CachedDetector, MediaPipeDetector
from maskface.mesh import (
    CHIN,
    FACE_OVAL,
    FOREHEAD,
    LOWER_LIP,
    MOUTH_CORNERS,
    NOSE_TIP,
    canonical_mesh,
)
from maskface.occluders import get_occluder
from maskface.occluders.drawing.geometry import ANCHORS, HeadFit, fit_head
from maskface.occluders.drawing.render import draw_on
from maskface.occluders.worn.base import WornOccluder
from maskface.types import HALF, FaceLandmarks, ImageArray, Occlusion

Floats: TypeAlias = NDArray[np.float64]
Bytes: TypeAlias = NDArray[np.uint8]
Bools: TypeAlias = NDArray[np.bool_]

LEAK_BAR: Final = {"plain": 0.10, "grey256": 0.15, "tight256": 0.15, "tight48": 0.15}
KNOWN: Final = ("pose alone", "picture", "seen above")
"""What of a face shows beside a mask."""
FIXED: Final = ", fixed to the eyes"
ABOVE: Final = np.array([[40.0, 104.0], [88.0, 104.0]], np.float32)
LAST_ROW: Final = 105
"""The same in a chip of the face above a mask, and its last row, just below the middle of the eyes:
no mask reaches there.
"""
ROUNDS: Final = 20
RESAMPLES: Final = 500
POINTS: Final = {
    "nose tip": (NOSE_TIP,),
    "mouth corners": MOUTH_CORNERS,
    "lower lip": (LOWER_LIP,),
    "chin": (CHIN,),
}
TURNED: Final = 45.0
REACH: Final = np.arange(-5.0, 5.01, 0.5)
"""Where a profile across an edge is sampled, in pixels, outwards."""
NEAR_CORD: Final = 12
"""No profile is taken within so many pixels of an ear loop, whose own brightness is no halo."""


@dataclass(frozen=True)
class Photo:
    """A photograph, its face, its scores (2,) to predict, and the face whose eyes align it."""

    image: ImageArray
    landmarks: FaceLandmarks
    subject: str
    scores: Floats
    place: FaceLandmarks

    def extended(self) -> Photo:
        """The same with its outermost pixels repeated for a third of its width on all sides."""
        margin = self.image.shape[1] // 3
        image = np.pad(self.image, ((margin, margin), (margin, margin), (0, 0)), "edge")
        landmarks, place = (
            replace(face, points=face.points + np.array([margin, margin, 0], np.float32))
            for face in (self.landmarks, self.place)
        )
        return replace(self, image=image, landmarks=landmarks, place=place)


def as_it_is(image: ImageArray, face: FaceLandmarks) -> ImageArray:
    """The photograph."""
    del face
    return image


def grey_256(image: ImageArray, face: FaceLandmarks) -> ImageArray:
    """The photograph without colour, its longer side 256 px."""
    del face
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return shrunk(np.asarray(grey, np.uint8), 256)


def tight(side: int) -> Callable[[ImageArray, FaceLandmarks], ImageArray]:
    """The grey face box with 5 % around it, its longer side `side` px."""

    def cut(image: ImageArray, face: FaceLandmarks) -> ImageArray:
        low, high = face.points[:, :2].min(axis=0), face.points[:, :2].max(axis=0)
        around = 0.05 * (high - low)
        x0, y0 = np.maximum(np.floor(low - around), 0).astype(int)
        x1, y1 = np.ceil(high + around).astype(int)
        grey = cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
        return shrunk(np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8), side)

    return cut


def shrunk(image: ImageArray, side: int) -> ImageArray:
    """The picture with its longer side that many pixels."""
    factor = side / max(image.shape[:2])
    height, width = (round(length * factor) for length in image.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


VARIANTS: Final = {
    "plain": as_it_is,
    "grey256": grey_256,
    "tight256": tight(256),
    "tight48": tight(48),
}


def load(
    data: Path | None, limit: int, variant: str = "plain", *, still: bool = False
) -> list[Photo]:
    """Read up to `limit` photographs spread over a data set, by default the example faces."""
    yaw = 0.0 if still else None
    dataset = example_dataset(intensity=None, yaw=yaw) if data is None else load_dataset(data)
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(limit, len(dataset))).astype(int))
    photos: list[Photo] = []
    lost = 0
    with CachedDetector(MediaPipeDetector()) as detector:
        for sample in (dataset.samples[number] for number in chosen):
            whole = read_image(sample.path)
            image, again = whole, detector.detect(whole, sample.path.read_bytes())
            faces = again
            if variant != "plain" and faces:
                image = np.ascontiguousarray(VARIANTS[variant](whole, faces[0]))
                again = detector.detect(image)
            lost += not again
            if again:
                scores = target_scores(faces[0])
                photos.append(Photo(image, again[0], sample.subject_id, scores, again[0]))
    if lost:
        print(f"no face found in {lost} of {len(chosen)} pictures")
    return kept_still(photos) if still else photos


def kept_still(photos: list[Photo]) -> list[Photo]:
    """The photographs, aligned by where the landmarks of the same person are on average."""
    own: dict[str, list[NDArray[np.float32]]] = {}
    for photo in photos:
        own.setdefault(photo.subject, []).append(photo.landmarks.points)
    mean = {subject: np.mean(points, axis=0) for subject, points in own.items()}
    return [replace(p, place=replace(p.landmarks, points=mean[p.subject])) for p in photos]


# --- Leakage


def chip_above(photo: Photo) -> NDArray[np.float32]:
    """Grey pixels above any mask, with the eyes in fixed places: (CHIP * CHIP,)."""
    grey = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY)
    chip = cv2.warpAffine(grey, align_eyes(photo.place, ABOVE), (CHIP * 4, CHIP * 4))
    chip[LAST_ROW:] = 0
    small = cv2.resize(chip, (CHIP, CHIP), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def eye_frame(photo: Photo) -> tuple[Floats, Floats]:
    """Axes (3, 3) along the line of the eyes, down from it and away; origin (3,) between them."""
    right, left = eyes(photo.landmarks)
    x, y = left - right
    depth = float(np.hypot(x, y))
    axes = np.array([[x, -y, 0.0], [y, x, 0.0], [0.0, 0.0, depth]])
    return axes, np.array([*(right + left) / 2, 0.0])


def fixed_to_eyes(
    photos: list[Photo], worn: WornOccluder
) -> Callable[[Photo], tuple[ImageArray, Bools]]:
    """Draw a garment the way it lies on average, beside the corners of the eyes, on each face."""
    frames = [(eye_frame(photo), fit_head(photo.landmarks.points)) for photo in photos]
    linear = np.mean([np.linalg.solve(axes, fit.linear) for (axes, _), fit in frames], axis=0)
    places = [np.linalg.solve(axes, fit.offset - middle) for (axes, middle), fit in frames]
    place = np.mean([[x, y, 0.0] for x, y, _ in places], axis=0)

    def draw(photo: Photo) -> tuple[ImageArray, Bools]:
        axes, middle = eye_frame(photo)
        fit = HeadFit(axes @ linear, axes @ place + middle)
        drawn = draw_on(photo.image, fit, worn.garment(fit.scale), np.random.default_rng(0))
        return drawn.image, drawn.alpha > HALF

    return draw


def painted(photo: Photo) -> tuple[ImageArray, Bools]:
    """Paint the landmark mesh below the eyes, each triangle lit by the way it faces."""
    mesh = canonical_mesh()
    low = mesh.vertices[mesh.triangles, 1].mean(axis=1) < 0.8
    points = photo.landmarks.points[:468].astype(np.float64)
    corners = points[mesh.triangles[low]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # With y down, triangles that face the camera have a negative area. The farthest come first.
    seen = np.flatnonzero(normals[:, 2] < 0)
    seen = seen[np.argsort(-corners[seen, :, 2].mean(axis=1), kind="stable")]
    corners, normals = corners[seen], normals[seen]
    facing = np.abs(normals[:, 2]) / np.linalg.norm(normals, axis=1)
    image, mask = photo.image.copy(), np.zeros(photo.image.shape[:2], np.uint8)
    for corner, level in zip(np.round(corners[..., :2] * 16).astype(np.int32), facing, strict=True):
        cv2.fillConvexPoly(image, corner, (120 + 100 * float(level),) * 3, cv2.LINE_8, 4)
        cv2.fillConvexPoly(mask, corner, (1,), cv2.LINE_8, 4)
    return image, mask.astype(bool)


def pose(photo: Photo) -> Floats:
    """Pose and proportions of the head above a mask: an affine map, in the frame of the eyes."""
    points = photo.landmarks.points[:, :2].astype(np.float64)
    right, left = eyes(photo.landmarks)
    along = left - right
    across = np.array([-along[1], along[0]])
    anchors = [*ANCHORS, FOREHEAD]
    design = np.column_stack([canonical_mesh().vertices[anchors], np.ones(len(anchors))])
    linear = np.linalg.lstsq(design, points[anchors], rcond=None)[0][:3].T
    return np.asarray((np.stack([along, across]) @ linear / (along @ along)).ravel())


def in_picture(photo: Photo) -> Floats:
    """Place and size of the face in the picture (5,), as the distance of the eyes measures them."""
    height, width = photo.image.shape[:2]
    right, left = eyes(photo.landmarks)
    apart, (x, y) = float(np.linalg.norm(left - right)), (left + right) / 2
    return np.array([np.log(apart), *(np.array([x, y, width - x, height - y]) / apart)])


def standardised(columns: Floats) -> Floats:
    """Columns with mean 0 and standard deviation 1."""
    return np.asarray((columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-12))


def partial(first: Floats, second: Floats, given: Floats) -> float:
    """Correlation of two variables beyond what a third explains of both."""
    design = np.column_stack([given, np.ones(len(given))])
    rest = [y - design @ np.linalg.lstsq(design, y, rcond=None)[0] for y in (first, second)]
    return float(np.corrcoef(*rest)[0, 1])


def uncertainty(first: Floats, second: Floats, subjects: list[str]) -> float:
    """Standard error of a correlation, by a bootstrap over people."""
    rng = np.random.default_rng(0)
    own = [np.flatnonzero(np.array(subjects) == subject) for subject in np.unique(subjects)]
    again = [rng.integers(0, len(own), len(own)) for _ in range(RESAMPLES)]
    rows = [np.concatenate([own[person] for person in people]) for people in again]
    return float(np.std([np.corrcoef(first[some], second[some])[0, 1] for some in rows]))


def shuffled(target: Floats, subjects: list[str]) -> tuple[Floats, Floats]:
    """The target (n, ROUNDS) shuffled among all photographs, and within each person."""
    rng = np.random.default_rng(0)
    own = [np.flatnonzero(np.array(subjects) == subject) for subject in np.unique(subjects)]
    among, within = (np.repeat(target[:, None], ROUNDS, axis=1) for _ in range(2))
    for number in range(ROUNDS):
        among[:, number] = rng.permutation(target)
        for rows in own:
            within[rows, number] = target[rng.permutation(rows)]
    return among, within


def leakage_features(
    photos: list[Photo], draw: Callable[[Photo], tuple[ImageArray, Bools]]
) -> Floats:
    """Chips (n, CHIP * CHIP, 2) of all photographs."""
    larger = (photo.extended() for photo in photos)
    chips = [mask_chip(photo.place, *draw(photo)) for photo in larger]
    return np.array(chips, np.float64)


def report_leakage(photos: list[Photo], specs: list[str], bar: float) -> None:
    features = {"pose alone": standardised(np.array([pose(photo) for photo in photos]))}
    features["picture"] = standardised(np.array([in_picture(photo) for photo in photos]))
    features["seen above"] = np.array([chip_above(photo.extended()) for photo in photos], float)
    for spec in specs:
        chips = leakage_features(photos, lambda photo, spec=spec: _drawn(photo, spec))  # type: ignore[misc]
        features[spec] = chips.reshape(len(chips), -1)
        features[f"{spec}, shape alone"] = chips[..., 1]
        if isinstance(occluder := get_occluder(spec), WornOccluder):
            chips = leakage_features(photos, fixed_to_eyes(photos, occluder))
            features[f"{spec}{FIXED}"] = chips.reshape(len(chips), -1)
            features[f"{spec}, shape alone{FIXED}"] = chips[..., 1]
    chips = leakage_features(photos, painted)
    features["painted on landmarks"] = chips.reshape(len(chips), -1)
    subjects = [photo.subject for photo in photos]
    scores = np.array([photo.scores for photo in photos])
    for label, target in zip(TARGETS, scores.T, strict=True):
        among, within = shuffled(target, subjects)
        columns = np.column_stack([target, among, within])
        guesses = {name: predict_unseen(x, columns, subjects) for name, x in features.items()}
        for name, guess in guesses.items():
            r = correlate(guess, columns)
            free, same = r[1 : ROUNDS + 1], r[ROUNDS + 1 :]
            beyond = "  ".join(
                f"beyond {known} {partial(guess[:, 0], target, guesses[known][:, 0]):+.3f}"
                for known in (*KNOWN, f"{name}{FIXED}")
                if name not in KNOWN and known in guesses
            )
            verdict = _verdict(abs(r[0]) <= bar) if name in specs else ""
            print(
                f"leak   {name:40s} {label:5s} r {r[0]:+.3f} "
                f"SE {uncertainty(guess[:, 0], target, subjects):.3f}  "
                f"shuffled {free.mean():+.3f} +- "
                f"{free.std():.3f}  within people {same.mean():+.3f} +- {same.std():.3f}  "
                f"{beyond}  {verdict}"
            )


def _drawn(photo: Photo, spec: str) -> tuple[ImageArray, Bools]:
    result = get_occluder(spec).apply(photo.image, photo.landmarks)
    return result.image, result.mask


def _verdict(met: object) -> str:
    return "met" if met else "MISSED"


# --- Coverage, edges, exactness


def report_drawing(photos: list[Photo], spec: str) -> None:
    occluder = get_occluder(spec)
    results = [occluder.apply(photo.image, photo.landmarks) for photo in photos]
    frontal = [abs(photo.landmarks.pose.yaw) <= TURNED for photo in photos]
    covered = np.array([result.coverage for result in results])
    print(
        f"cover  {spec}: face oval mean {covered.mean():.3f} SD {covered.std():.4f} "
        f"min {covered.min():.3f} max {covered.max():.3f}"
    )
    hidden = np.array([result.covered for result in results])[frontal]
    for name, indices in POINTS.items():
        share = 100 * hidden[:, list(indices)].all(axis=1).mean()
        print(f"cover  {spec}: {name:13s} {share:6.2f} % of {len(hidden)} faces to {TURNED:g} deg")
    changed = [_changed(photo.image, result) for photo, result in zip(photos, results, strict=True)]
    print(f"exact  {spec}: {sum(changed)} pixels changed outside alpha and shadow")
    pairs = list(zip(photos, results, strict=True))
    beyond = np.concatenate([overshoot(photo, result) for photo, result in pairs])
    if len(beyond):
        middle, high = np.percentile(beyond, [50, 95])
        print(
            f"edge   {spec}: luma beyond both sides median {middle:.1f}, 95 % {high:.1f} "
            f"({len(beyond)} profiles)  {_verdict(high <= 5)}"
        )
        plain = np.concatenate([overshoot(photo, in_one_colour(photo, r)) for photo, r in pairs])
        print(f"edge   {spec}: in one colour 95 % {np.percentile(plain, 95):.1f}")


def _changed(image: ImageArray, result: Occlusion) -> int:
    free = (result.alpha == 0) & (result.shadow == 0)
    return int((image != result.image).any(axis=2)[free].sum())


def in_one_colour(photo: Photo, result: Occlusion) -> Occlusion:
    """The same outline and shadow with one colour inside.

    What is beyond both sides there comes of the photograph and of how the two are laid together;
    the rest is drawn on the cloth.
    """
    hides, light = (plane[..., None] / 255 for plane in (result.alpha, 255 - result.shadow))
    colour = result.image[result.mask].mean(axis=0) if result.mask.any() else 0
    image = np.round(hides * colour + (1 - hides) * light * photo.image).astype(np.uint8)
    return replace(result, image=image)


def overshoot(photo: Photo, result: Occlusion) -> Floats:
    """How far luma goes beyond that of cloth and skin next to it, along profiles across the edge.

    The sides are the last sample that is all cloth, the first that is all photograph, and the
    photograph under the edge itself, in its shadow: that it is darkest there is no overshoot.
    """
    radius = max(1, round(photo.landmarks.size / 60))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    body = cv2.morphologyEx(result.mask.astype(np.uint8), cv2.MORPH_OPEN, disc)  # without cords
    soft = cv2.GaussianBlur(body.astype(np.float32), (0, 0), 2.0)
    around = np.ones((2 * NEAR_CORD + 1,) * 2, np.uint8)
    rest = cv2.dilate(result.mask.astype(np.uint8) - body, around)
    edge = (body > 0) & (cv2.erode(body, np.ones((3, 3), np.uint8)) == 0) & (rest == 0)
    y, x = np.nonzero(edge)
    y, x = y[::7], x[::7]
    slope = np.stack(
        [cv2.Sobel(soft, cv2.CV_32F, 1, 0)[y, x], cv2.Sobel(soft, cv2.CV_32F, 0, 1)[y, x]]
    )
    outward = -slope / np.maximum(np.linalg.norm(slope, axis=0), 1e-6)
    across = (x[:, None] + outward[0][:, None] * REACH).astype(np.float32)
    down = (y[:, None] + outward[1][:, None] * REACH).astype(np.float32)
    grey = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY) * (1 - result.shadow / 255)
    luma, under, alpha, skin = (
        np.asarray(cv2.remap(part.astype(np.float32), across, down, cv2.INTER_LINEAR), np.float64)
        for part in (
            cv2.cvtColor(result.image, cv2.COLOR_RGB2GRAY),
            grey,
            result.alpha,
            _oval(photo),
        )
    )
    inside, outside = alpha > 254, alpha < 1
    # The last of the cloth from within, and the first of the photograph after it.
    first = (~inside).argmax(axis=1) - 1
    last = (outside & (np.arange(len(REACH)) > first[:, None])).argmax(axis=1)
    usable = inside[:, 0] & (last > first) & (skin[np.arange(len(last)), last] > 0.5)
    spans = [(i, slice(first[i], last[i] + 1)) for i in np.flatnonzero(usable)]
    return np.array([_beyond(luma[i, span], under[i, span]) for i, span in spans])


def _beyond(profile: Floats, under: Floats) -> float:
    low, high = sorted((profile[0], profile[-1]))
    above = profile - np.maximum(high, under)
    below = np.minimum(low, under) - profile
    return float(max(above.max(), below.max(), 0))


def _oval(photo: Photo) -> Bytes:
    oval = np.zeros(photo.image.shape[:2], np.uint8)
    outline = np.round(photo.landmarks.points[list(FACE_OVAL), :2]).astype(np.int32)
    cv2.fillPoly(oval, [outline], (1,))
    return oval


def digest(photos: list[Photo], spec: str) -> str:
    """Hash of what is drawn on some photographs."""
    drawn = hashlib.sha256()
    for photo in photos:
        result = get_occluder(spec).apply(photo.image, photo.landmarks, seed=7)
        for part in (result.image, result.alpha, result.shadow):
            drawn.update(part.tobytes())
    return drawn.hexdigest()


def report_determinism(photos: list[Photo], spec: str) -> None:
    here = [digest(photos, spec) for _ in range(2)]
    there = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(digest)(photos, spec) for _ in range(2)
    )
    same = len({*here, *there}) == 1
    print(f"same   {spec}: bytes over calls and processes: {_verdict(same)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="data set; by default the example faces")
    parser.add_argument("--limit", type=int, default=600, help="number of photographs")
    parser.add_argument("--occluder", action="append", help="may be given several times")
    parser.add_argument("--variant", action="append", choices=VARIANTS, help="of the pictures")
    parser.add_argument("--still", action="store_true", help="align by where a head really is")
    parser.add_argument("--leak-only", action="store_true", help="measure nothing else")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.still and (options.data is not None or options.variant not in (None, ["plain"])):
        parser.error("--still is for the example faces as they are: their heads do not move.")
    specs = options.occluder or ["surgical"]
    for variant in options.variant or ["plain"]:
        photos = load(options.data, options.limit, variant, still=options.still)
        people = {photo.subject for photo in photos}
        print(f"{variant}: {len(photos)} photographs of {len(people)} people", flush=True)
        for spec in () if options.leak_only else specs:
            report_drawing(photos, spec)
            report_determinism(photos[:5], spec)
        report_leakage(photos, specs, LEAK_BAR[variant])


if __name__ == "__main__":
    main()
