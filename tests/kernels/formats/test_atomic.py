"""Files are written whole or not at all."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kernels.errors import CannotRead, CannotWrite
from kernels.formats import atomic
from tests.kernels.disk import full_above, mounted
from tests.support import commands, processes
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1000])
def test_what_is_written_is_there_and_nothing_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a file.bin"
    path.write_bytes(b"former")
    atomic.write(path, data)
    assert path.read_bytes() == data
    assert names(tmp_path) == {"a file.bin"}


def test_a_full_disk_leaves_the_former_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"former")
    with full_above(1000), pytest.raises(CannotWrite) as caught:
        atomic.write(path, bytes(5000))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"former"
    assert names(tmp_path) == {"file.bin"}
    atomic.write(path, bytes(5000))
    assert path.read_bytes() == bytes(5000)


def test_a_really_full_file_system_does_the_same(tmp_path: Path) -> None:
    with mounted(tmp_path, pages=16):
        path = tmp_path / "file.bin"
        atomic.write(path, b"former")
        with pytest.raises(CannotWrite, match="No space left"):
            atomic.write(path, bytes(200_000))
        assert path.read_bytes() == b"former"
        assert names(tmp_path) == {"file.bin"}


def test_a_missing_folder_or_a_folder_in_the_way_is_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "none" / "f", tmp_path / "folder", tmp_path / "file" / "f"):
        with pytest.raises(CannotWrite):
            atomic.write(path, b"x")
    assert names(tmp_path) == {"folder", "file"}


def test_what_a_killed_process_left_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    (tmp_path / "file.bin.part").write_bytes(b"half of something longer than what comes now")
    atomic.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"file.bin"}


def has_written(path: Path, number: int) -> bool:
    return path.exists() and path.read_bytes()[0] >= number


def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    program = (
        "import sys, pathlib, itertools\n"
        "from kernels.formats import atomic\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    atomic.write(path, bytes([n % 256]) * 300_000)\n"
    )
    seen = set()
    for attempt in range(6):
        process = subprocess.Popen([sys.executable, "-c", program, path], cwd=ROOT)
        wait_until(
            functools.partial(has_written, path, attempt),
            f"write {attempt}",
            functools.partial(processes.computed, {process.pid}),
        )
        time.sleep(0.001 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        data = path.read_bytes()
        assert len(data) == 300_000
        assert len(set(data)) == 1, "half of one file and half of another"
        assert names(tmp_path) <= {"file.bin", "file.bin.part"}
        seen.add(data[0])
        path.unlink()
    assert len(seen) > 1, "killed before it wrote twice: the test says nothing"


def test_reading_stops_just_above_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(bytes(100))
    assert len(atomic.read(path, 100)) == 100
    assert len(atomic.read(path, 99)) == 100
    assert len(atomic.read(path, 10)) == 11


def test_what_cannot_be_read_is_cannot_read(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "none", loop, tmp_path / ("x" * 300), Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(CannotRead) as caught:
            atomic.read(path, 10)
        assert caught.value.code == 32
        assert "\n" not in str(caught.value)


def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    program = (
        "import sys, pathlib\n"
        "from kernels import errors\n"
        "from kernels.formats import atomic\n"
        "try:\n"
        "    atomic.read(pathlib.Path(sys.argv[1]), 10)\n"
        "except errors.CannotRead:\n"
        "    pass\n"
    )
    commands.run([sys.executable, "-c", program, path], cwd=ROOT, check=True)
