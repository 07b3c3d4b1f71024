"""Statistics of trials: measures, what an occluder costs, how sure that is, and what may be wrong.

docs/statistics.md says what each is for.
"""

from maskface.stats.aggregate import Comparison, Sums, compare
from maskface.stats.gee import Gee, OddsRatio, Wald, gee_logistic
from maskface.stats.guards import find_guards
from maskface.stats.intervals import (
    N_RESAMPLES,
    Interval,
    Resampled,
    bootstrap,
    cluster_bootstrap,
    interval,
    resample,
)
from maskface.stats.metrics import METRICS, Metric, evaluate, get_metrics
from maskface.stats.mixed import Mixed, MixedOddsRatio, RandomEffect, mixed_logistic
from maskface.stats.randomization import PermutationTest, permutation_test
from maskface.stats.summary import (
    INTERVAL_NAMES,
    Estimate,
    cluster_values,
    estimate,
    loss_table,
    summarize,
)
from maskface.stats.tests import (
    CochransQ,
    Equivalence,
    McNemar,
    Pairwise,
    cochrans_q,
    equivalence_test,
    holm,
    mcnemar_exact,
    mcnemar_of_counts,
    wilson_interval,
)
from maskface.stats.trial_source import NEEDED, TrialSource, trial_source

__all__ = [
    "INTERVAL_NAMES",
    "METRICS",
    "NEEDED",
    "N_RESAMPLES",
    "CochransQ",
    "Comparison",
    "Equivalence",
    "Estimate",
    "Gee",
    "Interval",
    "McNemar",
    "Metric",
    "Mixed",
    "MixedOddsRatio",
    "OddsRatio",
    "Pairwise",
    "PermutationTest",
    "RandomEffect",
    "Resampled",
    "Sums",
    "TrialSource",
    "Wald",
    "bootstrap",
    "cluster_bootstrap",
    "cluster_values",
    "cochrans_q",
    "compare",
    "equivalence_test",
    "estimate",
    "evaluate",
    "find_guards",
    "gee_logistic",
    "get_metrics",
    "holm",
    "interval",
    "loss_table",
    "mcnemar_exact",
    "mcnemar_of_counts",
    "mixed_logistic",
    "permutation_test",
    "resample",
    "summarize",
    "trial_source",
    "wilson_interval",
]
