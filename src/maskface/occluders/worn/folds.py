"""What textures of wrapped cloth have in common."""

from __future__ import annotations

import numpy as np

from maskface.arrays import Reals
from maskface.occluders.worn.drapes import spread
from maskface.occluders.worn.planes import Canvas, unevenness


def around(canvas: Canvas) -> tuple[Reals, Reals]:
    """How far around the head each texture pixel is, and its height on the cloth, in cm."""
    x, y = canvas.grid()
    return np.asarray(spread(x / canvas.half) * canvas.half, np.float32), y


def weave(canvas: Canvas, seed: int, strength: float) -> Reals:
    """Threads, and the unevenness of cloth that has been worn."""
    x, y = canvas.grid()
    threads = np.sin(x * 2 * np.pi * 7) * np.sin(y * 2 * np.pi * 7)
    sizes = ((0.7, strength), (8.0, strength), (40.0, 2 * strength))
    return np.asarray(0.012 * threads + unevenness(canvas.shape, sizes, seed), np.float32)
