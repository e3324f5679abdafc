"""Scaling laws: how the loss of networks falls with their parameters, their training samples and compute.

As Hestness et al., "Deep learning scaling is predictable, empirically" (2017) and Kaplan et al., "Scaling laws for
neural language models" (2020) fitted them to large networks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kernels.arrays import F64
from kernels.cells import Condition, Value
from kernels.claims.power_law import exponent, pareto_front
from kernels.claims.statistics import on_grid, points
from kernels.claims.table import Position, Profile, Statistic, Table

Points = tuple[F64, F64]
"""x and y [..., points] of fits."""


@dataclass(frozen=True)
class ScalingLaws:
    """The laws that are read off each seed's losses [widths, depths, amounts of data, measurements].

    Of networks that are alike but for two axes, and trained on amounts of data that are the third.
    """

    grid: Mapping[str, Sequence[Value]]  # widths, depths, amounts
    sizes: Callable[[Condition], int]  # parameters of the network
    epoch_work: Callable[[Condition], float]  # floating-point operations of an epoch of its training
    samples: Callable[[Condition], int]  # of the training set
    measured: Sequence[int]  # epochs of each measurement; before training is the first
    equal_steps: Sequence[int]  # [amounts] the epoch, a measured one, up to which all have done equally many steps
    metric: str = "test_loss"

    def losses(self, table: Table) -> F64:
        """Losses [seeds, widths, depths, amounts, measurements] of the seeds that have the whole grid."""
        return on_grid(table, table.metrics[self.metric], self.grid)

    def everywhere(self, of: Callable[[Condition], float]) -> F64:
        """What is known of every condition [widths, depths, amounts]."""
        known = [of(dict(zip(self.grid, values, strict=True))) for values in itertools.product(*self.grid.values())]
        return np.array(known, dtype=np.float64).reshape([len(values) for values in self.grid.values()])

    @cached_property
    def parameters(self) -> F64:
        """Weights and biases of the networks [widths, depths]."""
        return self.everywhere(self.sizes)[:, :, 0]

    @cached_property
    def operations(self) -> F64:
        """Floating-point operations [widths, depths, amounts, measurements - 1] until each one after the first."""
        until: F64 = self.everywhere(self.epoch_work)[..., None] * np.array(self.measured[1:])
        return until

    def data(self, losses: F64) -> Points:
        """Final loss [widths, depths, amounts] over samples."""
        return self.everywhere(self.samples)[0, 0], losses[..., -1]

    def data_at_equal_steps(self, losses: F64) -> Points:
        """Loss [widths, depths, amounts] over samples when networks have been trained for equally many steps."""
        at = [self.measured.index(epoch) for epoch in self.equal_steps]
        return self.data(losses)[0], losses[..., range(len(at)), at]

    def size(self, losses: F64) -> Points:
        """Final loss [depths, widths] of networks trained on the last amount of data, over parameters."""
        return self.parameters.T, losses[:, :, -1, -1].T

    def compute(self, losses: F64) -> Points:
        """Loss [front] over operations along the Pareto front of all networks at all measurements."""
        cost, after = self.operations.ravel(), losses[..., 1:].ravel()
        front = pareto_front(cost, after)
        return cost[front], after[front]

    @property
    def laws(self) -> dict[str, Callable[[F64], Points]]:
        """The laws by name."""
        return {
            "data": self.data,
            "data, equal steps": self.data_at_equal_steps,
            "parameters": self.size,
            "compute": self.compute,
        }

    def mean(self, fitted: Callable[[F64, F64], F64], law: str) -> Statistic:
        """What `fitted` tells of a law's points, averaged over its networks [seeds]."""
        return lambda table: np.array([np.mean(fitted(*self.laws[law](seed))) for seed in self.losses(table)])

    def by_width(self, law: str) -> Profile:
        """Exponents in data [seeds, widths], averaged over depths."""

        def profile(table: Table) -> F64:
            found = [exponent(*self.laws[law](seed)).mean(1) for seed in self.losses(table)]
            return np.array(found, dtype=np.float64).reshape(-1, len(self.parameters))

        return profile

    def by_parameters(self, depth: int) -> dict[Position, Statistic]:
        """Final loss [seeds] of every network of one depth, by its number, trained on the last amount of data."""
        return points(lambda table: self.losses(table)[:, :, depth, -1, -1], self.parameters[:, depth].tolist())

    def within(self, budget: float) -> Statistic:
        """The least loss [seeds] that any network has within so many operations."""
        inside = budget >= self.operations
        return lambda table: self.losses(table)[..., 1:][:, inside].min(1)
