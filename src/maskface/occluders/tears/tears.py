"""Tears: the visible sign of sadness that a mask hides only in part."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

import cv2
import numpy as np

from maskface.arrays import Floats, Singles
from maskface.errors import MaskfaceError
from maskface.occluders.base import Drawing, Occluder
from maskface.occluders.drawing.geometry import HeadFit, head_fit
from maskface.occluders.drawing.layer import around
from maskface.occluders.parameters import Between
from maskface.occluders.photo.appearance import appearance_of
from maskface.occluders.photo.light import Light
from maskface.occluders.registry import OCCLUDERS
from maskface.occluders.tears.optics import look_through, pour
from maskface.occluders.tears.paths import (
    DRAWS,
    EYES,
    MOST,
    Strands,
    damp_lid,
    head_down,
    meniscus,
    trails,
)
from maskface.types import FaceLandmarks, ImageArray

Side: TypeAlias = Literal["both", "left", "right"]
Length: TypeAlias = Literal["lid", "cheek", "jaw"]

BOTTOMS: Final = MappingProxyType({"lid": 1.15, "cheek": -2.2, "jaw": -7.4})
"""Where the longest tear ends, as y on the canonical head in cm. A surgical mask's upper edge
crosses the tears at about 0.9."""

_FINE: Final = 22.0
_ENOUGH: Final = 15.0
_MOST_ZOOM: Final = 8
"""Below so many pixels per centimetre tears are drawn larger, with the second or more, and then
shrunk; never more than so many times larger."""
_CAST: Final = 0.16
_CAST_REACH: Final = 0.06  # cm
"""Depth and reach of the shadow that water casts beside itself."""


@OCCLUDERS.register("tears")
@dataclass(frozen=True)
class Tears(Occluder):
    """Tears running from the lower lids down the cheeks.

    Clear water: what lies under it is bent, a little darker towards the light and lighter away
    from it, and the light is mirrored in it. Faces whose tears were removed were rated less sad
    (Provine, Krosnowski & Brocato 2009, doi:10.1177/147470490900700107), and sad faces to which
    tears were added were recognised faster (Balsters, Krahmer, Swerts & Vingerhoets 2013,
    doi:10.1177/147470491301100114). The tears start at the lower lids as they are and follow the
    average cheek, so that nothing about them tells what the lower face does. They run towards the
    head's own down, so that a turned picture shows the same tears.

    Attributes
    ----------
    side
        Which eyes weep, from the shown person's own view: ``both``, ``left`` or ``right``.
    amount
        Tears that each of them sheds, 0 to 3; 0 with `wet` leaves moist eyes only.
    length
        How far the longest runs: ``lid`` ends above the upper edge of a mask, ``cheek`` beside
        the nose wing, ``jaw`` at the jaw.
    wet
        Whether water also stands along the lower lids, and the skin below them shines.

    Raises
    ------
    MaskfaceError
        If a value is none of these.
    """

    side: Side = "both"
    amount: Annotated[int, Between(0, MOST)] = 2
    length: Length = "cheek"
    wet: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.amount or self.wet):
            raise MaskfaceError(
                "With wet=false, parameter 'amount' of occluder 'tears' is at least 1, got 0. "
                "Write tears:amount=2."
            )

    def draw(
        self, image: ImageArray, landmarks: FaceLandmarks, rng: np.random.Generator
    ) -> Drawing:
        """Draw the tears; see `Occluder.draw`. Their ways and sizes differ by chance."""
        # All are thrown whatever is asked for, so that one side's tears are those of both.
        dice = rng.uniform(-1, 1, (len(EYES), MOST, DRAWS))
        fit = head_fit(landmarks)
        return _draw(image, self._strands(landmarks.points, fit, dice), fit)

    def _strands(self, points: Singles, fit: HeadFit, dice: Floats) -> Strands:
        eyes = [eye for eye, name in enumerate(EYES) if self.side in ("both", name)]
        parts = []
        if self.amount:
            parts.append(trails(points, fit, eyes, BOTTOMS[self.length], dice[eyes, : self.amount]))
        if self.wet:
            edge = meniscus(points, fit, eyes)
            parts += [damp_lid(edge, fit), edge]
        return Strands.joined(parts).shown(fit)


def _draw(image: ImageArray, strands: Strands, fit: HeadFit) -> Drawing:
    result = image.copy()
    alpha, shadow = np.zeros((2, *image.shape[:2]), np.uint8)
    box = _box(strands, fit.scale, image.shape)
    if box is None:
        return Drawing(result, alpha, shadow)
    light = _towards(appearance_of(image, fit).light)
    film, cover, cast = _layers(image[box], strands, fit, light, box)
    alpha[box], shadow[box] = np.ceil(255 * cover), np.round(255 * cast)
    touched = (alpha[box] > 0) | (shadow[box] > 0)
    rest = ((1 - cover) * (1 - cast))[touched, None]
    mixed = image[box][touched] * rest + film[touched]
    result[box][touched] = np.clip(np.round(mixed), 0, 255).astype(np.uint8)
    return Drawing(result, alpha, shadow)


def _box(strands: Strands, scale: float, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return the index of all in a picture that strands can touch; None if nothing."""
    if not strands.radius.size:
        return None
    margin = float(strands.radius.max()) + 4 * _CAST_REACH * scale + 2
    return around(strands.places.reshape(-1, 2), margin, shape)


def _towards(light: Light) -> Floats:
    """Direction x, y of the light in the picture (length 0 to 1), and its brightness."""
    slope = np.array(light.slope)
    length = max(float(np.linalg.norm(slope)), 1e-6)
    return np.array([*(slope[:2] / length), light.level])


def _layers(
    photo: ImageArray, strands: Strands, fit: HeadFit, light: Floats, box: tuple[slice, slice]
) -> tuple[Singles, Singles, Singles]:
    """Film (h, w, 3) times cover, cover (h, w) and cast shadow (h, w), in the box's own pixels."""
    zoom = _zoom(fit.scale)
    height, width = photo.shape[:2]
    large = photo
    if zoom > 1:
        size = (width * zoom, height * zoom)
        large = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    x, y = box[1].start, box[0].start
    water = pour(strands.zoomed(x, y, zoom), (height * zoom, width * zoom))
    film = look_through(large, water, head_down(fit), light)
    cast = _cast(water.cover, light, fit.scale * zoom)
    if zoom == 1:
        return film, water.cover, cast
    return _shrunk(film, photo), _shrunk(water.cover, photo), _shrunk(cast, photo)


def _zoom(scale: float) -> int:
    if scale >= _FINE:
        return 1
    return int(np.clip(np.ceil(_ENOUGH / max(scale, 1e-6)), 2, _MOST_ZOOM))


def _shrunk(large: Singles, like: ImageArray) -> Singles:
    small = cv2.resize(large, like.shape[1::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _cast(cover: Singles, light: Floats, scale: float) -> Singles:
    reach = _CAST_REACH * scale
    move = np.array([[1, 0, -reach * light[0]], [0, 1, -reach * light[1]]])
    moved = cv2.warpAffine(cover, move, cover.shape[::-1])
    soft = np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.6 * reach), np.float32)
    return np.asarray(_CAST * soft * (1 - cover), np.float32)
