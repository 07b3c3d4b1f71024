"""One worn mask beside the same mask drawn: pairs of pictures, and what is measured on each.

A pair is a picture of a person without a mask and one with it, in the same expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

import cv2
import numpy as np

from maskface.analyses.leakage import mask_chip, target_scores
from maskface.analyses.outlines import (
    LEFT,
    PIXELS,
    eye_frame,
    mask_body,
    measure_outline,
    overlap,
    placement_of,
)
from maskface.arrays import Bytes, Floats, Row
from maskface.crops import face_crop, resize
from maskface.errors import ImageError, MaskfaceError
from maskface.images import read_image
from maskface.occluders import Occluder, get_occluder
from maskface.occluders.base import Drawing, coverage
from maskface.occluders.worn.base import Mask
from maskface.pipeline import NO_FACE, Detect, make_face, open_picture
from maskface.schema import Column, Table, share
from maskface.seeds import derived_seed
from maskface.specs import head
from maskface.types import (
    EMOTIONS,
    HALF,
    Face,
    FaceLandmarks,
    ImageArray,
    MaskArray,
    Occlusion,
    Sample,
)

PLAIN: Final = "plain"
PLAIN_NAMES: Final = (PLAIN, "none")
"""What an index may call a picture without a mask."""
VERSIONS: Final = ("plain", "worn", "drawn")
CELLS_ACROSS: Final = 8
SIDES: Final = {"64px": 64, "full": None}
"""Pixels of the lower face at which drawn and worn are told apart; None: those of the picture."""
_REGISTERED: Final = 0.05
"""Eyes of two pictures lie in the same place if they are nearer than this, in units."""
_CHANGED: Final = 16  # difference of two pictures, 0 to 255, from which a mask is seen in it
_THUMBNAIL: Final = 160

NAMES: Final = (
    Column("wearing", "text", "Mask: an occluder with its parameters"),
    Column("subject", "text", "Who is shown; the pair where the index does not say"),
    Column("emotion", "text", "The expression", allowed=EMOTIONS),
)
ERRORS: Final = ("top_error", "upper_corner_error", "lower_corner_error", "bottom_error")
BESIDE: Final = tuple(
    Column(f"{name}_{version}", "real", f"{about}; {version}", unit)
    for name, about, unit in (
        ("coverage", "Hidden fraction of the face oval", ""),
        ("lightness", "Median L inside", "CIELAB"), ("a", "Median a inside", "CIELAB"),
        ("b", "Median b inside", "CIELAB"),
        ("sharpness", "Standard deviation of fine detail of L inside", "CIELAB"),
    )
    for version in VERSIONS[1:]
)  # fmt: skip
PAIRS: Final = Table(
    "pairs",
    (
        Column("pair", "text", "Name of the pair in the index"),
        *NAMES,
        Column("status", "text", "ok, or why it is left out", allowed=("ok", "no_face", "error")),
        Column("message", "text", "The reason"),
        Column(
            "outline", "text", "Where the outline of the worn mask is from",
            allowed=("alpha", "difference", "missing"),
        ),
        share("iou", "Intersection by union of both outlines, without loops"),
        Column("top_error", "real", "Upper edge at the midline, drawn below worn", "% of eyes"),
        Column("upper_corner_error", "real", "Distance of the upper corners", "% of eyes", 0),
        Column("lower_corner_error", "real", "Distance of the lower corners", "% of eyes", 0),
        Column("bottom_error", "real", "Lower edge, drawn below worn", "% of eyes"),
        *BESIDE,
    ),
    key=("pair", "wearing"),
)  # fmt: skip
"""One worn mask beside the one drawn; % of eyes: of the distance between their outer corners."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A plain picture and one with a mask."""

    name: str  # of the pair, in the index
    # The pictures.
    plain: Sample
    worn: Sample
    wearing: str  # the mask: an occluder with its parameters
    alpha: Path | None  # picture of what the mask hides; None if there is none

    @property
    def subject(self) -> str:
        """Who is shown; the pair if that is not known."""
        return self.worn.subject_id or self.plain.subject_id or self.name

    @property
    def kind(self) -> str:
        """Name of the occluder without its parameters."""
        return head(self.wearing)[0]


@dataclass(frozen=True, slots=True, eq=False)
class SeenPair:
    """What is kept of one pair."""

    pair: Pair
    row: Row  # cells of `PAIRS`
    # What classifiers are given, by version.
    faces: Mapping[str, Face] = field(default_factory=dict)
    # How the lower face looks, by version and size.
    texture: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    # What the mask shows, by version; see `maskface.analyses.leakage`.
    chips: Mapping[str, Floats] = field(default_factory=dict)
    # (2,) smile and jaw of the plain face.
    scores: Floats = field(default_factory=lambda: np.empty(0))
    shown: Mapping[str, ImageArray] = field(default_factory=dict)  # small pictures by version


def find_pairs(name: str, samples: Sequence[Sample]) -> list[Pair]:
    """Bring the pictures of a set together in pairs.

    Raises MaskfaceError if a picture has no pair or says not what is worn, or a pair lacks one of
    its pictures or has it twice.
    """
    known: dict[str, dict[str, Sample]] = {}
    for sample in samples:
        cells = dict(sample.attributes)
        if not {"pair", "wearing"} <= set(cells):
            raise MaskfaceError(
                f"{sample.image_id} of {name} lacks pair or wearing. Every row of the index needs "
                "path, emotion, pair, and wearing: plain, or a mask such as surgical."
            )
        wearing = PLAIN if cells["wearing"] in PLAIN_NAMES else cells["wearing"]
        own = known.setdefault(cells["pair"], {})
        if wearing in own:
            raise MaskfaceError(
                f"Pair {cells['pair']!r} of {name} has two pictures with wearing={wearing}. Give "
                f"{sample.image_id} a pair of its own, or leave it out."
            )
        own[wearing] = sample
    for missing, pairs in (
        ("a plain picture", [pair for pair, own in known.items() if PLAIN not in own]),
        ("a picture with a mask", [pair for pair, own in known.items() if set(own) == {PLAIN}]),
    ):
        if pairs:
            raise MaskfaceError(
                f"{len(pairs)} pairs of {name} lack {missing}, such as {min(pairs)!r}. Add its "
                "row, or leave the other one out."
            )
    return [
        Pair(pair, own[PLAIN], worn, wearing, _alpha(worn))
        for pair, own in sorted(known.items())
        for wearing, worn in sorted(own.items())
        if wearing != PLAIN
    ]


def _alpha(sample: Sample) -> Path | None:
    """Return the alpha of a worn mask, which is named below the folder of the index."""
    path = dict(sample.attributes).get("alpha")
    depth = len(PurePosixPath(sample.image_id).parts)
    return sample.path.parents[depth - 1] / path if path else None


def worn_occluder(wearing: str, *, placed: bool) -> Occluder:
    """Return the occluder, as one of many where the index does not say otherwise."""
    occluder = get_occluder(wearing)
    if isinstance(occluder, Mask):
        return occluder if "vary=" in wearing else replace(occluder, vary="real")
    if placed:
        raise MaskfaceError(
            f"wearing={wearing} is no mask whose placement can be given. Leave out placed, or "
            "these rows."
        )
    return occluder


class _LeftOutError(Exception):
    """A pair cannot be compared: status and message of its row."""


@dataclass(frozen=True, slots=True, eq=False)
class _Worn:
    """A pair, opened: plain and worn picture, the face in each, and the mask as far as known."""

    image: ImageArray
    face: FaceLandmarks
    worn: ImageArray
    worn_face: FaceLandmarks
    alpha: Bytes | None
    body: MaskArray | None
    outline: str


def see_pair(
    pair: Pair,
    occluder: Occluder,
    detect: Detect,
    needs: frozenset[str],
    *,
    placed: bool,
    seed: int,
) -> SeenPair:
    """Draw the mask of a pair on its plain picture, and measure both.

    `needs` is what classifiers need; see `maskface.pipeline.make_face`. If `placed`, the mask is
    drawn where the worn one sits, if its outline is known. A person wears the same mask in all
    pictures, by `seed`.
    """
    row: Row = {
        "pair": pair.name, "wearing": pair.wearing, "subject": pair.subject,
        "emotion": pair.worn.label, "outline": "missing",
    }  # fmt: skip
    try:
        opened = _open(pair, detect)
    except _LeftOutError as reason:
        status, message = reason.args
        return SeenPair(pair, row | {"status": status, "message": message})
    body, rng = opened.body, np.random.default_rng(derived_seed(seed, pair.subject, pair.kind))
    drawn = _draw(occluder, opened, rng, body if placed else None)
    row |= {"status": "ok", "outline": opened.outline}
    if body is not None:
        row |= _errors(opened, body, mask_body(drawn.alpha, opened.face))
    faces, shown, chips = {}, {}, {}
    texture: dict[tuple[str, str], Floats] = {}
    for version, picture, alpha, face in (
        ("plain", opened.image, np.zeros_like(drawn.alpha), opened.face),
        ("worn", opened.worn, opened.alpha, opened.worn_face),
        ("drawn", drawn.image, drawn.alpha, opened.face),
    ):
        # Where the worn mask is not known, what the drawn one hides is the best guess.
        hides = drawn.alpha if alpha is None else alpha
        hidden = coverage(hides > HALF, face)
        occlusion = Occlusion(picture, hides, np.zeros_like(hides), face, hidden)
        faces[version] = make_face(opened.image, occlusion, needs, detect)
        shown[version] = resize(face_crop(picture, face), _THUMBNAIL, _THUMBNAIL)
        if version != "plain":
            texture |= {(version, name): _texture(picture, face, n) for name, n in SIDES.items()}
        if version != "plain" and alpha is not None:
            row |= _look(version, picture, hides, face) | {f"coverage_{version}": hidden}
            chips[version] = mask_chip(face, picture, hides > HALF).ravel().astype(np.float64)
    return SeenPair(pair, row, faces, texture, chips, target_scores(opened.face), shown)


def _open(pair: Pair, detect: Detect) -> _Worn:
    """Read the pictures of a pair, and find face and mask."""
    try:
        image, data = open_picture(pair.plain.path)
        worn, worn_data = open_picture(pair.worn.path)
        alpha = None if pair.alpha is None else read_image(pair.alpha)[..., 0].copy()
    except ImageError as error:
        raise _LeftOutError("error", str(error)) from error
    if alpha is not None and alpha.shape != worn.shape[:2]:
        size, own = ("{1} x {0}".format(*one.shape) for one in (alpha, worn))
        raise _LeftOutError("error", f"alpha has {size} pixels, its picture {own}")
    found, again = detect(image, data)[:1], detect(worn, worn_data)[:1]
    same = bool(found) and image.shape == worn.shape
    same = same and (not again or _is_registered(found[0], again[0]))
    if not found or not (same or again):
        raise _LeftOutError("no_face", f"{'worn' if found else 'plain'}: {NO_FACE}")
    # Under a mask landmarks drift: those of the plain picture are better where they fit.
    face = found[0] if same else again[0]
    outline = "missing" if alpha is None else "alpha"
    if alpha is None and same:
        alpha = _difference(image, worn, face)
        outline = "missing" if alpha is None else "difference"
    body = None if alpha is None else mask_body(alpha, face)
    if body is not None and not body.any():
        raise _LeftOutError("error", "alpha hides nothing below the eyes")
    return _Worn(image, found[0], worn, face, alpha, body, outline)


def _is_registered(first: FaceLandmarks, second: FaceLandmarks) -> bool:
    """Return whether the eyes of two pictures lie in the same place."""
    frame = eye_frame(first)[:, :2] / PIXELS
    apart = first.points[[33, 133, 362, 263], :2] - second.points[[33, 133, 362, 263], :2]
    return bool(np.linalg.norm(apart @ frame.T, axis=1).mean() < _REGISTERED)


def _difference(plain: ImageArray, worn: ImageArray, face: FaceLandmarks) -> Bytes | None:
    """Return what changed between two pictures from one camera; None if that is no mask."""
    blurred = (cv2.GaussianBlur(image, (0, 0), 1.5) for image in (plain, worn))
    changed = (cv2.absdiff(*blurred).max(axis=2) > _CHANGED).astype(np.uint8) * 255
    side = max(round(face.size / 12), 3) | 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, brush), np.uint8)
    body = mask_body(closed, face)
    rows, columns = np.nonzero(body)
    wide = np.ptp(columns) / PIXELS if len(rows) else 0.0
    whole = len(rows) > 0.5 * PIXELS**2 and 0.9 < wide < 2.0 and rows.min() > 0
    return closed if whole else None


def _draw(
    occluder: Occluder, opened: _Worn, rng: np.random.Generator, body: MaskArray | None
) -> Drawing:
    """Draw a mask on the plain picture; where `body` sits, if it is given."""
    image, face = opened.image, opened.face
    if body is None or not isinstance(occluder, Mask):
        return occluder.draw(image, face, rng)
    return occluder.draw_at(image, face, placement_of(occluder, image, face, body), rng)


def _errors(opened: _Worn, body: MaskArray, own: MaskArray) -> Row:
    """Compare the outlines of the worn and the drawn mask: cells of `PAIRS`."""
    worn = measure_outline(body, opened.worn_face)
    drawn = measure_outline(own, opened.face) if own.any() else dict.fromkeys(worn, float("nan"))
    gap = {name: 100 * (drawn[name] - worn[name]) for name in worn}
    return {
        "iou": overlap(own, body),
        "top_error": gap["top, midline"],
        "upper_corner_error": np.hypot(gap["upper corner x"], gap["upper corner y"]),
        "lower_corner_error": np.hypot(gap["lower corner x"], gap["lower corner y"]),
        "bottom_error": gap["lowest"],
    }


def _lab(image: ImageArray) -> Floats:
    """Return CIELAB (H, W, 3): L 0 to 100."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float64)


def _look(version: str, image: ImageArray, alpha: Bytes, face: FaceLandmarks) -> Row:
    """Measure colour and sharpness inside a mask: cells of `PAIRS`."""
    unit = float(np.linalg.norm(np.subtract(*face.points[[33, 263], :2])))
    side = max(round(unit * 0.08), 1) | 1
    inside = cv2.erode((alpha > 250).astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    lab = _lab(image)
    if not inside.any():
        return {}
    fine = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), max(unit * 0.02, 0.8))
    cells = dict(zip(("lightness", "a", "b"), np.median(lab[inside], axis=0), strict=True))
    cells["sharpness"] = fine[inside].std()
    return {f"{name}_{version}": float(value) for name, value in cells.items()}


def _texture(image: ImageArray, face: FaceLandmarks, side: int | None) -> Floats:
    """Describe the face below the eyes: mean and spread of colour and of detail, cell by cell.

    `side` is that of the square in pixels; that of the picture if None.
    """
    unit = float(np.linalg.norm(np.subtract(*face.points[[33, 263], :2])))
    side = side or CELLS_ACROSS * max(round(2 * unit / CELLS_ACROSS), 1)
    scale = side / 2
    move = eye_frame(face) / PIXELS * scale
    move[:, 2] += np.array([LEFT + 1.0, -0.4]) * scale
    if side < 2 * unit:  # blurred as if the camera had so few pixels
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 * 2 * unit / side), np.uint8)
    lab = _lab(np.asarray(cv2.warpAffine(image, move, (side, side)), np.uint8))
    detail = cv2.Laplacian(lab[..., 0], cv2.CV_64F)
    planes = np.dstack([lab, detail])
    step = side // CELLS_ACROSS
    cells = planes.reshape(CELLS_ACROSS, step, CELLS_ACROSS, step, 4)
    means, spreads = cells.mean(axis=(1, 3)), cells.std(axis=(1, 3))
    return np.concatenate([means[..., :3].ravel(), spreads.ravel()])
