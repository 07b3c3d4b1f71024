"""The rims of spectacles: a closed line around each eye, at the same place on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from maskface.arrays import Floats, Indices, Singles
from maskface.occluders.bridge import DEPTH, TILT, WRAP
from maskface.occluders.contrasts import contrasts, lines, seen_at, strongest
from maskface.occluders.geometry import HeadFit
from maskface.occluders.quantiles import quantile
from maskface.types import ImageArray

_ANGLES: Final = 64
_STEPS: Final = 26
"""In how many directions from the middle of a lens is looked, and places in each."""
_MIDDLE: Final = (3.35, 2.15)
_NEAREST: Final = (1.75, 1.0)
_FARTHEST: Final = (3.35, 3.0)
"""Middle of the left lens, and half the width and height of the smallest and the largest, in cm."""
_POWER: Final = 2.5
"""Exponent of the superellipses on which places lie: lenses are between circles and squares."""
_WIDE: Final = 7
"""Widest rim in steps."""
_STRONG: Final = 0.12
"""Contrast from which on more of it counts no more: brows and lashes are not to make up for what
is missing elsewhere."""
_LEAD: Final = 16
"""Directions at either end of a search that are gone through once more."""
_BEND: Final = 0.01
"""Contrast that a change of direction costs."""
_FAINT: Final = 0.015
_GAP: Final = 6
"""Contrast below which no rim is seen, and neighbouring directions in which none need be: glints,
and what a lens reflects, may hide it."""
_LOW: Final = 5.0
"""Least mean step below the eyes, about 1.4 cm below the middle: bags and folds are higher up."""
_DARK: Final = 0.5
"""Brightness of what shows through glass, as a share of the skin's, below which it is tinted."""
_ASKEW: Final = 5
"""Steps by which the rim of one eye may be off the path around both."""
_WEAKEST: Final = 20
"""Directions that count: those in which the rims show least."""


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """The surroundings of both eyes unrolled: rows are directions, columns go outwards.

    Attributes
    ----------
    light
        (2, directions, steps) float32, brightness as a share of the skin's.
    lines
        (2, directions, steps) float32, contrast of the line or edge there.
    clear
        The same up to a limit, less than which is usual on that side.
    plain
        Contrast of what is around no rim, such as lashes, folds and grain.
    """

    light: Singles
    lines: Singles
    clear: Singles
    plain: float

    def bound(self) -> float:
        """No path is clearer than this; see `clearness`."""
        return self._weakest(self.clear.max(axis=2))

    def clearness(self, path: Indices) -> float:
        """How clear the weakest parts of a path (directions,) are on the side that shows less."""
        return self._weakest(self.clear[:, np.arange(_ANGLES), path])

    def closes(self, path: Indices) -> bool:
        """Whether a path (directions,) shows on both sides without a gap, down on the cheeks."""
        if path[_ANGLES // 2 :].mean() < _LOW:
            return False
        open_here = self.clear[:, np.arange(_ANGLES), path].min(axis=0) < _FAINT
        around = np.concatenate([open_here, open_here[:_GAP]])
        return not sliding_window_view(around, _GAP + 1).all(axis=1).any()

    def tinted(self, path: Indices) -> bool:
        """Whether both lenses inside a path (directions,) are dark, as sunglasses are."""
        below = slice(_ANGLES // 2, None)
        inside = np.arange(_STEPS) < np.maximum(path[below, None] - _WIDE // 2, 1)
        return all(quantile(side[below][inside], 0.75) < _DARK for side in self.light)

    def _weakest(self, along: Singles) -> float:
        return float(np.sort(along.min(axis=0))[:_WEAKEST].mean()) - self.plain


def unroll(image: ImageArray, fit: HeadFit, skin: float) -> Rings:
    """Look at the surroundings of both eyes.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB.
    fit
        Where the head is.
    skin
        Brightness of the skin, 20 to 255.
    """
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
    """Find the clearest path around either eye near the joint one: spectacles may sit askew.

    Parameters
    ----------
    rings
        The surroundings of both eyes.
    path
        (directions,) steps.

    Returns
    -------
    Whole
        (2 directions,) steps.
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
    """Places (..., 2 directions, 3) on the head in cm, so many steps (..., 2 directions) outwards.

    Those around the left eye come first.
    """
    start, step = _spokes()
    x, y = np.moveaxis(start + step * steps[..., None], -1, 0)
    return np.stack([x, y, DEPTH - WRAP * x**2 + TILT * (y - 3)], axis=-1)


def step_size() -> Floats:
    """Length (2 directions,) of a step in cm."""
    return np.asarray(np.linalg.norm(_spokes()[1], axis=1))


@cache
def _spokes() -> tuple[Floats, Floats]:
    """Where the smallest lens is, and a step outwards: (2 directions, 2) in cm."""
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
