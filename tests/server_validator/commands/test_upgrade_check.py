"""upgrade-check: refuses where results are still to come that the program cannot check, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kernels.experiments import EXPERIMENTS, compgen
from server_validator.ledger import Ledger, issued
from tests.kernels import tiny
from tests.server_validator.data import Run, one_line
from tests.server_validator.storing import stored


def test_an_upgrade_waits_for_what_only_the_present_program_can_check(
    data: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tiny_file: Path
) -> None:
    before = (data / "ledger.sqlite").read_bytes()
    assert run("--data", data, "upgrade-check").code == 0
    with monkeypatch.context() as upgraded:
        upgraded.setitem(EXPERIMENTS, "compgen", replace(compgen.EXPERIMENT, version=2))
        refused = run("--data", data, "upgrade-check")
        assert (refused.code, refused.out) == (52, "")
        assert "1 of compgen version 1" in one_line(refused)
        assert (data / "ledger.sqlite").read_bytes() == before
        late = run("--data", data, "validate", tiny_file)
        assert (late.code, "Run axiom-server 0.1.0" in late.err) == (3, True)
    with Ledger(data) as ledger:
        issued.record_failure(ledger, tiny.unit().name, 16, 7, 0)
    monkeypatch.setitem(EXPERIMENTS, "compgen", replace(compgen.EXPERIMENT, version=2))
    assert run("--data", data, "upgrade-check").code == 0, "nothing of it will come any more"


def test_an_upgrade_waits_for_results_that_only_the_present_program_can_write(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(tmp_path, tiny.unit())
    with monkeypatch.context() as upgraded:
        upgraded.setitem(EXPERIMENTS, "compgen", replace(compgen.EXPERIMENT, version=2))
        refused = run("--data", tmp_path, "upgrade-check")
        assert refused.code == 52
        assert "1 results of compgen version 1 that axiom-server compact has not written yet" in one_line(refused)
    assert run("--data", tmp_path, "compact").code == 0
    monkeypatch.setitem(EXPERIMENTS, "compgen", replace(compgen.EXPERIMENT, version=2))
    assert run("--data", tmp_path, "upgrade-check").code == 0
