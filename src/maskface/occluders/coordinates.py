"""Which place of a texture shows at which pixel of a drawn sheet."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


def coordinates(labels: NDArray[np.uint16], corners: Floats, uv: Floats) -> tuple[Singles, Singles]:
    """Texture coordinates u and v (h, w) of each pixel of the pieces.

    `corners` are theirs (2, 4, k), x and y, and `uv` the texture coordinates there. Those between
    are linear on either half of a piece: those of its upper left half, and beyond the
    diagonal something that grows with the distance from it.
    """
    table = np.zeros((11, corners.shape[2] + 1), np.float32)
    for part, own in zip((table[:6], table[6:9], table[9:]), _maps(corners, uv), strict=True):
        part[:, 1:] = own
    own = np.take(table, labels, axis=1)
    y, x = np.ogrid[: labels.shape[0], : labels.shape[1]]
    x, y = x.astype(np.float32), y.astype(np.float32)
    beyond = np.maximum(own[6] * x + own[7] * y + own[8], 0)
    u = own[0] * x + own[1] * y + own[2] + beyond * own[9]
    return u, own[3] * x + own[4] * y + own[5] + beyond * own[10]


def _maps(corners: Floats, uv: Floats) -> tuple[Floats, Floats, Floats]:
    """What `coordinates` needs of each of k pieces.

    These are the affine maps (3, and 3 more, k) to u and v on its first half and (3, k) to the
    distance from its diagonal, which is 1 at the last corner; and how (2, k) u and v grow with it.
    """
    x, y = corners
    start, right, down, last = range(4)
    x1, y1 = x[right] - x[start], y[right] - y[start]
    x2, y2 = x[down] - x[start], y[down] - y[start]
    area = _divisor(x1 * y2 - y1 * x2)
    # Shares of the two sides that lead to a place, as affine functions of it.
    one = np.stack([y2, -x2, y[start] * x2 - x[start] * y2]) / area
    two = np.stack([-y1, x1, x[start] * y1 - y[start] * x1]) / area
    sides = uv[:, 1:3] - uv[:, :1]
    straight = sides[:, :1] * one + sides[:, 1:] * two
    straight[:, 2] += uv[:, start]
    # Both shares together are 1 on the diagonal.
    far = one + two
    far[2] -= 1
    far /= _divisor(far[0] * x[last] + far[1] * y[last] + far[2])
    more = uv[:, last] - straight[:, 0] * x[last] - straight[:, 1] * y[last] - straight[:, 2]
    return straight.reshape(6, -1), far, more


def _divisor(values: Floats) -> Floats:
    """The same, infinite where dividing by it would make no sense."""
    return np.where(np.abs(values) < 1e-3, np.inf, values)
