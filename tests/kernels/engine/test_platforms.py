"""The short part of the proof that every platform computes the same bits: the compiler that is always here.

`make exactness` installs other compilers, emulators and Wine, and runs platforms/check.py, which is the whole of it.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kernels.engine.exact.engine import ExactEngine
from tests.kernels.engine import golden
from tests.kernels.engine.platforms import cases, check
from tests.kernels.engine.platforms.check import MACHINE, NATIVE, Platform

pytestmark = pytest.mark.skipif(
    MACHINE not in check.flags_of_the_product()["GNU_VARIANTS"], reason=f"no builds for {MACHINE} in setup.py"
)
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "short.bin"
    path.write_bytes(cases.vector_file(cases.SHORT))
    return path


@needs_gcc
def test_a_program_without_python_gives_the_golden_digests_on_every_instruction_set(vectors: Path) -> None:
    (target,) = [platform for platform in NATIVE if platform.compiler == ("gcc",) and platform.optimize == "-O3"]
    rows = list(check.check(target, vectors, cases.read_golden("short")))
    assert rows
    for row in rows:
        assert not row.failed, row
        assert row.agreed == row.total > 50, row


def test_golden_digests_are_what_python_computes() -> None:
    found = cases.digests(cases.SHORT)
    assert not check.differences(found, cases.read_golden("short"))


def test_training_digests_are_those_of_the_other_golden_file() -> None:
    want, found = json.loads(golden.FILE.read_text())["digests"], cases.read_golden("short")
    for name, steps in cases.SHORT.programs.items():
        assert steps == golden.STEPS
        assert found[f"{name}, {steps} steps"]["train"].split() == want[name]


def test_the_long_programs_stay_finite() -> None:
    """Or their digests would say little."""
    long = [case for case in cases.FULL.cases() if case.name.endswith("steps")]
    assert len(long) == len(cases.FULL.programs)
    for block, data, schedule in (case.work for case in long):
        ExactEngine().train(block, data, schedule, schedule.steps)
        assert np.isfinite(block.params).all()


def test_a_difference_is_found_and_named() -> None:
    golden_digests = {"a": {"train": "00 11", "gradient": "22"}, "b": {"sweep": "33"}}
    assert check.differences(golden_digests, golden_digests) == []
    assert check.differences({"a": {"train": "00 10", "gradient": "22"}}, golden_digests) == ["a (train)", "b (sweep)"]
    more = golden_digests | {"c": {"train": "44"}}
    assert check.differences(more, golden_digests) == ["c (train)"]


@needs_gcc
def test_a_compiler_that_takes_liberties_is_caught(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof must be able to fail. Contraction would not do: gcc finds no product here to fuse with a sum."""
    tables = copy.deepcopy(check.flags_of_the_product())
    tables["GNU_FLAGS"].append("-ffast-math")
    monkeypatch.setattr(check, "flags_of_the_product", lambda: tables)
    target = Platform("fast", ("gcc",), MACHINE, "-O2", ((),))
    rows = list(check.check(target, vectors, cases.read_golden("short")))
    assert any(row.failed and "DIFFERENT" in row.note for row in rows)
