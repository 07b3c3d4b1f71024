"""Spectacles in a photograph, whose frame lies before a mask.

Rims are a closed line around each eye, at the same place on both sides, joined by a bridge: a line
across the nose. Lines may be dark, light or coloured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from maskface.arrays import Bytes, Floats, Indices, Singles
from maskface.occluders.drawing.geometry import HeadFit
from maskface.occluders.photo.light import LUMA, quantile
from maskface.types import ImageArray

_COLOUR: Final = 1.2
"""Weight of a difference in colour beside one in brightness: skin varies more in brightness."""


def seen_at(image: ImageArray, fit: HeadFit, places: Floats) -> ImageArray:
    """Return the photograph (rows, columns, 3) at places (rows, columns, 3) of the head in cm."""
    at = fit.project(places).astype(np.float32)
    seen = cv2.remap(
        image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.uint8)


def contrasts(seen: ImageArray, skin: float) -> Singles:
    """Return brightness and two colour differences (rows, columns, 3) as shares of skin's."""
    red, blue = np.eye(3)[[0, 2]]
    mix = np.stack([LUMA, _COLOUR * (red - LUMA), _COLOUR * (blue - LUMA)]) / skin
    return np.asarray(cv2.transform(seen.astype(np.float32), mix), np.float32)


def lines(rows: Singles, length: int) -> tuple[Singles, Singles]:
    """Find what is darker, and what is lighter, than what is around it along its row.

    `rows` (rows, columns, 3) are float32; things `length` pixels long or longer do not count.
    Returns (rows, columns) each, 0 or more: by how much, in the channel where it is most.
    """
    kernel = np.ones((1, length), np.uint8)
    above = cv2.subtract(cv2.morphologyEx(rows, cv2.MORPH_CLOSE, kernel), rows)
    below = cv2.subtract(rows, cv2.morphologyEx(rows, cv2.MORPH_OPEN, kernel))
    return strongest(above), strongest(below)


def strongest(channels: cv2.typing.MatLike) -> Singles:
    """Return the largest of three channels (rows, columns, 3) at each pixel."""
    one, two, three = cv2.split(channels)
    return np.asarray(cv2.max(cv2.max(one, two), three), np.float32)


DEPTH: Final = 6.15
WRAP: Final = 0.043
TILT: Final = 0.06
"""Depth z of a frame's middle in cm, how fast it falls off per cm squared to the sides, and how
much nearer to the cheeks the lower rims stand per cm of height."""
_SAMPLES: Final = 12.0  # samples per centimetre
_NOSE: Final = (-0.55, 0.55, 4.6, 1.0)  # left, right, top and bottom in cm of what is looked at
_MARGIN: Final = 6  # samples of it above and below where no bridge is looked for
_LINE: Final = 9  # widest bridge in samples
_FREE: Final = 0.15  # share of the nose's width that may be without the line


def find_bridge(image: ImageArray, fit: HeadFit) -> tuple[float, float]:
    """Look for a line over the nose.

    Returns the brightness of the skin there (20 to 255), and how much the clearest line differs
    from what is beside it, as a share of that: darker, lighter or of another colour.
    """
    seen = seen_at(image, fit, _places())
    skin = max(quantile(seen @ LUMA, 0.5), 20.0)
    columns = cv2.GaussianBlur(contrasts(seen, skin), (5, 3), 1.0)
    return skin, max(_clearest(found) for found in lines(np.asarray(columns, np.float32), _LINE))


def _clearest(found: Singles) -> float:
    # The line may go up and down a little.
    near = np.asarray(cv2.dilate(found, np.ones((1, 3), np.uint8)))[:, _MARGIN:-_MARGIN]
    return float(np.sort(near, axis=0)[int(_FREE * len(near))].max())


@cache
def _places() -> Floats:
    """Places (columns, rows, 3) on the head that are looked at."""
    left, right, top, bottom = _NOSE
    y, x = np.meshgrid(
        np.arange(top, bottom, -1 / _SAMPLES), np.arange(left, right + 0.01, 1 / _SAMPLES)
    )
    return np.stack([x, y, DEPTH - WRAP * x**2], axis=-1)


_ANGLES: Final = 64
_STEPS: Final = 26
"""In how many directions from the middle of a lens is looked, and places in each."""
_MIDDLE: Final = (3.35, 2.15)
_NEAREST: Final = (1.75, 1.0)
_FARTHEST: Final = (3.35, 3.0)
"""Middle of the left lens, and half the width and height of the smallest and the largest, in cm."""
_POWER: Final = 2.5
"""Exponent of the superellipses on which places lie: lenses are between circles and squares."""
_WIDE: Final = 7  # widest rim in steps
_STRONG: Final = 0.12
"""Contrast from which on more of it counts no more: brows and lashes are not to make up for what
is missing elsewhere."""
_LEAD: Final = 16  # directions at either end of a search that are gone through once more
_BEND: Final = 0.01  # contrast that a change of direction costs
_FAINT: Final = 0.015
_GAP: Final = 6
"""Contrast below which no rim is seen, and neighbouring directions in which none need be: glints,
and what a lens reflects, may hide it."""
_LOW: Final = 5.0
"""Least mean step below the eyes, about 1.4 cm below the middle: bags and folds are higher up."""
_DARK: Final = 0.5
"""Brightness of what shows through glass, as a share of the skin's, below which it is tinted."""
_ASKEW: Final = 5  # steps by which the rim of one eye may be off the path around both
_WEAKEST: Final = 20  # directions that count: those in which the rims show least


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """The surroundings of both eyes unrolled: rows are directions, columns go outwards."""

    light: Singles  # (2, directions, steps) float32, brightness as a share of the skin's
    lines: Singles  # (2, directions, steps) float32, contrast of the line or edge there
    clear: Singles  # the same up to a limit, less than which is usual on that side
    plain: float  # contrast of what is around no rim, such as lashes, folds and grain

    def bound(self) -> float:
        """Return an upper bound of the clearness of any path; see `clearness`."""
        return self._weakest(self.clear.max(axis=2))

    def clearness(self, path: Indices) -> float:
        """Return the clearness of a path's (directions,) weakest parts on the fainter side."""
        return self._weakest(self.clear[:, np.arange(_ANGLES), path])

    def closes(self, path: Indices) -> bool:
        """Return whether a path (directions,) shows on both sides without a gap, on the cheeks."""
        if path[_ANGLES // 2 :].mean() < _LOW:
            return False
        open_here = self.clear[:, np.arange(_ANGLES), path].min(axis=0) < _FAINT
        around = np.concatenate([open_here, open_here[:_GAP]])
        return not sliding_window_view(around, _GAP + 1).all(axis=1).any()

    def tinted(self, path: Indices) -> bool:
        """Return whether both lenses inside a path (directions,) are dark, as sunglasses are."""
        below = slice(_ANGLES // 2, None)
        inside = np.arange(_STEPS) < np.maximum(path[below, None] - _WIDE // 2, 1)
        return all(quantile(side[below][inside], 0.75) < _DARK for side in self.light)

    def _weakest(self, along: Singles) -> float:
        return float(np.sort(along.min(axis=0))[:_WEAKEST].mean()) - self.plain


def unroll(image: ImageArray, fit: HeadFit, skin: float) -> Rings:
    """Look at the surroundings of both eyes."""
    seen = contrasts(seen_at(image, fit, _grid()), skin)
    seen = np.asarray(cv2.GaussianBlur(seen, (3, 1), 0), np.float32)
    # A rim has an edge on both sides; in the middle of a wide one, it is a line.
    slope = np.empty_like(seen)
    slope[:, 1:-1] = np.abs(seen[:, 2:] - seen[:, :-2])
    slope[:, 0], slope[:, -1] = slope[:, 1], slope[:, -2]
    steep = strongest(slope)
    dark, light = lines(seen, _WIDE)
    found = cv2.max(steep, cv2.max(dark, light))
    sides = (2, _ANGLES, _STEPS)
    steepness, every = np.asarray(steep).reshape(sides), np.asarray(found).reshape(sides)
    contrast = np.minimum(every, _STRONG)
    usual = np.array([quantile(side, 0.25) for side in contrast], np.float32)
    plain = max(quantile(side, 0.5) for side in steepness) / 2
    # A place is known to a step.
    near = cv2.dilate(contrast.reshape(-1, _STEPS), np.ones((1, 3), np.uint8)).reshape(sides)
    clear = np.asarray(near - usual[:, None, None], np.float32)
    return Rings(seen[..., 0].reshape(sides), np.asarray(every, np.float32), clear, plain)


def joint_path(rings: Rings) -> Indices:
    """Find the clearest closed path (directions,) in steps, the same around both eyes."""
    return _best_paths(rings.clear.sum(axis=0)[:, None])[:, 0]


def own_paths(rings: Rings, path: Indices) -> Indices:
    """Find the clearest path, (2 directions,) steps, around either eye near the joint one.

    Spectacles may sit askew.
    """
    off = np.abs(np.arange(_STEPS) - path[:, None]) > _ASKEW
    own = np.minimum(rings.lines, 2 * _STRONG)
    # What one side shows at about the same place, the other is likely to have, too.
    near = cv2.dilate(own.reshape(-1, _STEPS), np.ones((1, _ASKEW), np.uint8)).reshape(own.shape)
    lines = own + near[::-1] / 2 - off
    return _best_paths(lines.swapaxes(0, 1)).T.ravel()


def _best_paths(clear: Singles) -> Indices:
    """Closed paths (directions, n) through contrasts (directions, n, steps)."""
    # Once and a half around: in the middle, a path knows nothing of beginning and end.
    turns = np.arange(-_LEAD, _ANGLES + _LEAD) % _ANGLES
    sums = np.full((len(turns) + 1, clear.shape[1], _STEPS + 2), -np.inf, np.float32)
    sums[0, :, 1:-1] = 0
    for turn, here in enumerate(clear[turns]):
        last, new = sums[turn], sums[turn + 1, :, 1:-1]
        np.maximum(last[:, :-2], last[:, 2:], out=new)
        new -= _BEND
        np.maximum(new, last[:, 1:-1], out=new)
        new += here
    before, same, after = sums[:-1, :, :-2], sums[:-1, :, 1:-1], sums[:-1, :, 2:]
    bends = np.maximum(before, after) - _BEND > same
    moves = (bends * np.where(after > before, 1, -1)).astype(np.int8)
    ends = sums[-1, :, 1:-1].argmax(axis=1)
    return np.stack([_back(moves[:, n], int(end)) for n, end in enumerate(ends)], axis=1)


def _back(moves: NDArray[np.int8], step: int) -> Indices:
    """The path (directions,) that led to a step, from what came before each (turns, steps)."""
    path = []
    for move in moves[::-1].tolist():
        path.append(step)
        step += move[step]
    return np.array(path[::-1][_LEAD:-_LEAD], np.intp)


def places(steps: Floats) -> Floats:
    """Return places (..., 2 directions, 3) in cm, so many steps (..., 2 directions) outwards.

    Those around the left eye come first.
    """
    start, step = _spokes()
    x, y = np.moveaxis(start + step * steps[..., None], -1, 0)
    return np.stack([x, y, DEPTH - WRAP * x**2 + TILT * (y - 3)], axis=-1)


def step_size() -> Floats:
    """Return length (2 directions,) of a step in cm."""
    return np.asarray(np.linalg.norm(_spokes()[1], axis=1))


@cache
def _spokes() -> tuple[Floats, Floats]:
    """Return where the smallest lens is, and a step outwards: (2 directions, 2) in cm."""
    angle = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outline = np.sign(circle) * np.abs(circle) ** (2 / _POWER)
    start = np.array(_MIDDLE) + np.array(_NEAREST) * outline
    step = (np.array(_FARTHEST) - np.array(_NEAREST)) * outline / (_STEPS - 1)
    start, step = (np.vstack([left, left * [-1, 1]]) for left in (start, step))
    return start, step


@cache
def _grid() -> Floats:
    """All places (2 directions, steps, 3) that are looked at."""
    return places(np.arange(float(_STEPS))[:, None] + np.zeros(2 * _ANGLES)).swapaxes(0, 1)


_ALONG: Final = np.arange(-7.0, 7.01, 0.5)
"""Places across the rim, in steps from where it is thought to be."""
_SKIN: Final = 4  # so many of them at either end are no rim
_LIGHT: Final = 0.5
"""A rim is light if what is lighter than skin is so strong beside what is darker."""
_EDGE: Final = 0.55
"""Share of the rim's contrast at its edge. At half of it, a pixel of a blurred picture is half skin
and would show as an edge of another colour on the cloth."""
_BORDER: Final = 0.25  # pixels that are left out at either edge, for the same reason
_WIDEST: Final = 1.6
"""Widest part of a rim beside its usual width; the side of the nose looks like more."""
_HALF: Final = 0.4  # half the least width in pixels
_NEAR: Final = np.exp(-((_ALONG[_SKIN:-_SKIN] / 3) ** 2))
"""How likely the rim is at these places: rather where it is thought to be."""
_HALF_STEP: Final = 0.25  # half of what lies between two of these places
_SHARP: Final = 40.0  # pixels per centimetre at which rims are drawn
_SUBPIXELS: Final = 16  # fractions of a pixel to which outlines are rounded


def draw_rims(
    image: ImageArray, fit: HeadFit, skin: float, path: Indices, *, filled: bool
) -> Bytes:
    """Draw what rims hide, (H, W) uint8, in a picture or a part of it.

    `skin` is the brightness of the skin, 20 to 255; `path` (2 directions,) are steps at which the
    rims were found. If `filled`, the lenses hide as much as the rims.
    """
    larger = max(2, round(_SHARP / fit.scale))
    head = fit.zoomed(larger)
    height, width = image.shape[:2]
    inner, outer = _edges(image, fit, skin, path.astype(np.float64), filled=filled)
    pixel = 1 / (step_size() * fit.scale)
    middle, half = (inner + outer) / 2, (outer - inner) / 2
    if not filled:
        half = np.minimum(half, _WIDEST * np.median(half))
    half = np.maximum(half - _BORDER * pixel, _HALF * pixel)
    outlines = head.project(places(np.stack([middle + half, middle - half])))[..., :2]
    lines = np.round(outlines * _SUBPIXELS).astype(np.int32).reshape(4, -1, 2)
    drawn = np.zeros((height * larger, width * larger), np.uint8)
    for side in (0, 1):
        outline = [lines[side]] if filled else [lines[side], lines[side + 2]]
        cv2.fillPoly(drawn, outline, (255,), cv2.LINE_8, 4)
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _edges(
    image: ImageArray, fit: HeadFit, skin: float, path: Floats, *, filled: bool
) -> tuple[Floats, Floats]:
    """Inner and outer edges (2 directions,) of the rims, in steps."""
    differs = _across(image, fit, skin, path, filled=filled)
    weight = differs**2
    total = weight.sum(axis=1)
    place = path * total + weight @ _ALONG[_SKIN:-_SKIN]
    # A clear part of the rim says where a faint one beside it is.
    middle = _around(place, 2) / np.maximum(_around(total, 2), 1e-9)
    differs = _around(_across(image, fit, skin, middle, filled=filled), 1)
    rim = differs > _EDGE * _around(differs.max(axis=1), 3)[:, None]
    peak = (differs * _NEAR).argmax(axis=1)
    inner, outer = (_ALONG[_SKIN:-_SKIN][end] for end in _ends(rim, peak))
    return middle + _around(inner, 2) - _HALF_STEP, middle + _around(outer, 2) + _HALF_STEP


def _across(
    image: ImageArray, fit: HeadFit, skin: float, middle: Floats, *, filled: bool
) -> Floats:
    """How far (2 directions, places across) rims differ from the skin on both sides of them."""
    at = places(middle + _ALONG[:, None]).swapaxes(0, 1)
    near = contrasts(seen_at(image, fit, at), skin)
    outside = near[:, -_SKIN:].mean(axis=1)
    inside = outside if filled else near[:, :_SKIN].mean(axis=1)
    share = np.linspace(0, 1, len(_ALONG), dtype=np.float32)[None, :, None]
    beside = near - inside[:, None] - (outside - inside)[:, None] * share
    return _difference(beside[:, _SKIN:-_SKIN])


def _difference(beside: Singles) -> Floats:
    """Return how far rims differ from skin, from signed differences (2 directions, places, 3)."""
    lighter, colour = beside[..., 0], np.abs(beside[..., 1:]).max(axis=2)
    up, down = (float(np.square(np.maximum(part, 0)).sum()) for part in (lighter, -lighter))
    # Below a light rim is its shadow on the skin, and that is no part of it.
    level = lighter if up > _LIGHT * down else -lighter
    return np.asarray(np.maximum(level, colour), np.float64)


def _ends(rim: NDArray[np.bool_], peak: Indices) -> tuple[Indices, Indices]:
    """First and last place of a rim (rows, places) in each row, from a peak in it on."""
    place, rows, count = np.arange(rim.shape[1]), np.arange(len(rim)), rim.shape[1]
    before = np.maximum.accumulate(np.where(rim, -1, place), axis=1)[rows, peak]
    after = np.minimum.accumulate(np.where(rim, count, place)[:, ::-1], axis=1)[:, ::-1]
    return np.minimum(before + 1, peak), np.maximum(after[rows, peak] - 1, peak)


def _around(values: Floats, reach: int) -> Floats:
    """A mean over neighbouring directions (the first axis) of either rim, which is closed."""
    sides = values.reshape(2, -1, *values.shape[1:])
    closed = np.concatenate([sides[:, -reach:], sides, sides[:, :reach]], axis=1)
    shifted = [closed[:, start : start + sides.shape[1]] for start in range(2 * reach + 1)]
    return np.asarray(np.mean(shifted, axis=0).reshape(values.shape), np.float64)


_SMALLEST: Final = 2.6
"""Pixels per centimetre below which a rim is too thin to be told from a shadow."""
_FINE: Final = 12.0  # pixels per centimetre that suffice; of larger pictures, means are looked at
_BRIDGE: Final = 0.04
_BRIDGE_STRONG: Final = 0.12
_BRIDGE_SHARE: Final = 0.25
_CLEAR: Final = 0.034
"""How clear a bridge is at least, how much of it counts, and how clear rims and that share of the
bridge must be together. Of 1864 pictures of faces without spectacles (1436 photographs, the rest
synthetic), none is so clear, nor in other sizes, grey, noisy, blurred, compressed, or with shadows
and folds made 1.8 times as strong."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The frame of spectacles in a photograph, and the lenses of sunglasses."""

    where: tuple[slice, slice]  # rows and columns of the picture around it
    alpha: Bytes  # (h, w) uint8, 255 where it is

    def within(self, top: int, left: int, shape: tuple[int, int]) -> Bytes:
        """Return the frame in a part of the picture of a height and width."""
        plane = np.zeros(shape, np.uint8)
        rows, columns = (
            slice(max(own.start, first), min(own.stop, first + length))
            for own, first, length in zip(self.where, (top, left), shape, strict=True)
        )
        if rows.stop > rows.start and columns.stop > columns.start:
            own = self.alpha[
                rows.start - self.where[0].start : rows.stop - self.where[0].start,
                columns.start - self.where[1].start : columns.stop - self.where[1].start,
            ]
            plane[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ] = own
        return plane


def find_frame(image: ImageArray, fit: HeadFit) -> Frame | None:
    """Find the frame of spectacles: dark, light or metal.

    A line must cross the nose between the eyes, and a rim close around both lenses: folds of the
    face beside the nose and below the eyes would otherwise be taken for a part of one, and tell of
    a smile. Lenses without rims are not found, nor most with a thin rim of the skin's colour.
    """
    box = None if fit.scale < _SMALLEST else _box(image, fit)
    if box is None:
        return None
    part, head = image[box], fit.moved(-box[1].start, -box[0].start)
    small, smaller = _shrunk(part, head)
    skin, bridge = find_bridge(small, smaller)
    if bridge < _BRIDGE:
        return None
    rings = unroll(small, smaller, skin)
    missing = _CLEAR - _BRIDGE_SHARE * min(bridge, _BRIDGE_STRONG)
    # Most faces without spectacles do not need the search.
    if rings.bound() < missing:
        return None
    path = joint_path(rings)
    if rings.clearness(path) < missing or not rings.closes(path):
        return None
    own = own_paths(rings, path)
    return Frame(box, draw_rims(part, head, skin, own, filled=rings.tinted(path)))


def _box(image: ImageArray, fit: HeadFit) -> tuple[slice, slice] | None:
    """Rows and columns around the eyes, None if they are not all in the picture."""
    corners = np.array(list(product((-7.0, 7.0), (-1.2, 5.4), (DEPTH - 2, DEPTH))))
    at = fit.project(corners)[:, :2]
    limits = [image.shape[1], image.shape[0]]
    x0, y0 = np.clip(np.floor(at.min(axis=0)), 0, limits).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(at.max(axis=0)), 0, limits).astype(int).tolist()
    return (slice(y0, y1), slice(x0, x1)) if min(x1 - x0, y1 - y0) >= 5 else None


def _shrunk(part: ImageArray, fit: HeadFit) -> tuple[ImageArray, HeadFit]:
    """A part of a picture in a size that suffices, and where the head is in it."""
    step = int(fit.scale / _FINE)
    height, width = part.shape[0] // max(step, 1), part.shape[1] // max(step, 1)
    if step < 2 or min(height, width) < 1:
        return part, fit
    whole = part[: height * step, : width * step]
    small = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    # Whole numbers are the centres of pixels.
    half = (step - 1) / 2
    offset = (fit.offset - np.array([half, half, 0.0])) / step
    return small, HeadFit(fit.linear / step, offset)
