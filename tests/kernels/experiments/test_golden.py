"""Every experiment gives its golden digests, with every instruction set and in blocks of any width."""

import pytest

from kernels.engine import exact_library
from kernels.experiments import EXPERIMENTS
from tests.kernels.experiments import golden


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("isa", [isa for isa in exact_library.available() if isa != "scalar"])
def test_golden_digests(name: str, isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The scalar build would take minutes here; tests/kernels/engine compares it on smaller programs.
    monkeypatch.setenv("AXIOM_ISA", isa)
    known = golden.load(name)
    assert known["version"] == EXPERIMENTS[name].version, "a new version needs new golden digests"
    assert golden.digests(name, known["grid"]) == known["digests"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_block_width_does_not_matter(name: str) -> None:
    known = golden.load(name)
    assert golden.digests(name, known["grid"], cache=1) == known["digests"]
