"""Right answers of every independent unit, plain and masked, in groups of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.analyses._grouping import Groups
from maskface.analyses._hits import LABELS, unit_column, unit_name
from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.seeds import derived_seed
from maskface.stats import bootstrap
from maskface.tables import PLAIN


@dataclass(frozen=True, slots=True, eq=False)
class GroupHits:
    """Sums of C units in G groups, over the pictures answered plain and masked.

    Attributes
    ----------
    names
        Of the groups.
    totals
        (C, G, 3, 8): pictures, right answers plain, and masked; over all emotions, then of each.
    clustered_by
        ``subject``, or ``image`` where a picture does not say who is shown.
    """

    names: tuple[str, ...]
    totals: Floats
    clustered_by: str

    @property
    def n(self) -> NDArray[np.int64]:
        """(G, 8) pictures."""
        return np.asarray(self.totals[:, :, 0].sum(axis=0), np.int64)

    @property
    def units(self) -> NDArray[np.bool_]:
        """(C, G, 8) whether a unit has pictures there."""
        return self.totals[:, :, 0] > 0

    def nested(self, groups: Sequence[int]) -> bool:
        """Whether every unit is in one of these groups at most."""
        return bool(self.units[:, list(groups), 0].sum(axis=1).max() <= 1)


def count_groups(trials: pd.DataFrame, groups: Groups, condition: str) -> GroupHits:
    """Sum right answers by unit and group.

    Parameters
    ----------
    trials
        Of one data set and classifier, in the schema of `maskface.tables.TRIALS`.
    groups
        Of pictures; others are left out.
    condition
        What ``masked`` is.

    Raises
    ------
    MaskfaceError
        If no picture of some group was answered both plain and masked.
    """
    by = unit_column(trials)
    asked = trials["condition"].isin([PLAIN, condition]) & (trials["status"] == "ok")
    keys = list(dict.fromkeys(["image_id", by, "label"]))
    right = trials[asked].pivot_table("correct", keys, "condition")
    right = right.reindex(columns=[PLAIN, condition]).dropna()
    group = groups.number.reindex(right.index.get_level_values("image_id")).to_numpy(float)
    right, group = right[~np.isnan(group)], group[~np.isnan(group)].astype(int)
    empty = sorted(set(range(len(groups.names))) - set(group))
    if empty:
        raise MaskfaceError(
            f"No picture of the group {groups.names[empty[0]]!r} was answered both plain and "
            f"under {condition}."
        )
    shown = right.index.get_level_values("label").to_numpy()[:, None] == np.array(LABELS)
    shown[:, 0] = True
    marks = np.column_stack([np.ones(len(right)), right.to_numpy(float)])
    unit = pd.factorize(right.index.get_level_values(by), sort=True)[0]
    totals = np.zeros((int(unit.max()) + 1, len(groups.names), 3, len(LABELS)))
    np.add.at(totals, (unit, group), marks[:, :, None] * shown[:, None, :])
    return GroupHits(groups.names, totals, unit_name(by))


def resample_groups(hits: GroupHits, *, seed: int, n_resamples: int) -> Floats:
    """Sums (B, G, 3, 8) of resampled units.

    Where each unit is in one group alone, groups are resampled each on its own and keep their
    sizes; otherwise a unit is drawn with its pictures in all groups.
    """
    totals, shape = hits.totals, (-1, *hits.totals.shape[1:])
    if not hits.nested(range(len(hits.names))):
        return _sums(totals.reshape(len(totals), -1), seed, n_resamples).reshape(shape)
    drawn = [
        _sums(totals[hits.units[:, g, 0], g].reshape(-1, 3 * len(LABELS)), own, n_resamples)
        for g in range(len(hits.names))
        for own in [derived_seed(seed, g)]
    ]
    return np.stack(drawn, axis=1).reshape(shape)


def _sums(totals: Floats, seed: int, n_resamples: int) -> Floats:
    drawn = bootstrap(totals, lambda sums: sums, seed=seed, n_resamples=n_resamples)
    return drawn.values  # noqa: PD011 (no frame)


def rates(sums: Floats) -> Floats:
    """Shares right plain, right masked, and the loss: sums (B, G, 3, 8) to (B, G, 3, 8)."""
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0: not shown, NaN
        plain, masked = (sums[:, :, i] / sums[:, :, 0] for i in (1, 2))
    return np.stack([plain, masked, plain - masked], axis=2)


def same_mix(sums: Floats, first: int, second: int) -> Floats:
    """Difference (B,) of the losses of two groups as if both showed the same emotions.

    Losses of the emotions that both show, weighted by how many pictures of them both hold
    together (direct standardisation).
    """
    pair = sums[:, [first, second], :, 1:]
    weights = pair[:, :, 0].sum(axis=1) * (pair[:, :, 0] > 0).all(axis=1)
    losses = np.nan_to_num(rates(pair)[:, :, 2])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            ((losses[:, 0] - losses[:, 1]) * weights).sum(axis=1) / weights.sum(axis=1)
        )


def mix_distance(sums: Floats, first: int, second: int) -> float:
    """How differently often emotions are shown in two groups, 0 to 1 (total variation)."""
    shown = sums[[first, second], 0, 1:]
    shares = shown / shown.sum(axis=1, keepdims=True)
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
