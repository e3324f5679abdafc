"""Verdicts: said again as they were, and taken back where a later result or a new look shows that they were wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.experiment import compute
from kernels.formats import result
from server_validator.checking import drawing, recomputation
from server_validator.checking.check import Terms
from server_validator.errors import RecomputationDiffers
from server_validator.ledger import Ledger, standing
from tests.kernels import tiny
from tests.server_validator.checking.attacks import invented
from tests.server_validator.data import Run, checked, issued, one_line
from tests.server_validator.forging import changed

UNIT = tiny.unit()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return issued(tmp_path)


@pytest.fixture(scope="module")
def exact() -> bytes:
    return result.encode(tiny.computed(UNIT, "c"))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the cells that are recomputed from now on."""
    seeds: list[int] = []

    def counted(experiment, cells, engine):  # type: ignore[no-untyped-def]
        seeds.extend(cell.seed for cell in cells)
        return compute(experiment, cells, engine)

    monkeypatch.setattr(recomputation, "compute", counted)
    return seeds


def only(monkeypatch: pytest.MonkeyPatch, *cells: int) -> None:
    """These cells are drawn."""
    monkeypatch.setattr(drawing, "draw", lambda *_: list(cells))


def upload(data: Path, content: bytes, number: int = 0, name: str = UNIT.name) -> Path:
    path = data.parent / f"{name}_{number}_r7_0"
    path.write_bytes(content)
    return path


def forged(content: bytes) -> bytes:
    """The second cell is invented."""
    return changed(content, lambda top: invented(top, 1))


def stands(data: Path) -> str:
    with Ledger(data) as ledger:
        (unit,) = standing.units(ledger)
    return unit.standing


def test_a_verdict_is_said_again_and_nothing_is_recomputed(data: Path, exact: bytes, computed: list[int]) -> None:
    good, bad = upload(data, exact), upload(data, changed(exact, lambda top: invented(top, 0, 1)), 1)
    words, refusals = set(), set()
    for _ in range(3):
        words.add(checked(good, data, Terms(cells=1)).words)
        with pytest.raises(RecomputationDiffers) as caught:
            checked(bad, data, Terms(cells=1))
        refusals.add(str(caught.value))
    assert len(words) == len(refusals) == 1
    assert len(computed) == 2


def test_other_bytes_under_the_name_are_checked_anew(data: Path, exact: bytes) -> None:
    checked(upload(data, exact), data, Terms(cells=9))
    with pytest.raises(RecomputationDiffers):
        checked(upload(data, forged(exact)), data, Terms(cells=9))


def test_a_recheck_that_finds_an_invented_cell_revokes(
    data: Path, exact: bytes, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run]
) -> None:
    path = upload(data, forged(exact))
    only(monkeypatch, 0)
    assert run("--data", data, "validate", path).code == 0
    assert stands(data) == "checked"
    only(monkeypatch, 1)
    assert run("--data", data, "validate", path).code == 0
    assert run("--data", data, "validate", "--recheck", path).code == 25
    assert stands(data) == "revoked"
    assert run("--data", data, "validate", path).code == 25
    refused = run("--data", data, "assimilate", 1, path)
    assert (refused.code, (data / "results").exists()) == (25, False)


def test_what_was_refused_is_valid_again_only_if_all_its_cells_are(
    data: Path, exact: bytes, monkeypatch: pytest.MonkeyPatch, computed: list[int], run: Callable[..., Run]
) -> None:
    """Other cells than the wrong one could be drawn."""
    path, copy = upload(data, forged(exact)), data.parent / "a copy"
    copy.write_bytes(path.read_bytes())
    assert run("--data", data, "validate", "--budget", 1000, path).code == 25
    monkeypatch.setattr(drawing, "draw", lambda work, count: list(range(min(count, len(work)))))
    computed.clear()
    for file in (path, copy):
        assert run("--data", data, "validate", "--recheck", "--budget", 0, file).code == 25
    assert computed == [1000, 1001] * 2


def test_findings_leave_out_what_was_revoked_after_it_was_stored(
    data: Path, exact: bytes, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run]
) -> None:
    """And the result that takes its place contradicts nothing."""
    bad, good = upload(data, forged(exact)), upload(data, exact, 1)
    only(monkeypatch, 0)
    assert run("--data", data, "validate", bad).code == 0
    assert run("--data", data, "assimilate", 7, bad).code == 0
    assert "left_out" in run("--data", data, "findings", "--json").out
    assert run("--data", data, "validate", good).code == 0, "it differs in a cell, and is right"
    assert stands(data) == "revoked"
    refused = run("--data", data, "findings")
    assert refused.code == 48
    assert "1 revoked" in one_line(refused)
    assert run("--data", data, "assimilate", 7, good).code == 0
    found = run("--data", data, "findings")
    assert "1 result with 2 cells left out that a later look found wrong" in found.out
    left_out = json.loads(run("--data", data, "findings", "--json").out)["left_out"]
    assert left_out["revoked"]["cells"] == 2
    assert left_out["contradicted"]["cells"] == 0
    (data / "ledger.sqlite").unlink()
    assert (
        "there is no ledger: results that a later look found wrong are not left out"
        in run("--data", data, "findings").err + run("--data", data, "findings").out
    )


def test_a_later_result_that_differs_revokes_what_was_wrongly_found_valid(
    data: Path, exact: bytes, monkeypatch: pytest.MonkeyPatch, computed: list[int]
) -> None:
    """Whichever of the two comes first: the very cell in which they differ is recomputed."""
    only(monkeypatch, 0)
    checked(upload(data, forged(exact)), data, Terms())
    assert stands(data) == "checked"
    with Ledger(data) as ledger:
        standing.store(ledger, UNIT.name, f"{UNIT.name}_0_r7_0", bytes(16), 7, None)
    computed.clear()
    checked(upload(data, exact, 1), data, Terms())
    assert computed == [1001, 1000]
    with pytest.raises(RecomputationDiffers):
        checked(upload(data, forged(exact)), data, Terms())


def test_a_later_result_that_is_wrong_is_refused_though_no_wrong_cell_is_drawn(
    data: Path, exact: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, 0)
    checked(upload(data, exact), data, Terms())
    with pytest.raises(RecomputationDiffers):
        checked(upload(data, forged(exact), 1), data, Terms())
    assert stands(data) == "checked"


def test_a_comparison_that_differs_revokes_the_one_that_is_wrong(
    data: Path, exact: bytes, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run]
) -> None:
    only(monkeypatch, 0)
    bad, good = upload(data, forged(exact)), upload(data, exact, 1)
    assert run("--data", data, "validate", bad).code == 0
    for _ in range(2):
        assert run("--data", data, "compare", good, bad).code == 28
        assert run("--data", data, "validate", bad).code == 25
    assert run("--data", data, "validate", good).code == 0
    assert stands(data) == "checked", "the good one"


def test_a_unit_given_out_again_has_a_new_name(data: Path, exact: bytes, run: Callable[..., Run]) -> None:
    assert run("--data", data, "assimilate", "--error", 4, UNIT.name, 7, 0).code == 0
    with Ledger(data) as ledger:
        again = standing.reissue(ledger, UNIT.name)
    path = upload(data, exact, 0, again)
    assert run("--data", data, "validate", "--project", data.parent, path).code == 0
    assert run("--data", data, "assimilate", "--project", data.parent, 8, path).code == 0
    assert stands(data) == "stored"
    assert run("--data", data, "assimilate", "--error", 16, again, 8, 0).out.endswith("the data set has it already\n")
