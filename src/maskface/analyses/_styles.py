"""Does the style of a mask matter: differences between styles, and whether they are nil."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import pandas as pd

from maskface.analyses._contrasts import pair_rows, with_holm
from maskface.analyses._schemas import STYLES
from maskface.analyses._words import difference_text
from maskface.arrays import Row
from maskface.errors import MaskfaceError
from maskface.stats import Comparison, Metric, cluster_values, equivalence_test

_ALPHA: Final = 0.05


def style_table(
    trials: pd.DataFrame,
    styles: Sequence[str],
    *,
    bound: float,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Compare every style with every later one, and test whether they are read equally well.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    styles
        Conditions; the first of a pair is the reference.
    bound
        The smallest difference of shares that would matter, fixed before the data are seen.
    seed, n_resamples
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        In the schema of `STYLES`. Equivalence is tested over the subjects' own shares by two
        one-sided t tests (Schuirmann 1987, doi:10.1007/BF01068419), corrected by Holm over all
        pairs and classifiers; where all subjects differ by the same there is no test.
    """

    def test(found: Comparison, metric: Metric, label: str) -> Row:
        return {"bound": bound} | _equivalence(found, metric, label, bound)

    pairs = [(later, first) for first, later in combinations(styles, 2)]
    rows = pair_rows(trials, pairs, test, seed=seed, n_resamples=n_resamples)
    table = with_holm(STYLES.frame(rows), "equivalence_p", "equivalence_p_adjusted")
    tested = table["equivalence_p"].notna()
    table["equivalent"] = (table["equivalence_p_adjusted"] < _ALPHA).where(tested).astype("Int64")
    return STYLES.check(table)


def _equivalence(found: Comparison, metric: Metric, label: str, bound: float) -> Row:
    reference, value = cluster_values(found, metric, label)
    try:
        # A loss of the condition against its reference, so both ends change sides.
        result = equivalence_test(reference, value, bound=bound, alpha=_ALPHA)
    except MaskfaceError:  # one unit, or all differ by the same
        return {}
    return {
        "equivalence_low": 0.0 - result.high,
        "equivalence_high": 0.0 - result.low,
        "equivalence_p": result.p_value,
    }


def style_text(styles: pd.DataFrame, alike: Sequence[str], window: tuple[str, str]) -> str:
    """Say how many pairs are equivalent, which differ most, and what a window restores.

    Parameters
    ----------
    styles
        In the schema of `STYLES`.
    alike
        Styles that should not differ.
    window
        A mask with a window, and the one without that it is compared with.
    """
    lines = []
    for classifier, rows in styles[styles["label"] == "all"].groupby("classifier", sort=True):
        own = rows[rows["condition"].isin(alike) & rows["reference"].isin(alike)]
        bound = own["bound"].iloc[0]
        alike_n = int(own["equivalent"].fillna(0).sum())
        beyond = int(((own["ci_low"] > bound) | (own["ci_high"] < -bound)).sum())
        most = own.iloc[int(own["difference"].abs().argmax())]
        lines += [
            f"{classifier}: of {len(own)} pairs of {', '.join(alike)}, {alike_n} are equivalent "
            f"within {100 * bound:g} points (TOST, Holm), {beyond} have their 95 % interval "
            "beyond. The largest difference:",
            f"  {difference_text(most.to_dict())}",
        ]
    happy = styles[styles["label"] == "happiness"]
    shown = happy[(happy["condition"] == window[0]) & (happy["reference"] == window[1])]
    return "\n".join([*lines, *(difference_text(row) for row in shown.to_dict("records"))])
