"""The short part of the proof that every platform computes the same bits; platforms/check.py is the whole of it."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.engine import golden
from tests.kernels.engine.platforms import cases, check
from tests.kernels.engine.platforms.check import CROSS, MACHINE, NATIVE, Platform

pytestmark = pytest.mark.skipif(
    MACHINE not in check.flags_of_the_product()["GNU_VARIANTS"], reason=f"no builds for {MACHINE} in setup.py"
)
HERE = [p for p in NATIVE if p.optimize == "-O3"]
# Slow only the first time: zig builds the C library of a platform once, as `make exactness` will have had it do.
ELSEWHERE = [p for p in CROSS if p.name in ("aarch64-linux-musl", "x86_64-windows-gnu")]


@pytest.fixture(scope="module")
def vectors() -> Iterator[Path]:
    """In a folder that goes at once, unlike pytest's: Wine puts 700 MB beside it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = Path(folder, "short.bin")
        found.write_bytes(cases.vector_file(cases.SHORT))
        yield found


def agrees(target: Platform, vectors: Path) -> None:
    """Builds and runs on every instruction set; skips, with its reason, where this host cannot."""
    lacking = [check.missing(runner) for runner in target.runners]
    if all(lacking):  # to have built it would take a minute, and prove little
        pytest.skip(lacking[0])
    rows = list(check.check(target, vectors, cases.read_golden("short")))
    assert not [(row.runner, row.isa, row.note) for row in rows if row.failed]
    for row in rows:
        if not row.total:
            pytest.skip(row.note)
        assert row.agreed == row.total > 50


@pytest.mark.parametrize("target", HERE, ids=lambda p: p.compiler[0])
def test_a_program_without_python_gives_the_golden_digests(target: Platform, vectors: Path) -> None:
    agrees(target, vectors)


@pytest.mark.parametrize("target", ELSEWHERE, ids=lambda p: p.name)
def test_other_platforms_give_the_golden_digests(target: Platform, vectors: Path) -> None:
    agrees(target, vectors)


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
        cases.ExactEngine().train(block, data, schedule, schedule.steps)
        assert np.isfinite(block.params).all()


def test_a_difference_is_found_and_named() -> None:
    golden_digests = {"a": {"train": "00 11", "gradient": "22"}, "b": {"sweep": "33"}}
    assert check.differences(golden_digests, golden_digests) == []
    assert check.differences({"a": {"train": "00 10", "gradient": "22"}}, golden_digests) == ["a (train)", "b (sweep)"]
    more = golden_digests | {"c": {"train": "44"}}
    assert check.differences(more, golden_digests) == ["c (train)"]


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_a_compiler_that_takes_liberties_is_caught(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof must be able to fail. Contraction would not do: gcc finds no product here to fuse with a sum."""
    tables = copy.deepcopy(check.flags_of_the_product())
    tables["GNU_FLAGS"].append("-ffast-math")
    monkeypatch.setattr(check, "flags_of_the_product", lambda: tables)
    target = Platform("fast", ("gcc",), MACHINE, "-O2", ((),))
    rows = list(check.check(target, vectors, cases.read_golden("short")))
    assert any(row.failed and "DIFFERENT" in row.note for row in rows)
