"""Scaling laws: how the loss of networks falls with their parameters, their training samples and compute.

As Hestness et al., "Deep learning scaling is predictable, empirically" (2017) and Kaplan et al., "Scaling laws for
neural language models" (2020) fitted them to large networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kernels.arrays import F32, F64
from kernels.cells import Condition, Value, combinations
from kernels.claims.power_law import PowerLaw, pareto_fronts, power_law
from kernels.claims.statistics import on_grid, points
from kernels.claims.table import Position, Profile, Statistic, Table, once

_SEEDS = 1024  # at a time, so that what is made of their losses stays some tens of megabytes


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

    def everywhere(self, of: Callable[[Condition], float]) -> F64:
        """What is known of every condition [widths, depths, amounts]."""
        known = [of(condition) for condition in combinations(self.grid)]
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

    @property
    def laws(self) -> tuple[str, ...]:
        """The names of the laws."""
        return tuple(self._fits)

    def fits(self, table: Table, law: str) -> PowerLaw:
        """The fits of a law to every seed that has the whole grid.

        [seeds, widths, depths] of laws in data, [seeds, depths] of that in parameters, [seeds] of that in compute.
        """
        return self._fits[law](table)

    def mean(self, of: str, law: str) -> Statistic:
        """An exponent, R^2 ("r2") or bend of a law's fits, averaged over its networks [seeds]."""

        def statistic(table: Table) -> F64:
            told: F64 = getattr(self.fits(table, law), of)
            averages: F64 = told.mean(tuple(range(1, told.ndim)))
            return averages

        return statistic

    def by_width(self, law: str) -> Profile:
        """Exponents of a law in data [seeds, widths], averaged over depths."""
        return lambda table: self.fits(table, law).exponent.mean(2)

    def by_parameters(self, depth: int) -> dict[Position, Statistic]:
        """Final loss [seeds] of every network of one depth, by its number, trained on the last amount of data."""
        return points(lambda table: self._ended(table)[:, :, depth, -1], self.parameters[:, depth].tolist())

    def within(self, budgets: Sequence[float]) -> dict[Position, Statistic]:
        """The least loss [seeds] that any network has within each of these numbers of operations."""
        inside = [budget >= self.operations.ravel() for budget in budgets]

        def least(table: Table) -> F64:
            found = [np.stack([losses[:, of].min(1) for of in inside], axis=1) for losses in self._trained(table)]
            return np.concatenate(found).astype(np.float64)

        return points(least, budgets)

    @cached_property
    def _fits(self) -> dict[str, Callable[[Table], PowerLaw]]:
        return {
            "data": once(self._data),
            "data, equal steps": once(self._data_at_equal_steps),
            "parameters": once(self._parameters),
            "compute": once(self._compute),
        }

    def _data(self, table: Table) -> PowerLaw:
        """Of the final loss over samples."""
        return power_law(self._amounts, self._ended(table))

    def _data_at_equal_steps(self, table: Table) -> PowerLaw:
        """Of the loss over samples when networks have been trained for equally many steps."""
        at = [self.measured.index(epoch) for epoch in self.equal_steps]
        losses = table.metrics[self.metric][table.cells(self.grid), at]
        return power_law(self._amounts, losses.astype(np.float64))

    def _parameters(self, table: Table) -> PowerLaw:
        """Of the final loss over parameters, of networks trained on the last amount of data."""
        return power_law(self.parameters.T, self._ended(table)[..., -1].swapaxes(1, 2))

    def _compute(self, table: Table) -> PowerLaw:
        """Of the loss over operations along the Pareto front of all networks at all measurements."""
        cost = self.operations.ravel()
        found = [power_law(*pareto_fronts(cost, losses)) for losses in self._trained(table)]
        return PowerLaw(*(np.concatenate(of) for of in zip(*found, strict=True)))

    def _ended(self, table: Table) -> F64:
        """Final losses [seeds, widths, depths, amounts]."""
        return on_grid(table, table.final(self.metric), self.grid)

    def _trained(self, table: Table) -> Iterator[F32]:
        """Losses [some seeds, all networks at all measurements but that before training]; at least once, of no seed."""
        curves, cells = table.metrics[self.metric], table.cells(self.grid)
        networks, points = self.operations[..., 0].size, self.operations.size
        for first in range(0, max(len(cells), 1), _SEEDS):
            of = cells[first : first + _SEEDS]
            yield curves[of.reshape(len(of), networks), 1:].reshape(len(of), points)

    @cached_property
    def _amounts(self) -> F64:
        """Training samples [amounts]."""
        amounts: F64 = self.everywhere(self.samples)[0, 0]
        return amounts
