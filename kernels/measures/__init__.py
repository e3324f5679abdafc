"""Measures of networks and their representations: small pure functions, each with its definition's source."""

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
    "LOSS_LIMIT",
    "alignment",
    "centred_singular_values",
    "effective_rank",
    "entropy_rank",
    "explained",
    "not_counts",
    "participation_ratio",
    "recorded_loss",
    "redundancy",
    "selectivity",
    "share",
    "sparseness",
    "spectrum_flops",
    "stable_rank",
]
