"""Cochran's Q: several conditions on the same pictures, and which pairs of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.contingency_tables import cochrans_q as _cochrans_q

from maskface.errors import MaskfaceError
from maskface.stats._mcnemar import McNemar, mcnemar_exact
from maskface.stats._shares import holm


@dataclass(frozen=True, slots=True)
class Pairwise:
    """One post-hoc comparison after Cochran's Q."""

    first: str
    second: str
    test: McNemar
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class CochransQ:
    """Test that pictures are as often right under all conditions.

    Attributes
    ----------
    statistic, p_value, df, n
        Q, its p value (chi-square), degrees of freedom and pictures.
    pairs
        Exact McNemar tests of all pairs, with Holm's correction over them.
    """

    statistic: float
    p_value: float
    df: int
    n: int
    pairs: tuple[Pairwise, ...]


def cochrans_q(right: Mapping[str, NDArray[np.bool_]]) -> CochransQ:
    """Cochran's Q over three or more conditions, and which pairs of conditions differ.

    Parameters
    ----------
    right
        For each condition (n,) whether each of the same n pictures was read right.

    Returns
    -------
    CochransQ
        Cochran 1950, doi:10.1093/biomet/37.3-4.256. Q is 0 where no picture differs between
        conditions.

    Raises
    ------
    MaskfaceError
        If there are fewer than three conditions.

    Notes
    -----
    Pictures are the units, as in `mcnemar_exact`.
    """
    if len(right) < 3:
        raise MaskfaceError(
            f"Cochran's Q needs three conditions or more, but got {len(right)}. For two, use "
            "mcnemar_exact."
        )
    table = np.column_stack([np.asarray(column, dtype=np.int64) for column in right.values()])
    statistic, p = 0.0, 1.0
    if (table.min(axis=1) != table.max(axis=1)).any():  # otherwise Q is 0 / 0
        found = _cochrans_q(table)
        statistic, p = float(found.statistic), float(found.pvalue)
    return CochransQ(statistic, p, table.shape[1] - 1, len(table), _all_pairs(right))


def _all_pairs(right: Mapping[str, NDArray[np.bool_]]) -> tuple[Pairwise, ...]:
    names = list(combinations(right, 2))
    tests = [mcnemar_exact(right[first], right[second]) for first, second in names]
    adjusted = holm([test.p_value for test in tests])
    return tuple(
        Pairwise(first, second, test, float(p))
        for (first, second), test, p in zip(names, tests, adjusted, strict=True)
    )
