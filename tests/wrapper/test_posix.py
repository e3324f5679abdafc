"""The lock, the mapping and the test for a living process."""

import errno
import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import no_sync
from tests.wrapper.fake_client import make_slot
from wrapper import posix
from wrapper.init_data import InitData
from wrapper.softlink import resolve


def test_the_lock_excludes_other_processes_and_its_file_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "boinc_lockfile"
    other = "import sys; from pathlib import Path; from wrapper import posix; print(posix.take_lock(Path(sys.argv[1])))"
    command = [sys.executable, "-c", other, str(path)]
    lock = posix.take_lock(path)
    assert lock is not None
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "None\n"
    assert path.exists()
    posix.release_lock(path, lock)
    assert not path.exists()
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout != "None\n"


def test_a_file_left_behind_does_not_lock(tmp_path: Path) -> None:
    path = tmp_path / "boinc_lockfile"
    path.write_bytes(b"")
    lock = posix.take_lock(path)
    assert lock is not None
    posix.release_lock(path, lock)


def failing_with(code: int) -> Callable[[int, int], None]:
    def lockf(descriptor: int, flags: int) -> None:
        raise OSError(code, os.strerror(code))

    return lockf


@pytest.mark.parametrize("name", ["ENOSYS", "ENOLCK", "EOPNOTSUPP", "EINVAL"])
def test_a_file_system_without_locks_counts_as_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(fcntl, "lockf", failing_with(getattr(errno, name)))
    lock = posix.take_lock(tmp_path / "boinc_lockfile")
    assert lock is not None
    posix.release_lock(tmp_path / "boinc_lockfile", lock)


@pytest.mark.parametrize("name", ["EACCES", "EAGAIN"])
def test_these_two_errors_mean_that_another_process_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(fcntl, "lockf", failing_with(getattr(errno, name)))
    assert posix.take_lock(tmp_path / "boinc_lockfile") is None


def test_a_real_file_system_without_locks_and_counts_of_links(tmp_path: Path) -> None:
    path = tmp_path / "boinc_lockfile"
    with no_sync.mounted(tmp_path):
        lock = posix.take_lock(path)
        assert lock is not None
        with pytest.raises(OSError, match="No locks available"):
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert os.fstat(lock).st_nlink == 0
        posix.release_lock(path, lock)
        assert not path.exists()


def test_a_lock_on_a_file_deleted_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boinc_lockfile"
    monkeypatch.setattr(fcntl, "lockf", lambda descriptor, flags: path.unlink())
    assert posix.take_lock(path) is None


def test_a_mapping_knows_when_its_file_was_cut_off(tmp_path: Path) -> None:
    slot = make_slot(tmp_path)
    path, init = slot / "boinc_mmap_file", InitData(shm_key=-1)
    memory = posix.map_memory(slot, init)
    assert posix.memory_is_whole(memory)
    os.truncate(path, 4096)
    assert not posix.memory_is_whole(memory)
    memory.close()
    with pytest.raises(ValueError, match="length"):
        posix.map_memory(slot, init)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        posix.map_memory(slot, init)


def test_living_and_dead_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert posix.process_is_alive(process.pid)
    process.stdin.close()
    process.wait()
    assert not posix.process_is_alive(process.pid)

    def not_permitted(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_permitted)
    assert posix.process_is_alive(1)


def test_a_link_that_cannot_be_read_now_is_not_taken_for_the_file_itself(tmp_path: Path) -> None:
    """What is written in its place would not be uploaded."""
    slot = make_slot(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            resolve(slot, "wu.json")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
