"""The columns of an export, and what each of them means: what others see of the data set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from kernels.experiment import Experiment
from server_validator.dataset import schema

VERSION = 1  # raised whenever a column or the metadata changes
HOST = "host"
_ORIGIN = {
    "digest": "8 bytes of BLAKE2b over the cell's exact states at all measurements, in hexadecimal digits",
    "workunit": "the work unit that the cell was computed in",
    HOST: "a pseudonym of the volunteer's host, the same for all its cells; null where it is not known",
    "app_version": "the version of axiom-worker that computed the cell",
    "engine": "what computed it",
    "agreement": "how results of that engine agree: exact is bit for bit",
}


@dataclass(frozen=True)
class Column:
    """A column of an export."""

    name: str
    kind: str  # Arrow's name of the type: int64, double, float or string
    meaning: str
    unit: str | None = None  # None where there is none; "1" of what is counted or a share
    curve: bool = False  # a list, with a value for each tick of the experiment's clock
    again: bool = True  # whether whoever computes the cell again gets these very bits

    @property
    def type(self) -> str:
        """In words."""
        return f"list of {self.kind}" if self.curve else self.kind


def columns(experiment: Experiment) -> Sequence[Column]:
    """All columns of the experiment's present version, in their order: the cell, what is recorded, its origin."""
    kinds = {column.name: str(column.type) for column in schema.of(experiment)}
    found = [Column("seed", kinds["seed"], "the number that all randomness of the cell is drawn from")]
    for axis, values in experiment.grid.items():
        found.append(Column(axis, kinds[axis], f"condition, one of {', '.join(map(str, values))}"))
    for name, metric in experiment.metrics.items():
        final = name + schema.FINAL
        found.append(Column(name, kinds[final], metric.meaning, metric.unit, curve=True, again=metric.exact))
        found.append(Column(final, kinds[final], f"the last value of {name}", metric.unit, again=metric.exact))
    return [*found, *(Column(name, "string", meaning) for name, meaning in _ORIGIN.items())]


def of(experiment: Experiment) -> pa.Schema:
    """The same for Arrow, each column with its meaning and unit, the whole with clock and version."""
    fields = [_field(column) for column in columns(experiment)]
    return pa.schema(fields, metadata={schema.KEY: json.dumps(about(experiment)).encode()})


def about(experiment: Experiment) -> Mapping[str, object]:
    """What the metadata of every file says, for readers that see no metadata of columns."""
    return {
        **schema.about(experiment),
        "schema": VERSION,
        "units": {column.name: column.unit for column in columns(experiment) if column.unit is not None},
    }


def _field(column: Column) -> pa.Field:
    kind = {"int64": pa.int64(), "double": pa.float64(), "float": pa.float32(), "string": pa.string()}[column.kind]
    about = {"meaning": column.meaning} | ({"unit": column.unit} if column.unit is not None else {})
    return pa.field(column.name, pa.list_(pa.field("element", kind)) if column.curve else kind, metadata=about)
