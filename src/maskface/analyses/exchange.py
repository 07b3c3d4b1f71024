"""Permutation test that exchanges conditions within whole units, for any statistic of sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from maskface.arrays import Floats

N_EXCHANGES: Final = 9999
_CELLS_AT_ONCE: Final = 2_000_000
_ROUNDING: Final = 1e-10
"""Statistics that differ by less are the same number, summed in another order."""


def exchange_p(
    totals: Floats,
    exchanged: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    seed: int,
    n_exchanges: int = N_EXCHANGES,
) -> Floats:
    """Test statistics that are 0 if what is exchanged makes no difference.

    Parameters
    ----------
    totals
        (C, k): what each of C units adds to k sums.
    exchanged
        (C, k): the same with two conditions (or two pairs of them) exchanged.
    statistic
        Maps sums (B, k) to (B, m) differences, which change their sign when all are exchanged.
    seed
        Of the random exchanges.
    n_exchanges
        How many are tried, each unit's with probability 1/2.

    Returns
    -------
    NDArray
        (m,) two-sided p values (b + 1) / (B + 1) (Phipson & Smyth 2010,
        doi:10.2202/1544-6115.1585), NaN where the statistic is not defined. Exchanges that leave
        it undefined count as extreme.
    """
    whole = totals.sum(axis=0, keepdims=True)
    observed = statistic(whole)[0]
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // max(totals.size, 1000))
    extreme = np.zeros(len(observed))
    for start in range(0, n_exchanges, at_once):
        size = (min(at_once, n_exchanges - start), len(totals))
        chosen = rng.integers(0, 2, size, dtype=np.int8).astype(np.float64)
        found = statistic(whole + chosen @ (exchanged - totals))
        extreme += (~(np.abs(found) < np.abs(observed) - _ROUNDING)).sum(axis=0)
    return np.where(np.isnan(observed), np.nan, (extreme + 1) / (n_exchanges + 1))
