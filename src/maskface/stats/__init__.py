"""Statistics of paired trials: accuracy, what an occluder costs, and how sure that is."""

from maskface.stats._bootstrap import cluster_bootstrap
from maskface.stats._paired import PairedTrials, pair_trials, scores
from maskface.stats._summary import loss_table, summarize

__all__ = [
    "PairedTrials",
    "cluster_bootstrap",
    "loss_table",
    "pair_trials",
    "scores",
    "summarize",
]
