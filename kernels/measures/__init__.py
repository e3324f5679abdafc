"""Measures of networks and their representations: small pure functions, each with its definition's source."""

from kernels.measures.alignment import linear_cka, mean_pairwise_cka
from kernels.measures.distance import DISTANCE_LIMIT, relative_distance
from kernels.measures.information import binned, information
from kernels.measures.norms import NORM_LIMIT, input_norms, weight_norms
from kernels.measures.power_law import PowerLaw, bend, pareto_front, power_law
from kernels.measures.probe import probe_accuracy
from kernels.measures.pruning import pruned
from kernels.measures.rank import (
    centred_singular_values,
    effective_rank,
    entropy_rank,
    explained,
    participation_ratio,
    spectrum_flops,
    stable_rank,
)
from kernels.measures.recorded import LOSS_LIMIT, not_counts, recorded_loss, share
from kernels.measures.specialization import alignment, redundancy, selectivity, sparseness

__all__ = [
    "DISTANCE_LIMIT",
    "LOSS_LIMIT",
    "NORM_LIMIT",
    "PowerLaw",
    "alignment",
    "bend",
    "binned",
    "centred_singular_values",
    "effective_rank",
    "entropy_rank",
    "explained",
    "information",
    "input_norms",
    "linear_cka",
    "mean_pairwise_cka",
    "not_counts",
    "pareto_front",
    "participation_ratio",
    "power_law",
    "probe_accuracy",
    "pruned",
    "recorded_loss",
    "redundancy",
    "relative_distance",
    "selectivity",
    "share",
    "sparseness",
    "spectrum_flops",
    "stable_rank",
    "weight_norms",
]
