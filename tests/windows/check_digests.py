"""The golden work unit of every experiment, computed by the frozen program under every instruction set that is here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernels.engine.exact import library
from kernels.experiments import EXPERIMENTS
from kernels.formats import result
from tests.kernels.experiments import golden
from tests.windows.conftest import Start
from tests.windows.worker import task


@pytest.mark.parametrize("isa", library.available())
@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_the_golden_digests(name: str, isa: str, tmp_path: Path, start: Start) -> None:
    unit = golden.unit(name)
    slot = task(tmp_path, unit)
    with start(slot, environment={"AXIOM_ISA": isa}) as worker:
        ended = worker.ended()
    assert ended.code == 0, ended
    found = result.read(slot.uploaded)
    result.check(found, unit, "r")
    conditions = [json.dumps(cell.condition) for cell in unit.cells]
    digests = dict(zip(conditions, map(bytes, found.digests), strict=True))
    golden_states = golden.load(name)["digests"]
    assert digests == {
        condition: result.digest_of(bytes.fromhex("".join(states)), "exact")
        for condition, states in golden_states.items()
    }
