"""How often one answer is given under several conditions, summed by independent unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from maskface.analyses._hits import find_condition, unit_column, unit_name
from maskface.arrays import Floats
from maskface.errors import MaskfaceError
from maskface.types import EMOTIONS

_N: Final = len(EMOTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """How often C units were given one answer under K conditions, on the same pictures.

    Attributes
    ----------
    answer
        Which one.
    conditions
        The K conditions.
    totals
        (C, 7 (1 + 2 K)): pictures of each emotion, then for each condition the answers given to
        them and the sums of the answer's probability.
    n, n_clusters
        (8,) pictures, and units that have any, for each of `SHOWN`.
    clustered_by
        ``subject`` or ``image``.
    """

    answer: str
    conditions: tuple[str, ...]
    totals: Floats
    n: NDArray[np.int64]
    n_clusters: NDArray[np.int64]
    clustered_by: str

    def reordered(self, order: Sequence[int]) -> Floats:
        """Totals with the conditions in another order."""
        shown, blocks = self.totals[:, :_N], self.totals[:, _N:]
        blocks = blocks.reshape(len(blocks), len(self.conditions), -1)[:, list(order)]
        return np.hstack([shown, blocks.reshape(len(blocks), -1)])


def count_given(trials: pd.DataFrame, conditions: Sequence[str], answer: str) -> Given:
    """Sum one answer by unit, over the pictures that have an answer under all conditions.

    Parameters
    ----------
    trials
        Of one data set and classifier, in the schema of `maskface.tables.TRIALS`.
    conditions
        As in `find_condition`.
    answer
        One of `EMOTIONS`.

    Raises
    ------
    MaskfaceError
        If there is no such answer, the trials lack a condition, or no picture has an answer
        under all of them.
    """
    if answer not in EMOTIONS:
        raise MaskfaceError(f"There is no answer {answer!r}. Choose one of {', '.join(EMOTIONS)}.")
    conditions = tuple(find_condition(trials, name) for name in conditions)
    by = unit_column(trials)
    rows = trials[(trials["status"] == "ok") & trials["condition"].isin(conditions)]
    rows = rows.assign(given=(rows["predicted"] == answer).astype(float))
    names = list(dict.fromkeys(["image_id", by, "label"]))
    wide = rows.pivot_table(["given", f"p_{answer}"], names, "condition")
    wide = wide.reindex(
        columns=[(v, name) for name in conditions for v in ("given", f"p_{answer}")]
    )
    wide = wide[wide.iloc[:, ::2].notna().all(axis=1)]
    if wide.empty:
        raise MaskfaceError(
            f"No picture has an answer under all of {', '.join(conditions)}. Read the column "
            "`message` of trials.csv to see why."
        )
    shows = (wide.index.get_level_values("label").to_numpy()[:, None] == EMOTIONS).astype(float)
    values = wide.to_numpy(np.float64)[:, :, None] * shows[:, None, :]
    unit = pd.factorize(wide.index.get_level_values(by), sort=True)[0]
    totals = np.zeros((int(unit.max()) + 1, _N * (1 + values.shape[1])))
    np.add.at(totals, unit, np.hstack([shows, values.reshape(len(values), -1)]))
    return _standing(answer, conditions, totals, unit_name(by))


def _standing(answer: str, conditions: tuple[str, ...], totals: Floats, by: str) -> Given:
    shown = _with_others(totals[:, :_N], EMOTIONS.index(answer))
    n, n_clusters = shown.sum(axis=0).astype(np.int64), (shown > 0).sum(axis=0)
    return Given(answer, conditions, totals, n, n_clusters, by)


def _with_others(values: Floats, answer: int) -> Floats:
    """Add to (..., 7) sums by emotion the sum over all but one."""
    others = values.sum(axis=-1, keepdims=True) - values[..., answer, None]
    return np.concatenate([values, others], axis=-1)


def answer_values(totals: Floats, answer: int) -> Floats:
    """Totals (B, 7 (1 + 2 K)) as in `Given` to (B, K, 18).

    The last axis holds the shares of the answer and its mean probabilities for each of `SHOWN`,
    then sensitivity d' and criterion of the answer, from hits and false alarms with the
    log-linear correction (Hautus 1995, doi:10.3758/BF03203619). NaN where nothing was shown.
    """
    shown = _with_others(totals[:, None, :_N], answer)
    blocks = totals[:, _N:].reshape(len(totals), -1, 2, _N)
    sums = _with_others(blocks, answer)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0: not shown, NaN
        shares = (sums / shown[:, :, None]).reshape(*sums.shape[:2], -1)
    pair = [answer, _N]
    rates = (sums[:, :, 0, pair] + 0.5) / (shown[:, :, pair] + 1)
    z = ndtri(np.where((shown[:, :, pair] > 0).all(axis=2, keepdims=True), rates, np.nan))
    sensitivity = z[..., :1] - z[..., 1:]
    criterion = -z.sum(axis=2, keepdims=True) / 2
    return np.concatenate([shares, sensitivity, criterion], axis=2)
