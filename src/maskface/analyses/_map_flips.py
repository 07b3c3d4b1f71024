"""Tests of a whole map, by the largest score of all its places (Nichols & Holmes 2002)."""

from __future__ import annotations

from typing import Final

import numpy as np

from maskface.analyses._map_frame import Samples
from maskface.arrays import Floats

N_FLIPS: Final = 4000
N_SHUFFLES: Final = 1000
_MOST_EXACT: Final = 2**12
"""All ways to flip are tried if there are not more than this."""


def shuffled_z(samples: Samples, *, seed: int) -> tuple[Floats, Floats]:
    """Scores of places, and their p values over the whole map, from samples of bubbles.

    Parameters
    ----------
    samples
        Of some pictures.
    seed
        Of the shuffles.

    Returns
    -------
    z, p_adjusted
        (P,) each: the covariance of response and opening by its standard deviation over all ways
        to exchange the samples of a picture; and the share of shuffles whose largest absolute z of
        all places reaches it, which is exact if no place matters.
    """
    opened, response, picture = samples.opened, samples.response, samples.picture
    number = np.unique(picture, return_inverse=True)[1]
    free = np.maximum(np.bincount(number) - 1, 1)
    spread = np.bincount(number, response**2) / free
    scale = np.sqrt((opened**2 * spread[number, None]).sum(axis=0))
    scaled = np.divide(opened, scale, out=np.zeros_like(opened), where=scale > 1e-12)
    rng = np.random.default_rng(seed)
    # Rows rise by picture, so that sorting by picture and chance exchanges rows within each.
    ways = [np.lexsort((rng.random(len(picture)), picture)) for _ in range(N_SHUFFLES)]
    largest = np.abs(response[np.stack(ways)] @ scaled).max(axis=1)
    z = np.asarray(response @ scaled, np.float64)
    reached = (largest[:, None] >= np.abs(z) - 1e-10).sum(axis=0)
    return z, (reached + 1) / (len(largest) + 1)


def flipped_z(gain: Floats, *, seed: int) -> tuple[Floats, Floats]:
    """Scores of places, and their p values over the whole map.

    Parameters
    ----------
    gain
        (C, P): what each of C independent units adds.
    seed
        Of the flips, where not all can be tried.

    Returns
    -------
    z, p_adjusted
        (P,) each: the sum over units by the root of the sum of squares, which flips of signs leave
        alone; and the share of flips whose largest absolute z of all places reaches it.
    """
    norm = np.sqrt((gain**2).sum(axis=0))
    scaled = np.divide(gain, norm, out=np.zeros_like(gain), where=norm > 1e-12)
    z = scaled.sum(axis=0)
    signs, exact = _signs(len(gain), seed)
    largest = np.abs(signs @ scaled).max(axis=1)
    reached = (largest[:, None] >= np.abs(z) - 1e-10).sum(axis=0)
    more = 0 if exact else 1  # the signs as they are, unless tried already
    return z, (reached + more) / (len(signs) + more)


def _signs(n_units: int, seed: int) -> tuple[Floats, bool]:
    if 2**n_units <= _MOST_EXACT:
        bits = (np.arange(2**n_units)[:, None] >> np.arange(n_units)) & 1
        return (1.0 - 2.0 * bits).astype(np.float64), True
    drawn = np.random.default_rng(seed).integers(0, 2, (N_FLIPS, n_units))
    return (1.0 - 2.0 * drawn).astype(np.float64), False
