"""Statistics of trials: measures, what an occluder costs, how sure that is, and what may be wrong.

docs/statistics.md says what each is for.
"""

from maskface.stats._bootstrap import N_RESAMPLES, Resampled, bootstrap
from maskface.stats._clusters import cluster_values
from maskface.stats._cochran import CochransQ, Pairwise, cochrans_q
from maskface.stats._comparison import Comparison, compare
from maskface.stats._equivalence import Equivalence, equivalence_test
from maskface.stats._estimate import INTERVAL_NAMES, Estimate, estimate
from maskface.stats._gee import Gee, OddsRatio, Wald, gee_logistic
from maskface.stats._guards import find_guards
from maskface.stats._intervals import Interval, cluster_bootstrap, interval
from maskface.stats._loss_table import loss_table
from maskface.stats._mcnemar import McNemar, mcnemar_exact, mcnemar_of_counts
from maskface.stats._metrics import METRICS, Metric, evaluate, get_metrics
from maskface.stats._mixed import Mixed, MixedOddsRatio, RandomEffect, mixed_logistic
from maskface.stats._permutation import PermutationTest, permutation_test
from maskface.stats._records import NEEDED
from maskface.stats._resample import resample
from maskface.stats._shares import holm, wilson_interval
from maskface.stats._source import TrialSource
from maskface.stats._spilled import trial_source
from maskface.stats._summary import summarize
from maskface.stats._totals import Sums

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
