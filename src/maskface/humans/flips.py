"""Permutation test of a mean of differences: each observer's conditions could be the other way."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

N_FLIPS: Final = 20_000
MOST_EXACT: Final = 14
"""Up to so many observers all flips are tried."""
_ROUNDING: Final = 1e-10


def sign_flip_test(differences: NDArray[np.float64], *, seed: int) -> tuple[float, bool]:
    """Test that a mean of observers' differences is 0.

    Parameters
    ----------
    differences
        (n,) one for each observer, n at least 1.
    seed
        Of the random flips.

    Returns
    -------
    p_value
        Two-sided: the share of ways to flip signs whose mean is at least as far from 0 (Fisher
        1935, The Design of Experiments, section 21); with B random ways (b + 1) / (B + 1)
        (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
    exact
        Whether all ways were tried.
    """
    signs = _signs(len(differences), seed)
    exact = len(differences) <= MOST_EXACT
    sums = np.abs(signs @ differences)
    as_far = int((sums >= abs(differences.sum()) - _ROUNDING).sum())
    one_more = 0 if exact else 1
    return (as_far + one_more) / (len(signs) + one_more), exact


@lru_cache(maxsize=2)
def _signs(n: int, seed: int) -> NDArray[np.float64]:
    if n <= MOST_EXACT:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        bits = np.random.default_rng(seed).integers(0, 2, (N_FLIPS, n), dtype=np.int8)
    return (2 * bits - 1).astype(np.float64)
