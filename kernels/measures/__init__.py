"""Measures of networks and their representations, and of sweeps: pure functions, each with its definition's source."""

from kernels.measures.alignment import linear_cka, mean_pairwise_cka
from kernels.measures.critical_batch import BatchSizes, log2_critical_size
from kernels.measures.curves import fallen, fallen_at, first_epoch, from_then_on, half_risen
from kernels.measures.distance import DISTANCE_LIMIT, relative_distance
from kernels.measures.fit import fit, right
from kernels.measures.gradient_noise import NOISE_FLOOR, NOISE_LIMIT, gradient_noise, measured_noise, noise, noise_scale
from kernels.measures.information import binned, bits, information, layer_information, possible_information
from kernels.measures.norms import NORM_LIMIT, RATIO_LIMIT, input_norms, norm, norm_ratio, weight_norms
from kernels.measures.power_law import PowerLaw, bend, exponent, pareto_front, power_law, r_squared
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
from kernels.measures.recorded import LOSS_LIMIT, accuracy, loss, not_counts, recorded_loss, share
from kernels.measures.scaling import ScalingLaws
from kernels.measures.specialization import alignment, redundancy, selectivity, sparseness

__all__ = [
    "DISTANCE_LIMIT",
    "LOSS_LIMIT",
    "NOISE_FLOOR",
    "NOISE_LIMIT",
    "NORM_LIMIT",
    "RATIO_LIMIT",
    "BatchSizes",
    "PowerLaw",
    "ScalingLaws",
    "accuracy",
    "alignment",
    "bend",
    "binned",
    "bits",
    "centred_singular_values",
    "effective_rank",
    "entropy_rank",
    "explained",
    "exponent",
    "fallen",
    "fallen_at",
    "first_epoch",
    "fit",
    "from_then_on",
    "gradient_noise",
    "half_risen",
    "information",
    "input_norms",
    "layer_information",
    "linear_cka",
    "log2_critical_size",
    "loss",
    "mean_pairwise_cka",
    "measured_noise",
    "noise",
    "noise_scale",
    "norm",
    "norm_ratio",
    "not_counts",
    "pareto_front",
    "participation_ratio",
    "possible_information",
    "power_law",
    "probe_accuracies",
    "probe_accuracy",
    "pruned",
    "r_squared",
    "recorded_loss",
    "redundancy",
    "relative_distance",
    "right",
    "selectivity",
    "share",
    "sparseness",
    "spectrum_flops",
    "stable_rank",
    "weight_norms",
]
