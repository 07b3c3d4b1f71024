"""Two occluded conditions compared on the same pictures, and whether mask styles are equivalent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from maskface import stats
from maskface.analyses import common
from maskface.arrays import Row
from maskface.errors import MaskfaceError
from maskface.schema import Column, Table, interval_columns, p_column, share
from maskface.stats import Comparison, Estimate, Metric
from maskface.tables import PLAIN
from maskface.types import EMOTIONS

_CONTRAST: Final = (
    *common.HEAD,
    Column("condition", "text", "As in trials"),
    Column("reference", "text", "The condition that it is compared with"),
    common.LABEL,
    *common.STANDING,
    share("coverage", "Mean hidden fraction of the face oval under the condition"),
    share("reference_coverage", "The same under the reference"),
    share("value", "Share of right answers under the condition"),
    share("reference_value", "The same under the reference, for the same pictures"),
    Column("difference", "real", "value - reference_value; below 0: the condition hides more"),
    *interval_columns("difference"),
)
_CONTRAST_KEY: Final = ("dataset", "classifier", "condition", "reference", "label")

CONTRASTS: Final = Table(
    "contrasts",
    (
        *_CONTRAST,
        p_column("p_value", "Two-sided cluster permutation test that there is no difference"),
        common.P_ADJUSTED,
    ),
    key=_CONTRAST_KEY,
)
"""Two occluded conditions on the same pictures, one row for each classifier, pair and emotion."""

STYLES: Final = Table(
    "styles",
    (
        *_CONTRAST,
        Column("bound", "real", "Differences within -bound to +bound do not matter", low=0),
        Column("equivalence_low", "real", "Lower end of the 90 % t interval over units"),
        Column("equivalence_high", "real", "Upper end of it"),
        p_column("equivalence_p", "TOST: small if the difference lies within the bound"),
        p_column("equivalence_p_adjusted", "The same after Holm; accuracy and the emotions apart"),
        Column("equivalent", "whole", "1 if equivalence_p_adjusted < .05, else 0", low=0, high=1),
    ),
    key=_CONTRAST_KEY,
)
"""Contrasts with a test of equivalence."""

Pair = tuple[str, str]
MEASURES: Final = (stats.get_metrics("accuracy")[0], stats.get_metrics("recall")[0])
"""Share of right answers, over all emotions and of each."""


def compare_conditions(trials: pd.DataFrame, condition: str, reference: str) -> Comparison:
    """Bring together the answers under two conditions, neither of which need be ``none``.

    Parameters
    ----------
    trials
        Of one data set and classifier, in the schema of `maskface.tables.TRIALS`.
    condition, reference
        As in `find_condition`. The reference takes the place that ``none`` has in
        `maskface.stats.compare`.

    Returns
    -------
    Comparison
        Paired picture by picture; by subject, or by picture where one names no subject.

    Raises
    ------
    MaskfaceError
        If the trials lack a condition, or both are the same.
    """
    condition, reference = (common.find_condition(trials, name) for name in (condition, reference))
    if condition == reference:
        raise MaskfaceError(f"Cannot compare {condition!r} with itself. Name two conditions.")
    rows = trials[trials["condition"].isin([condition, reference])]
    chosen, plain = rows["condition"] == condition, rows["condition"] == reference
    # `compare` knows its reference by the name; the condition may itself be called none.
    name = "condition" if condition == PLAIN else condition
    renamed = rows["condition"].mask(chosen, name).mask(plain, PLAIN)
    return stats.compare(rows.assign(condition=renamed), name, by=common.unit_column(trials))


def contrast_table(
    trials: pd.DataFrame, pairs: Sequence[Pair], *, seed: int = 0, n_resamples: int = 5000
) -> pd.DataFrame:
    """Measure the difference in accuracy between a condition and its reference.

    Parameters
    ----------
    trials
        In the schema of `maskface.tables.TRIALS`.
    pairs
        Conditions, each with its reference.
    seed
        Of the bootstrap and the permutations.
    n_resamples
        Resamples of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        In the schema of `CONTRASTS`, for every classifier: right answers over all emotions and of
        each, with bootstrap intervals and permutation tests over subjects (`maskface.stats`).
    """

    def test(found: Comparison, metric: Metric, label: str) -> Row:
        return {"p_value": stats.permutation_test(found, metric, label, seed=seed).p_value}

    rows = pair_rows(trials, pairs, test, seed=seed, n_resamples=n_resamples)
    return common.with_holm(CONTRASTS, rows)


def pair_rows(
    trials: pd.DataFrame,
    pairs: Iterable[Pair],
    test: Callable[[Comparison, Metric, str], Row],
    *,
    seed: int,
    n_resamples: int,
) -> list[Row]:
    """Make the rows of contrasts; `test` adds cells of its own."""
    rows = []
    for head, part in common.groups(trials):
        by = {"clustered_by": common.unit_name(common.unit_column(part))}
        coverage = part[part["status"] == "ok"].groupby("condition")["coverage"].mean()
        for condition, reference in ([common.find_condition(part, n) for n in p] for p in pairs):
            found = compare_conditions(part, condition, reference)
            fixed = head | by | {"condition": condition, "reference": reference}
            fixed |= {"coverage": coverage[condition], "reference_coverage": coverage[reference]}
            n = found.counts()[0].sum(axis=1)
            for one in stats.estimate(found, MEASURES, seed=seed, n_resamples=n_resamples):
                shown = int(n.sum() if one.label == "all" else n[EMOTIONS.index(one.label)])
                if shown:
                    metric = MEASURES[one.label != "all"]
                    cells = _cells(one) | test(found, metric, one.label)
                    rows.append(fixed | {"n": shown} | cells)
    return rows


def _cells(one: Estimate) -> Row:
    return {
        "label": one.label,
        "n_clusters": one.n_clusters,
        "value": one.value,
        "reference_value": one.baseline,
        "difference": 0.0 - one.loss,  # no minus zero
        "ci_low": 0.0 - one.high,
        "ci_high": 0.0 - one.low,
        "interval": "" if np.isnan(one.low) else one.interval,
    }


def contrast_text(contrasts: pd.DataFrame) -> str:
    """Describe how each pair differs over all emotions."""
    overall = contrasts[contrasts["label"] == "all"]
    return "\n".join(common.difference_text(row) for row in overall.to_dict("records"))


_ALPHA: Final = 0.05


def style_table(
    trials: pd.DataFrame,
    styles: Sequence[str],
    *,
    bound: float,
    seed: int = 0,
    n_resamples: int = 5000,
) -> pd.DataFrame:
    """Compare every pair of mask styles, and test whether they are equivalent.

    Parameters
    ----------
    trials, seed, n_resamples
        As in `contrast_table`.
    styles
        Conditions; the first of a pair is the reference.
    bound
        The smallest difference of shares that would matter, fixed before the data are seen.

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
    table = common.with_holm(STYLES, rows, source="equivalence_p", target="equivalence_p_adjusted")
    tested = table["equivalence_p"].notna()
    table["equivalent"] = (table["equivalence_p_adjusted"] < _ALPHA).where(tested).astype("Int64")
    return STYLES.check(table)


def _equivalence(found: Comparison, metric: Metric, label: str, bound: float) -> Row:
    reference, value = stats.cluster_values(found, metric, label)
    try:
        # A loss of the condition against its reference, so both ends change sides.
        result = stats.equivalence_test(reference, value, bound=bound, alpha=_ALPHA)
    except MaskfaceError:  # one unit, or all differ by the same
        return {}
    return {
        "equivalence_low": 0.0 - result.high,
        "equivalence_high": 0.0 - result.low,
        "equivalence_p": result.p_value,
    }


def style_text(styles: pd.DataFrame, alike: Sequence[str], window: tuple[str, str]) -> str:
    """Describe how many pairs are equivalent, which differ most, and what a window restores.

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
            f"  {common.difference_text(most.to_dict())}",
        ]
    happy = styles[styles["label"] == "happiness"]
    shown = happy[(happy["condition"] == window[0]) & (happy["reference"] == window[1])]
    return "\n".join([*lines, *(common.difference_text(row) for row in shown.to_dict("records"))])
