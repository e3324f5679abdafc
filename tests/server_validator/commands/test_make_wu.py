"""make-wu: what is issued is written, entered in the ledger, and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kernels import cost
from kernels.experiments import EXPERIMENTS, cellauto, compgen
from kernels.formats import workunit
from kernels.formats.workunit import Seeds, WorkUnit
from server_validator.ledger import Ledger, create, issued, standing
from server_validator.ledger.issued import find
from tests.server_validator.data import Run, one_line


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """With a ledger, as of `axiom-server init`, in the folder and in others that tests name."""
    for place in (tmp_path, tmp_path / "data", tmp_path / "new" / "data", tmp_path / "from env"):
        create(place)
    return tmp_path


def was_issued(data: Path, unit: WorkUnit) -> bool:
    with Ledger(data) as ledger:
        return find(ledger, unit.digest) == unit


def test_make_wu_prints_the_work_unit_without_out(tmp_path: Path, run: Callable[..., Run]) -> None:
    made = run("--data", tmp_path / "new" / "data", "make-wu", "compgen", "--first", 3, "--count", 2)
    assert made.code == 0
    unit = workunit.decode(made.out.encode(), "stdout", EXPERIMENTS)
    assert unit == WorkUnit(compgen.EXPERIMENT, Seeds(3, 2))
    assert was_issued(tmp_path / "new" / "data", unit)


def test_make_wu_without_count_makes_a_quarter_of_an_hour_of_work_and_tells_its_bounds(
    tmp_path: Path, run: Callable[..., Run]
) -> None:
    made = run("--data", tmp_path / "data", "make-wu", "compgen", "--first", 3)
    unit = workunit.decode(made.out.encode(), "stdout", EXPERIMENTS)
    assert [unit] == cost.default_units(compgen.EXPERIMENT, 3)
    words = made.err.splitlines()[-1].split()
    told = dict(zip(words[2::2], map(float, words[3::2]), strict=True))
    unit_cost = cost.cost(unit)
    assert told["--rsc_fpops_est"] == pytest.approx(unit_cost.operations, rel=0.01)
    assert told["--rsc_fpops_bound"] > 10 * unit_cost.operations
    assert told["--rsc_memory_bound"] > unit_cost.memory
    assert told["--rsc_disk_bound"] > unit_cost.disk


def test_make_wu_of_a_long_seed_makes_several_work_units(tmp_path: Path, run: Callable[..., Run]) -> None:
    parts = cost.default_units(cellauto.EXPERIMENT, 3, seconds=18)
    assert len(parts) > 1
    for _ in range(2):
        words = "--data", tmp_path, "make-wu", "cellauto", "--first", 3, "--minutes", 0.3
        made = run(*words, "--out", tmp_path / "wu.json")
        assert (made.code, made.out) == (0, "")
        files = [tmp_path / f"wu-{number}.json" for number in range(1, len(parts) + 1)]
        assert [workunit.read(file, EXPERIMENTS) for file in files] == parts
    for part, file in zip(parts, files, strict=True):
        assert was_issued(tmp_path, part)
        assert f"{part.name} in {file}" in made.err
    printed = run("--data", tmp_path, "make-wu", "cellauto", "--first", 4, "--minutes", 0.3)
    lines = printed.out.splitlines()
    decoded = [workunit.decode(line.encode(), "line", EXPERIMENTS) for line in lines]
    assert decoded == cost.default_units(cellauto.EXPERIMENT, 4, seconds=18)


def test_a_file_comes_under_its_name_when_the_ledger_has_the_work_unit(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed in between leaves no file that the validator would not know."""
    out, seen, real = tmp_path / "wu.json", list[bool](), issued.issue

    def watched(ledger: Ledger, unit: WorkUnit) -> None:
        real(ledger, unit)
        seen.append(out.exists())

    monkeypatch.setattr(issued, "issue", watched)
    words = "--data", tmp_path, "make-wu", "compgen", "--first", 3, "--count", 2, "--out", out
    assert run(*words).code == 0
    assert (seen, out.exists()) == ([False], True)
    out.unlink()  # as where it was killed before the renaming
    assert run(*words).code == 0
    assert workunit.read(out, EXPERIMENTS) == WorkUnit(compgen.EXPERIMENT, Seeds(3, 2))


def test_make_wu_again_gives_the_same_file(tmp_path: Path, run: Callable[..., Run]) -> None:
    outs = [tmp_path / name for name in ("a.json", "b.json")]
    for out in outs:
        assert run("--data", tmp_path, "make-wu", "compgen", "--first", 3, "--count", 2, "--out", out).code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_make_wu_of_taken_seeds_is_40_and_writes_nothing(tmp_path: Path, data: Path, run: Callable[..., Run]) -> None:
    made = run("--data", data, "make-wu", "compgen", "--first", 1001, "--count", 5, "--out", tmp_path / "wu.json")
    assert made.code == 40
    assert "first free seed is 1002" in one_line(made)
    assert not (tmp_path / "wu.json").exists()
    assert made.out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nope", "--first", "1", "--count", "1"], 12),
        (["compgen", "--first", "1", "--count", "3000"], 16),  # 72,000 cells
        (["memdyn", "--first", "1", "--count", "2500"], 16),  # 12,500 cells, whose result the validator would refuse
        (["compgen", "--first", str(2**48 - 1), "--count", "2"], 14),
        (["compgen", "--first", str(2**48), "--count", "1"], 2),
        (["compgen", "--first", "-1", "--count", "1"], 2),
        (["compgen", "--first", "1.0", "--count", "1"], 2),
        (["compgen", "--first", "1", "--count", "0"], 2),
        (["compgen", "--first", "1", "--minutes", "0"], 2),
        (["compgen", "--first", "1", "--minutes", "nan"], 2),
        (["--first", "1", "--count", "1"], 2),
    ],
)
def test_a_work_unit_that_a_worker_would_refuse_is_not_issued(
    tmp_path: Path, run: Callable[..., Run], arguments: list[str], code: int
) -> None:
    made = run("--data", tmp_path / "data", "make-wu", *arguments)
    assert (made.code, made.out) == (code, "")
    with Ledger(tmp_path / "data") as ledger:
        assert standing.units(ledger) == []


def test_the_data_directory_comes_from_the_environment(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXIOM_DATA", str(tmp_path / "from env"))
    assert run("make-wu", "compgen", "--first", 3, "--count", 1).code == 0
    assert was_issued(tmp_path / "from env", WorkUnit(compgen.EXPERIMENT, Seeds(3, 1)))
