"""What experiments say they cost, against what they are seen to cost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernels import workunit
from kernels.cost import DEFAULT_OPERATIONS, LONGEST, cost, default_units
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.seam import F32, Block, Data, Evaluation, Schedule
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.workunit import Seeds, WorkUnit
from tests.kernels.experiments import golden

ROOT = Path(__file__).parents[2]


def unit(name: str, seeds: int = 1) -> WorkUnit:
    """The golden work unit of an experiment, with more seeds."""
    return WorkUnit(workunit.FORMAT, name, EXPERIMENTS[name].version, Seeds(1, seeds), golden.load(name)["grid"])


class Counting(ExactEngine):
    """The exact engine, counting the operations of its products."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0.0

    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        at = block.step - schedule.first
        samples = int(schedule.sizes[at : at + steps].sum())
        self.operations += block.cells * block.network.training_flops(samples)
        super().train(block, data, schedule, steps)

    def evaluate(self, block: Block, data: Data) -> Evaluation:
        self.operations += block.cells * block.network.forward_flops(data.x.shape[2])
        return super().evaluate(block, data)

    def activations(self, block: Block, data: Data, layer: int) -> F32:
        self.operations += block.cells * block.network.forward_flops(data.x.shape[2])
        return super().activations(block, data, layer)

    def gradient(self, block: Block, data: Data) -> F32:
        self.operations += block.cells * block.network.training_flops(data.x.shape[2])
        return super().gradient(block, data)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "cellauto"])
def test_operations_are_those_of_the_engine(name: str) -> None:
    engine, experiment = Counting(), EXPERIMENTS[name]
    for cell in workunit.cells(unit(name)):
        compute(experiment, [cell], engine)
    assert cost(unit(name)).operations == pytest.approx(engine.operations, rel=0.2)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_memory_and_result_are_those_of_a_run(name: str, tmp_path: Path) -> None:
    """In a process of its own, whose peak Linux knows: VmHWM, since ru_maxrss begins with the parent's."""
    of = unit(name, 2)
    (tmp_path / "wu.json").write_bytes(workunit.encode(of))
    # Not getrusage, which would tell the peak of this process if that is higher.
    code = "import sys; from client.cli import main; code = main([])\n"
    code += "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    kilobytes, claimed = int(done.stdout), cost(of)
    assert claimed.memory == pytest.approx(1024 * kilobytes, rel=0.2)
    assert claimed.result == pytest.approx((tmp_path / "result.msgpack").stat().st_size, rel=0.2)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_default_work_units_are_ten_minutes_long_and_small(name: str) -> None:
    made = default_units(name, 7)
    for of in made:
        found, seeds = cost(of), of.seeds.count
        assert found.operations < LONGEST * DEFAULT_OPERATIONS or len(workunit.cells(of)) == 1
        assert len(made) > 1 or found.operations == pytest.approx(DEFAULT_OPERATIONS, rel=0.5)
        assert found.result < 1e6
        assert workunit.decode(workunit.encode(of), "made") == of
        assert (of.seeds.first, len(made) == 1 or seeds) == (7, 1)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if len(default_units(name, 0)) > 1])
def test_the_parts_of_a_long_seed_are_its_cells_each_once(name: str) -> None:
    whole = WorkUnit(workunit.FORMAT, name, EXPERIMENTS[name].version, Seeds(7, 1))
    parts = default_units(name, 7)
    found = [repr(cell) for part in parts for cell in workunit.cells(part)]
    assert sorted(found) == sorted(repr(cell) for cell in workunit.cells(whole))
    assert len({part.name for part in parts}) == len(parts)
    assert sum(cost(part).operations for part in parts) == pytest.approx(cost(whole).operations)


def test_some_experiment_needs_parts() -> None:
    assert len(default_units("cellauto", 0)) > 1
