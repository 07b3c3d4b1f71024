"""Numbers that claims are about, with their bootstrap intervals, drawn together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskface.arrays import Floats
from maskface.findings._answers import Counts
from maskface.findings._run import Interval
from maskface.stats import Resampled, bootstrap, interval
from maskface.types import EMOTIONS

_LOSS: Final = np.array([1.0, -1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """A sum of shares, each with a sign, such as one share minus another.

    Attributes
    ----------
    shares
        (C, R, 2): what each unit adds to what each of R shares divides, and to what it is
        divided by.
    signs
        (R,).
    there
        (C,) bool: units that are resampled.
    n_units
        Units that the number stands on.
    """

    shares: Floats
    signs: Floats
    there: NDArray[np.bool_]
    n_units: int


def loss(counts: Counts, emotion: str | None = None) -> Contrast:
    """Share of an answer under the reference minus that under the condition.

    Parameters
    ----------
    counts
        Of a pair of conditions. Over observers, the share is the mean of each one's own; over
        subjects or pictures, that of all answers together.
    emotion
        The shown emotion, where `counts` has all of them; all together if None.
    """
    at = slice(None) if emotion is None else [EMOTIONS.index(emotion)]
    totals = counts.totals[..., at].sum(axis=-1)
    on = counts.there if emotion is None else (totals[:, :, 1] > 0).all(axis=1)
    shares = _own_losses(totals) if counts.observers else totals
    return Contrast(shares, _LOSS, counts.there, int(on.sum()))


def _own_losses(totals: Floats) -> Floats:
    """Each unit's own loss, as shares whose difference is the mean over the units that have one."""
    given, chances = totals[:, :, 0], totals[:, :, 1]
    defined = (chances > 0).all(axis=1)
    own = np.divide(given, chances, out=np.zeros_like(given), where=chances > 0)
    lost = np.where(defined, own[:, 0] - own[:, 1], 0)
    counted = defined.astype(np.float64)
    return np.stack([np.stack([lost, counted], 1), np.stack([0 * lost, counted], 1)], axis=1)


def loss_beyond(counts: Counts, emotion: str, other: str) -> Contrast:
    """Loss of one emotion minus that of another, each as from `loss`.

    It stands on no more units than the one of the two losses that has fewer.
    """
    one, two = loss(counts, emotion), loss(counts, other)
    shares = np.concatenate([one.shares, two.shares], axis=1)
    signs = np.concatenate([one.signs, -two.signs])
    return Contrast(shares, signs, counts.there, min(one.n_units, two.n_units))


class Drawn:
    """Contrasts whose units were resampled together.

    Contrasts over the same units share their resamples, so that they may be judged together; it
    also takes no longer to draw for many than for one.

    Parameters
    ----------
    contrasts
        Of one reader: units have the same numbers in all.
    seed
        Of the bootstrap.
    """

    def __init__(self, contrasts: Sequence[Contrast], seed: int) -> None:
        self._n = len(contrasts)
        groups: dict[bytes, list[int]] = {}
        for place, contrast in enumerate(contrasts):
            if contrast.there.any():
                groups.setdefault(contrast.there.tobytes(), []).append(place)
        self._drawn = [
            (places, _draw([contrasts[place] for place in places], seed))
            for places in groups.values()
        ]

    def intervals(self, level: float) -> list[Interval | None]:
        """Number and limits of each contrast; None where it is not defined.

        Parameters
        ----------
        level
            Confidence level, between 0 and 1.
        """
        found: list[Interval | None] = [None] * self._n
        for places, drawn in self._drawn:
            limits = interval(drawn, level=level)
            for place, point, low, high in zip(places, drawn.point, *limits, strict=True):
                if not np.isnan(low):
                    found[place] = (float(point), float(low), float(high))
        return found


def _draw(contrasts: Sequence[Contrast], seed: int) -> Resampled:
    # Pairs of conditions have most of their sums in common: each is held once.
    known: dict[bytes, int] = {}
    places = [
        [known.setdefault(column.tobytes(), len(known)) for column in _columns(one)]
        for one in contrasts
    ]
    columns = np.frombuffer(b"".join(known)).reshape(len(known), -1).T
    different, where = np.unique(columns, axis=1, return_inverse=True)
    parts = [where.ravel()[of_one] for of_one in places]

    def statistic(sums: Floats) -> Floats:
        return np.column_stack([
            _shares(sums[:, part]) @ one.signs for part, one in zip(parts, contrasts, strict=True)
        ])  # fmt: skip

    n_units = np.array([one.n_units for one in contrasts])
    return bootstrap(different, statistic, seed=seed, n_clusters=n_units)


def _columns(contrast: Contrast) -> Floats:
    """What each unit that is there adds to each sum, (2 R, C)."""
    return contrast.shares[contrast.there].reshape(contrast.there.sum(), -1).T


def _shares(sums: Floats) -> Floats:
    """Shares (B, R) of sums (B, 2 R); NaN where the divisor is 0."""
    above, below = sums[:, ::2], sums[:, 1::2]
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))
