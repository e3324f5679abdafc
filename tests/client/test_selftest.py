"""The self-test: right here, wrong where anything computes otherwise, and its digests are those of the golden files.

python -m tests.client.test_selftest      writes client/selftest.json anew, where golden files have changed
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from typing import Any

import numpy as np
import pytest

from client import cli, selftest
from kernels.engine import vectors
from kernels.engine.contract import Block, Data, Evaluation
from kernels.engine.exact.engine import ExactEngine
from kernels.engine.torch import engine as torch_engine
from kernels.experiments import EXPERIMENTS
from kernels.formats import checkpoint
from tests.kernels.experiments import golden

MEASUREMENTS = 3


def digests() -> dict[str, Any]:
    """What selftest.json must hold: of every experiment the beginning of the first cell of its golden file."""
    experiments = {}
    for name in EXPERIMENTS:
        condition, known = next(iter(golden.load(name)["digests"].items()))
        experiments[name] = {"condition": json.loads(condition), "digests": known[:MEASUREMENTS]}
    engine = ExactEngine()
    return {"engine": {n: selftest.engine_digest(n, engine) for n in vectors.VECTORS}, "experiments": experiments}


def test_known_digests_are_those_of_the_golden_files() -> None:
    assert json.loads(selftest.KNOWN.read_text()) == digests()


def test_here_it_passes_and_says_what_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["selftest"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["engine", "experiments", "checkpoint", "torch"]
    assert f"{len(EXPERIMENTS)} give" in lines[1]


def test_where_torch_is_not_in_the_program_it_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["selftest"]) == 0
    assert "torch" not in capsys.readouterr().out


@pytest.mark.parametrize(("part", "says"), [("params", "before training"), ("loss", "train_loss of the experiment")])
def test_a_torch_that_computes_otherwise_is_named(
    part: str, says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    true = torch_engine.TorchEngine.evaluate

    def false(engine: torch_engine.TorchEngine, block: Block, data: Data) -> Evaluation:
        if part == "params":
            block.params[...] *= 2
        evaluation: Evaluation = true(engine, block, data)
        return dataclasses.replace(evaluation, loss=evaluation.loss * np.float32(1.01))

    monkeypatch.setattr(torch_engine.TorchEngine, "evaluate", false)
    assert cli.main(["selftest"]) == 34
    assert says in caplog.text


def broken(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if part == "engine":
        known = json.loads(selftest.KNOWN.read_text())
        known["engine"]["wide"] = "0" * 32
    elif part == "experiments":
        known = json.loads(selftest.KNOWN.read_text())
        known["experiments"]["cellauto"]["digests"][1] = "0" * 32
    else:
        whole = checkpoint.decode

        def forgetful(data: bytes) -> checkpoint.Checkpoint:
            found = whole(data)
            return checkpoint.Checkpoint(
                found.header, {0: {**found.states[0], "params": found.states[0]["params"] * 2}}
            )

        monkeypatch.setattr(checkpoint, "decode", forgetful)
        return
    monkeypatch.setattr(json, "loads", lambda text: known)


@pytest.mark.parametrize(
    ("part", "names"),
    [("engine", "'wide'"), ("experiments", "cellauto"), ("checkpoint", "continued from a checkpoint")],
)
def test_what_computes_otherwise_is_named(
    part: str, names: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken(part, monkeypatch)
    assert cli.main(["selftest"]) == 34
    (line,) = [record.getMessage() for record in caplog.records]
    assert names in line
    assert "Install it again" in line


if __name__ == "__main__":
    selftest.KNOWN.write_text(json.dumps(digests(), indent=1) + "\n", encoding="ascii")
