"""Faces made of two photographs: the upper half of one and the lower half of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats, Singles
from maskface.composites._place import carried, fitted, laid_over, shifted
from maskface.composites._seam import Seam
from maskface.errors import MaskfaceError
from maskface.landmarks import BLENDSHAPES
from maskface.occluders.geometry import fit_head
from maskface.types import FaceLandmarks, ImageArray, MaskArray

__all__ = ["Composite", "compose"]

FACE_WIDTH: Final = 15.3
"""Width of the canonical face in cm, from ear to ear."""
MOST_TURN: Final = 15.0
"""Degrees of yaw or pitch by which the two heads may differ."""
MOST_BLEND: Final = 2.0
_UPPER_SHAPES: Final = ("brow", "eye", "cheekSquint", "noseSneer")
"""Blendshapes (by the start of their names) that are seen above the seam."""


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """A face made of two photographs.

    Attributes
    ----------
    image
        (H, W, 3) uint8 RGB, as large as the upper half's photograph.
    lower_share
        (H, W) float32, 0 to 1. How much of each pixel is the lower half's photograph.
    landmarks
        The upper half's landmarks above the seam and the lower half's, moved with it, below.
        Blendshapes of brows and eyes are the upper face's, the others the lower face's; the
        pose is the upper face's.
    aligned
        Whether the halves fit together.
    """

    image: ImageArray
    lower_share: Singles
    landmarks: FaceLandmarks
    aligned: bool


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
    if _is_grey(upper) != _is_grey(lower):
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
    """Which of the points (n, 2) lie in a picture."""
    size = np.array([image.shape[1], image.shape[0]])
    return np.asarray(((points > -1) & (points < size)).all(axis=1))


def _check_whole(
    upper: ImageArray, lower: ImageArray, face: FaceLandmarks, laid: Floats, seam: Seam
) -> None:
    """Refuse a lower half that is cut off where the composite would show it."""
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


def _is_grey(image: ImageArray) -> bool:
    return bool((image[..., :1] == image[..., 1:]).all())


def _share(below: Singles, blend: float) -> Singles:
    """How much (0 to 1) of each pixel is the lower half, by cm below the seam."""
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
