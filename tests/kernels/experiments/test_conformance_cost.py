"""What every experiment says that its work units cost, against what running one is seen to cost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernels import limits
from kernels.cost import DEFAULT_SECONDS, LONGEST, PACE, cost, default_units
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.workunit import Seeds, WorkUnit
from tests.kernels.experiments import golden, truth

ROOT = Path(__file__).parents[3]
# Not getrusage, which would tell the peak of this process if that is higher.
RUN = """
import sys
from client.cli import main
code = main([])
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
sys.exit(code)
"""


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_memory_and_result_are_those_of_a_run(name: str, tmp_path: Path) -> None:
    """In a process of its own, whose peak Linux knows: VmHWM, since ru_maxrss begins with the parent's."""
    single = golden.unit(name)
    shared = single.experiment.course.width(single.conditions[0], truth.WIDE) > 1  # of what two seeds have in a block
    unit = golden.unit(name, seeds=2) if shared else single
    (tmp_path / "wu.json").write_bytes(workunit.encode(unit))
    process = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    kilobytes, claimed = int(process.stdout), cost(unit)
    assert claimed.memory == pytest.approx(1024 * kilobytes, rel=0.2)
    found = result.read(tmp_path / "result.msgpack")
    assert abs(claimed.result - len(found.content)) < 200, "but for the names in its header"
    assert (tmp_path / "result.msgpack").stat().st_size < claimed.result


@pytest.mark.parametrize("seconds", [60.0, DEFAULT_SECONDS])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_work_units_of_a_length_are_that_long_or_full_and_small(name: str, seconds: float) -> None:
    units, wanted = default_units(EXPERIMENTS[name], 7, seconds), seconds * PACE
    for unit in units:
        claimed = cost(unit)
        assert claimed.operations < LONGEST * wanted or unit.size == 1
        longer = WorkUnit(unit.experiment, Seeds(7, unit.seeds.count + 1))
        full = longer.size > limits.CELLS or cost(longer).result > limits.CONTENT_BYTES or len(units) > 1
        assert full or claimed.operations == pytest.approx(wanted, rel=0.5)
        assert claimed.result < limits.CONTENT_BYTES
        assert claimed.memory < 256e6, "four tasks take a GB"
        assert workunit.decode(workunit.encode(unit), "made", EXPERIMENTS) == unit
        assert (unit.seeds.first, len(units) == 1 or unit.seeds.count) == (7, 1)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_on_a_fast_fleet_work_units_are_as_large_as_limits_allow(name: str) -> None:
    for unit in default_units(EXPERIMENTS[name], 7, pace=1e14):
        assert unit.size <= limits.CELLS
        assert cost(unit).result <= limits.CONTENT_BYTES
        assert unit.size > limits.CELLS / 2 or cost(unit).result > limits.CONTENT_BYTES / 2


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_parts_of_a_long_seed_are_its_cells_each_once(name: str) -> None:
    parts = default_units(EXPERIMENTS[name], 7, seconds=30.0)
    whole = WorkUnit(EXPERIMENTS[name], Seeds(7, parts[0].seeds.count))
    cells = [repr(cell) for part in parts for cell in part.cells]
    assert sorted(cells) == sorted(repr(cell) for cell in whole.cells)
    assert len({part.name for part in parts}) == len(parts)
    assert sum(cost(part).operations for part in parts) == pytest.approx(cost(whole).operations)
