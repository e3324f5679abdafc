"""Measures of networks and their representations: small pure functions, each with its definition's source."""

from kernels.measures.alignment import linear_cka, mean_pairwise_cka
from kernels.measures.distance import DISTANCE_LIMIT, relative_distance
from kernels.measures.information import binned, information
from kernels.measures.pruning import pruned
from kernels.measures.rank import effective_rank
from kernels.measures.recorded import LOSS_LIMIT, not_counts, recorded_loss, share

__all__ = [
    "DISTANCE_LIMIT",
    "LOSS_LIMIT",
    "binned",
    "effective_rank",
    "information",
    "linear_cka",
    "mean_pairwise_cka",
    "not_counts",
    "pruned",
    "recorded_loss",
    "relative_distance",
    "share",
]
