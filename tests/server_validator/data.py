"""Data directories, forged results, and the command line, for the tests of the server side."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels import workunit
from kernels.engine.seam import Engine
from kernels.experiment import Cell, CellResult, Experiment
from kernels.workunit import WorkUnit
from server_validator import cli, ledger, recompute
from tests.kernels import tiny

CHANGED = dict[str, dict[str, Any]]


def issued(folder: Path, *units: WorkUnit) -> Path:
    """A data directory whose ledger has the work units."""
    data = folder / "data"
    for unit in units or (tiny.unit(),):
        ledger.issue(data, unit)
    return data


def curve(top: dict[str, Any], cell: int, metric: str) -> np.ndarray:
    """A copy of a curve in a result's structure."""
    return np.frombuffer(top["cells"][cell]["metrics"][metric]["data"], "<f4").copy()


def put(top: dict[str, Any], cell: int, metric: str, values: np.ndarray) -> None:
    top["cells"][cell]["metrics"][metric]["data"] = np.asarray(values, "<f4").tobytes()


def forge(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The result with a change, and a right checksum."""
    top = copy.deepcopy(tiny.tree(data))
    change(top)
    return tiny.forged(top)


class Run:
    """axiom-server in this process: exit code, and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        capsys.readouterr()
        try:
            self.code = cli.main([str(a) for a in arguments])
        except SystemExit as stopped:
            self.code = int(stopped.code or 0)
        self.out, self.err = capsys.readouterr()
        assert "Traceback" not in self.err


def wu_file(path: Path, unit: WorkUnit) -> Path:
    path.write_bytes(workunit.encode(unit))
    return path


def remembered(monkeypatch: pytest.MonkeyPatch, known: dict[tuple[str, str], CellResult]) -> None:
    """Let the validator compute a cell only once; `known` is filled. All else of recomputing stays as it is."""
    real = recompute.compute

    def compute(experiment: Experiment, cells: Sequence[Cell], engine: Engine) -> list[CellResult]:
        for cell in cells:
            if (experiment.name, repr(cell)) not in known:
                (known[experiment.name, repr(cell)],) = real(experiment, [cell], engine)
        return [known[experiment.name, repr(cell)] for cell in cells]

    monkeypatch.setattr(recompute, "compute", compute)
