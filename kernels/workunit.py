"""The work unit, wu.json: parameters only. Read strictly, before any computing; used by both sides.

`{"format": 1, "experiment": "compgen", "version": 1, "seeds": {"first": 1000, "count": 16}, "grid": {"width": [32]}}`
"""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kernels import atomic, limits
from kernels.errors import (
    ExperimentVersion,
    GridBeyondLimits,
    TooManyCells,
    UnknownExperiment,
    WorkUnitField,
    WorkUnitFormat,
    WorkUnitUnreadable,
    one_line,
)
from kernels.experiment import Cell, Condition, Experiment, Value
from kernels.experiments import EXPERIMENTS
from kernels.philox import SEED_LIMIT

FORMAT = 1


class Seeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seeds first, first + 1, ... , count of them."""

    first: Annotated[int, Meta(ge=0, lt=SEED_LIMIT)]
    count: Annotated[int, Meta(ge=1)]


class WorkUnit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A set of cells: every condition of the grid with every seed."""

    format: int
    experiment: str
    version: int
    seeds: Seeds
    grid: dict[str, list[Value]] = {}

    @property
    def name(self) -> str:
        """The name staff give it in BOINC: experiment, version, first seed, count, and of a narrowed grid a digest."""
        plain = f"{self.experiment}_{self.version}_{self.seeds.first}_{self.seeds.count}"
        narrowed = any(len(values) < len(EXPERIMENTS[self.experiment].grid[axis]) for axis, values in self.grid.items())
        return f"{plain}_{digest(self).hex()[:8]}" if narrowed else plain


def read(path: Path) -> WorkUnit:
    """The work unit in a file; one of the errors of `decode`, or CannotRead."""
    return decode(atomic.read(path, limits.WORKUNIT_BYTES), str(path))


def decode(data: bytes, name: str) -> WorkUnit:
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
    if isinstance(raw.get("experiment"), str) and raw["experiment"] not in EXPERIMENTS:
        raise UnknownExperiment(one_line(raw["experiment"], limits.NAME_BYTES), ", ".join(EXPERIMENTS))
    try:
        workunit = msgspec.convert(raw, WorkUnit)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise WorkUnitField(_reason(error)) from error
    experiment = EXPERIMENTS[workunit.experiment]
    if workunit.version != experiment.version:
        raise ExperimentVersion(workunit.experiment, one_line(workunit.version, 32), experiment.version)
    if workunit.seeds.first + workunit.seeds.count > SEED_LIMIT:
        raise WorkUnitField(f"seeds end above {SEED_LIMIT - 1}")
    _check_grid(workunit, experiment)
    count = workunit.seeds.count * len(conditions(workunit))
    if count > limits.CELLS:
        raise TooManyCells(count, limits.CELLS)
    return workunit


def encode(workunit: WorkUnit) -> bytes:
    """The work unit as a file's bytes, one line of JSON."""
    return msgspec.json.encode(workunit) + b"\n"


def digest(workunit: WorkUnit) -> bytes:
    """A 16-byte BLAKE2b digest of the work unit's meaning: however it is written, the same cells give the same."""
    plain = msgspec.structs.replace(workunit, grid=axes(workunit))
    return hashlib.blake2b(msgspec.json.encode(plain), digest_size=16).digest()


def axes(workunit: WorkUnit) -> dict[str, list[Value]]:
    """The work unit's grid written in full, in the experiment's order."""
    grid = EXPERIMENTS[workunit.experiment].grid
    return {axis: [v for v in values if v in workunit.grid.get(axis, values)] for axis, values in grid.items()}


def overlap(one: WorkUnit, other: WorkUnit) -> bool:
    """Whether two work units of one experiment and version have a cell in common."""
    common_seed = max(one.seeds.first, other.seeds.first) < min(
        one.seeds.first + one.seeds.count, other.seeds.first + other.seeds.count
    )
    mine, theirs = axes(one), axes(other)
    return common_seed and all(set(mine[axis]) & set(theirs[axis]) for axis in mine)


def conditions(workunit: WorkUnit) -> list[Condition]:
    """Every condition of the work unit's grid, the last axis running fastest."""
    grid = axes(workunit)
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def cells(workunit: WorkUnit) -> list[Cell]:
    """Every cell of the work unit: conditions in the grid's order, then seeds."""
    seeds = range(workunit.seeds.first, workunit.seeds.first + workunit.seeds.count)
    return [Cell(seed, condition) for condition in conditions(workunit) for seed in seeds]


def _check_grid(workunit: WorkUnit, experiment: Experiment) -> None:
    for axis, values in workunit.grid.items():
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
