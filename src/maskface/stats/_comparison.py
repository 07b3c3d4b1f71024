"""Answers plain and under one condition, summed by independent unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from maskface.errors import MaskfaceError
from maskface.stats._totals import N_EMOTIONS, N_SUMS, Answers, confusion, sum_by_cell
from maskface.types import EMOTIONS

PLAIN: Final = "none"
"""The condition that all others are compared with."""
_NUMBER: Final = {emotion: i for i, emotion in enumerate(EMOTIONS)}
_P_COLUMNS: Final = [f"p_{emotion}" for emotion in EMOTIONS]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What every independent unit answered, plain and under one condition.

    Attributes
    ----------
    condition
        What is compared with ``none``.
    by
        Columns that name the units: one, or two that are crossed (every observer saw every
        person, say).
    totals
        (C, 2, N_SUMS) sums of each cluster, or of each cell of crossed factors: plain, occluded.
    levels
        (C, F) number of each cell's level of each of the F columns `by`.
    changed
        (7, 2) pictures of each emotion that went from right to wrong, and from wrong to right;
        None where the answers are not paired picture by picture.
    """

    condition: str
    by: tuple[str, ...]
    totals: NDArray[np.float64]
    levels: NDArray[np.int64]
    changed: NDArray[np.int64] | None

    @property
    def n_clusters(self) -> int:
        """Number of independent units; of the rarer kind if two are crossed."""
        return int(self.levels.max(axis=0).min()) + 1 if len(self.levels) else 0

    @property
    def flat(self) -> NDArray[np.float64]:
        """Totals (C, 2 N_SUMS), plain beside occluded."""
        return self.totals.reshape(len(self.totals), 2 * N_SUMS)

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (7, 7) counts of label (rows) by answer (columns): plain, occluded."""
        plain, occluded = confusion(self.totals.sum(axis=0)).astype(np.int64)
        return plain, occluded

    def by_first(self) -> Comparison:
        """Sum over all units but the first kind, so that clusters are its levels."""
        if len(self.by) == 1:
            return self
        totals = np.zeros((int(self.levels[:, 0].max(initial=-1)) + 1, 2, N_SUMS))
        np.add.at(totals, self.levels[:, 0], self.totals)
        levels = np.arange(len(totals))[:, None]
        return Comparison(self.condition, self.by[:1], totals, levels, self.changed)


def compare(
    trials: pd.DataFrame,
    condition: str,
    *,
    by: str | Sequence[str] = "subject_id",
    paired: bool = True,
) -> Comparison:
    """Bring together the answers under ``none`` and under a condition.

    Parameters
    ----------
    trials
        Rows of one data set and one classifier (or of one set of observers): at least the
        columns image_id, label, condition, predicted, status and `by`; the probabilities are
        used where they are there.
    condition
        The condition to compare with ``none``.
    by
        Column that names the independent units, such as ``subject_id``, ``image_id`` or a column
        of observers; two columns where both are drawn from a population and crossed.
    paired
        Whether the same pictures were answered under both; only such pictures count. Otherwise
        units are what is paired: they need not have seen the same pictures under both, and only
        units (of the first kind) with answers under both count.

    Returns
    -------
    Comparison
        Without clusters if nothing was answered under both.

    Raises
    ------
    MaskfaceError
        If a column is missing, more than two are named in `by`, or `paired` and a picture was
        answered twice under one condition.
    """
    units = (by,) if isinstance(by, str) else tuple(by)
    _check_columns(trials, units)
    answered = trials[trials["status"] == "ok"]
    sides = [answered[answered["condition"] == name] for name in (PLAIN, condition)]
    changed = None
    if paired:
        sides = _same_pictures(sides)
        changed = _changes(*sides)
    else:
        both = set(sides[0][units[0]]) & set(sides[1][units[0]])
        sides = [side[side[units[0]].isin(both)] for side in sides]
    return _sum_sides(condition, units, sides, changed)


def _check_columns(trials: pd.DataFrame, units: tuple[str, ...]) -> None:
    wanted = ["image_id", "label", "condition", "predicted", "status", *units]
    missing = [name for name in wanted if name not in trials]
    if missing:
        raise MaskfaceError(f"The trials lack the columns {', '.join(missing)}.")
    if not 1 <= len(units) <= 2:
        raise MaskfaceError(f"`by` must name one or two columns, but it names {len(units)}.")


def _same_pictures(sides: list[pd.DataFrame]) -> list[pd.DataFrame]:
    plain, occluded = (side.set_index("image_id", drop=False) for side in sides)
    for side in (plain, occluded):
        if side.index.has_duplicates:
            twice = side.index[side.index.duplicated()][0]
            raise MaskfaceError(
                f"Picture {twice} was answered more than once under one condition. Compare one "
                "classifier at a time, or observers with paired=False."
            )
    both = plain.index.intersection(occluded.index).sort_values()
    return [plain.loc[both], occluded.loc[both]]


def _changes(plain: pd.DataFrame, occluded: pd.DataFrame) -> NDArray[np.int64]:
    before = (plain["predicted"] == plain["label"]).to_numpy()
    after = (occluded["predicted"] == occluded["label"]).to_numpy()
    label = _numbers(plain["label"])
    lost = np.bincount(label[before & ~after], minlength=N_EMOTIONS)
    gained = np.bincount(label[~before & after], minlength=N_EMOTIONS)
    return np.column_stack([lost, gained])


def _sum_sides(
    condition: str,
    units: tuple[str, ...],
    sides: list[pd.DataFrame],
    changed: NDArray[np.int64] | None,
) -> Comparison:
    names = pd.concat([side[list(units)] for side in sides], ignore_index=True)
    codes = [pd.factorize(names[name], sort=True)[0].astype(np.int64) for name in units]
    width = int(codes[-1].max(initial=0)) + 1
    key = codes[0] * width + codes[1] if len(codes) == 2 else codes[0]
    cells, cell = np.unique(key, return_inverse=True)
    levels = np.column_stack([cells // width, cells % width]) if len(codes) == 2 else cells[:, None]
    parts = np.split(cell.astype(np.int64), [len(sides[0])])
    sums = [
        sum_by_cell(_answers(side), part, len(cells))
        for side, part in zip(sides, parts, strict=True)
    ]
    return Comparison(condition, units, np.stack(sums, axis=1), levels, changed)


def _numbers(emotions: pd.Series) -> NDArray[np.int64]:
    return np.asarray(emotions.map(_NUMBER), dtype=np.int64)


def _answers(side: pd.DataFrame) -> Answers:
    p = np.full((len(side), N_EMOTIONS), np.nan)
    if set(_P_COLUMNS) <= set(side.columns):
        p = side[_P_COLUMNS].to_numpy(np.float64, na_value=np.nan)
    return Answers(_numbers(side["label"]), _numbers(side["predicted"]), p)
