"""Measures of networks and their representations: arrays in, arrays out, each with its definition's source."""

from kernels.measures.alignment import mean_pairwise_cka
from kernels.measures.distance import DISTANCE_LIMIT, relative_distance
from kernels.measures.gradient_noise import NOISE_FLOOR, gradient_noise, noise_scale
from kernels.measures.information import binned, information, layer_information, possible_information
from kernels.measures.norms import RATIO_LIMIT, input_norms, norm_ratio, weight_norms
from kernels.measures.probe import probe_accuracies, probe_accuracy
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
from kernels.measures.recorded import recorded_loss, share
from kernels.measures.specialization import alignment, redundancy, selectivity, sparseness

__all__ = [
    "DISTANCE_LIMIT",
    "NOISE_FLOOR",
    "RATIO_LIMIT",
    "alignment",
    "binned",
    "centred_singular_values",
    "effective_rank",
    "entropy_rank",
    "explained",
    "gradient_noise",
    "information",
    "input_norms",
    "layer_information",
    "mean_pairwise_cka",
    "noise_scale",
    "norm_ratio",
    "participation_ratio",
    "possible_information",
    "probe_accuracies",
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
