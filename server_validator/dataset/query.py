"""Cells out of the data set, by DuckDB, and an account of all that was left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kernels.arrays import I64
from kernels.claims import Table
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats.workunit import WorkUnit
from server_validator.dataset import files
from server_validator.dataset.files import Sound, Unsound
from server_validator.errors import DataDirectory, NothingAssimilated, NothingSound

Mask = NDArray[np.bool_]
_FILE = "its file"  # the name of a column that no experiment has


@dataclass(frozen=True)
class LeftOut:
    """What of an experiment's files is not in its table, or only in part."""

    unsound: Sequence[tuple[Path, str]]  # files that are not read, and why
    withdrawn: Sequence[Path]  # files that staff have withdrawn
    withdrawn_cells: int
    revoked: Sequence[Path]  # files of results that a later look found wrong
    revoked_cells: int
    repeated_cells: int  # rows of cells that another file has as well, with the very same numbers
    contradicted_seeds: Sequence[int]  # seeds with a cell of which two files have different numbers
    contradicted_cells: int  # all cells of these seeds
    contradicting: Sequence[Path]  # those files
    incomplete_seeds: int  # seeds in the table that have only part of the experiment's grid


@dataclass(frozen=True)
class Contents:
    """An experiment's cells, and what was left out."""

    table: Table
    left_out: LeftOut

    def has(self, unit: WorkUnit) -> bool:
        """Whether all cells of a work unit are there, whichever file they come from."""
        rows = (self.table.seed >= unit.seeds.first) & (self.table.seed <= unit.seeds.last)
        for axis, values in unit.axes.items():
            rows &= np.isin(self.table.condition[axis], values)
        return int(rows.sum()) == unit.seeds.count * len(unit.conditions)


def assimilated(data: Path) -> list[str]:
    """The experiments whose present version has files, in the registry's order. NothingAssimilated."""
    if not data.is_dir():
        raise DataDirectory(data, "there is no such folder")
    names = [row.name for row in EXPERIMENTS.values() if _has_files(files.folder(data, row))]
    if not names:
        raise NothingAssimilated("any experiment", data, _others(data))
    return names


def load(data: Path, experiment: Experiment, revoked: Collection[bytes] = ()) -> Contents:
    """All assimilated cells of the experiment's present version, each once, in a fixed order.

    Without those of results with the checksums `revoked`. NothingAssimilated if there are no files, NothingSound if
    there is none with rows to use.
    """
    place, of = files.folder(data, experiment), f"{experiment.name} version {experiment.version}"
    if not _has_files(place):
        raise NothingAssimilated(of, data, _others(data, experiment.name))
    kept, unsound = _read(files.listed(place), experiment)
    withdrawn, unsound_withdrawn = _read(files.listed(place / files.WITHDRAWN), experiment)
    unsound += unsound_withdrawn + _moved_aside(place, kept + withdrawn)
    wrong = {checksum.hex() for checksum in revoked}
    found_wrong = [file for file in kept if _checksum(file) in wrong]
    sound = [file for file in kept if _checksum(file) not in wrong]
    if not sound:
        reason = f"the first is {unsound[0][0]}: {unsound[0][1]}" if unsound else "all are withdrawn or revoked"
        raise NothingSound(len(unsound) + len(withdrawn) + len(found_wrong), experiment.name, reason)
    table, source = _table(sound, experiment)
    repeats = _repeats(table)
    contradicted = repeats & ~_equal_to_the_row_before(table)
    seeds = np.unique(table.seed[contradicted])
    out = np.isin(table.seed, seeds)
    chosen = _chosen(table, ~out & ~repeats)
    if not len(chosen.seed):
        reason = f"{sound[0].path} and another one have the same seeds with different numbers"
        raise NothingSound(len(sound), experiment.name, reason)
    cells = np.unique(chosen.seed, return_counts=True)[1]
    left_out = LeftOut(
        unsound=unsound,
        withdrawn=[file.path for file in withdrawn],
        withdrawn_cells=sum(len(file.rows) for file in withdrawn),
        revoked=[file.path for file in found_wrong],
        revoked_cells=sum(len(file.rows) for file in found_wrong),
        repeated_cells=int((repeats & ~out).sum()),
        contradicted_seeds=seeds.tolist(),
        contradicted_cells=int((out & ~repeats).sum()),
        contradicting=[sound[number].path for number in np.unique(source[_with_the_row_before(contradicted)])],
        incomplete_seeds=int((cells < math.prod(len(values) for values in experiment.grid.values())).sum()),
    )
    return Contents(chosen, left_out)


def _checksum(file: Sound) -> str:
    """Of the result that a file has the rows of."""
    return str(file.rows["checksum"][0].as_py())


def _has_files(place: Path) -> bool:
    return any(files.listed(folder) for folder in (place, place / files.WITHDRAWN, place / files.DAMAGED))


def _others(data: Path, name: str = "") -> str:
    """What there is instead, of other versions of the experiment of this name or of all, in words."""
    there = [files.whose(data, place) for place in files.places(data) if _has_files(place)]
    of = [f"{experiment} version {version}" for experiment, version in there if name in {"", experiment}]
    return f" (there are results of {', '.join(of)}, which another version of this program reads)" if of else ""


def _read(paths: Sequence[Path], experiment: Experiment) -> tuple[list[Sound], list[tuple[Path, str]]]:
    """The files that are sound, and those that are not with the reason."""
    sound, unsound = [], []
    for path in paths:
        try:
            sound.append(files.read(path, experiment))
        except Unsound as why:
            unsound.append((path, str(why)))
    return sound, unsound


def _moved_aside(place: Path, sound: Sequence[Sound]) -> list[tuple[Path, str]]:
    """The files that a repair has moved aside, of work units that have no sound one."""
    there = {files.unit_named(file.path) for file in sound}
    aside = [path for path in files.listed(place / files.DAMAGED) if files.unit_named(path) not in there]
    return [(path, "a repair found it damaged, and nothing has its rows") for path in aside if files.unit_named(path)]


def _table(sound: Sequence[Sound], experiment: Experiment) -> tuple[Table, I64]:
    """All rows of the files in the order of their cells, and the number of the file that each comes from [rows]."""
    numbers = [pa.array([number] * len(file.rows), pa.int64()) for number, file in enumerate(sound)]
    cells = pa.concat_tables(
        [file.rows.append_column(_FILE, number) for file, number in zip(sound, numbers, strict=True)]
    )
    order = ", ".join(f'"{column}"' for column in ["seed", *experiment.grid, _FILE])
    columns = ", ".join(f'"{column}"' for column in ["seed", *experiment.grid, *experiment.metrics, _FILE])
    with duckdb.connect() as db:
        db.register("cells", cells)
        rows = db.execute(f"SELECT {columns} FROM cells ORDER BY {order}").fetchnumpy()
    table = Table(
        np.asarray(rows["seed"], dtype=np.int64),
        {axis: np.asarray(rows[axis]) for axis in experiment.grid},
        {metric: np.stack(list(rows[metric])).astype(np.float32) for metric in experiment.metrics},
    )
    return table, np.asarray(rows[_FILE], dtype=np.int64)


def _repeats(table: Table) -> Mask:
    """Which rows [rows], in the order of their cells, are of the same cell as the row before."""
    repeats = np.ones(len(table.seed), dtype=np.bool_)
    repeats[0] = False
    for column in (table.seed, *table.condition.values()):
        repeats[1:] &= column[1:] == column[:-1]
    return repeats


def _equal_to_the_row_before(table: Table) -> Mask:
    """Which rows [rows] have the very numbers of the row before, which are finite."""
    equal = np.ones(len(table.seed), dtype=np.bool_)
    for curves in table.metrics.values():
        equal[1:] &= (curves[1:] == curves[:-1]).all(1)
    return equal


def _with_the_row_before(chosen: Mask) -> Mask:
    """The chosen rows [rows], and of each the one before it."""
    both = chosen.copy()
    both[:-1] |= chosen[1:]
    return both


def _chosen(table: Table, rows: Mask) -> Table:
    """Some rows of a table."""
    return Table(
        table.seed[rows],
        {axis: values[rows] for axis, values in table.condition.items()},
        {metric: curves[rows] for metric, curves in table.metrics.items()},
    )
