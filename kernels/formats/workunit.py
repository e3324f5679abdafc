"""The work unit, wu.json: parameters only. Read strictly, before any computing; used by both sides.

`{"format": 1, "experiment": "compgen", "version": 1, "seeds": {"first": 1000, "count": 16}, "grid": {"width": [32]}}`
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kernels import limits
from kernels.cells import Cell, Condition, Value, combinations
from kernels.errors import (
    ExperimentVersion,
    GridBeyondLimits,
    TooManyCells,
    UnknownExperiment,
    WorkUnitField,
    WorkUnitFormat,
    WorkUnitUnreadable,
)
from kernels.experiment import Experiment, Registry
from kernels.formats import atomic
from kernels.philox import SEED_LIMIT
from kernels.text import one_line

FORMAT = 1
DIGEST_BYTES = 16


class Seeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seeds first, first + 1, ... , count of them."""

    first: Annotated[int, Meta(ge=0, lt=SEED_LIMIT)]
    count: Annotated[int, Meta(ge=1)]

    @property
    def last(self) -> int:
        """The last seed."""
        return self.first + self.count - 1


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of the file, in their order."""

    format: int
    experiment: str
    version: int
    seeds: Seeds
    grid: Mapping[str, Sequence[Value]] = {}


@dataclass(frozen=True)
class WorkUnit:
    """A set of cells of an experiment: every condition of its grid, which may be narrowed, with every seed."""

    experiment: Experiment
    seeds: Seeds
    grid: Mapping[str, Sequence[Value]] = field(default_factory=dict)  # the narrowed axes only

    @property
    def name(self) -> str:
        """The name staff give it in BOINC: experiment, version, first seed, count, and of a narrowed grid a digest."""
        plain = f"{self.experiment.name}_{self.experiment.version}_{self.seeds.first}_{self.seeds.count}"
        narrowed = any(len(values) < len(self.experiment.grid[axis]) for axis, values in self.grid.items())
        return f"{plain}_{self.digest.hex()[:8]}" if narrowed else plain

    @cached_property
    def axes(self) -> dict[str, list[Value]]:
        """The grid written in full, in the experiment's order."""
        return {
            axis: [value for value in values if value in self.grid.get(axis, values)]
            for axis, values in self.experiment.grid.items()
        }

    @cached_property
    def conditions(self) -> list[Condition]:
        """Every condition of the grid, the last axis running fastest."""
        return combinations(self.axes)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return self.seeds.count * len(self.conditions)

    @property
    def cells(self) -> list[Cell]:
        """Every cell: conditions in the grid's order, then seeds."""
        seeds = range(self.seeds.first, self.seeds.last + 1)
        return [Cell(seed, condition) for condition in self.conditions for seed in seeds]

    def cell(self, number: int) -> Cell:
        """One of `cells`."""
        condition, seed = divmod(number, self.seeds.count)
        return Cell(self.seeds.first + seed, self.conditions[condition])

    @cached_property
    def digest(self) -> bytes:
        """A 16-byte BLAKE2b digest of its meaning: however it is written, the same cells give the same."""
        plain = _file(self, self.axes)
        return hashlib.blake2b(msgspec.json.encode(plain), digest_size=DIGEST_BYTES).digest()

    def overlaps(self, other: WorkUnit) -> bool:
        """Whether it has a cell in common with another work unit of its experiment and version."""
        first, end = max(self.seeds.first, other.seeds.first), min(self.seeds.last, other.seeds.last) + 1
        return first < end and all(set(self.axes[axis]) & set(other.axes[axis]) for axis in self.axes)


def read(path: Path, registry: Registry) -> WorkUnit:
    """The work unit in a file; one of the errors of `decode`, or CannotRead."""
    return decode(atomic.read(path, limits.WORKUNIT_BYTES), str(path), registry)


def decode(data: bytes, name: str, registry: Registry) -> WorkUnit:
    """The work unit in `data`, checked completely; each fault raises its own Failure, naming `name`."""
    if len(data) > limits.WORKUNIT_BYTES:
        raise WorkUnitUnreadable(name, f"it has more than {limits.WORKUNIT_BYTES} bytes")
    try:
        raw = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise WorkUnitUnreadable(name, f"it is not JSON ({_reason(error)})") from error
    if not isinstance(raw, dict) or type(raw.get("format")) is not int:
        raise WorkUnitUnreadable(name, "it has no integer field 'format'")
    if raw["format"] != FORMAT:
        raise WorkUnitFormat(name, one_line(raw["format"], 32), FORMAT)
    if isinstance(raw.get("experiment"), str) and raw["experiment"] not in registry:
        raise UnknownExperiment(one_line(raw["experiment"], limits.NAME_BYTES), ", ".join(registry))
    try:
        file = msgspec.convert(raw, _File)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise WorkUnitField(_reason(error)) from error
    experiment = registry[file.experiment]
    if file.version != experiment.version:
        raise ExperimentVersion(experiment.name, one_line(file.version, 32), experiment.version)
    if file.seeds.last >= SEED_LIMIT:
        raise WorkUnitField(f"seeds end above {SEED_LIMIT - 1}")
    _check_grid(file.grid, experiment)
    workunit = WorkUnit(experiment, file.seeds, file.grid)
    if workunit.size > limits.CELLS:
        raise TooManyCells(workunit.size, limits.CELLS)
    return workunit


def encode(workunit: WorkUnit) -> bytes:
    """The work unit as a file's bytes, one line of JSON."""
    return msgspec.json.encode(_file(workunit, workunit.grid)) + b"\n"


def _file(workunit: WorkUnit, grid: Mapping[str, Sequence[Value]]) -> _File:
    experiment = workunit.experiment
    return _File(FORMAT, experiment.name, experiment.version, workunit.seeds, grid)


def _check_grid(grid: Mapping[str, Sequence[Value]], experiment: Experiment) -> None:
    for axis, values in grid.items():
        if axis not in experiment.grid:
            raise GridBeyondLimits(experiment.name, f"it has no axis {one_line(axis, limits.NAME_BYTES)!r}")
        allowed = experiment.grid[axis]
        if not 1 <= len(values) <= limits.GRID_VALUES:
            raise GridBeyondLimits(experiment.name, f"axis {axis!r} has {len(values)} values")
        strange = [v for v in values if not any(v == a and type(v) is type(a) for a in allowed)]
        if strange:
            raise GridBeyondLimits(experiment.name, f"axis {axis!r} has no value {one_line(strange[0], 32)!r}")
        if len(set(values)) < len(values):
            raise GridBeyondLimits(experiment.name, f"axis {axis!r} names a value twice")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys are all different; ValueError otherwise, since readers disagree on which one wins."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _reason(error: Exception) -> str:
    """One short line of a library's message."""
    return one_line(error) or type(error).__name__
