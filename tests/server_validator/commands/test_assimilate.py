"""assimilate: what was found valid is stored, and what BOINC gave up remembered."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernels.formats import result
from server_validator.checking.check import Terms
from server_validator.dataset import archive
from server_validator.ledger import Ledger, standing
from tests.kernels import tiny
from tests.server_validator.data import Run, checked, issued
from tests.server_validator.dataset.test_dataset import forged
from tests.server_validator.forging import changed
from tests.server_validator.storing import brought_in, held, place
from tests.support import commands

ROOT = Path(__file__).parents[3]
UNIT = tiny.unit()
UPLOAD = f"{UNIT.name}_0_r77_0"


def test_assimilating_a_damaged_result_stores_nothing(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes
) -> None:
    path = tmp_path / "r"
    for content, code in (
        (tiny_bytes[:-1], 20),
        (changed(tiny_bytes, lambda top: top["header"]["axes"].update(depth=[2])), 23),
    ):
        path.write_bytes(content)
        assert run("--data", data, "assimilate", 1, path).code == code
    with Ledger(data) as ledger:
        assert standing.stored(ledger) == []


def test_an_error_is_recorded(data: Path, run: Callable[..., Run]) -> None:
    for _ in range(2):
        done = run("--data", data, "assimilate", "--error", 4, tiny.unit().name, 77, 3)
        assert (done.code, done.err) == (0, "")
        assert tiny.unit().name in done.out
    assert run("--data", data.parent / "none", "assimilate", "--error", 4, "x", 77, 3).code == 45


@pytest.mark.parametrize(
    "words",
    [
        [], ["1"], ["one", "file"], ["--error", "x", "name", "1", "2"], ["--error", "1"], ["--error", "1", "name"],
        ["--error", "1", "name", "x", "2"], ["--error", "1", "name", "1", "2", "3"], ["-1", "file"], ["9" * 30, "f"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_assimilate_with_wrong_words_is_2(data: Path, run: Callable[..., Run], words: list[str]) -> None:
    done = run("--data", data, "assimilate", *words)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("pages_left", [0, 1, 3])
def test_on_a_full_disk_nothing_is_said_to_be_stored(tmp_path: Path, run: Callable[..., Run], pages_left: int) -> None:
    from tests.kernels.disk import BALLAST, fill, mounted

    data, path = issued(tmp_path, UNIT), tmp_path / UPLOAD
    path.write_bytes(result.encode(tiny.computed(UNIT, "c")))
    checked(path, data, Terms(("exact",), 1, 0.0))
    with mounted(data, pages=60):
        fill(data, pages_left)
        done = run("--data", data, "assimilate", 1, path)
        kept = [file for file in (data / "archive").rglob("*.msgpack") if file.stat().st_size]
        with Ledger(data) as ledger:
            stored = standing.stored(ledger)
        assert done.code in ((33, 42) if not stored else (0,)), "the archive or the ledger cannot be written"
        assert len(kept) >= len(stored)
        (data / BALLAST).unlink()
        assert run("--data", data, "assimilate", 1, path).code == 0
        assert run("--data", data, "findings", "compgen").code == 0


def test_without_boincs_database_the_host_is_null(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, path = issued(tmp_path, UNIT), tmp_path / UPLOAD
    path.write_bytes(result.encode(tiny.computed(UNIT)))
    checked(path, data, Terms(("exact", "near"), 1, 0.0))
    assert run("--data", data, "assimilate", "--project", tmp_path, 7, path).code == 0
    assert brought_in(data) == []
    assert [(one.boinc_id, one.host_id) for one in held(data)] == [(7, None)]


@pytest.mark.parametrize("change", ["damaged", "replaced", "deleted"])
def test_an_upload_that_is_no_longer_what_was_found_valid_is_stored_from_the_archive(
    tmp_path: Path, data: Path, run: Callable[..., Run], change: str
) -> None:
    path, answer = tmp_path / UPLOAD, tiny.computed(UNIT, "c")
    path.write_bytes(content := result.encode(answer))
    assert run("--data", data, "validate", path).code == 0
    if change == "damaged":
        path.write_bytes(content[:-1])
    elif change == "replaced":
        path.write_bytes(result.encode(forged(answer)))
    else:
        path.unlink()
    done = run("--data", data, "assimilate", "--project", tmp_path, 7, path)
    assert (done.code, done.err) == (0, "")
    assert run("--data", data, "findings", "compgen").code == 0
    assert [one.checksum for one in held(data)] == [result.checksum_of(content, "own").hex()]


@pytest.mark.parametrize("change", ["damaged", "replaced", "deleted"])
def test_what_neither_upload_nor_archive_has_any_more_is_lost(
    tmp_path: Path, data: Path, run: Callable[..., Run], change: str
) -> None:
    path, answer = tmp_path / UPLOAD, tiny.computed(UNIT, "c")
    path.write_bytes(content := result.encode(answer))
    assert run("--data", data, "validate", path).code == 0
    archive.place(data, result.checksum_of(content, "own")).write_bytes(content[:-1])
    if change == "damaged":
        path.write_bytes(content[:-1])
    elif change == "replaced":
        path.write_bytes(result.encode(forged(answer)))
    else:
        path.unlink()
    done = run("--data", data, "assimilate", "--project", tmp_path, 7, path)
    assert done.code == 51, done.err
    with Ledger(data) as ledger:
        assert [unit.standing for unit in standing.units(ledger)] == ["lost"]
    path.write_bytes(content)
    assert run("--data", data, "assimilate", "--project", tmp_path, 7, path).code == 0
    with Ledger(data) as ledger:
        assert [unit.standing for unit in standing.units(ledger)] == ["stored"]
    assert archive.read(data, result.checksum_of(content, "own")) == content, "and the archive has it whole again"


def test_a_failure_of_a_work_unit_nobody_issued_is_refused(tmp_path: Path, run: Callable[..., Run]) -> None:
    data = tmp_path / "data"
    assert run("--data", data, "init").code == 0
    assert run("--data", data, "make-wu", "compgen", "--count", 1, "--first", 1).code == 0
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_2_1", 7, 0).code == 22
    assert run("--data", data, "assimilate", "--error", 16, "compgen_1_1_1", 7, 0).code == 0


@pytest.mark.parametrize("name", ["a name of my own", f"{tiny.unit().name}_0_r77_0"])
def test_what_was_not_found_valid_is_not_taken_under_any_name(
    tmp_path: Path, data: Path, run: Callable[..., Run], tiny_bytes: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(tiny_bytes)
    assert run("--data", data, "assimilate", 1, path).code == 43
    assert run("--data", data, "assimilate", "--project", tmp_path, 1, path).code == (3 if " " in name else 43)
    with Ledger(data) as ledger:
        assert standing.stored(ledger) == []
    assert run("--data", data, "validate", path).code == 0
    assert run("--data", data, "assimilate", 1, path).code == 0


def test_commands_that_store_and_read_one_result_at_once_all_succeed(
    data: Path, tmp_path: Path, run: Callable[..., Run]
) -> None:
    """Twelve at once, as two daemons, a crontab and a person could."""
    path = tmp_path / UPLOAD
    path.write_bytes(result.encode(tiny.computed(UNIT, "c")))
    assert run("--data", data, "validate", path).code == 0
    assert run("--data", data, "assimilate", 1, path).code == 0
    words = (["assimilate", "1", str(path)], ["findings", "compgen"], ["compact"])
    command = [sys.executable, "-m", "server_validator", "--data", str(data)]
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda number: commands.run([*command, *words[number % 3]], cwd=ROOT), range(12)))
    assert [process.returncode for process in done] == [0] * 12, [process.stderr for process in done]
    assert [one.cells for one in held(data)] == [2]
    assert [file.suffix for file in place(data).iterdir()] == [".parquet"]


KILLS = 20


def test_kills_of_assimilations_lose_double_and_block_nothing(tmp_path: Path, run: Callable[..., Run]) -> None:
    """Among several at once, with compactions between them; then all are asked again, as BOINC does."""
    draw, units = random.Random(15), [tiny.unit(10 * number, 1 + number % 3) for number in range(6)]
    data, uploads = issued(tmp_path, *units), [tmp_path / f"{unit.name}_0_r77_0" for unit in units]
    for unit, path in zip(units, uploads, strict=True):
        path.write_bytes(result.encode(tiny.computed(unit, "c")))
        checked(path, data, Terms(("exact",), 1, 0.0))
    words = [["assimilate", "1", str(path)] for path in uploads] + [["compact"]]
    command, killed = [sys.executable, "-m", "server_validator", "--data", str(data)], 0
    running: list[subprocess.Popen[bytes]] = []
    while killed < KILLS:
        while len(running) < 4:
            running.append(subprocess.Popen([*command, *draw.choice(words)], cwd=ROOT, stderr=subprocess.PIPE))
        time.sleep(draw.uniform(0.05, 0.4))
        victim = running.pop(draw.randrange(4))
        killed += victim.poll() is None
        victim.kill()
        said = victim.communicate(timeout=60)[1]
        assert victim.returncode in (0, -9), said
    for process in running:
        assert process.communicate(timeout=60)[1] == b""
    for path in uploads:
        assert run("--data", data, "assimilate", 1, path).code == 0
    assert run("--data", data, "compact").code == 0
    assert sorted(one.workunit for one in held(data)) == sorted(unit.name for unit in units)
    assert {file.suffix for file in place(data).iterdir()} == {".parquet"}
    assert run("--data", data, "findings", "compgen").code == 0
