"""Measures of networks and their representations: small pure functions, each with its definition's source."""

from kernels.measures.information import binned, information
from kernels.measures.rank import effective_rank
from kernels.measures.recorded import LOSS_LIMIT, not_counts, recorded_loss, share

__all__ = [
    "LOSS_LIMIT",
    "binned",
    "effective_rank",
    "information",
    "not_counts",
    "recorded_loss",
    "share",
]
