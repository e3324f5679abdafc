"""Compaction, rebuild and repair change files, and no finding; neither do kills at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.dataset import archive, compaction, files, lock, mending, schema, withdrawals
from server_validator.dataset.query import load
from server_validator.dataset.withdrawals import Rule
from server_validator.ledger import Ledger
from tests.kernels import tiny
from tests.kernels.disk import fill, mounted
from tests.server_validator.dataset.test_dataset import again, forged
from tests.server_validator.storing import COMPGEN, GROUP, brought_in, damage, exact, filed, held, listed, place, stored

ROOT = Path(__file__).parents[3]
UNITS = [tiny.unit(10 * number, 1 + number % 3) for number in range(6)]
CELL_BYTES = 4 * len(COMPGEN.metrics) * COMPGEN.measurements


@pytest.fixture(scope="module")
def answers() -> list[Result]:
    return [exact(unit) for unit in UNITS]


def told(data: Path, near: bool = False) -> dict[str, Any]:
    """Everything that findings rest on."""
    contents = load(data, COMPGEN, near=near)
    return {
        "seed": contents.table.seed.tolist(),
        "curves": {name: curves.tobytes() for name, curves in contents.table.metrics.items()},
        "finals": {name: contents.table.final(name).tolist() for name in COMPGEN.metrics},
        "repeated": contents.left_out.repeated_cells,
        "contradicted": contents.left_out.contradicted_seeds,
        "withdrawn": sorted(one.checksum for one in contents.left_out.withdrawn),
        "disagreements": [(one.first, one.second, one.cells) for one in contents.disagreements],
        "hosts": contents.hosts,
        "incomplete": contents.left_out.incomplete_seeds,
    }


def joined(data: Path) -> tuple[int, int]:
    with lock.changing(data):
        return compaction.join(data, COMPGEN)


def rebuilt(data: Path) -> tuple[int, int]:
    with Ledger(data) as ledger:
        written, missing = mending.rebuild(ledger)
    return written, len(missing)


def repaired(data: Path) -> int:
    with Ledger(data) as ledger:
        return len(mending.repair(ledger)[1])


@given(st.data())
@settings(max_examples=15)
def test_no_order_of_storing_joining_and_rebuilding_changes_what_is_found(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Result], data: st.DataObject
) -> None:
    folder, plain = tmp_path_factory.mktemp("any"), tmp_path_factory.mktemp("plain")
    events: list[tuple[WorkUnit, Result, int, int]] = [
        (unit, answer, 12 + number % 2, 0) for number, (unit, answer) in enumerate(zip(UNITS, answers, strict=True))
    ]
    events += [(UNITS[1], again(answers[1]), 20, 1), (UNITS[2], forged(answers[2]), 21, 1)]
    for event in events:  # each in a file of its own
        filed(plain, *event)
    for event in events[:-2]:
        stored(folder, *event)
        for act in data.draw(st.lists(st.sampled_from([brought_in, joined, rebuilt, repaired]), max_size=2)):
            act(folder)
    brought_in(folder)
    for event in events[-2:]:
        filed(folder, *event)
        for act in data.draw(st.lists(st.sampled_from([joined, rebuilt, repaired]), max_size=2)):
            act(folder)
    for each in (folder, plain):
        withdrawals.enter(each, Rule("host_id", 13))
    assert told(folder) == told(plain)


def test_joined_files_are_few_and_have_every_result_once(tmp_path: Path, answers: list[Result]) -> None:
    for unit, answer in zip(UNITS, answers, strict=True):
        filed(tmp_path, unit, answer)
    before, results = told(tmp_path), {one.checksum for one in held(tmp_path)}
    assert joined(tmp_path) == (6, 1)
    (path,) = place(tmp_path).iterdir()
    assert path == listed(tmp_path)[0]
    assert sorted(one.checksum for one in held(tmp_path)) == sorted(results)
    assert told(tmp_path) == before
    assert joined(tmp_path) == (0, 0), "nothing more to do"


def test_a_large_file_is_not_written_again_for_a_small_one(tmp_path: Path, answers: list[Result]) -> None:
    large = filed(tmp_path, tiny.unit(100, 9))
    filed(tmp_path, UNITS[0], answers[0])
    assert joined(tmp_path) == (0, 0)
    filed(tmp_path, UNITS[3], answers[3])
    assert joined(tmp_path) == (2, 1)
    assert large in listed(tmp_path)
    for number in (1, 2, 4, 5):
        filed(tmp_path, UNITS[number], answers[number])
    joined(tmp_path)
    rows = sorted(files.verified(path, GROUP).rows for path in listed(tmp_path))
    assert all(size > sum(rows[:number]) for number, size in enumerate(rows) if number)


def test_full_files_are_left_alone(tmp_path: Path, answers: list[Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "FILE_BYTES", 3 * CELL_BYTES)
    for unit, answer in zip(UNITS, answers, strict=True):
        filed(tmp_path, unit, answer)
    before = told(tmp_path)
    joined(tmp_path)
    rows = [files.verified(path, GROUP).rows for path in listed(tmp_path)]
    assert (sum(rows), max(rows)) == (12, 3)
    assert len(rows) < 6
    assert told(tmp_path) == before


def test_what_a_killed_compaction_leaves_is_counted_once_and_goes_with_the_next(
    tmp_path: Path, answers: list[Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    for unit, answer in zip(UNITS, answers, strict=True):
        filed(tmp_path, unit, answer)
    before = told(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(files, "remove", lambda paths: None)
        assert joined(tmp_path) == (6, 1)
    assert len(listed(tmp_path)) == 7
    assert told(tmp_path) == before
    assert joined(tmp_path) == (6, 0)
    assert len(listed(tmp_path)) == 1
    assert told(tmp_path) == before


def test_a_damaged_file_is_not_joined_with_sound_ones(tmp_path: Path, answers: list[Result]) -> None:
    """Its rows would get a digest that is right."""
    paths = [filed(tmp_path, unit, answer) for unit, answer in zip(UNITS, answers, strict=True)]
    damage(paths[0])
    before = told(tmp_path)
    joined(tmp_path)
    assert set(listed(tmp_path)) > {paths[0]}
    assert told(tmp_path) == before


def test_a_damaged_file_comes_back_from_the_archive(tmp_path: Path, answers: list[Result]) -> None:
    for unit, answer in zip(UNITS, answers, strict=True):
        filed(tmp_path, unit, answer)
    joined(tmp_path)
    before, (path,) = told(tmp_path), listed(tmp_path)
    torn = path.read_bytes()[:-9]
    path.write_bytes(torn)
    assert repaired(tmp_path) == 0
    assert told(tmp_path) == before
    assert (place(tmp_path) / "_damaged" / f"{path.name}.1").read_bytes() == torn, "nothing is deleted"


def test_rebuilt_from_the_archive_alone_everything_is_the_same(tmp_path: Path, answers: list[Result]) -> None:
    for unit, answer in zip(UNITS, answers, strict=True):
        filed(tmp_path, unit, answer)
    before = told(tmp_path)
    for path in listed(tmp_path):
        path.unlink()
    assert rebuilt(tmp_path) == (6, 0)
    assert len(listed(tmp_path)) == 1
    assert told(tmp_path) == before


def test_a_rebuild_keeps_what_the_archive_lacks(tmp_path: Path, answers: list[Result]) -> None:
    for unit, answer in zip(UNITS, answers, strict=True):
        stored(tmp_path, unit, answer)
    brought_in(tmp_path)
    before, (old,) = told(tmp_path), listed(tmp_path)
    archive.place(tmp_path, answers[2].checksum).unlink()
    assert rebuilt(tmp_path) == (5, 1)
    assert old in listed(tmp_path)
    assert told(tmp_path) == before
    assert joined(tmp_path)[1] <= 1
    assert told(tmp_path) == before


def test_a_rebuild_takes_damaged_files_aside(tmp_path: Path, answers: list[Result]) -> None:
    paths = [filed(tmp_path, unit, answer) for unit, answer in zip(UNITS, answers, strict=True)]
    before = told(tmp_path)
    damage(paths[3])
    assert rebuilt(tmp_path) == (6, 0)
    assert told(tmp_path) == before
    assert [path.name for path in (place(tmp_path) / "_damaged").iterdir()] == [f"{paths[3].name}.1"]


@pytest.mark.parametrize("pages_left", [0, 1])
def test_on_a_full_disk_no_file_goes_before_its_rows_are_elsewhere(
    tmp_path: Path, answers: list[Result], pages_left: int
) -> None:
    from kernels.errors import CannotWrite

    for unit, answer in zip(UNITS[:5], answers, strict=False):
        filed(tmp_path, unit, answer)
    before = told(tmp_path)
    with mounted(place(tmp_path), pages=60):
        fill(place(tmp_path), pages_left)
        for act in (joined, rebuilt):
            with pytest.raises(CannotWrite):
                act(tmp_path)
            assert told(tmp_path) == before
        stored(tmp_path, UNITS[5], answers[5])
        with pytest.raises(CannotWrite):
            brought_in(tmp_path)
        assert told(tmp_path) == before
        (place(tmp_path) / "ballast").unlink()
        brought_in(tmp_path)
        joined(tmp_path)
        assert len(told(tmp_path)["seed"]) == sum(unit.seeds.count for unit in UNITS)


KILLS = 12
SECONDS = 60.0


def server(data: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "server_validator", "--data", str(data), *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_kills_of_compactions_rebuilds_and_repairs_at_once_lose_and_double_nothing(
    tmp_path: Path, answers: list[Result]
) -> None:
    draw = random.Random(15)
    for unit, answer in zip(UNITS, answers, strict=True):
        filed(tmp_path, unit, answer)
    before = told(tmp_path)
    running: list[subprocess.Popen[bytes]] = []
    killed = 0
    while killed < KILLS:
        running += [server(tmp_path, draw.choice(["compact", "rebuild", "repair"])) for _ in range(3 - len(running))]
        time.sleep(draw.uniform(0.2, 0.9))
        assert told(tmp_path) == before, "a reader sees no gap and no double"
        victim = running.pop(draw.randrange(len(running)))
        killed += victim.poll() is None
        victim.kill()
        said = victim.communicate(timeout=SECONDS)[1].decode()
        assert "Traceback" not in said
        assert victim.returncode in (0, -9), said
    for process in running:
        assert process.communicate(timeout=SECONDS)[1] == b""
    last = server(tmp_path, "compact")
    assert (last.communicate(timeout=SECONDS)[1], last.returncode) == (b"", 0)
    assert told(tmp_path) == before
    assert [path.suffix for path in place(tmp_path).iterdir()] == [".parquet"]
