"""axiom-worker selftest: whether this program, as it is installed on this computer, computes the bits that it should.

The exact engine computes test vectors that cover every feature; a cell of every experiment is computed up to its second
measurement; and one is stopped there, goes through a checkpoint, and is computed to its third. All must give the
digests in selftest.json, which are those of the tests (tests/client/test_selftest.py writes and compares them). Where
torch is in the program, its engine computes the same cells and must be as near as early tolerances say.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from client import engines
from client.errors import SelfTestFailed
from kernels.cells import Cell, Condition
from kernels.engine.contract import Engine
from kernels.engine.devices import CPU
from kernels.engine.vectors import VECTORS
from kernels.experiments import EXPERIMENTS
from kernels.formats import checkpoint
from kernels.formats.checkpoint import Checkpoint, Header
from kernels.programs.program import Program

KNOWN = Path(__file__).with_name("selftest.json")
STEPS = 50  # of the engine's test vectors
SEED = 1
CHECKPOINTED = "compgen"


def run(say: Callable[[str], None]) -> None:
    """Compute and compare everything, telling each part once it is right; SelfTestFailed, or NoEngine."""
    known: dict[str, dict[str, Any]] = json.loads(_known())
    engine = engines.choose("c", CPU, 1).engine
    for name in VECTORS:
        _compare(engine_digest(name, engine), known["engine"][name], f"the exact engine's test vector {name!r}")
    say(f"engine: {len(VECTORS)} test vectors give the right bits")
    programs: dict[str, Program] = {}
    for name in EXPERIMENTS:
        condition, wanted = known["experiments"][name]["condition"], known["experiments"][name]["digests"]
        programs[name], digests = begun(name, condition, 2, engine)
        _compare(digests[:2], wanted[:2], f"the experiment {name}")
    say(f"experiments: the beginnings of {len(EXPERIMENTS)} give the right bits")
    condition, wanted = (known["experiments"][CHECKPOINTED][part] for part in ("condition", "digests"))
    _compare(resumed(CHECKPOINTED, condition, engine), wanted, f"{CHECKPOINTED}, continued from a checkpoint")
    say("checkpoint: what was written and read goes on with the right bits")
    if importlib.util.find_spec("torch") is None:
        return
    choice = engines.choose("torch", CPU, 1)
    choice.prepare_thread()
    for name, exact in programs.items():
        _compare_torch(name, exact, choice.engine)
    say(f"torch: the beginnings of {len(EXPERIMENTS)} are near enough")


def _known() -> str:
    """selftest.json; in the frozen program a module made of it, since a new experiment must change no other file."""
    if hasattr(sys, "frozen"):
        text: str = importlib.import_module("client.selftest_json").TEXT
        return text
    return KNOWN.read_text(encoding="ascii")


def engine_digest(name: str, engine: Engine) -> str:
    """One digest of all networks of a test vector after STEPS steps."""
    block, data, schedule = VECTORS[name].build(STEPS)
    engine.train(block, data, schedule, STEPS)
    return hashlib.blake2b(b"".join(block.digests()), digest_size=16).hexdigest()


def begun(name: str, condition: Condition, measurements: int, engine: Engine) -> tuple[Program, list[str]]:
    """A cell computed until so many measurements are made, and the digests of its measurements."""
    program = EXPERIMENTS[name].start([Cell(SEED, condition)], engine)
    return program, _advance(program, measurements)


def resumed(name: str, condition: Condition, engine: Engine) -> list[str]:
    """Digests of the first three measurements of a cell that went through a checkpoint after the second."""
    program, _ = begun(name, condition, 2, engine)
    header = Header(checkpoint.FORMAT, "", "", engine.name, engine.device.kind, [1], {0: program.done}, 0.0, 0.0)
    saved = checkpoint.decode(checkpoint.encode(Checkpoint(header, {0: program.export()})))
    again = EXPERIMENTS[name].start([Cell(SEED, condition)], engine)
    again.restore(saved.states[0])
    return _advance(again, 3)[:3]


def _advance(program: Program, measurements: int) -> list[str]:
    digests = _digests(program)
    while not any(digests[measurements - 1]):
        program.advance(1.0)
        digests = _digests(program)
    return [digest.hex() for digest in digests]


def _digests(program: Program) -> list[bytes]:
    return [bytes(digest) for digest in program.export()["digests"][0]]


def _compare_torch(name: str, exact: Program, torch: Engine) -> None:
    """The networks before training bit for bit, metrics up to the second measurement within early tolerances.

    `exact` has computed that far.
    """
    other, digests = begun(name, exact.cells[0].condition, 2, torch)
    _compare(digests[0], _digests(exact)[0].hex(), f"the experiment {name} before training with the torch engine")
    for metric, declared in EXPERIMENTS[name].metrics.items():
        bits, near = (program.export()["metric/" + metric][0, :2].astype(np.float64) for program in (exact, other))
        if not np.all(np.abs(bits - near) <= declared.near[0]):
            raise SelfTestFailed(f"{metric} of the experiment {name} is another with the torch engine")


def _compare(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise SelfTestFailed(f"{what} gives other bits")
