"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import functools
import os
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from kernels.errors import CannotRead, CannotWrite
from kernels.formats import atomic
from tests.kernels.disk import full_above, mounted
from tests.support import commands, no_sync, processes
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


def test_reading_takes_no_more_memory_than_there_is_to_read(tmp_path: Path) -> None:
    """A limit used as the size of a buffer was asked for at every look at a checkpoint: 512 MiB of address space."""
    path = tmp_path / "f"
    path.write_bytes(b"x" * 1000)
    tracemalloc.start()
    try:
        assert atomic.read(path, 1 << 30) == b"x" * 1000
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_file_system_that_cannot_sync_is_written_all_the_same(tmp_path: Path) -> None:
    with no_sync.mounted(tmp_path):
        for folder in (tmp_path, tmp_path / "below"):
            folder.mkdir(exist_ok=True)
            path = folder / "file.bin"
            for data in (b"one", b"two"):
                atomic.write(path, data)
                assert atomic.read(path, 10) == data
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            with pytest.raises(OSError, match="Invalid argument"):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    assert names(tmp_path) == {"file.bin", "below"}


def test_a_disk_that_loses_what_was_written_is_not_one_that_cannot_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"former")

    def lost(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", lost)
    with pytest.raises(CannotWrite, match="Input/output error"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"former"


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    """As root even a device would be."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("fifo")
    paths = [tmp_path / name for name in ("fifo", "folder", "link")]
    if not os.geteuid():
        os.mknod(tmp_path / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        paths.append(tmp_path / "device")
    before = {path: path.lstat() for path in paths}
    for path in paths:
        with pytest.raises(CannotWrite, match="not a regular file"):
            atomic.write(path, b"x")
        assert path.lstat() == before[path]
    assert names(tmp_path) == {path.name for path in paths}


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
