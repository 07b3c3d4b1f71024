"""Do two groups of pictures lose the same, and what difference would have been found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats

N_RANDOM: Final = 9999
MOST_EXACT: Final = 2**14
_CELLS_AT_ONCE: Final = 2_000_000
_ROUNDING: Final = 1e-10


def permutation_p(shown: Floats, lost: Floats, first: NDArray[np.bool_], *, seed: int) -> Floats:
    """Test the difference of losses by exchanging the groups that units are in.

    Parameters
    ----------
    shown, lost
        (C, m), pictures, and right answers plain minus masked; every unit is in one group.
    first
        (C,) which units are in the first of the two groups.
    seed
        Of the exchanges.

    Returns
    -------
    NDArray
        (m,) two-sided. If the attribute has nothing to do with loss, units of both groups can be
        exchanged and the test is exact. The difference is divided by its standard error, so the
        test is also valid for large groups that differ in spread (Chung & Romano 2013,
        doi:10.1214/13-AOS1090). NaN where a group has fewer than two units.
    """
    rng = np.random.default_rng(seed)
    there = (shown > 0).astype(float)
    terms = np.stack([there, shown, lost, shown**2, shown * lost, lost**2], axis=1)
    flat = terms.reshape(len(terms), -1)

    def statistic(chosen: Floats) -> Floats:
        one, other = (np.asarray(c @ flat).reshape(-1, *terms.shape[1:]) for c in
                      (chosen, 1 - chosen))  # fmt: skip
        return np.abs(_studentised(one, other))

    observed = statistic(first[None].astype(float))[0]
    extreme = np.zeros(len(observed))
    for size in _sizes(len(first)):
        order = rng.random((size, len(first))).argsort(axis=1)
        others = statistic(first[order].astype(float))
        extreme += (~(others < observed - _ROUNDING)).sum(axis=0)  # undefined counts as extreme
    p = (extreme + 1) / (N_RANDOM + 1)
    few = np.minimum(there[first].sum(axis=0), there[~first].sum(axis=0)) < 2
    return np.asarray(np.where(few | np.isnan(observed), np.nan, p))


def _studentised(one: Floats, other: Floats) -> Floats:
    """Differences by their standard errors, from sums (B, 6, m) over the units of two groups."""
    (loss, variance), (loss_2, variance_2) = _moments(one), _moments(other)
    difference = loss - loss_2
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / np.sqrt(variance + variance_2)
    return np.asarray(np.where(np.abs(difference) < _ROUNDING, 0, t))


def _moments(sums: Floats) -> tuple[Floats, Floats]:
    c, n, d, nn, nd, dd = np.moveaxis(sums, 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = d / n
        squares = np.maximum(dd - 2 * loss * nd + loss**2 * nn, 0)
        return loss, squares / n**2 * c / (c - 1)


def flip_p(shown: Floats, lost: Floats, *, seed: int) -> Floats:
    """Test the difference of losses where units have pictures in both groups.

    Parameters
    ----------
    shown, lost
        (C, 2, m): the same in two groups.
    seed
        Of the flips.

    Returns
    -------
    NDArray
        (m,) two-sided: what each unit adds to the difference, around the loss of both groups
        together, is given a random sign. This is the wild cluster bootstrap with the null imposed
        (Cameron, Gelbach & Miller 2008, doi:10.1162/rest.90.3.414); it is exact where units' own
        differences are symmetric around 0. Exchanging the pictures' attribute would not be valid,
        as it also moves the share that is right plain.
    """
    n = shown.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        common = lost.sum(axis=(0, 1)) / n.sum(axis=0)
        added = (lost - common * shown) / n
    added = added[:, 0] - added[:, 1]
    active = np.abs(np.nan_to_num(added)).sum(axis=1) > _ROUNDING
    exact = 2 ** int(active.sum()) <= MOST_EXACT
    observed = np.abs(added.sum(axis=0))
    extreme, tried = np.zeros(len(observed)), 0
    for signs in _signs(int(active.sum()), seed, exact=exact):
        sums = np.abs(signs @ added[active])
        extreme += (sums >= observed - _ROUNDING).sum(axis=0)
        tried += len(signs)
    more = 0 if exact else 1  # as it was, unless tried already
    few = ((shown > 0).any(axis=1)).sum(axis=0) < 2
    p = (extreme + more) / (tried + more)
    return np.asarray(np.where(few | np.isnan(observed), np.nan, p))


def _signs(n: int, seed: int, *, exact: bool) -> Iterator[Floats]:
    """Rows of n signs: all there are, or random ones."""
    if exact:
        number = np.arange(2**n)[:, None]
        yield np.where((number >> np.arange(n)) & 1, -1.0, 1.0)
        return
    rng = np.random.default_rng(seed)
    for size in _sizes(n):
        yield rng.choice([-1.0, 1.0], (size, n))


def _sizes(n: int) -> Iterator[int]:
    """How many of the random exchanges of n units are tried at a time."""
    at_once = max(1, _CELLS_AT_ONCE // max(n, 1))
    for start in range(0, N_RANDOM, at_once):
        yield min(at_once, N_RANDOM - start)
