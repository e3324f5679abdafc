"""Everything the runtime needs from Linux and macOS: lock, shared memory, tests for living processes."""

import contextlib
import errno
import fcntl
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from wrapper import segment
from wrapper.channels import MEMORY_SIZE, Memory
from wrapper.init_data import SHARED_FILE_KEY, InitData

MEMORY_FILE = "boinc_mmap_file"


def take_lock(path: Path) -> int | None:
    """Create and lock the file at `path`; the file descriptor that holds the lock, or None if another process has it.

    A write lock on the whole file by fcntl, as the reference takes it. Where the file system has no locks, there is
    nobody to wait for. Raises OSError if the file cannot be created.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o660)  # group-usable: the client may run as another user
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):  # no other number means that somebody holds it
            os.close(descriptor)
            return None
    if not _is_at(path, descriptor):  # its owner deleted it between our open and our lock: this locks nothing
        os.close(descriptor)
        return None
    return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file still has this name. Some file systems count no links, so those tell nothing."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def release_lock(path: Path, descriptor: int) -> None:
    """Delete the lock file, then let go of the lock."""
    path.unlink(missing_ok=True)
    os.close(descriptor)


def map_memory(slot: Path, init: InitData) -> Memory:
    """The memory shared with the client: its file in the slot, or the System V segment of older applications.

    Raises OSError if there is none, ValueError if it is too small.
    """
    if init.shm_key not in (0, SHARED_FILE_KEY):
        return segment.attach(init.shm_key)
    with (slot / MEMORY_FILE).open("r+b") as file:
        return mmap.mmap(file.fileno(), MEMORY_SIZE)


def memory_is_whole(memory: Memory) -> bool:
    """Whether the file behind a mapping still has its size: touching a page cut off would kill the process."""
    return not isinstance(memory, mmap.mmap) or memory.size() >= MEMORY_SIZE


def process_is_alive(pid: int) -> bool:
    """Whether a process with this id exists. One we may not signal does: a sandboxed client is another user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def watch_parent() -> Callable[[], bool]:
    """A function that tells whether the process that is our parent now has gone: an orphan gets another one."""
    parent = os.getppid()
    return lambda: os.getppid() != parent


def open_stderr(slot: Path) -> None:
    """Nothing: the client has opened the slot's stderr.txt for us."""


def show_no_error_boxes() -> None:
    """Nothing: a crash ends the program."""


@contextlib.contextmanager
def console_ends(ask: Callable[[], object]) -> Iterator[None]:
    """Nothing: signals tell."""
    yield
