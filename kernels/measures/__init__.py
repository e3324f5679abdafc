"""Measures of networks and their representations: small pure functions, each with its definition's source."""

from kernels.measures.norms import NORM_LIMIT, input_norms, weight_norms
from kernels.measures.probe import probe_accuracy
from kernels.measures.rank import effective_rank
from kernels.measures.recorded import LOSS_LIMIT, not_counts, recorded_loss, share

__all__ = [
    "LOSS_LIMIT",
    "NORM_LIMIT",
    "effective_rank",
    "input_norms",
    "not_counts",
    "probe_accuracy",
    "recorded_loss",
    "share",
    "weight_norms",
]
