"""Cells out of the data set as a table, each once, and an account of all that was left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kernels.arrays import I64
from kernels.claims import Table
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from server_validator.dataset import compaction, doubles, files, schema, withdrawals
from server_validator.dataset.columns import NOT, Columns, Part
from server_validator.dataset.compaction import Taken
from server_validator.dataset.doubles import Disagreement, Rows
from server_validator.dataset.schema import Held
from server_validator.errors import DataDirectory, NothingAssimilated, NothingSound


@dataclass(frozen=True)
class LeftOut:
    """What of an experiment's results is not in its table, or only in part."""

    unsound: Sequence[tuple[Path, str]]  # files that are not read, and why
    withdrawn: Sequence[Held]  # results that staff have withdrawn
    revoked: Sequence[Held]  # results that a later look found wrong
    near: Sequence[Held]  # results that agree within tolerances only
    repeated_cells: int  # rows of cells that another result has as well
    contradicted_seeds: Sequence[int]  # seeds with a cell of which two exact results have different numbers
    contradicted_cells: int  # all cells of these seeds
    incomplete_seeds: int  # seeds in the table that have only part of the experiment's grid


@dataclass(frozen=True)
class Contents:
    """An experiment's cells, and what was left out."""

    table: Table
    parts: Sequence[Part]  # where the table's rows lie
    left_out: LeftOut
    disagreements: Sequence[Disagreement]  # exact results that should be the same and are not
    near: bool  # whether the table has cells of near results
    hosts: frozenset[int]  # BOINC's numbers of the hosts that the table's results come from
    unknown_hosts: bool  # whether some of them tell no host
    newest: float  # when the newest file was written, in seconds since 1970
    checksums: frozenset[str]  # of all results that a sound file has, left out or not


def assimilated(data: Path) -> list[str]:
    """The experiments whose present version has files, in the registry's order. NothingAssimilated."""
    if not data.is_dir():
        raise DataDirectory(data, "there is no such folder")
    names = [row.name for row in EXPERIMENTS.values() if files.listed(files.folder(data, (row.name, row.version)))]
    if not names:
        raise NothingAssimilated("any experiment", data, _others(data))
    return names


def load(data: Path, experiment: Experiment, revoked: Collection[bytes] = (), near: bool = False) -> Contents:
    """All cells of the experiment's present version, each once, in a fixed order; metrics are read when asked for.

    Without those of results with the checksums `revoked`, of near results unless `near`, and of what is withdrawn.
    NothingAssimilated if there are no files, NothingSound if there is no result to use.
    """
    group = experiment.name, experiment.version
    withdrawn = withdrawals.read(data)
    found = files.opened(data, group)
    if not found.sound and not found.unsound:
        raise NothingAssimilated(f"{group[0]} version {group[1]}", data, _others(data, experiment.name))
    there = compaction.taken(found.sound)
    wrong = {checksum.hex() for checksum in revoked}
    results = [one for file in there for one in file.held]
    out: dict[str, list[Held]] = {"revoked": [], "withdrawn": [], "near": []}
    for one in results:
        if one.checksum in wrong:
            out["revoked"].append(one)
        elif withdrawn.covers(one):
            out["withdrawn"].append(one)
        elif one.agreement != "exact" and not near:
            out["near"].append(one)
    aside = {one.checksum for held in out.values() for one in held}
    used = [one for one in results if one.checksum not in aside]
    if not used:
        raise NothingSound(experiment.name, _why(found.unsound, out))
    rows = _rows(there, used, experiment)
    count = doubles.counted_once(rows)
    if not len(count.rows):
        raise NothingSound(experiment.name, "all results have different numbers of the same seeds")
    parts = _placed(rows, count.rows)
    table = _table(rows, count.rows, parts, experiment)
    cells = np.unique(table.seed, return_counts=True)[1]
    left_out = LeftOut(
        found.unsound, **out,
        repeated_cells=count.repeated, contradicted_seeds=count.contradicted_seeds,
        contradicted_cells=count.contradicted_cells, incomplete_seeds=int((cells < _conditions(experiment)).sum()),
    )  # fmt: skip
    in_it = [used[number] for number in np.unique(rows.result[count.rows])]
    hosts = {one.host_id for one in in_it}
    return Contents(
        table, parts, left_out, count.disagreements, any(one.agreement != "exact" for one in in_it),
        hosts=frozenset(host for host in hosts if host is not None), unknown_hosts=None in hosts,
        newest=max(file.written for file in found.sound), checksums=found.checksums,
    )  # fmt: skip


def _why(unsound: Sequence[tuple[Path, str]], out: dict[str, list[Held]]) -> str:
    """Why nothing can be used, in words."""
    if unsound:
        return f"the first is {unsound[0][0]}: {unsound[0][1]}"
    return ", ".join(f"{len(held)} {what}" for what, held in out.items() if held)


def _others(data: Path, name: str = "") -> str:
    """What there is instead, of other versions of the experiment of this name or of all, in words."""
    there = [group for group in files.groups(data) if files.listed(files.folder(data, group))]
    of = [f"{experiment} version {version}" for experiment, version in there if name in {"", experiment}]
    return f" (there are results of {', '.join(of)}, which another version of this program reads)" if of else ""


def _conditions(experiment: Experiment) -> int:
    return math.prod(len(values) for values in experiment.grid.values())


def _rows(there: Sequence[Taken], used: Sequence[Held], experiment: Experiment) -> Rows:
    """The rows of the used results, file by file."""
    ranks = {one.checksum: number for number, one in enumerate(used)}
    parts, cells, results = list[Part](), list[I64](), list[NDArray[np.int32]]()
    begin = 0
    for one in there:
        own = {held.checksum for held in one.held}
        numbers = [ranks.get(held.checksum, NOT) if held.checksum in own else NOT for held in one.file.held]
        result = np.repeat(np.array(numbers, np.int32), [held.cells for held in one.file.held])
        chosen = result != NOT
        count = int(chosen.sum())
        if count:
            place = np.full(len(result), NOT, np.int32)
            place[chosen] = np.arange(begin, begin + count)
            parts.append(Part(one.file, place))
            cells.append(_cells(one, experiment)[chosen])
            results.append(result[chosen])
            begin += count
    return Rows(parts, np.concatenate(cells), np.concatenate(results), used, experiment, _conditions(experiment))


def _cells(one: Taken, experiment: Experiment) -> I64:
    """A number for the cell of each row of a file [rows]: seeds count most, then conditions in the grid's order."""
    columns = one.file.parquet.read(columns=["seed", *experiment.grid])
    cell = np.asarray(columns["seed"].to_numpy(), dtype=np.int64).copy()
    for axis, values in experiment.grid.items():
        kind = schema.of(experiment).field(axis).type
        code = pc.index_in(columns[axis], pa.array(values, kind)).to_numpy()
        cell *= len(values)
        cell += code
    return cell


def _placed(rows: Rows, chosen: I64) -> Sequence[Part]:
    """The parts of a table of the chosen rows, in this order."""
    place = np.full(len(rows.cell), NOT, np.int32)
    place[chosen] = np.arange(len(chosen))
    return doubles.moved(rows.parts, place)


def _table(rows: Rows, chosen: I64, parts: Sequence[Part], experiment: Experiment) -> Table:
    """The table of the chosen rows, in this order."""
    condition, rest = {}, rows.cell[chosen] % rows.conditions
    for axis, values in reversed(experiment.grid.items()):
        known = np.array(values, dtype=object if isinstance(values[0], str) else None)
        condition[axis] = known[rest % len(values)]
        rest = rest // len(values)
    metrics = list(experiment.metrics)
    return Table(
        rows.cell[chosen] // rows.conditions,
        {axis: condition[axis] for axis in experiment.grid},
        Columns(parts, metrics, len(chosen), experiment.measurements),
        Columns(parts, metrics, len(chosen), None),
    )
