"""Composite faces: the upper half of one photograph joined to the lower half of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats, Singles
from maskface.blendshapes import BLENDSHAPES
from maskface.errors import MaskfaceError
from maskface.mesh import canonical_mesh
from maskface.occluders.drawing.geometry import FRAME, HeadFit, fit_head, unit
from maskface.occluders.photo.appearance import is_grey
from maskface.types import FaceLandmarks, ImageArray, MaskArray

SEAM: Final = (0.0, 0.37, 7.24)
"""Where the halves meet, in cm on the canonical head: the middle of the nose's back. Eyes, lower
lids and the wrinkles around them belong to the upper half; nostrils, cheeks and mouth to the
lower."""
_BAND: Final = 0.35  # half height (cm) of the band along the seam whose brightness is compared
REACH: Final = 24.0
STEPS: Final = (9, 481)
"""Half length (cm) of the band, and samples across and along it."""


@dataclass(frozen=True, slots=True, eq=False)
class Seam:
    """The line between the halves, in pixels."""

    middle: Floats  # (2,) on the back of the nose
    along: Floats  # (2,) unit vector to the shown person's left
    down: Floats  # (2,) unit vector across, towards the chin
    scale: float  # pixels per centimetre

    @classmethod
    def of(cls, fit: HeadFit) -> Seam:
        """Return the seam of a head."""
        along = unit(fit.linear[:2, 0])
        down = np.array([-along[1], along[0]])
        middle = fit.project(np.array(SEAM))[:2]
        return cls(middle, along, down * np.sign(-fit.linear[:2, 1] @ down), fit.scale)

    def coordinates(self, shape: tuple[int, ...]) -> tuple[Singles, Singles]:
        """Return how far (cm) along and below the seam each pixel (h, w) is."""
        x = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(self.middle[0])
        y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(self.middle[1])
        (ax, ay), (dx, dy) = (self.along / self.scale).tolist(), (self.down / self.scale).tolist()
        return (x * ax + y * ay).astype(np.float32), (x * dx + y * dy).astype(np.float32)

    def below(self, points: Floats) -> Floats:
        """Return how far (cm) points (n, 2) lie below the seam."""
        return np.asarray((points - self.middle) @ self.down / self.scale)

    def band(self, image: ImageArray) -> Singles:
        """Return mean colour (n, 3) across the band along the seam."""
        across = np.linspace(-_BAND, _BAND, STEPS[0])[:, None, None] * self.down
        along = np.linspace(-REACH, REACH, STEPS[1])[None, :, None] * self.along
        places = (self.middle + self.scale * (across + along)).astype(np.float32)
        return np.asarray(colours_at(image, places).mean(axis=0), np.float32)


def colours_at(image: ImageArray, places: Singles) -> Singles:
    """Return colours (n, m, 3) at places (n, m, 2); beyond the edge, those at the edge."""
    edge = cv2.BORDER_REPLICATE
    taken = cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=edge)
    return np.asarray(taken, np.float32)


_FOREHEAD: Final = (151, 9, 8, 168, 108, 337, 107, 336, 69, 299, 104, 333, 67, 297, 109, 338)
"""Skin that expressions hardly light otherwise."""
_SPOT: Final = 0.3  # cm
_COARSE: Final = 48  # pictures are compared as a whole at so many places across and down
_AGREE: Final = 0.25
"""Difference in log brightness up to which forehead and surroundings are taken to show one change
of exposure or white balance."""
_HEAD: Final = (7.0, 9.0)
"""Half length (cm) of the part of the band that lies on the head for certain, and at most."""
_SMOOTH: Final = 0.6
_FADE: Final = 1.6
"""What differs along the seam is smoothed over the first and evened out over the second so many
cm."""
_GAIN: Final = float(np.log(2.0))
_ON_HEAD: Final = 0.3
_BESIDE: Final = 0.08
"""Limits, in log brightness, of the whole photograph's change and of that along the seam, on the
head and beside it. What differs by more is an outline that has moved, and is no matter of light."""


def matched(upper: ImageArray, lower: ImageArray, there: Singles, fit: HeadFit) -> ImageArray:
    """Return the lower photograph, which already lies over the upper one, in that one's light."""
    seam = Seam.of(fit)
    along, below = seam.coordinates(upper.shape)
    gain = _gain(_forehead(upper, lower, fit), _surroundings(upper, lower, there * (below < 0)))
    near = _differences(seam.band(upper), seam.band(lower), gain)
    fade = np.exp(-((np.maximum(below, 0) / np.float32(_FADE)) ** 2))
    factor = np.exp(gain + _spread(near, along) * fade[..., None])
    return np.asarray(np.clip(np.round(lower * factor), 0, 255), np.uint8)


def _gain(forehead: Singles, surroundings: Singles) -> Singles:
    """Log brightness (3,) by which the upper photograph as a whole exceeds the lower one.

    Surroundings tell it best, since nothing moves in them; but only if they are the same, which
    foreheads tell.
    """
    same = np.abs(surroundings - forehead).max() < _AGREE
    return np.clip(surroundings if same else forehead, -_GAIN, _GAIN).astype(np.float32)


def _surroundings(upper: ImageArray, lower: ImageArray, where: Singles) -> Singles:
    """Median log ratio (3,) of the photographs' brightness where both can be compared."""
    first, second, used = (
        cv2.resize(what, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA).astype(np.float32)
        for what in (upper, lower, where)
    )
    if not (used > 0.99).any():
        return np.full(3, np.inf, np.float32)
    ratio = np.log((first + 1) / (second + 1))[used > 0.99]
    return np.asarray(np.median(ratio, axis=0), np.float32)


def _forehead(upper: ImageArray, lower: ImageArray, fit: HeadFit) -> Singles:
    """Median log ratio (3,) of the foreheads' brightness."""
    places = fit.project(canonical_mesh().vertices[list(_FOREHEAD)].astype(np.float64))[:, :2]
    steps = np.linspace(-_SPOT, _SPOT, 5) * fit.scale
    around = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    spots = (places[:, None] + around).astype(np.float32)
    first, second = (colours_at(image, spots).mean(axis=1) + 1 for image in (upper, lower))
    # The median leaves out places under hair.
    return np.asarray(np.median(np.log(first / second), axis=0), np.float32)


def _differences(goal: Singles, start: Singles, gain: Singles) -> Singles:
    """Log brightness (n, 3) by which one band along the seam exceeds the other, but for a gain."""
    place = np.abs(np.linspace(-REACH, REACH, STEPS[1]))
    on_head = np.clip((_HEAD[1] - place) / (_HEAD[1] - _HEAD[0]), 0, 1)
    limit = (_BESIDE + (_ON_HEAD - _BESIDE) * on_head)[:, None]
    rest = np.log((goal + 1) / (start + 1)) - gain
    # Beyond the ends of the band nothing is known.
    known = (np.abs(rest) < limit).all(axis=1, keepdims=True) & (place < REACH - 1)[:, None]
    return _smooth(np.where(known, rest, 0).astype(np.float32))


def _smooth(profile: Singles) -> Singles:
    steps = _SMOOTH * (STEPS[1] - 1) / (2 * REACH)
    edge = cv2.BORDER_REPLICATE
    smooth = cv2.GaussianBlur(profile, (1, 0), sigmaX=0.1, sigmaY=steps, borderType=edge)
    return np.asarray(smooth, np.float32)


def _spread(profile: Singles, along: Singles) -> Singles:
    """Give each pixel (h, w) the profile's (n, 3) value at its place (cm) along the seam."""
    column = (along + REACH) * np.float32((STEPS[1] - 1) / (2 * REACH))
    rows = np.repeat(profile[None].astype(np.float32), 3, axis=0)
    edge = cv2.BORDER_REPLICATE
    taken = cv2.remap(rows, column, np.ones_like(column), cv2.INTER_LINEAR, borderMode=edge)
    return np.asarray(taken, np.float32)


_SMALLER: Final = 1.25
_BLUR: Final = 0.4
"""A photograph that is made smaller by more than the first is blurred by so many of the new
pixels, so that what is finer than these leaves no false pattern."""
_JOIN: Final = 0.3  # the lower photograph's edge passes into the upper photograph over so many cm


def laid_over(first: FaceLandmarks, second: FaceLandmarks) -> Floats:
    """Fit the map (2, 3) that lays the second face on the first, over `FRAME`.

    It turns, moves and resizes. A map that also shears would fit the anchors better, but throw
    out of place what lies far from them, such as the back of a turned head.
    """
    start, goal = (face.points[list(FRAME), :2].astype(np.float64) for face in (second, first))
    from_middle, to_middle = start - start.mean(axis=0), goal - goal.mean(axis=0)
    # As complex numbers: goal = turn * start, where the size of turn is the change in size.
    source, target = from_middle @ [1, 1j], to_middle @ [1, 1j]
    turn = (np.conj(source) @ target) / (np.conj(source) @ source).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, goal.mean(axis=0) - linear @ start.mean(axis=0)])


def carried(face: FaceLandmarks, over: Floats) -> Floats:
    """Return the landmarks (478, 3) of a face that a map (2, 3) lays elsewhere."""
    points = face.points.astype(np.float64)
    points[:, :2] = points[:, :2] @ over[:, :2].T + over[:, 2]
    points[:, 2] *= np.sqrt(np.linalg.det(over[:, :2]))
    return points


def fitted(
    upper: ImageArray, lower: ImageArray, over: Floats, fit: HeadFit
) -> tuple[ImageArray, Singles]:
    """Return the lower photograph laid over the upper one in its light, and its share (0 to 1)."""
    size = (upper.shape[1], upper.shape[0])
    edge, smaller = cv2.BORDER_REPLICATE, 1 / np.sqrt(np.linalg.det(over[:, :2]))
    if smaller > _SMALLER:
        lower = np.asarray(cv2.GaussianBlur(lower, (0, 0), _BLUR * smaller), np.uint8)
    laid = np.asarray(cv2.warpAffine(lower, over, size, borderMode=edge), np.uint8)
    inner = np.ones(lower.shape[:2], np.float32)
    there = np.asarray(cv2.warpAffine(inner, over, size, flags=cv2.INTER_NEAREST), np.float32)
    lit = matched(upper, laid, there, fit)
    if there.all():
        return lit, there
    reach = _JOIN * fit.scale
    shrunk = cv2.erode(there, np.ones((2 * int(2 * reach) + 1,) * 2, np.uint8), borderValue=1.0)
    return lit, np.asarray(cv2.GaussianBlur(shrunk, (0, 0), max(reach, 0.5)), np.float32)


def shifted(image: Bytes, moved: Floats) -> Bytes:
    """Move a picture; beyond its edge it goes on softly."""
    size = (image.shape[1], image.shape[0])
    move = np.column_stack([np.eye(2), moved])
    drawn = cv2.warpAffine(image, move, size, borderMode=cv2.BORDER_REPLICATE)
    there = cv2.warpAffine(np.ones(image.shape[:2], np.uint8), move, size, flags=cv2.INTER_NEAREST)
    # The edge's pixels drawn out would be streaks.
    soft = cv2.GaussianBlur(drawn, (0, 0), max(max(size) / 40, 1.0))
    drawn[there == 0] = soft[there == 0]
    return np.asarray(drawn, np.uint8)


FACE_WIDTH: Final = 15.3
"""Width of the canonical face in cm, from ear to ear."""
MOST_TURN: Final = 15.0
"""Degrees of yaw or pitch by which the two heads may differ."""
MOST_BLEND: Final = 2.0
_UPPER_SHAPES: Final = ("brow", "eye", "cheekSquint", "noseSneer")
"""Blendshapes (by the start of their names) that are seen above the seam."""


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """A face made of two photographs."""

    image: ImageArray  # (H, W, 3) uint8 RGB, as large as the upper half's photograph
    # (H, W) float32, 0 to 1. How much of each pixel is the lower half's photograph.
    lower_share: Singles
    # The upper half's landmarks above the seam and the lower half's, moved with it, below.
    # Blendshapes of brows and eyes are the upper face's, the others the lower face's; the pose is
    # the upper face's.
    landmarks: FaceLandmarks
    aligned: bool  # whether the halves fit together


def compose(
    upper: ImageArray,
    upper_face: FaceLandmarks | None,
    lower: ImageArray,
    lower_face: FaceLandmarks | None,
    *,
    aligned: bool = True,
    shift: float = 0.5,
    blend: float = 0.4,
) -> Composite:
    """Join the upper half of one photograph and the lower half of another.

    The composite faces of Calder, Young, Keane & Dean (2000, doi:10.1037/0096-1523.26.2.527):
    people are slower to name the expression of one half when another expression's half is aligned
    with it than when the halves are misaligned. The lower photograph is laid over the upper one by
    landmarks that do not move with expression. Its brightness and colour are multiplied so that
    foreheads and surroundings above the seam agree: a change of exposure or white balance
    multiplies light, and with the power law of image values the values too. What then still
    differs along the seam is evened out in the lower half, fading downwards. Misaligned halves
    differ from aligned ones by their shift alone, except that they meet in a sharp edge: there is
    no seam to hide.

    Parameters
    ----------
    upper, lower
        (H, W, 3) uint8 RGB, both in colour or both grey; they may differ in size.
    upper_face, lower_face
        The face in each of them, of the same person and in much the same pose.
    aligned
        Whether the halves fit together. If not, the same lower half is moved sideways.
    shift
        How far, in widths of the face, -1 to 1; positive to the shown person's left.
    blend
        Height (cm on an average head) over which the halves pass into each other, 0 to 2. Above
        it the picture is the upper photograph exactly.

    Returns
    -------
    Composite
        As large as `upper`. Each half keeps its own background. Where the lower photograph ends
        the upper one shows, and what a shift lays bare at the side gets the colours at the edge.

    Raises
    ------
    MaskfaceError
        If a face is missing or cut off by its photograph's edge, the heads are turned apart by
        more than 15 degrees, one photograph alone is grey, or a value is out of range.
    """
    first, second = _present(upper, upper_face, "upper"), _present(lower, lower_face, "lower")
    _check(first, second, shift, blend)
    if is_grey(upper) != is_grey(lower):
        raise MaskfaceError(
            "One photograph is grey and the other is in colour; their halves would be told apart "
            "by that. Give two of a kind."
        )
    fit, over = fit_head(first.points), laid_over(first, second)
    seam = Seam.of(fit)
    _check_whole(upper, lower, second, carried(second, over), seam)
    moved = seam.along * (0.0 if aligned else shift * FACE_WIDTH * seam.scale)
    half, there = fitted(upper, lower, over, fit)
    # A line across the pixels would be jagged without a pixel's width of blending.
    softness = max(blend if aligned else 0.0, 1 / seam.scale)
    share = _share(seam.coordinates(upper.shape)[1], softness)
    if aligned:
        share = share * there
    else:
        half = shifted(_mix(upper, half, there), moved)
    points = _joined(first, second, seam, over, moved)
    return Composite(_mix(upper, half, share), share, points, aligned)


def _present(image: ImageArray, face: FaceLandmarks | None, which: str) -> FaceLandmarks:
    if face is None:
        raise MaskfaceError(
            f"No face in the photograph of the {which} half. Give one in which a face is found."
        )
    if not _inside(np.median(face.points[:, :2], axis=0)[None], image).all():
        raise MaskfaceError(
            f"The face of the {which} half is outside its photograph. Give the landmarks that "
            "were found in this very photograph."
        )
    return face


def _inside(points: NDArray[Any], image: ImageArray) -> MaskArray:
    """Return which of the points (n, 2) lie in a picture."""
    size = np.array([image.shape[1], image.shape[0]])
    return np.asarray(((points > -1) & (points < size)).all(axis=1))


def _check_whole(
    upper: ImageArray, lower: ImageArray, face: FaceLandmarks, laid: Floats, seam: Seam
) -> None:
    """Raise for a lower half that is cut off where the composite would show it."""
    needed = (seam.below(laid[:, :2]) > 0) & _inside(laid[:, :2], upper)
    if (needed & ~_inside(face.points[:, :2], lower)).any():
        raise MaskfaceError(
            "The lower half of the face is cut off by the edge of its photograph, and the "
            "upper half's photograph would show what is missing. Give one that shows it whole."
        )


def _check(first: FaceLandmarks, second: FaceLandmarks, shift: float, blend: float) -> None:
    turns = (abs(first.pose.yaw - second.pose.yaw), abs(first.pose.pitch - second.pose.pitch))
    if max(turns) > MOST_TURN:
        raise MaskfaceError(
            f"The heads are turned apart by {turns[0]:.0f} degrees (yaw) and {turns[1]:.0f} "
            f"(pitch), at most {MOST_TURN:.0f} fit. Give photographs from the same side."
        )
    if not -1 <= shift <= 1:
        raise MaskfaceError(f"shift is -1 to 1 widths of the face, got {shift}. Write shift=0.5.")
    if not 0 <= blend <= MOST_BLEND:
        raise MaskfaceError(f"blend is 0 to {MOST_BLEND:g} cm, got {blend}. Write blend=0.4.")


def _share(below: Singles, blend: float) -> Singles:
    """Return how much (0 to 1) of each pixel is the lower half, by cm below the seam."""
    t = np.clip(below / blend + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _mix(upper: ImageArray, lower: ImageArray, share: Singles) -> ImageArray:
    mixed = upper + (lower.astype(np.float32) - upper) * share[..., None]
    return np.round(mixed).astype(np.uint8)


def _joined(
    first: FaceLandmarks, second: FaceLandmarks, seam: Seam, over: Floats, moved: Floats
) -> FaceLandmarks:
    # Halves of one head: a landmark belongs to the side on which the upper face has it.
    lower = seam.below(first.points[:, :2].astype(np.float64)) > 0
    laid = carried(second, over) + np.array([*moved, 0.0])
    points = np.where(lower[:, None], laid, first.points).astype(np.float32)
    above = np.array([name.startswith(_UPPER_SHAPES) for name in BLENDSHAPES])
    shapes = np.where(above, first.blendshapes, second.blendshapes)
    return FaceLandmarks(points, shapes, first.pose)
