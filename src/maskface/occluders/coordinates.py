"""Which place of a texture shows at which pixel of a drawn sheet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats, Singles


def coordinates(labels: NDArray[np.uint16], corners: Floats, uv: Floats) -> tuple[Singles, Singles]:
    """Texture coordinates u and v (h, w) of each pixel of the pieces.

    `corners` are theirs (2, 4, k), x and y, and `uv` the texture coordinates there. Those between
    are linear on either half of a piece: those of its upper left half, and beyond the
    diagonal something that grows with the distance from it.
    """
    table = _maps(corners, uv)
    own = table.take(labels.astype(np.intp), axis=1, mode="clip")
    height, width = labels.shape
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    own[:3] *= x
    own[3:6] *= y
    straight = own[:3]
    straight += own[3:6]
    straight += own[6:9]
    beyond = np.maximum(straight[2], 0)
    u, v = straight[:2] + beyond * own[9:]
    return u, v


def _maps(corners: Floats, uv: Floats) -> Singles:
    """What `coordinates` needs of each of k pieces: (11, k + 1), the first for none.

    How u and v on a piece's first half, and the distance from its diagonal, grow with x (3), and
    with y (3); what they are where x and y are 0 (3); and how u and v grow with that distance,
    which is 1 at the last corner (2).
    """
    start = np.concatenate([uv[:, 0], np.full((1, uv.shape[2]), -1.0)])
    sides = corners[:, 1:] - corners[:, :1]
    (x1, x2, x3), (y1, y2, y3) = sides
    area = _divisor(x1 * y2 - y1 * x2)
    # Along the first side and the second, u and v grow as given, the distance by 1.
    one, two = np.ones((2, 3, uv.shape[2]))
    one[:2], two[:2] = uv[:, 1] - start[:2], uv[:, 2] - start[:2]
    across, down = (one * y2 - two * y1) / area, (two * x1 - one * x2) / area
    last = across * x3 + down * y3 + start
    more = uv[:, 3] - last[:2]
    far = _divisor(last[2])
    across[2] /= far
    down[2] /= far
    start[2] /= far
    table = np.zeros((11, uv.shape[2] + 1), np.float32)
    table[:3, 1:], table[3:6, 1:], table[9:, 1:] = across, down, more
    table[6:9, 1:] = start - across * corners[0, 0] - down * corners[1, 0]
    return table


def _divisor(values: Floats) -> Floats:
    """The same, infinite where dividing by it would make no sense."""
    return np.where(np.abs(values) < 1e-3, np.inf, values)
