"""The short part of the proof that every platform computes the same bits: the compiler that is always here.

`make exactness` installs other compilers, emulators and Wine, and runs platforms/check.py, which is the whole of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import engine
import numpy as np
import pytest

from kernels.engine.exact.engine import ExactEngine
from tests.kernels.engine import golden
from tests.kernels.engine.platforms import cases, check
from tests.kernels.engine.platforms.check import NATIVE, SHIPPED, THIS, Build

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "short.bin"
    path.write_bytes(cases.vector_file(cases.SHORT))
    return path


@needs_gcc
def test_a_program_without_python_gives_the_golden_digests_on_every_instruction_set(vectors: Path) -> None:
    (target,) = [build for build in NATIVE if build.compiler == ("gcc",) and build.optimize == "-O3"]
    golden_digests(target, vectors)


def golden_digests(target: Build, vectors: Path) -> None:
    rows = list(check.check(target, vectors, cases.read_golden("short")))
    assert rows
    for row in rows:
        assert not row.failed, row
        assert row.agreed == row.total > 50, row


def test_so_does_the_library_that_ships(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (target,) = [build for build in SHIPPED if build.platform == THIS]
    golden_digests(dataclasses.replace(target, runners=((),)), vectors)
    library = engine.build(THIS, vectors.parent / "again")
    assert hashlib.sha256(library.read_bytes()).hexdigest() in capsys.readouterr().out


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
    monkeypatch.setattr(engine, "FLAGS", (*engine.FLAGS, "-ffast-math"))
    target = Build(THIS, ("gcc",), "-O2", runners=((),))
    rows = list(check.check(target, vectors, cases.read_golden("short")))
    assert any(row.failed and "DIFFERENT" in row.note for row in rows)
